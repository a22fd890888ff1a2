"""A tokenizer of torchtune's whose turns are worded as the configuration says."""

import re

from torchtune.config._utils import _get_component_from_path


def turn_tokenizer(
    base,
    turns,
    *,
    bos=True,
    end="eos",
    joined="separately",
    strip=False,
    train_headers=False,
    train_ends="answers",
    max_seq_len=None,
    **arguments,
):
    """The tokenizer ``base`` (a dotted path, called with ``arguments``), but each turn becomes the
    prefix and suffix that ``turns`` gives for its role.

    ``bos``: whether the beginning-of-sequence token comes first. ``end``: ``eos``, another special
    token, or null for none after the last turn. ``joined``: tokenize turns ``separately`` or the
    ``whole`` text at once. ``strip``: cut white space around a turn's text. ``train_headers``:
    whether prefixes of answers count in the loss. ``train_ends``: whether the suffixes of
    ``answers``, ``all`` turns or ``none`` do; white space behind them counts with the markers that
    follow it. Longer rows are cut at ``max_seq_len`` tokens.
    """
    own = _get_component_from_path(base)(**arguments)
    return TurnTokenizer(
        own, turns, bos, end, joined == "whole", strip, train_headers, train_ends, max_seq_len
    )


class TurnTokenizer:
    """Wraps another tokenizer; everything but the wording of turns is the other's."""

    def __init__(self, own, turns, bos, end, whole, strip, train_headers, train_ends, max_seq_len):
        self.own = own
        self.turns = turns
        self.bos = [own.bos_id] if bos and own.bos_id is not None else []
        # a tokenizer.json finds its special tokens in the text by itself
        self.whole_file = getattr(own, "tokenizer", None) if hasattr(own, "hf_adds_bos") else None
        special = dict(own.special_tokens or {}) if hasattr(own, "special_tokens") else {}
        self.special = {text: number for text, number in special.items() if isinstance(number, int)}
        self.end = [] if end is None else [own.eos_id if end == "eos" else self.number(end)]
        self.pad_id = own.pad_id if hasattr(own, "pad_id") else self.padding()
        self.whole = whole
        self.strip = strip
        self.train_headers = train_headers
        self.train_ends = train_ends
        self.max_seq_len = max_seq_len
        known = sorted(self.special, key=len, reverse=True)
        self.split = re.compile(f"({'|'.join(map(re.escape, known))})") if known else None

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
        pieces = [piece for message in messages for piece in self.pieces(message)]
        tokens, mask = list(self.bos), [True] * len(self.bos)
        if self.whole:
            prompt = "".join(text for text, masked in pieces if masked)
            text = "".join(text for text, _ in pieces)
            ids = self.ids(text)
            hidden = min(len(self.ids(prompt)), len(ids)) if prompt else 0
            tokens += ids
            mask += [True] * hidden + [False] * (len(ids) - hidden)
        else:
            for text, masked in pieces:
                ids = self.ids(text)
                tokens += ids
                mask += [masked] * len(ids)
        tokens += self.end
        mask += [messages[-1].masked] * len(self.end)
        mask[:1] = [True] * len(mask[:1])  # nothing predicts it, and torchtune counts what is left
        return tokens[: self.max_seq_len], mask[: self.max_seq_len]

    def pieces(self, message):
        """The texts of a turn with their masks: prefix, content, suffix."""
        prefix, suffix = self.turns[message.role]
        content = message.text_content.strip() if self.strip else message.text_content
        ends_masked = {"answers": message.masked, "all": False, "none": True}[self.train_ends]
        yield prefix, message.masked or (message.role == "assistant" and not self.train_headers)
        yield content, message.masked
        token = suffix.rstrip()
        yield token, ends_masked
        yield suffix[len(token) :], message.masked or not self.train_headers

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
        return self.own.eos_id if found is None else found

    def ids(self, text):
        """Token ids of a text in which special tokens stand for themselves."""
        if self.whole_file is not None:
            return self.whole_file.encode(text, add_special_tokens=False).ids
        ids = []
        for part in self.split.split(text) if self.split else [text]:
            if part in self.special:
                ids.append(self.special[part])
            elif part:
                ids += self.own.encode(part, add_bos=False, add_eos=False)
        return ids
