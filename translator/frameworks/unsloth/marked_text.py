"""Texts in which ``train_on_responses_only`` looks for what opens questions and answers."""

from __future__ import annotations

from translator import ir
from translator.frameworks.unsloth.masking import catalogue_format
from translator.reading import Reader


def marked(reader: Reader, rows: ir.TextRows, form: ir.PlainFormat) -> ir.CustomRows | None:
    """Rows of a column whose texts hold their turns already; None where it is not known what
    opens them. A column of text alone has nothing to mask."""
    marks = marks_of(reader, ir.ChatFormat(template="tokenizer"))
    if marks is None:
        return None
    end = " + tokenizer.eos_token" if form.end == "eos" else ""
    code = f"def text_of(row, tokenizer):\n    return row[{rows.column!r}]{end}\n"
    return ir.CustomRows(reference=f"column {rows.column}", code=code, marks=marks)


def marks_of(reader: Reader, form: ir.Format) -> tuple[str, ...] | None:
    """What ``train_on_responses_only`` looks for, None where that is not known. Told nothing, it
    looks at the tokenizer's template (unsloth_zoo/dataset_utils.py:815, 2026.10.9)."""
    given = [reader.tree.get(("responses", key)) for key in ("instruction_part", "response_part")]
    for key in ("last_response_only", "mask_out_tokens"):
        further = reader.tree.get(("responses", key))
        if further is not None and further.plain():
            return None
    texts = tuple(n.value for n in given if n is not None and isinstance(n.value, str) and n.value)
    if len(texts) == 2:
        return texts
    if any(n is not None and n.value is not None for n in given):
        return None
    if not isinstance(form, ir.ChatFormat):
        return None
    model = str(reader.values.get("model.tokenizer") or reader.values.get("model.id") or "")
    known = catalogue_format(form, model)
    affixes = [known.affixes(role) if known else None for role in ("user", "assistant")]
    found = tuple(a[0].replace("{bos}", "").replace("{eos}", "") for a in affixes if a)
    return found if len(found) == 2 and all(text.strip() for text in found) else ("", "")
