"""What the tokenizer must do so that rows become the wanted tokens, and which of them count.

By preference: the tokenizer as it is; with another ``prompt_template``; the side file's
``turn_tokenizer`` around it (see :mod:`.parts.turn_tokenizer`).
"""

from __future__ import annotations

from typing import Any, Literal

from translator.catalog.formats import ChatFormat as Layout
from translator.catalog.formats import (
    TorchtuneTokenizer,
    formats,
    same,
    torchtune_prompt_template,
    torchtune_tokenizer,
)
from translator.catalog.models import facts
from translator.catalog.torchtune import TEXT_TOKENIZER
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.ends import other_end
from translator.frameworks.torchtune.tokenizing import Affixes
from translator.ir import ChatFormat, MessageRows, PlainFormat, PreferenceRows, Source
from translator.record import Record
from translator.writing import Writer

USUAL: Literal["usual"] = "usual"
_ROLES = ("system", "user", "assistant")


class Told(Record):
    """What one data set asks of the tokenizer."""

    template: Affixes | Literal["none", "usual"] | None = None
    """``prompt_template``: text by role, null, the tokenizer's default; None where the tokenizer
    has no default."""
    turns: tuple[tuple[str, Any], ...] = ()
    """Settings of the side file's tokenizer; empty for the built-in one."""
    default_system: str | None = None
    """System turn that the format gives conversations without one."""

    @property
    def setting(self) -> tuple[object, ...]:
        """What makes the tokenizer this one and no other."""
        return (self.template, self.turns)


class Task(Record, kw_only=False):
    """One data set on its way to a certain tokenizer."""

    writer: Writer
    source: Source
    field: str
    component: str
    apart: bool = False
    """Whether other data sets word their prompts another way, so that this one words its own."""

    @property
    def tokenizer(self) -> TorchtuneTokenizer | None:
        """Facts about the model's tokenizer; None when torchtune lacks the model."""
        return torchtune_tokenizer(self.component)

    @property
    def words_nothing(self) -> bool:
        """Whether the tokenizer knows text only, so that the side file must word turns."""
        return self.component == TEXT_TOKENIZER

    @property
    def names_no_end(self) -> bool:
        """Whether the end-of-sequence token is best left to the tokenizer to know."""
        chosen = dict(self.writer.value("model.special_tokens") or ()).get("eos_token")
        return self.bare or (self.words_nothing and chosen is None)

    @property
    def layout(self) -> str:
        """The format that the tokenizer writes by itself."""
        return "llama3" if self.tokenizer is None else self.tokenizer.format

    @property
    def bare(self) -> bool:
        """Whether the tokenizer adds no markers without a template."""
        return self.tokenizer is not None and self.tokenizer.format_without_template == "plain"

    def lose(
        self,
        code: Code,
        part: str,
        why: str,
        severity: Severity = Severity.ERROR,
        *,
        verbose: bool = False,
    ) -> None:
        """Reports a loss of this data set, or of a ``part`` of it.

        Nothing is said about the wording of a model that is refused as a whole.
        """
        refused = self.tokenizer is None and not self.words_nothing
        if refused and code in (Code.LOST_TEMPLATE, Code.LOST_MASK):
            return
        field = f"{self.field}.{part}" if part else self.field
        self.writer.lose(code, field, why, severity, verbose=verbose)

    def model_tokens(self) -> tuple[bool, str | None]:
        """Whether rows open with a beginning-of-sequence token, and the end-of-sequence token."""
        known = facts(str(self.writer.value("model.id")))
        chosen = dict(self.writer.value("model.special_tokens") or ()).get("eos_token")
        if known is None:
            return True, chosen
        return known.bos_token is not None, chosen or known.eos_token


def text_wording(task: Task) -> Told | None:
    """Whole texts; the side file's tokenizer where torchtune's ends them with another token."""
    chosen = dict(task.writer.value("model.special_tokens") or ()).get("eos_token")
    two = other_end(task.component, str(task.writer.value("model.id")), chosen)
    if two is None or task.writer.document.format == "torchtune":
        return None
    settings = {"turns": {role: ["", ""] for role in _ROLES}, "bos": task.model_tokens()[0]}
    return Told(turns=(*settings.items(), ("end", two[1])))


def plain_wording(task: Task, layout: PlainFormat, around: tuple[str, str] | None) -> Told:
    """Text without markers, with ``around`` before and after the prompt."""
    before_and_after = around or ("", "")
    if task.bare and layout.end == "eos":
        if layout.joined == "separately":
            why = "an answer goes on behind its prompt: its first token may be another"
            task.lose(Code.LOST_TEMPLATE, "format.joined", why, Severity.NOTE)
        return Told(template={"user": before_and_after} if any(before_and_after) else "none")
    bos, end = task.model_tokens()
    settings: dict[str, Any] = {
        "turns": {r: list(before_and_after) if r == "user" else ["", ""] for r in _ROLES},
        "bos": bos,
        "end": None if layout.end == "none" else "eos" if task.names_no_end or not end else end,
    }
    settings["joined"] = layout.joined
    return Told(turns=tuple(settings.items()))


def chat_wording(task: Task, layout: ChatFormat) -> Told:
    """Turns in a chat format: the tokenizer's own where that is the same text."""
    wanted = _wanted_layout(task, layout)
    if wanted is None and task.words_nothing:
        return plain_wording(task, PlainFormat(), None)  # said already
    if wanted is None:
        return _own_wording(task)
    if task.bare:
        once = not isinstance(task.source.rows, MessageRows)
        template = torchtune_prompt_template(wanted, task.component, one_exchange=once)
        if template is not None:
            return Told(template=template)
    return _reworded(task, wanted)


def _own_wording(task: Task) -> Told:
    """The built-in tokenizer, unless other tokens than wanted would count in the loss.

    Qwen's leaves the last end of turn out whenever a length limit is set
    (torchtune/models/qwen2/_tokenizer.py:406); some count the marker that opens an answer, which
    makes no difference between two answers to one prompt.
    """
    own = formats()[task.layout]
    mask = task.source.supervision
    marked = task.tokenizer is not None and task.tokenizer.header_supervised
    pairs = isinstance(task.source.rows, PreferenceRows)
    qwen = task.component.partition("models.")[2].startswith("qwen")
    limited = task.writer.value("data.max_length") is not None
    cut = qwen and limited and mask.turn_ends != "none"
    extra = marked and not mask.turn_headers and not mask.prompt and not pairs
    if (cut or extra) and task.writer.document.format != "torchtune":
        return _reworded(task, own)
    return Told(template=USUAL if task.bare and task.layout != "plain" else None)


def _reworded(task: Task, item: Layout) -> Told:
    """Any format that is nothing but text around turns."""
    bos, end = task.model_tokens()
    turns = {
        role: [tag.replace("{eos}", end or "") for tag in tags]
        for role, tags in item.turns
        if role in _ROLES
    }
    unsayable = bool(item.lead) or item.end not in ("", "{eos}")
    loose = end is None and "{eos}" in str(item.turns)
    if unsayable or loose or not item.turns or (item.opaque and not _plain_enough(item)):
        why = f"torchtune writes turns as {task.layout}, and ftx cannot have it write {item.id}"
        if task.words_nothing:
            why = f"ftx cannot have torchtune write {item.id}; turns get no markers"
        task.lose(Code.LOST_TEMPLATE, "format.template", why)
        if task.words_nothing:
            return plain_wording(task, PlainFormat(), None)
        return Told(template=USUAL if task.bare and task.layout != "plain" else None)
    mask = task.source.supervision
    if item.opaque:
        why = f"{item.id}: {item.opaque}; torchtune writes its turns as they are"
        task.lose(Code.LOST_TEMPLATE, "format.template", why, Severity.WARNING)
    settings: dict[str, Any] = {
        "turns": turns,
        "bos": bos and item.bos != "none",
        "end": "eos" if item.end else None,
    }
    if bos and item.bos == "each":
        settings["bos"] = "each"
    if item.strip:
        settings["strip"] = set(item.strip) >= set(turns) or sorted(item.strip)
    if item.system not in ("turn", "refused"):
        settings["system"] = item.system
    if item.between:
        settings["between"] = item.between
    if mask.turn_headers:
        settings["train_headers"] = True
    if mask.turn_ends in ("all", "none"):
        settings["train_ends"] = mask.turn_ends
    return Told(turns=tuple(settings.items()), default_system=item.default_system)


def _plain_enough(item: Layout) -> bool:
    """Whether what goes beyond text around turns touches thinking parts of answers only."""
    return bool(item.turns) and "thinking parts" in (item.opaque or "")


def _wanted_layout(task: Task, layout: ChatFormat) -> Layout | None:
    """The wanted format where the tokenizer's is another; None where that will do."""
    known, name = formats(), layout.template
    own = None if task.words_nothing else known[task.layout]
    instead = "turns without markers" if own is None else f"turns as {own.id}"
    if name == "tokenizer":
        model = facts(str(task.writer.value("model.id")))
        if model is None or model.chat_format is None:
            if task.writer.document.format != "torchtune":
                why = f"torchtune writes {instead}, taken for the tokenizer's own template"
                severity = Severity.WARNING if own else Severity.ERROR
                task.lose(Code.LOST_TEMPLATE, "format.template", why, severity)
            return None
        name = model.chat_format
        why = f"{name}, which the model's tokenizer ships"
        task.lose(Code.TOLD_OTHERWISE, "format.template", why, Severity.NOTE, verbose=True)
    if name not in known:
        why = f"torchtune writes {instead}; it runs no Jinja templates"
        task.lose(Code.LOST_TEMPLATE, "format.template", why)
        return None
    item = known[name]
    if own is None:
        return item
    if same(item, own):
        return None
    if same(item, own, system_turns=False) or (item.opaque and _alike(item, own)):
        why = f"torchtune's {own.id} treats the system turn, or what else {name} adds, another way"
        task.lose(Code.LOST_TEMPLATE, "format.template", why, Severity.WARNING)
        return None
    return item


def _alike(one: Layout, other: Layout) -> bool:
    """Whether user and assistant turns have the same markers, whatever else differs."""
    return bool(one.turns) and all(
        one.affixes(role) == other.affixes(role) for role in ("user", "assistant")
    )
