"""A tokenizer of torchtune's whose turns are worded as the configuration says."""

import inspect
import re

from torchtune.config._utils import _get_component_from_path


def turn_tokenizer(
    base,
    turns,
    *,
    bos=True,
    end="eos",
    joined="in-turns",
    strip=False,
    system="turn",
    between="",
    train_headers=False,
    train_ends="answers",
    max_seq_len=None,
    **arguments,
):
    """The tokenizer ``base`` (a dotted path, called with ``arguments``), but each turn becomes the
    prefix and suffix that ``turns`` gives for its role.

    ``bos``: whether the beginning-of-sequence token comes first, or before ``each`` exchange.
    ``end``: ``eos``, another special token, or null for none after the last turn. ``joined``:
    tokenize prompts and answers ``separately``, the ``whole`` text at once, or ``in-turns``: as one
    text, cut where the mask changes, of which a space belongs to the word behind it. ``strip``: cut white
    space around the texts of all roles, or of those listed. ``system``: the system text is a
    ``turn`` of its own, or opens the ``first-user``, ``every-user`` or ``final-user`` turn.
    ``between``: text between turns. ``train_headers``: whether prefixes of answers count in the
    loss. ``train_ends``: whether the suffixes of ``answers``, ``all`` turns or ``none`` do; white
    space behind them counts with the markers that follow it. Longer rows are cut at
    ``max_seq_len`` tokens.
    """
    own = _get_component_from_path(base)(**arguments)
    wording = {"turns": turns, "bos": bos, "end": end, "strip": strip, "system": system}
    wording |= {"between": between, "train_headers": train_headers, "train_ends": train_ends}
    return TurnTokenizer(own, wording, joined, max_seq_len)


class TurnTokenizer:
    """Wraps another tokenizer; everything but the wording of turns is the other's."""

    def __init__(self, own, wording, joined, max_seq_len):
        self.own = own
        self.wording = wording
        self.joined = joined
        self.max_seq_len = max_seq_len
        # a tokenizer.json finds its special tokens in the text by itself
        self.whole_file = getattr(own, "tokenizer", None) if hasattr(own, "hf_adds_bos") else None
        self.special = special_tokens(own)
        known = sorted(self.special, key=len, reverse=True)
        self.split = re.compile(f"({'|'.join(map(re.escape, known))})") if known else None
        self.goes_on = "trim_leading_whitespace" in inspect.signature(own.encode).parameters
        end = wording["end"]
        inner = own if hasattr(own, "eos_id") else own.tokenizer  # within a transform of images
        self.eos_id, self.bos_id = inner.eos_id, inner.bos_id
        self.end = [] if end is None else [self.eos_id if end == "eos" else self.number(end)]
        self.start = [] if self.bos_id is None else [self.bos_id]
        self.bos = self.start if wording["bos"] else []
        self.pad_id = own.pad_id if hasattr(own, "pad_id") else self.padding()

    def __getattr__(self, name):
        if name == "own":  # asked for by pickle before there is one
            raise AttributeError(name)
        return getattr(self.own, name)

    def __call__(self, sample, inference=False):
        tokens, mask = self.tokenize_messages(sample.pop("messages"))
        return {**sample, "tokens": tokens, "mask": mask}

    def encode(self, text, add_bos=True, add_eos=True):
        """Token ids of a text without turns, as ``text_completion_dataset`` asks for them."""
        bos, end = self.bos if add_bos else [], self.end if add_eos else []
        return [*bos, *self.ids(text), *end]

    def tokenize_messages(self, messages, **_):
        """Token ids, and for each whether it is left out of the loss."""
        pieces = joined(self.pieces(messages), apart=self.joined == "separately")
        tokens, mask = list(self.bos), [True] * len(self.bos)
        if self.joined == "whole":
            prompt = "".join(text for text, masked in pieces if masked)
            text = "".join(text for text, _ in pieces)
            ids = self.ids(text)
            hidden = min(len(self.ids(prompt)), len(ids)) if prompt else 0
            tokens += ids
            mask += [True] * hidden + [False] * (len(ids) - hidden)
        else:
            goes_on = False
            for text, masked in pieces:
                ids = list(self.start) if text is None else self.ids(text, goes_on)
                within = self.joined == "in-turns" and text is not None
                goes_on = within and not self.closes(text)
                tokens += ids
                mask += [masked] * len(ids)
        tokens += self.end
        mask += [messages[-1].masked] * len(self.end)
        mask[:1] = [True] * len(mask[:1])  # nothing predicts it, and torchtune counts what is left
        return tokens[: self.max_seq_len], mask[: self.max_seq_len]

    def pieces(self, messages):
        """The texts of a conversation with their masks; None stands for the token that opens."""
        rest, opening, fresh = list(messages), None, False
        headers, where = self.wording["train_headers"], self.wording["system"]
        if where != "turn" and rest and rest[0].role == "system":
            before, after = self.wording["turns"]["system"]
            opening = before + self.text(rest.pop(0)) + after
        first = {"first-user": 0, "final-user": len(rest) - 1}
        for place, message in enumerate(rest):
            answers = message.role == "assistant"
            hidden = message.masked or (answers and not headers)
            if place and self.wording["between"]:
                yield self.wording["between"], hidden
            if fresh and not answers and self.wording["bos"] == "each":
                yield None, True
            prefix, suffix = self.wording["turns"][message.role]
            yield prefix, hidden
            if opening and message.role == "user" and place == first.get(where, place):
                yield opening, message.masked
            yield self.text(message), message.masked
            token = suffix.rstrip() or suffix
            masks = {"answers": message.masked, "all": False, "none": True}
            yield token, masks[self.wording["train_ends"]]
            yield suffix[len(token) :], message.masked or not headers
            fresh = answers

    def text(self, message):
        """What a turn says."""
        strip, said = self.wording["strip"], message.text_content
        return said.strip() if strip is True or (strip and message.role in strip) else said

    def number(self, token):
        """The id of a special token."""
        if self.whole_file is not None:
            return self.whole_file.token_to_id(token)
        return self.special.get(token)

    def padding(self):
        """Padding is masked, so any token will do where the model names none."""
        named = (getattr(self.own, "config", None) or {}).get("pad_token")
        named = named.get("content") if isinstance(named, dict) else named
        found = None if named is None else self.number(named)
        return self.eos_id if found is None else found

    def closes(self, text):
        """Whether a text ends with a special token, after which the next one starts afresh."""
        return any(text.endswith(token) for token in self.special)

    def ids(self, text, goes_on=False):
        """Token ids of a text in which special tokens stand for themselves; one that goes on
        after other text gets no space in front."""
        if self.whole_file is not None:
            return self.whole_file.encode(text, add_special_tokens=False).ids
        ids = []
        for part in self.split.split(text) if self.split else [text]:
            if part in self.special:
                ids.append(self.special[part])
            elif part:
                trim = {"trim_leading_whitespace": True} if goes_on and self.goes_on else {}
                ids += self.own.encode(part, add_bos=False, add_eos=False, **trim)
            goes_on = bool(part) and part not in self.special
        return ids


def joined(pieces, apart):
    """Neighbours with one mask as one text. A space before an answer belongs to its first word,
    unless they are tokenized ``apart``."""
    runs = []
    for text, masked in pieces:
        if text == "":
            continue
        if text is not None and runs and runs[-1][0] is not None:
            before, other = runs[-1]
            if other == masked:
                runs[-1] = (before + text, masked)
                continue
            bare = before.rstrip(" ")
            if bare and not apart and not text[0].isspace():
                runs[-1], text = (bare, other), before[len(bare) :] + text
        runs.append((text, masked))
    return runs


def special_tokens(own):
    """Text and id of the tokens that stand for themselves; of SentencePiece, those it never finds
    in a text."""
    special = dict(own.special_tokens or {}) if hasattr(own, "special_tokens") else {}
    pieces = getattr(getattr(own, "_spm_model", None), "spm_model", None)
    for number in range(0 if pieces is None else pieces.vocab_size()):
        if pieces.is_control(number):
            special.setdefault(pieces.id_to_piece(number), number)
    return {text: number for text, number in special.items() if isinstance(number, int)}
