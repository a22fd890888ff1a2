"""Rows about the data: lengths, packing, streaming; the sources themselves."""

from __future__ import annotations

from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth.data_reading import read_sources
from translator.frameworks.unsloth.load_reading import loads
from translator.frameworks.unsloth.objective import trainer_class
from translator.frameworks.unsloth.objective_writing import trainer_of
from translator.frameworks.unsloth.rows import find, flavour_of, known
from translator.lens import Row, Via
from translator.reading import Reader
from translator.tree import Address, Node
from translator.writing import Writer

MODEL_LENGTH = 2048
"""``max_seq_length`` of from_pretrained: unsloth/models/loader.py:1241 (2026.10.9)."""
TRL_LENGTH = 1024
"""``max_length`` of SFTConfig (trl/trainer/sft_config.py, 1.9.0)."""
_FALLBACK_LENGTH = 8192
_OF_TRANSFORMERS = ("ForCausalLM", "ForConditionalGeneration")


# --- length --------------------------------------------------------------------------------------


def _number(reader: Reader, found: tuple[str, Node] | None) -> int | None:
    if found is None:
        return None
    value = known(reader, *found, "data.max_length")
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _read_length(reader: Reader) -> None:
    """unsloth/models/rl.py:2770 (2026.10.9): the arguments' length, at most the model's; a
    ``max_length`` counts when it is not TRL's default of 1024. What the trainer itself is given
    counts before its arguments (unsloth/trainer.py:1796)."""
    model = find(reader, "load.max_seq_length")
    own = find(reader, "trainer.max_seq_length", "args.max_seq_length")
    trl = find(reader, "trainer.max_length", "args.max_length")
    if trainer_class(reader) == "SFTTrainer" and _loaded_by_others(reader):
        _read_length_without_model(reader, own or trl)
        return
    limit = _number(reader, model)
    origin = reader.default("max_seq_length 2048: unsloth/models/loader.py:1241 (2026.10.9)")
    if model is not None:
        origin = reader.written(("load", "max_seq_length"), model[1])
    length = limit if limit is not None else MODEL_LENGTH
    if trainer_class(reader) in _PAIR_TRAINERS:
        _read_length_of_pairs(reader, length, origin, trl)
        return
    given, explicit = _number(reader, own), _number(reader, trl)
    place = own
    if given is None and explicit is not None and explicit != 1024:
        given, place = explicit, trl
    if given is not None and place is not None:
        key, node = place
        if given < length:
            length, origin = given, reader.written(tuple(key.split(".")), node)
        elif given > length:
            message = f"{key} ({given}) is lowered to the model's max_seq_length ({length})"
            reader.say(Code.SURPRISE, Severity.WARNING, message, node, key=key)
    elif trl is not None and trl[1].plain() not in (None, length) and explicit is not None:
        message = f"{trl[0]} ({trl[1].plain()!r}): Unsloth takes the model's length, {length}"
        reader.say(Code.SURPRISE, Severity.WARNING, message, trl[1], key=trl[0])
    if model is not None and limit is not None and limit > length:
        message = f"load.max_seq_length ({limit}): rows are cut at the trainer's {length}"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, model[1], verbose=True)
    reader.set("data.max_length", length, origin)
    _read_kept_end(reader)


def _read_kept_end(reader: Reader) -> None:
    mode = find(reader, "args.truncation_mode")
    if mode is not None and mode[1].plain() == "keep_end":
        reader.leave(("args", "truncation_mode"), mode[1], "long rows keep their end",
                     Severity.WARNING)  # fmt: skip


def _loaded_by_others(reader: Reader) -> bool:
    """Whether transformers loads the model: only Unsloth's loaders give it a ``max_seq_length``."""
    loader = str(reader.value("load", "class") or "").rpartition(".")[2]
    return loader.startswith("AutoModel") or loader.endswith(_OF_TRANSFORMERS)


def _read_length_without_model(reader: Reader, given: tuple[str, Node] | None) -> None:
    """unsloth/models/rl.py:2815 (2026.10.9): the arguments' length counts where the model has none,
    and a length of None becomes 1024."""
    length = _number(reader, given)
    origin = reader.default("max_length 1024: trl/trainer/sft_config.py (1.9.0)")
    if given is not None and length is not None:
        origin = reader.written(tuple(given[0].split(".")), given[1])
    reader.set("data.max_length", length or TRL_LENGTH, origin)
    _read_kept_end(reader)


_PAIR_TRAINERS = ("DPOTrainer", "KTOTrainer", "ORPOTrainer", "CPOTrainer")


def _read_length_of_pairs(
    reader: Reader, model: int, loaded: Origin, trl: tuple[str, Node] | None
) -> None:
    """unsloth/models/rl.py:3115 (2026.10.9): TRL's ``max_length``, lowered to the model's."""
    given = None if trl is not None and trl[1].plain() is None else _number(reader, trl) or 1024
    if given is None or given > model:
        if trl is not None and given is not None:
            message = f"{trl[0]} ({given}) is lowered to the model's max_seq_length ({model})"
            reader.say(Code.SURPRISE, Severity.WARNING, message, trl[1], key=trl[0])
        reader.set("data.max_length", model, loaded)
        return
    why = "max_length 1024: trl/trainer/dpo_config.py (1.9.0)"
    origin = (
        reader.default(why) if trl is None else reader.written(tuple(trl[0].split(".")), trl[1])
    )
    reader.set("data.max_length", given, origin)
    loads = find(reader, "load.max_seq_length")
    if loads is not None and given < model:
        message = (
            f"{loads[0]} ({model}): the model is loaded for it, but rows end at {given} tokens"
        )
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, loads[1], key=loads[0], verbose=True)


def _read_overlong(reader: Reader) -> None:
    why = "unsloth_zoo/dataset_utils.py:2829 (2026.10.9): tokenized with truncation"
    reader.set("data.overlong", "truncate", reader.default(why))


def _write_length(writer: Writer) -> None:
    length = writer.value("data.max_length")
    if length is None:
        from translator.catalog.models import facts

        model = facts(writer.document.recipe.model.id)
        length = (model.max_positions if model else None) or _FALLBACK_LENGTH
        why = f"a script needs a limit; rows of more than {length} tokens are cut"
        writer.lose(Code.LOST_LENGTH, "data.max_length", why, Severity.NOTE)
    writer.put("load.max_seq_length", length, "data.max_length")
    if not trainer_of(writer.document.recipe).online:
        writer.put("args.max_length", length, "data.max_length")


# --- packing -------------------------------------------------------------------------------------


def _read_packing(reader: Reader) -> None:
    found = find(reader, "trainer.packing", "args.packing")
    strategy = find(reader, "args.packing_strategy")
    origin = reader.default(f"packing False: {flavour_of(reader.facts).why}")
    packed: Any = False
    if found is not None:
        origin = reader.written(tuple(found[0].split(".")), found[1])
        packed = known(reader, *found, "data.packing")
    reader.set("data.packing", bool(packed), origin)
    if not packed:
        if strategy is not None:
            message = "packing_strategy has no effect: rows are not packed"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, strategy[1], verbose=True)
        return
    kind = None if strategy is None else known(reader, *strategy, "data.packing")
    fill = "wrapped" if kind == "wrapped" else "best-fit"
    reader.set("data.packing.fill", fill, origin)
    reader.set("data.packing.isolated", fill != "wrapped", origin)


def _write_packing(writer: Writer) -> None:
    packing = writer.document.recipe.data.packing
    if not trainer_of(writer.document.recipe).supervised:
        if packing is not None:
            why = "TRL packs rows in supervised fine-tuning only"
            writer.lose(Code.LOST_PACKING, "data.packing", why, Severity.WARNING)
        return
    if packing is None:
        if writer.origin("data.packing").written:
            writer.put("args.packing", False, "data.packing")
        return
    writer.put("args.packing", True, "data.packing")
    if packing.fill == "wrapped":
        writer.put("args.packing_strategy", "wrapped", "data.packing.fill")
    elif packing.fill == "in-order":
        why = "rows are fitted into sequences instead of taken in order"
        writer.lose(Code.LOST_PACKING, "data.packing.fill", why, Severity.NOTE)
    if packing.isolated and packing.fill == "wrapped":
        why = "a row sees the rows packed before it: one stream is cut in pieces"
        writer.lose(Code.LOST_PACKING, "data.packing.isolated", why, Severity.WARNING)
    if not packing.isolated and packing.fill != "wrapped":
        why = "a row does not see the rows packed before it"
        writer.lose(Code.LOST_PACKING, "data.packing.isolated", why, Severity.WARNING)


def _read_streaming(reader: Reader) -> None:
    origin = reader.default("streaming False: datasets.load_dataset")
    value = False
    for address in loads(reader.tree.get(("data", "train")), ("data", "train")):
        node = reader.node(*address, "streaming")
        if node is not None:
            streamed = known(reader, "streaming", node, "data.streaming") is True
            value = value or (streamed and not _collected(reader, address[:-1]))
            origin = reader.written((*address, "streaming"), node)
    reader.set("data.streaming", value, origin)


def _collected(reader: Reader, address: Address) -> bool:
    """Whether a script puts the rows of a stream into a list before it trains on them."""
    steps = reader.tree.get((*address, "steps"))
    made = steps.plain() if steps is not None and steps.is_sequence else []
    return any(step.get("op") == "collect" for step in made)


def _nothing(writer: Writer) -> None:
    """Written as statements; see :mod:`translator.frameworks.unsloth.data_code`."""


_TEXT_ONLY = "scripts are written for text only"

_MARKERS = "exact where the template's markers are known"

ROWS: tuple[Row, ...] = (
    Via(fields=("data.max_length",),
        read_keys=("load.max_seq_length", "args.max_length", "args.max_seq_length",
                   "trainer.max_seq_length", "args.truncation_mode"),
        get=_read_length, put=_write_length),
    Via(fields=("data.overlong",), read_keys=(), get=_read_overlong, put=_nothing),
    Via(fields=("data.packing", "data.packing.isolated", "data.packing.fill"),
        read_keys=("args.packing", "args.packing_strategy", "trainer.packing"),
        get=_read_packing, put=_write_packing,
        partly={"data.packing.isolated": ("approximated", "rows are kept apart"),
                "data.packing.fill": ("approximated", "best fit, or one stream cut in pieces")}),
    Via(fields=("data.sources.*", "data.validation"), read_keys=("data.*",),
        get=read_sources, put=_nothing,
        partly={"data.sources.rows=custom": (
            "approximated", "code of the user's own is brought along where it stands alone"),
                "data.sources.rows=instruction.images": ("refused", _TEXT_ONLY),
                "data.sources.rows=message.images": ("refused", _TEXT_ONLY),
                "data.sources.rows=prompt.images": ("refused", _TEXT_ONLY),
                "data.sources.supervision.roles": ("approximated", _MARKERS),
                "data.sources.supervision.turn_headers": ("approximated", _MARKERS),
                "data.sources.supervision.turn_ends": ("approximated", _MARKERS)}),
    Via(fields=("data.streaming",), read_keys=("data.train.load.streaming",),
        get=_read_streaming, put=_nothing),
)  # fmt: skip
