"""The Python module beside a config, for what torchtune's YAML cannot say by itself.

torchtune puts the working directory on ``sys.path`` before it imports a component
(torchtune/config/_instantiate.py:95), so a config can name functions of a module that lies there.
The module is made of the few pieces that a run needs; each is complete and readable on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MARK = "Components for the torchtune config beside this file, written by ftx."
"""First words of every such module."""


def module_of(stem: str) -> str:
    """The module's name for a config called ``stem``: a name that can be imported."""
    name = re.sub(r"\W", "_", stem) or "run"
    return f"{'_' if name[0].isdigit() else ''}{name}_components"


_SCHEDULE = '''
def {name}_schedule(
    optimizer: Optimizer,
    num_training_steps: int,
    last_epoch: int = -1,
    *,
    num_warmup_steps: int = 0,
    warmup_ratio: float = 0.0,
    round_up: bool = True,
    at_most: int | None = None,{parameters}
) -> LambdaLR:
    """{summary}"""
    warmup = warmup_steps(num_training_steps, num_warmup_steps, warmup_ratio, round_up, at_most)

    def factor(step: int) -> float:
        if step < warmup:
            return step / max(1, warmup)
{body}

    return LambdaLR(optimizer, factor, last_epoch)
'''

_PROGRESS = "        progress = (step - warmup) / max(1, num_training_steps - warmup)\n"
_FLOOR = "\n    min_ratio: float = 0.0,"
_SCHEDULES = {
    "linear": (
        "Warms up, then falls in a straight line to ``min_ratio`` of the peak.",
        _FLOOR,
        _PROGRESS + "        return min_ratio + (1 - min_ratio) * max(0.0, 1 - progress)",
    ),
    "cosine": (
        "Warms up, then falls along a cosine to ``min_ratio`` of the peak.",
        _FLOOR + "\n    num_cycles: float = 0.5,",
        _PROGRESS + "        wave = 0.5 * (1 + math.cos(2 * math.pi * num_cycles * progress))\n"
        "        return min_ratio + (1 - min_ratio) * max(0.0, wave)",
    ),
    "constant": ("Warms up, then stays.", "", "        return 1.0"),
    "cosine_with_restarts": (
        "Warms up, then falls along ``num_cycles`` cosines, each from the peak to zero.",
        "\n    num_cycles: float = 1,",
        _PROGRESS + "        if progress >= 1:\n            return 0.0\n"
        "        return max(0.0, 0.5 * (1 + math.cos(math.pi * ((num_cycles * progress) % 1))))",
    ),
    "inverse_sqrt": (
        "Warms up, then falls with the root of the step.",
        "",
        "        scale = warmup or 10_000\n        return 1 / math.sqrt((step + scale - warmup) / scale)",
    ),
}

_WARMUP = '''
def warmup_steps(total: int, steps: int, ratio: float, round_up: bool, at_most: int | None) -> int:
    """The length of the warm-up: steps as given, or a share of all of them."""
    if ratio:
        steps = math.ceil(ratio * total) if round_up else int(ratio * total)
    return steps if at_most is None else min(steps, at_most)
'''

_PROMPTS = '''
class Prompts:
    """Makes a prompt and its answer out of the columns of a row."""

    def __init__(self, columns: dict[str, str], with_input: str, without_input: str,
                 train_on_input: bool, system_prompt: str | None) -> None:
        self.columns = columns
        self.with_input = with_input
        self.without_input = without_input
        self.train_on_input = train_on_input
        self.system_prompt = system_prompt

    def __call__(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        fields = {name: sample.get(column) or "" for name, column in self.columns.items()}
        answer = fields.pop("output")
        template = self.with_input if fields.get("input") else self.without_input
        messages = [
            Message(role="user", content=template.format(**fields), masked=not self.train_on_input),
            Message(role="assistant", content=answer, masked=False),
        ]
        if self.system_prompt is not None:
            messages.insert(0, Message(role="system", content=self.system_prompt, masked=True))
        return {"messages": messages}
'''

_TURNS = '''
class Turns:
    """Makes messages out of a column that holds a list of turns."""

    def __init__(self, column: str, role_key: str, content_key: str, roles: dict[str, str],
                 train_on_input: bool, system_prompt: str | None, drop_system: bool) -> None:
        self.column = column
        self.role_key = role_key
        self.content_key = content_key
        self.roles = roles
        self.train_on_input = train_on_input
        self.system_prompt = system_prompt
        self.drop_system = drop_system

    def __call__(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        messages = []
        for turn in sample[self.column]:
            role = self.roles.get(turn[self.role_key], turn[self.role_key])
            if role == "system" and self.drop_system:
                continue
            masked = role != "assistant" and not self.train_on_input
            messages.append(Message(role=role, content=turn[self.content_key], masked=masked))
        if self.system_prompt is not None and (not messages or messages[0].role != "system"):
            system = Message(role="system", content=self.system_prompt, masked=True)
            messages.insert(0, system)
        return {"messages": messages}
'''

_PLAIN = '''
class PlainText:
    """Tokenizes prompt and answer as text, without the turn markers of the model's tokenizer.

    The answer ends with ``end_token``, which counts in the loss. With ``joined`` the text is
    tokenized in one piece, else prompt and answer each on their own.
    """

    def __init__(self, tokenizer: Any, add_bos: bool, end_token: str | None, joined: bool) -> None:
        self.tokenizer = tokenizer
        self.max_seq_len = tokenizer.max_seq_len
        self.joined = joined
        self.start = [tokenizer.bos_id] if add_bos and tokenizer.bos_id is not None else []
        self.end = [] if end_token is None else [token_id(tokenizer, end_token)]

    def __call__(self, sample: dict[str, Any], inference: bool = False) -> dict[str, Any]:
        messages = sample.pop("messages")
        texts = [message.text_content for message in messages]
        pieces = [self.encode(text) for text in texts]
        if self.joined:
            whole = self.encode("".join(texts))
            split = len(self.encode("".join(texts[:-1])))
            pieces = [whole[:split], whole[split:]]
            messages = [messages[0], messages[-1]]
        tokens, mask = list(self.start), [messages[0].masked] * len(self.start)
        for message, piece in zip(messages, pieces, strict=True):
            tokens += piece
            mask += [message.masked] * len(piece)
        if not inference:
            tokens += self.end
            mask += [False] * len(self.end)
        sample["tokens"], sample["mask"] = tokens[: self.max_seq_len], mask[: self.max_seq_len]
        return sample

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_bos=False, add_eos=False)
'''

_CHAT = '''
class Chat:
    """Tokenizes conversations in another chat format than the model's tokenizer has.

    What comes before and after a turn is in ``affixes``. An answer counts in the loss with what
    ends it, and with the marker before it if ``train_headers``.
    """

    def __init__(self, tokenizer: Any, affixes: dict[str, list[str]], add_bos: bool, lead: str,
                 end: str, default_system: str | None, strip: list[str],
                 train_headers: bool) -> None:
        self.tokenizer = tokenizer
        self.max_seq_len = tokenizer.max_seq_len
        self.affixes = affixes
        self.lead = lead
        self.end = end
        self.default_system = default_system
        self.strip = strip
        self.train_headers = train_headers
        self.start = [tokenizer.bos_id] if add_bos and tokenizer.bos_id is not None else []

    def __call__(self, sample: dict[str, Any], inference: bool = False) -> dict[str, Any]:
        messages = sample.pop("messages")
        if self.default_system is not None and messages[0].role != "system":
            system = Message(role="system", content=self.default_system, masked=True)
            messages = [system, *messages]
        text, trained = self.lead, []
        for message in messages:
            before, after = self.affixes[message.role]
            content = message.text_content
            content = content.strip() if message.role in self.strip else content
            first = len(text) + (0 if self.train_headers else len(before))
            text += before + content + after
            if not message.masked:
                trained.append((first, len(text) - len(after) + len(after.rstrip())))
        tokens = self.encode(text + self.end)
        mask = [True] * len(tokens)
        for first, last in trained:
            begin, stop = len(self.encode(text[:first])), len(self.encode(text[:last]))
            mask[begin:stop] = [False] * (stop - begin)
        tokens, mask = [*self.start, *tokens], [True] * len(self.start) + mask
        sample["tokens"], sample["mask"] = tokens[: self.max_seq_len], mask[: self.max_seq_len]
        return sample

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_bos=False, add_eos=False)
'''

_TOKEN = '''
def token_id(tokenizer: Any, token: str) -> int:
    """The id of a special token; the tokenizer's own end where it lists none."""
    return getattr(tokenizer, "special_tokens", {}).get(token, tokenizer.eos_id)
'''

_PACK = '''
def packed_or_not(rows: SFTDataset, packed: bool, max_seq_len: int | None) -> Any:
    """The data set, its rows packed into sequences if wanted."""
    return PackedDataset(rows, max_seq_len=max_seq_len) if packed else rows
'''

_DATASET = '''
def {name}(
    tokenizer: Any,
    *,
    source: str,
{parameters}    train_on_input: bool = False,
    packed: bool = False,
    split: str = "train",
    **load_dataset_kwargs: Any,
) -> Any:
    """{summary}"""
    rows = SFTDataset(
        source=source,
        message_transform={message},
        model_transform={model},
        split=split,
        **load_dataset_kwargs,
    )
    return packed_or_not(rows, packed, tokenizer.max_seq_len)
'''
_COLUMNS = """    columns: dict[str, str],
    with_input: str,
    without_input: str,
    system_prompt: str | None = None,
"""
_LISTS = """    column: str = "messages",
    role_key: str = "role",
    content_key: str = "content",
    roles: dict[str, str] | None = None,
    system_prompt: str | None = None,
    drop_system: bool = False,
"""
_AS_TEXT = """    add_bos: bool = True,
    end_token: str | None = None,
    joined: bool = False,
"""
_AS_CHAT = """    affixes: dict[str, list[str]],
    add_bos: bool = False,
    lead: str = "",
    end: str = "",
    default_system: str | None = None,
    strip: list[str] | None = None,
    train_headers: bool = False,
"""
_MAKE_PROMPTS = "Prompts(columns, with_input, without_input, train_on_input, system_prompt)"
_MAKE_TURNS = (
    "Turns(\n            column, role_key, content_key, roles or {}, train_on_input, "
    "system_prompt, drop_system\n        )"
)
_MAKE_PLAIN = "PlainText(tokenizer, add_bos, end_token, joined)"
_MAKE_CHAT = (
    "Chat(\n            tokenizer, affixes, add_bos, lead, end, default_system, strip or [], "
    "train_headers\n        )"
)

_DATASETS = {
    "plain_prompts": (
        "Prompts and answers as plain text.",
        _COLUMNS + _AS_TEXT, _MAKE_PROMPTS, _MAKE_PLAIN,
    ),
    "worded_prompts": (
        "Prompts and answers as turns of the model's own chat format.",
        _COLUMNS, _MAKE_PROMPTS, "tokenizer",
    ),
    "chat_prompts": (
        "Prompts and answers as turns of another chat format.",
        _COLUMNS + _AS_CHAT, _MAKE_PROMPTS, _MAKE_CHAT,
    ),
    "turns": (
        "Conversations in the model's own chat format.",
        _LISTS, _MAKE_TURNS, "tokenizer",
    ),
    "chat_turns": (
        "Conversations in another chat format.",
        _LISTS + _AS_CHAT, _MAKE_TURNS, _MAKE_CHAT,
    ),
}  # fmt: skip

_PAIRS = '''
def answer_pairs(
    tokenizer: Any,
    *,
    source: str,
    column_map: dict[str, str],
    train_on_input: bool = False,
    split: str = "train",
    **load_dataset_kwargs: Any,
) -> PreferenceDataset:
    """A prompt with a preferred and a rejected answer, each in a column of text."""
    return PreferenceDataset(
        source=source,
        message_transform=StackExchangePairedToMessages(train_on_input, column_map),
        tokenizer=tokenizer,
        split=split,
        **load_dataset_kwargs,
    )
'''


def side_file(names: Iterable[str], config: str) -> str:
    """The module that defines ``names`` (``linear_schedule``, ``plain_prompts``, …)."""
    wanted = sorted(names)
    schedules = [n.removesuffix("_schedule") for n in wanted if n.endswith("_schedule")]
    datasets = [n for n in wanted if n in _DATASETS]
    parts = [_heading(schedules, datasets, "answer_pairs" in wanted, config)]
    if schedules:
        parts.append(_WARMUP)
    for name in schedules:
        summary, parameters, body = _SCHEDULES[name]
        parts.append(_SCHEDULE.format(name=name, summary=summary, parameters=parameters, body=body))
    made = "".join("".join(_DATASETS[name][1:]) for name in datasets)
    for sign, piece in (("Prompts(", _PROMPTS), ("Turns(", _TURNS), ("PlainText(", _TOKEN),
                        ("PlainText(", _PLAIN), ("Chat(", _CHAT)):  # fmt: skip
        if sign in made:
            parts.append(piece)
    if datasets:
        parts.append(_PACK)
    for name in datasets:
        summary, parameters, message, model = _DATASETS[name]
        parts.append(
            _DATASET.format(
                name=name, summary=summary, parameters=parameters, message=message, model=model
            )
        )
    if "answer_pairs" in wanted:
        parts.append(_PAIRS)
    return "\n".join(parts)


def _heading(schedules: list[str], datasets: list[str], pairs: bool, config: str) -> str:
    plain = []
    if datasets:
        plain.append("from collections.abc import Mapping")
    if datasets or pairs:
        plain.append("from typing import Any")
    blocks = ["import math\n" if schedules else "", "\n".join(plain)]
    third = []
    if schedules:
        third += [
            "from torch.optim import Optimizer",
            "from torch.optim.lr_scheduler import LambdaLR",
        ]
    if datasets:
        third.append("from torchtune.data import Message")
        third.append("from torchtune.datasets import PackedDataset, SFTDataset")
    if pairs:
        third.append("from torchtune.datasets import PreferenceDataset")
        third.append(
            "from torchtune.datasets._stack_exchange_paired import StackExchangePairedToMessages"
        )
    text = "\n\n".join(["\n".join(b for b in blocks if b).strip(), "\n".join(third)]).strip()
    return (
        f'"""{MARK}\n\nRun ``tune`` in this folder, so that {config} finds it.\n"""\n\n'
        f"from __future__ import annotations\n\n{text}\n"
    )
