"""Python code that turns a recipe's rows into what TRL's trainers take.

Every source becomes one of four kinds of columns:

- ``text``: one string, all of it trained (or masked later by ``train_on_responses_only``);
- ``prompt`` and ``completion``: tokenized as one string, the prompt masked by TRL;
- ``input_ids`` with ``labels``, or with a mask where rows are packed: tokenized here, where
  nothing else gives the same ids and the same trained tokens;
- the columns of a preference, label or online objective.
"""

from __future__ import annotations

from collections.abc import Sequence

from translator import ir
from translator.catalog.row_kinds import SEGMENTS
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.data_effects import report, report_mask
from translator.frameworks.unsloth.data_functions import Functions
from translator.frameworks.unsloth.data_lengths import too_long
from translator.frameworks.unsloth.data_steps import Kind, Steps
from translator.frameworks.unsloth.foreign_keys import DEDUPLICATE
from translator.frameworks.unsloth.masking import Mask, catalogue_format, mask_of
from translator.frameworks.unsloth.pycode import Argument, call
from translator.frameworks.unsloth.pycode import Code as Expression
from translator.record import Struct, field
from translator.writing import Writer


class DataCode(Struct):
    """The data part of a script, and what the rest of it must know."""

    constants: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    imports: dict[str, set[str]] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    """Modules of the standard library."""
    kind: Kind = "text"
    column: str = "text"
    """Column of the text when ``kind`` is text."""
    responses: dict[str, object] | None = None
    """Keywords of ``train_on_responses_only``, None when it is not called."""
    chat: ir.ChatFormat | None = None
    evaluates: bool = False

    def use(self, module: str, name: str) -> None:
        """Notes an import."""
        self.imports.setdefault(module, set()).add(name)


def data_code(writer: Writer) -> DataCode:
    """The data preparation of a recipe; what cannot be told is a loss of ``writer``."""
    return _Composer(writer).compose()


class _Composer:
    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.recipe = writer.document.recipe
        self.code = DataCode()
        self.make = Functions()
        self.masks: dict[str, Mask] = {}

    def compose(self) -> DataCode:
        sources = self._sources()
        self._choose_template(sources)
        for source, place in sources:
            report(self.writer, source, place)
            self._choose_mask(source, place)
        self.code.kind = self._joint(sources)
        if self.code.kind == "text":
            self._responses()
            self._marks(sources)
        else:
            self._lose_marks(sources)
        self.steps = Steps(self.make, self.recipe, self.code.kind, _text_column(sources))
        self.code.statements += self._load_all(self.recipe.data.sources, "dataset", "data.sources")
        self._validation()
        self._deduplicate()
        self.code.functions = self.make.functions
        self.code.constants = self.make.constants
        if self.steps.eos:
            self.code.constants.append("EOS = tokenizer.eos_token")
        if self.steps.matches:
            self.code.modules.add("re")
        return self.code

    def _sources(self) -> list[tuple[ir.Source, str]]:
        found = [(s, f"data.sources[{i}]") for i, s in enumerate(self.recipe.data.sources)]
        validation = self.recipe.data.validation
        if isinstance(validation, ir.SeparateRows):
            stem = "data.validation.sources"
            found += [(s, f"{stem}[{i}]") for i, s in enumerate(validation.sources)]
        return found

    # -- template ---------------------------------------------------------------------------------

    def _choose_template(self, sources: Sequence[tuple[ir.Source, str]]) -> None:
        for source, place in sources:
            form = source.format
            unknown = isinstance(source.rows, ir.CustomRows) and source.rows.code is None
            if not isinstance(form, ir.ChatFormat) or unknown:
                continue
            first = self.code.chat = self.code.chat or form
            if (form.template, form.jinja) != (first.template, first.jinja):
                why = f"a script has one chat template for all data sets, {first.template}"
                self.writer.lose(Code.LOST_TEMPLATE, f"{place}.format", why)
                why = "what counts is looked for by the markers of a template that is not used"
                self.writer.lose(Code.LOST_MASK, f"{place}.supervision", why)

    # -- what is trained --------------------------------------------------------------------------

    def _choose_mask(self, source: ir.Source, place: str) -> None:
        """Notes what counts in the conversations of a data set."""
        turns = isinstance(source.rows, ir.MessageRows | ir.InstructionRows)
        if not turns or not isinstance(source.format, ir.ChatFormat):
            return
        model = self.recipe.model.tokenizer or self.recipe.model.id
        form = catalogue_format(self.code.chat or source.format, model)
        mask = mask_of(source.supervision, form)
        report_mask(self.writer, source.supervision, mask, form, f"{place}.supervision")
        if mask.kind == "spans" and mask.pattern is None:
            mask = self._unmarked(source.supervision, mask, f"{place}.supervision")
        self.masks[place] = mask

    def _unmarked(self, wanted: ir.Supervision, mask: Mask, place: str) -> Mask:
        """The nearest mask for a template whose markers are not known."""
        unknown = "the markers of this chat template are not known, so"
        if wanted.prompt:
            why = f"{unknown} those in front of answers are trained as well"
            self.writer.lose(Code.LOST_MASK, f"{place}.prompt", why, Severity.WARNING)
            return Mask("everything")
        if wanted.roles != ("assistant",):
            why = f"{unknown} only the assistant's turns are trained"
            self.writer.lose(Code.LOST_MASK, f"{place}.roles", why)
        if wanted.turn_headers:
            why = f"{unknown} those that open an answer are masked"
            self.writer.lose(Code.LOST_MASK, f"{place}.turn_headers", why, Severity.WARNING)
        if wanted.turn_ends != "answers":
            why = f"{unknown} the ends of trained answers count, and no others"
            self.writer.lose(Code.LOST_MASK, f"{place}.turn_ends", why, Severity.WARNING)
        return Mask("answers", mask.responses, None, mask.last)

    def _joint(self, sources: Sequence[tuple[ir.Source, str]]) -> Kind:
        """What all data sets become; those of different kinds meet as tokens."""
        kinds = {self._kind(source, place) for source, place in sources}
        told = {self._masked_as(place) for _, place in sources}
        if len(kinds) == 1 and (kinds != {"text"} or len(told) == 1):
            return kinds.pop()
        if "columns" in kinds:
            why = "data sets of different kinds cannot be joined"
            for _, place in sources:
                self.writer.lose(Code.LOST_TEMPLATE, place, why)
            return "columns"
        for _, place in sources:
            mask = self.masks.get(place)
            if mask is not None and mask.kind == "answers" and mask.pattern is None:
                why = "the markers of its chat template are not known, so all of it is trained"
                self.writer.lose(Code.LOST_MASK, f"{place}.supervision.prompt", why)
                self.masks[place] = Mask("everything")
        return "tokens"

    def _masked_as(self, place: str) -> object:
        """What two data sets must have in common to be masked by one call."""
        mask = self.masks.get(place)
        return (mask.kind, str(mask.responses)) if mask else ("everything", "()")

    def _kind(self, source: ir.Source, place: str) -> Kind:
        rows, form, trained = source.rows, source.format, source.supervision
        if isinstance(rows, ir.PreferenceRows | ir.LabelledRows | ir.PromptRows):
            return "columns"
        if isinstance(rows, ir.TokenRows):
            return "tokens"
        if rows == ir.CustomRows(reference=SEGMENTS):
            return "tokens"
        if isinstance(rows, ir.CustomRows):
            supervised = isinstance(self.recipe.objective, ir.SupervisedObjective)
            if supervised and rows.code is not None:
                return "text"
            name = "to_text" if supervised else "to_columns"
            why = f"the user's own code makes these rows; {name} in the script has to be written"
            self.writer.lose(Code.LOST_TEMPLATE, f"{place}.rows", why)
            return "text" if supervised else "columns"
        if place in self.masks:
            return "tokens" if self.masks[place].kind == "spans" else "text"
        if isinstance(rows, ir.TextRows) or isinstance(form, ir.ChatFormat):
            split = self.recipe.data.overlong == "split" and isinstance(rows, ir.TextRows)
            return "tokens" if split else "text"
        if isinstance(rows, ir.MessageRows):
            return "text"
        assert isinstance(form, ir.PlainFormat)
        if form.joined == "separately":
            return "tokens"
        if trained.prompt:
            return "text"
        return "pair" if form.end == "eos" else "tokens"

    def _responses(self) -> None:
        """The call that masks conversations, by the markers their template puts around turns."""
        first = next(iter(self.masks.values()), None)
        if first is not None and first.kind == "answers":
            self.code.responses = dict(first.responses)
            self.code.use("unsloth.chat_templates", "train_on_responses_only")

    def _marks(self, sources: Sequence[tuple[ir.Source, str]]) -> None:
        """The same call for texts of the user's own code, by the marks that these have."""
        wanted = {place: getattr(source.rows, "marks", ()) for source, place in sources}
        if not any(wanted.values()):
            return
        marks = next(iter(wanted.values()))
        if any(other != marks for other in wanted.values()):
            why = "a script masks all its data sets by the same marks, or none"
            for place in (place for place, own in wanted.items() if own):
                self.writer.lose(Code.LOST_MASK, f"{place}.supervision", why)
            return
        named = zip(("instruction_part", "response_part"), marks, strict=True)
        self.code.responses = {name: mark for name, mark in named if mark}
        self.code.use("unsloth.chat_templates", "train_on_responses_only")

    def _lose_marks(self, sources: Sequence[tuple[ir.Source, str]]) -> None:
        """The call takes text, so texts that become tokens beside other rows are not masked."""
        for source, place in sources:
            if getattr(source.rows, "marks", ()):
                why = "it becomes tokens, as other data sets do, and all of them are trained"
                self.writer.lose(Code.LOST_MASK, f"{place}.supervision", why)

    # -- loading ----------------------------------------------------------------------------------

    def _load_all(self, sources: Sequence[ir.Source], name: str, stem: str) -> list[str]:
        if len(sources) == 1:
            return self._load(sources[0], name, f"{stem}[0]")
        lines: list[str] = []
        names = []
        for position, source in enumerate(sources):
            part = f"{name}_{position + 1}"
            names.append(part)
            lines += self._load(source, part, f"{stem}[{position}]")
        self.code.use("datasets", "concatenate_datasets")
        listed = [Expression(part) for part in names]
        lines.append(call("concatenate_datasets", [Argument("", listed)], prefix=f"{name} = "))
        return lines

    def _load(self, source: ir.Source, name: str, place: str) -> list[str]:
        self.code.use("datasets", "load_dataset")
        lines = [_load_call(source, name, streaming=self.recipe.data.streaming)]
        step = self.steps.step(source, self.masks.get(place))
        for function in step.functions:
            arguments = [
                Argument("", Expression(function)),
                Argument("remove_columns", Expression(f"{name}.column_names")),
            ]
            if function.startswith("to_chunks"):
                arguments.insert(1, Argument("batched", True))
            lines.append(call(f"{name}.map", arguments, prefix=f"{name} = "))
        if "return None" in (getattr(source.rows, "code", None) or ""):
            kept = [Argument("", Expression('lambda row: row["text"] is not None'))]
            lines.append(call(f"{name}.filter", kept, prefix=f"{name} = "))
        if isinstance(source.rows, ir.TokenRows) and not step.functions:
            columns = [Argument("", ["input_ids", "labels"])]
            lines.append(call(f"{name}.select_columns", columns, prefix=f"{name} = "))
        lines += too_long(self.writer, self.steps, source, name, step, place)
        if step.kind == "text":
            self.code.column = step.column
        return lines

    def _deduplicate(self) -> None:
        """axolotl/utils/data/utils.py:86: equal rows, those of the training data included."""
        if not self.writer.has(*DEDUPLICATE):
            return
        note = "Leaves out rows that have been seen before."
        body = ["kept = []", "for place, row in enumerate(rows):", "    if str(row) not in seen:",
                "        seen.add(str(row))", "        kept.append(place)"]  # fmt: skip
        result = "return rows.select(kept)"
        self.make.once("without_duplicates", body, result, argument="rows, seen", note=note)
        lines = ["seen = set()", "dataset = without_duplicates(dataset, seen)"]
        if isinstance(self.recipe.data.validation, ir.SeparateRows):
            lines.append("eval_dataset = without_duplicates(eval_dataset, seen)")
        held_out = isinstance(self.recipe.data.validation, ir.HeldOutRows)
        place = next(
            (
                i
                for i, s in enumerate(self.code.statements)
                if held_out and s.startswith("split = ")
            ),
            len(self.code.statements),
        )
        self.code.statements[place:place] = lines

    def _validation(self) -> None:
        validation = self.recipe.data.validation
        if validation is None:
            return
        self.code.evaluates = True
        if isinstance(validation, ir.SeparateRows):
            stem = "data.validation.sources"
            self.code.statements += self._load_all(validation.sources, "eval_dataset", stem)
            return
        size = validation.size
        if self.recipe.data.streaming and size < 1:
            why = "rows that are streamed have no known number of which a share could be held out"
            self.writer.lose(Code.LOST_VALIDATION, "data.validation", why, Severity.WARNING)
            for field in ("evaluation", "batching.eval_micro_batch"):
                self.writer.lose(Code.LOST_VALIDATION, field, why, Severity.WARNING)
            self.code.evaluates = False
            return
        if self.recipe.data.streaming:
            why = f"the first {int(size)} rows of the stream"
            split = [f"data.sources[{i}].split" for i in range(len(self.recipe.data.sources))]
            for field in ("data.validation", *split):
                self.writer.lose(Code.TOLD_OTHERWISE, field, why, Severity.NOTE, verbose=True)
            count = [Argument("", int(size))]
            self.code.statements += [
                call("dataset.take", count, prefix="eval_dataset = "),
                call("dataset.skip", count, prefix="dataset = "),
            ]
            return
        arguments = [
            Argument("test_size", size if size < 1 else int(size)),
            Argument("seed", self.recipe.seed if self.recipe.seed is not None else 3407),
        ]
        self.code.statements += [
            call("dataset.train_test_split", arguments, prefix="split = "),
            'dataset, eval_dataset = split["train"], split["test"]',
        ]


def _text_column(sources: Sequence[tuple[ir.Source, str]]) -> str:
    """The column of text that all data sets have, whether the files or the script made it."""
    columns = {
        source.rows.column
        if isinstance(source.rows, ir.TextRows)
        and isinstance(source.format, ir.PlainFormat)
        and source.format.end == "none"
        else "text"
        for source, _ in sources
    }
    return columns.pop() if len(columns) == 1 else "text"


def _load_call(source: ir.Source, name: str, *, streaming: bool) -> str:
    path = source.path
    files: object = source.files[0] if len(source.files) == 1 else list(source.files) or None
    if source.file_format and path != source.file_format and files is None:
        path, files = source.file_format, path
    arguments = [Argument("", path)]
    if source.subset is not None:
        arguments.append(Argument("name", source.subset))
    if files is not None:
        arguments.append(Argument("data_files", files))
    arguments.append(Argument("split", source.split))
    if source.revision is not None:
        arguments.append(Argument("revision", source.revision))
    if streaming:
        arguments.append(Argument("streaming", True))
    return call("load_dataset", arguments, prefix=f"{name} = ")
