"""Writing data sets, length, packing, validation and the objective."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.components import reads
from translator.frameworks.torchtune.dataset_writing import Rows, tell
from translator.frameworks.torchtune.held_out import parts as held_out_parts
from translator.frameworks.torchtune.location_writing import put_location
from translator.frameworks.torchtune.model_writing import target_builder
from translator.frameworks.torchtune.parts import module_of
from translator.frameworks.torchtune.wording_writing import Told
from translator.ir import HeldOutRows, PreferenceObjective, SeparateRows, Source
from translator.writing import Writer


def put_data(writer: Writer) -> None:
    """``dataset``: a mapping, or a list of them; and what they ask of the tokenizer."""
    sources = writer.document.recipe.data.sources
    made = target_builder(writer)
    component = "" if made is None else made.tokenizer.component
    if not sources:
        _put_no_data(writer)
    rows = _told(writer, sources, component)
    _put_wording(writer, [one.told for one in rows])
    if all(one.packs for one in rows):
        writer.facts["packs"] = "yes"
    for position, (source, one) in enumerate(zip(sources, rows, strict=True)):
        place: tuple[str | int, ...] = ("dataset",) if len(rows) == 1 else ("dataset", position)
        _put_source(writer, place, source, one, f"data.sources[{position}]")


def _put_no_data(writer: Writer) -> None:
    why = "no data set is named; put yours in dataset.source"
    writer.lose(Code.LOST_SOURCE, "data.sources", why)
    writer.put("dataset._component_", "torchtune.datasets.text_completion_dataset")
    writer.put("dataset.source", "UNKNOWN")


def _told(writer: Writer, sources: tuple[Source, ...], component: str) -> list[Rows]:
    """Each data set as a component. There is one tokenizer for all of them, so where they would
    word prompts by its template in different ways, each words its own."""
    for apart in (False, True):
        known = len(writer.losses)
        rows = [
            tell(writer, source, f"data.sources[{n}]", component, apart=apart)
            for n, source in enumerate(sources)
        ]
        if apart or len({str(r.told and r.told.setting) for r in rows if r.told}) <= 1:
            break
        del writer.losses[known:]
    return rows


def _put_wording(writer: Writer, wanted: list[Told | None]) -> None:
    """The one tokenizer as the first data set needs it; the others must need the same."""
    first = next((one for one in wanted if one is not None), None)
    if first is None:
        return
    for position, one in enumerate(wanted):
        if one is not None and one.setting != first.setting:
            _lose_wording(writer, f"data.sources[{position}]", one, first)
    if first.template == "none":
        writer.put("tokenizer.prompt_template", None)
    elif isinstance(first.template, dict):
        shown = {role: list(tags) for role, tags in first.template.items()}
        writer.put("tokenizer.prompt_template", shown)
    if first.turns:
        writer.facts["side:turn_tokenizer"] = "data.sources[0].format"
        own = writer.entries["tokenizer", "_component_"].value
        writer.put("tokenizer._component_", f"{module_of(writer.stem)}.turn_tokenizer")
        writer.put("tokenizer.base", own)
        for name, value in first.turns:
            writer.put(f"tokenizer.{name}", value)


def _lose_wording(writer: Writer, field: str, one: Told, first: Told) -> None:
    masks = ("train_headers", "train_ends")
    text = [{n: v for n, v in told.turns if n not in masks} for told in (one, first)]
    if one.template != first.template or text[0] != text[1]:
        why = "would need a tokenizer that words turns unlike the first data set's"
        writer.lose(Code.LOST_TEMPLATE, f"{field}.format", why)
        why = "goes with the wording of turns"
        writer.lose(Code.LOST_MASK, f"{field}.supervision", why, Severity.NOTE, verbose=True)
        return
    for setting, part in zip(masks, ("turn_headers", "turn_ends"), strict=True):
        if dict(one.turns).get(setting) != dict(first.turns).get(setting):
            why = "would need a tokenizer that masks turns unlike the first data set's"
            writer.lose(Code.LOST_MASK, f"{field}.supervision.{part}", why, Severity.WARNING)


def _put_source(
    writer: Writer, place: tuple[str | int, ...], source: Source, told: Rows, field: str
) -> None:
    component = told.component
    if told.side:
        writer.facts[f"side:{component}"] = f"{field}.rows"
        component = f"{module_of(writer.stem)}.{component}"
    writer.put((*place, "_component_"), component, f"{field}.rows")
    put_location(writer, place, source, told.usual, field, told.component)
    for name, value in told.arguments.items():
        writer.put((*place, name), value)
    split = _kept_split(writer, source)
    if split != "train":
        writer.put((*place, "split"), split, f"{field}.split")
    if split != source.split:
        why = f"{split}, without the rows that are held out"
        writer.lose(Code.TOLD_OTHERWISE, f"{field}.split", why, Severity.NOTE, verbose=True)
    if told.masks:
        writer.put((*place, "train_on_input"), source.supervision.prompt,
                   f"{field}.supervision.prompt")  # fmt: skip
    if told.packs:
        packed = writer.document.recipe.data.packing is not None and "packs" in writer.facts
        writer.put((*place, "packed"), packed, "data.packing")


# --- validation ----------------------------------------------------------------------------------


def _kept_split(writer: Writer, source: Source) -> str:
    """The split without the rows that are held out."""
    held = writer.document.recipe.data.validation
    if not isinstance(held, HeldOutRows):
        return source.split
    if held.size >= 1 and len(writer.document.recipe.data.sources) > 1:
        return source.split  # so many of all rows together, not of each data set
    found = held_out_parts(source.split, held.size)
    return source.split if found is None else found[0]


def put_validation(writer: Writer) -> None:
    """main evaluates on ``dataset_val``; before, held-out rows are only left out."""
    validation = writer.document.recipe.data.validation
    if validation is None or (isinstance(validation, HeldOutRows) and not validation.size):
        return
    able = reads(writer.facts["recipe"], writer.version, "dataset_val")
    if isinstance(validation, HeldOutRows):
        _put_held_out(writer, able)
    elif able:
        _put_separate(writer, validation)
    else:
        why = f"torchtune {writer.version} does not evaluate while it trains"
        writer.lose(Code.LOST_VALIDATION, "data.validation", why, Severity.WARNING)


def _put_held_out(writer: Writer, able: bool) -> None:
    sources = writer.document.recipe.data.sources
    kept = [_kept_split(writer, source) for source in sources]
    if [source.split for source in sources] == kept:
        why = "torchtune cannot hold rows out; all of them are trained"
        writer.lose(Code.LOST_VALIDATION, "data.validation.size", why, Severity.WARNING)
        return
    why = f"the last rows are held out by a slice of the split ({kept[0]}), not random ones"
    if not able:
        why += f"; torchtune {writer.version} does not evaluate while it trains"
    writer.lose(Code.LOST_VALIDATION, "data.validation.size", why, Severity.WARNING)
    if able and len(sources) == 1:
        entries = [e for e in writer.entries.values() if e.address[0] == "dataset"]
        for entry in entries:
            writer.put(("dataset_val", *entry.address[1:]), entry.value)
        found = held_out_parts(sources[0].split, writer.value("data.validation.size"))
        assert found is not None
        writer.put(("dataset_val", "split"), found[1])
        writer.put(("dataset_val", "packed"), False)


def _put_separate(writer: Writer, validation: SeparateRows) -> None:
    made = target_builder(writer)
    component = "" if made is None else made.tokenizer.component
    for position, source in enumerate(validation.sources):
        field = f"data.validation.sources[{position}]"
        told = tell(writer, source, field, component)
        several = len(validation.sources) > 1
        place: tuple[str | int, ...] = ("dataset_val", position) if several else ("dataset_val",)
        _put_source(writer, place, source, told, field)
        writer.put((*place, "split"), source.split, f"{field}.split")


# --- length and packing --------------------------------------------------------------------------


def put_length(writer: Writer) -> None:
    """``tokenizer.max_seq_len``; whatever is longer is cut."""
    limit = writer.value("data.max_length")
    writer.put("tokenizer.max_seq_len", limit, "data.max_length")
    overlong = writer.value("data.overlong")
    if overlong == "truncate":
        return
    if limit is None:
        why = "without a limit no row is too long"
        writer.lose(Code.TOLD_OTHERWISE, "data.overlong", why, Severity.NOTE, verbose=True)
        return
    done = {"drop": "left out", "split": "divided", "error": "refused"}[overlong]
    why = f"torchtune cuts longer rows at {limit} tokens; they are not {done}"
    writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)


def put_packing(writer: Writer) -> None:
    """What is told of packing beside ``packed``, which each data set has."""
    packing = writer.document.recipe.data.packing
    if packing is None:
        return
    if "packs" not in writer.facts:
        why = "torchtune does not pack such data"
        writer.lose(Code.LOST_PACKING, "data.packing", why, Severity.WARNING)
        return
    if writer.value("data.max_length") is None:
        why = "torchtune packs up to tokenizer.max_seq_len, which is not known"
        writer.lose(Code.LOST_PACKING, "data.packing", why)
    if not packing.isolated:
        why = "torchtune keeps attention inside each row"
        writer.lose(Code.LOST_PACKING, "data.packing.isolated", why, Severity.WARNING)
    if packing.fill == "wrapped":
        why = "torchtune packs whole rows in their order, it does not cut one stream"
        writer.lose(Code.LOST_PACKING, "data.packing.fill", why, Severity.WARNING)
    elif packing.fill != "in-order":
        why = "torchtune fills packs in the order of rows, so there may be more of them"
        writer.lose(Code.LOST_PACKING, "data.packing.fill", why, Severity.NOTE)


# --- objective -----------------------------------------------------------------------------------


def put_objective(writer: Writer) -> None:
    """The loss of preference tuning; other objectives have no recipe."""
    objective = writer.document.recipe.objective
    kind = writer.value("objective")
    if kind == "supervised":
        return
    if not isinstance(objective, PreferenceObjective) or objective.method != "dpo":
        name = getattr(objective, "method", None) or getattr(objective, "name", None) or kind
        why = (
            f"torchtune {writer.version} has no registered recipe for {str(name).upper()}; DPO only"
        )
        writer.lose(Code.LOST_OBJECTIVE, "objective", why)
        if not isinstance(objective, PreferenceObjective):
            return
    if objective.loss == "hinge":
        writer.put("loss._component_", "torchtune.rlhf.loss.RSOLoss", "objective")
        writer.put("loss.gamma", objective.beta, "objective.beta")
    else:
        if objective.loss not in (None, "sigmoid"):
            why = f"torchtune has no {objective.loss} form of DPO"
            writer.lose(Code.LOST_OBJECTIVE, "objective.loss", why)
        writer.put("loss._component_", "torchtune.rlhf.loss.DPOLoss", "objective")
        writer.put("loss.beta", objective.beta, "objective.beta")
        writer.put("loss.label_smoothing", objective.label_smoothing, "objective.label_smoothing")
    if objective.reference != "none" and not writer.value("adapter"):
        _put_reference(writer)
    if objective.max_prompt_length is not None:
        why = "torchtune limits prompt and answer together only"
        writer.lose(Code.LOST_LENGTH, "objective.max_prompt_length", why, Severity.WARNING)
    if objective.reference == ("copy" if writer.value("adapter") else "base"):
        why = "the weights that training starts from"
        writer.lose(Code.TOLD_OTHERWISE, "objective.reference", why, Severity.NOTE, verbose=True)
    if objective.reference == "none":
        why = "torchtune's DPO compares with a reference model"
        writer.lose(Code.LOST_OBJECTIVE, "objective.reference", why)


def _put_reference(writer: Writer) -> None:
    """The reference model starts from the same weights; the full recipe loads them once more."""
    for entry in [e for e in writer.entries.values() if e.address[0] == "checkpointer"]:
        writer.put(("ref_checkpointer", *entry.address[1:]), entry.value)
    writer.put("ref_checkpointer.output_dir", "${output_dir}/ref")
