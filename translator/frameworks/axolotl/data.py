"""Rows about data: sources, length, packing, order, held-out rows."""

from __future__ import annotations

from translator.catalog.models import facts
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.axolotl.batching import KEEPS_APART
from translator.frameworks.axolotl.lookup import find, mention, no_effect, refuse, surprise
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.sources import read_sources
from translator.frameworks.axolotl.values import flag, number, one_of, whole
from translator.ir import (
    ChatFormat,
    CustomRows,
    HeldOutRows,
    SeparateRows,
    Source,
    TextRows,
    TokenRows,
)
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_CONFIG = "axolotl/utils/schemas/config.py"
_PACKING_ATTENTION = ("flash_attention_2", "flash_attention_3", "flash_attention_4",
                      "flash_attention_torch", "flex_attention", "xformers", "sage", "sdpa",
                      "eager")  # fmt: skip
"""Attention that keeps packed rows apart (axolotl/utils/schemas/config.py: attn_decontaminates)."""


def _get_sources(reader: Reader) -> None:
    sources = read_sources(reader, "datasets", "data.sources")
    former = reader.peek("pretraining_dataset")
    streaming = find(reader, "streaming", flag, False, f"{_CONFIG}: None")
    origin = streaming.origin
    stream = streaming.value
    if former is not None:
        if sources:
            no_effect(reader, ("datasets",), "pretraining_dataset counts")
        sources = read_sources(reader, "pretraining_dataset", "data.sources")
        origin = reader.written(("pretraining_dataset",), former)
        if streaming.written and not stream:
            no_effect(reader, ("streaming",), "pretraining_dataset is streamed anyway")
        stream = True
    node = reader.peek("datasets") or former
    if not sources:
        reader.say(
            Code.MISSING_KEY,
            Severity.ERROR,
            "no data set: neither datasets nor pretraining_dataset names one",
            node,
            key="datasets",
            field="data.sources",
        )
    why = reader.default("no data set is named")
    named = "datasets" if former is None else "pretraining_dataset"
    found = why if node is None else reader.written((named,), node)
    reader.set("data.sources", sources, found)
    reader.set("data.streaming", stream, origin)


def _get_validation(reader: Reader) -> None:
    tests = read_sources(reader, "test_datasets", "data.validation.sources")
    size = find(reader, "val_set_size", number, 0.0, f"{_CONFIG}:1103: nothing is held out")
    if tests:
        node = reader.peek("test_datasets")
        assert node is not None
        mention(reader, ("test_datasets",), "rows for evaluation")
        if size.value and size.node is not None:
            why = "excludes test_datasets; Axolotl refuses both"
            refuse(reader, ("val_set_size",), size.node, why, Severity.WARNING)
        origin = reader.written(("test_datasets",), node)
        reader.set("data.validation", SeparateRows(sources=tests), origin)
        reader.origins["data.validation.sources"] = origin
    elif size.value > 0:
        reader.set("data.validation", HeldOutRows(size=size.value), size.origin)
        reader.origins["data.validation.size"] = size.origin
    else:
        reader.set("data.validation", None, size.origin)


def _put_sources(writer: Writer) -> None:
    from translator.frameworks.axolotl.write_sources import put_sources  # nothing a reader needs

    put_sources(writer)


def _put_validation(writer: Writer) -> None:
    held = writer.document.recipe.data.validation
    if isinstance(held, HeldOutRows):
        if writer.value("data.streaming"):
            why = "Axolotl cannot hold rows of a stream out"
            writer.lose(Code.LOST_VALIDATION, "data.validation", why, Severity.WARNING)
            return
        size = int(held.size) if float(held.size).is_integer() else held.size
        writer.put("val_set_size", size, "data.validation.size", "data.validation")
    elif held is None and writer.origin("data.validation").written:
        writer.put("val_set_size", 0, "data.validation")


def _get_length(reader: Reader) -> None:
    """Texts of ``completion`` are cut into pieces before the strategy for long rows is asked
    (axolotl/prompt_strategies/completion.py:57)."""
    length = find(reader, "sequence_len", whole, 512, f"{_CONFIG}:671", field="data.max_length")
    words = one_of("drop", "truncate", "raise")
    strategy = find(reader, "excess_length_strategy", words, None,
                    "axolotl/utils/data/utils.py:334: rows that are too long are dropped")  # fmt: skip
    sources: tuple[Source, ...] = reader.values["data.sources"]  # type: ignore[assignment]
    reader.set("data.max_length", length.value, length.origin)
    overlong = {"raise": "error"}.get(strategy.value or "drop", strategy.value or "drop")
    if sources and all(isinstance(source.rows, TextRows) for source in sources):
        if strategy.written:
            why = "type: completion cuts long texts into pieces"
            no_effect(reader, ("excess_length_strategy",), why)
        overlong = "split"
    reader.set("data.overlong", overlong, strategy.origin)


def _put_length(writer: Writer) -> None:
    length, overlong = writer.value("data.max_length"), writer.value("data.overlong")
    if length is None:
        known = facts(writer.value("model.id"))
        most = None if known is None else known.max_positions
        length = most or 131072
        what = "the longest the model takes" if most else "a large limit"
        why = f"Axolotl cuts at 512 tokens unless told; {length} is {what}"
        writer.lose(Code.TOLD_OTHERWISE, "data.max_length", why, Severity.NOTE)
    writer.put("sequence_len", length, "data.max_length")
    texts = [isinstance(s.rows, TextRows) for s in writer.document.recipe.data.sources]
    if all(texts) and writer.value("objective") == "supervised":
        if overlong != "split":
            does = {"truncate": "cut", "drop": "leave out"}.get(overlong, "stop at")
            why = f"Axolotl trains the rest of long texts too, in pieces; it does not {does} them"
            writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
        return
    if all(texts):
        how = "plain texts are split"
        writer.lose(Code.TOLD_OTHERWISE, "data.overlong", how, Severity.NOTE, verbose=True)
    if overlong == "split":
        why = "Axolotl splits plain texts only; long rows are cut"
        writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
        overlong = "truncate"
    if writer.needed("data.overlong", "drop"):
        value = {"error": "raise"}.get(overlong, overlong)
        writer.put("excess_length_strategy", value, "data.overlong")


def _get_packing(reader: Reader) -> None:
    found = find(reader, "sample_packing", flag, False, f"{_CONFIG}:694: None")
    reader.set("data.packing", found.value, found.origin)
    attention = reader.values["kernels.attention"]
    origin: Origin = reader.origins["kernels.attention"]
    apart = attention in _PACKING_ATTENTION or "/" in str(attention)
    if found.value and not apart:
        surprise(
            reader,
            ("sample_packing",),
            "rows of one sequence attend to one another unless attn_implementation is one that "
            "keeps them apart",
        )
    order = find(reader, "sample_packing_sequentially", flag, False)
    reader.set("data.packing.isolated", apart, origin)
    fill = "in-order" if order.value else "best-fit"
    reader.set("data.packing.fill", fill, order.origin if order.written else found.origin)
    if found.value and reader.value("rl"):
        why = "is refused together with rl"
        refuse(reader, ("sample_packing",), found.node, why, Severity.WARNING)  # type: ignore[arg-type]
        reader.set("data.packing", False, found.origin)
    evaluation = find(reader, "eval_sample_packing", flag, None)
    if evaluation.node is not None and evaluation.value != found.value:
        why = "evaluation rows are packed otherwise than training rows, in Axolotl only"
        if found.value:
            reader.leave(("eval_sample_packing",), evaluation.node, why, Severity.NOTE)
        else:
            no_effect(reader, ("eval_sample_packing",), "sample_packing is off")


def _put_packing(writer: Writer) -> None:
    if not writer.value("data.packing"):
        if writer.origin("data.packing").written:
            writer.put("sample_packing", False, "data.packing")
        return
    if writer.value("objective") != "supervised":
        why = "Axolotl packs rows in supervised training only"
        writer.lose(Code.LOST_PACKING, "data.packing", why, Severity.WARNING)
        return
    writer.put("sample_packing", True, "data.packing")
    fill = writer.value("data.packing.fill")
    if fill == "in-order":
        writer.put("sample_packing_sequentially", True, "data.packing.fill")
    elif fill == "wrapped":
        why = "Axolotl packs whole rows; it does not cut one stream of tokens into pieces"
        writer.lose(Code.LOST_PACKING, "data.packing.fill", why, Severity.WARNING)
    attention = writer.value("kernels.attention")
    apart = attention in _PACKING_ATTENTION or "/" in str(attention)
    isolated = writer.value("data.packing.isolated")
    if isolated and not apart:
        if attention is None:
            why = "Axolotl keeps packed rows apart only when an implementation is named"
            writer.lose(Code.TOLD_OTHERWISE, "kernels.attention", why, Severity.NOTE)
            writer.put("attn_implementation", KEEPS_APART, "kernels.attention")
        else:
            why = f"rows of one sequence attend to one another with {attention}"
            writer.lose(Code.LOST_PACKING, "data.packing.isolated", why, Severity.WARNING)
    elif not isolated and apart:
        why = f"rows of one sequence do not attend to one another with {attention}"
        writer.lose(Code.LOST_PACKING, "data.packing.isolated", why, Severity.WARNING)


def _get_order(reader: Reader) -> None:
    """axolotl/core/trainers/base.py:183-204: only ``curriculum_sampling`` reads in order, and
    only unshuffled data then stays in file order."""
    merged = find(reader, "shuffle_merged_datasets", flag, True, f"{_CONFIG}:378")
    curriculum = find(reader, "curriculum_sampling", flag, False)
    if reader.value("rl"):
        # its trainers are TRL's, with TRL's sampler: axolotl/core/builders/rl.py
        why = "the trainers of rl draw rows in random order"
        no_effect(reader, ("curriculum_sampling",), why)
        mention(reader, ("shuffle_merged_datasets",), why)
        reader.set("data.shuffle", True, merged.origin)
        return
    if curriculum.value and (not merged.value or len(reader.values["data.sources"]) == 1):  # type: ignore[arg-type]
        reader.set("data.shuffle", False, curriculum.origin)
        return
    if curriculum.value:
        why = "one random order in every epoch, as shuffle_merged_datasets shuffles before it"
        surprise(reader, ("curriculum_sampling",), why, Severity.NOTE)
    if merged.written and not merged.value:
        why = (
            "the trainer still draws rows in random order; curriculum_sampling: true reads in order"
        )
        surprise(reader, ("shuffle_merged_datasets",), why, Severity.NOTE)
    reader.set("data.shuffle", True, merged.origin)


def _put_order(writer: Writer) -> None:
    if writer.value("data.shuffle"):
        return
    if writer.value("objective") not in ("supervised", "other"):
        why = "Axolotl draws the rows of preference tuning and rl in random order"
        writer.lose(Code.LOST_ORDER, "data.shuffle", why, Severity.NOTE)
    else:
        writer.put("shuffle_merged_datasets", False, "data.shuffle")
        writer.put("curriculum_sampling", True)


def _get_shared(reader: Reader) -> None:
    """Settings for all data sets at once: each data set was read with them, if it uses them."""
    sources: tuple[Source, ...] = reader.values["data.sources"]  # type: ignore[assignment]
    if sources and all(isinstance(source.rows, TextRows) for source in sources):
        no_effect(reader, ("train_on_inputs",), "plain texts are always trained whole")
    elif reader.value("rl"):
        no_effect(reader, ("train_on_inputs",), "rl never trains prompts")
    elif all(isinstance(source.rows, CustomRows | TokenRows) for source in sources):
        mention(reader, ("train_on_inputs",), "whether prompts are trained, where rows have them")
    if not any(isinstance(source.format, ChatFormat) for source in sources):
        # where the model writes answers, trl renders turns with the tokenizer's template
        # (trl/trainer/grpo_trainer.py:1707, 1.9.0)
        unknown = any(isinstance(source.rows, CustomRows) for source in sources)
        unknown = unknown or reader.value("rl") in ("grpo", "gdpo")
        why = "no data set is rendered with it; it only goes into the saved tokenizer"
        for key in ("chat_template", "chat_template_jinja"):
            if unknown:
                mention(reader, (key,), "the template, for prompt strategies that ask for it")
            else:
                no_effect(reader, (key,), why)
    find(reader, "train_on_inputs", flag, False)
    if any(isinstance(s.format, ChatFormat) and s.format.end_is_eos for s in sources):
        # said by the format already
        tokens: tuple[tuple[str, str], ...] = reader.values["model.special_tokens"]  # type: ignore[assignment]
        reader.values["model.special_tokens"] = tuple(t for t in tokens if t[0] != "eos_token")
    mention(reader, ("chat_template",), "the template of data sets without their own")
    mention(reader, ("chat_template_jinja",), "the text of that template")
    mention(reader, ("eot_tokens",), "tokens that end turns, trained with the answers")


SOURCES: tuple[Row, ...] = (
    via(
        ("data.sources.*", "data.streaming"),
        ("datasets", "pretraining_dataset", "streaming"),
        _get_sources,
        _put_sources,
        {
            "data.sources.rows=instruction.images": ("refused", "pictures beside turns only"),
            "data.sources.rows=instruction.fields": ("refused", "three fields of a prompt only"),
            "data.sources.rows=preference.text": ("refused", "the prompt is one column"),
            "data.sources.rows=preference.fields": ("refused", "the prompt is one column"),
            "data.sources.rows=prompt.fields": ("refused", "the prompt is one column"),
            "data.sources.rows=message.images": ("approximated", "columns images and image"),
            "data.sources.rows=prompt.images": ("refused", "pictures beside turns only"),
            "data.sources.rows=prompt.text": ("refused", "the prompt is one column"),
        },
    ),
    via(
        (),
        ("train_on_inputs", "chat_template", "chat_template_jinja", "eot_tokens"),
        _get_shared,
        lambda writer: None,
    ),
    via(("data.validation",), ("test_datasets", "val_set_size"), _get_validation, _put_validation),
    via(
        ("data.max_length", "data.overlong"),
        ("sequence_len", "excess_length_strategy"),
        _get_length,
        _put_length,
        {"data.overlong": ("approximated", "texts are always split, other rows never")},
    ),
    via(
        ("data.shuffle",),
        ("shuffle_merged_datasets", "curriculum_sampling"),
        _get_order,
        _put_order,
    ),
)
PACKING: tuple[Row, ...] = (
    via(
        ("data.packing", "data.packing.isolated", "data.packing.fill"),
        ("sample_packing", "sample_packing_sequentially", "eval_sample_packing"),
        _get_packing,
        _put_packing,
        {"data.packing.fill": ("approximated", "whole rows only")},
    ),
)
