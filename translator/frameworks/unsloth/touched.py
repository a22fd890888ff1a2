"""What a script does to model and trainer beside the calls that are read: each is told."""

from __future__ import annotations

from collections.abc import Iterable

from translator.diagnostics import Severity
from translator.document import Leftover
from translator.lens import Coverage, Row
from translator.reading import Reader
from translator.writing import Writer

_HARMLESS = frozenset(
    """model.config.use_cache model.config.pretraining_tp model.config.pad_token_id
    model.config.eos_token_id model.config.bos_token_id model.config.torch_dtype model.config.dtype
    model.config.label2id model.config.id2label model.config.return_dict
    model.is_parallelizable model.model_parallel model.hf_device_map model.warnings_issued
    model.training model.supports_gradient_checkpointing trainer.state
    trainer.callback_handler trainer.deepspeed trainer.place_model_on_device""".split()  # noqa: SIM905
)
"""What changes nothing of a training: caches, names of labels, how devices are shared."""
_FORMATS = ("model.half()", "model.float()", "model.double()", "model.bfloat16()")
_WEIGHTS = ("model.load_state_dict()", "model.load_adapter()", "model.apply()", "model.unload()",
            "model.merge_and_unload()", "model.merge_adapter()", "model.init_weights()",
            "model.reset_parameters()", "model.add_weighted_adapter()")  # fmt: skip


_OF_THE_MODEL = ("model.forward", "model.loss_function", "model.lm_head", "model.model",
                 "model.base_model")  # fmt: skip


def _judged(name: str) -> tuple[Severity, str]:
    if name.endswith(("requires_grad", "requires_grad_()", "freeze()", "unfreeze()")):
        return Severity.ERROR, "which weights are trained, said one by one, is not carried"
    if name in _WEIGHTS:
        return Severity.ERROR, "the training begins with other weights than those that are loaded"
    if name.endswith("_adapter()"):
        return Severity.ERROR, "adapters beside the one that is read are not carried"
    if name in _FORMATS:
        return Severity.WARNING, "the format of the weights is changed after loading"
    if name == "model.resize_token_embeddings()":
        return Severity.WARNING, "the target makes embeddings as long as its tokenizer asks"
    attribute = name.startswith("model.") and name.count(".") == 1 and not name.endswith("()")
    if attribute and name not in _OF_THE_MODEL:
        return Severity.NOTE, "an attribute of the script's own on the model"
    if name.startswith("model.") and "config." in name:
        return Severity.WARNING, "a setting of the model is changed after loading"
    if name == "PeftModel.from_pretrained()":
        return Severity.ERROR, "the training goes on from an adapter, whose settings lie with it"
    if name == "trainer.train()":
        return Severity.WARNING, "training is started as often as that; one time is read"
    if name.endswith("_hook()"):
        return Severity.WARNING, "a function of the script's own looks into the model as it runs"
    if name.startswith("rows."):
        return Severity.ERROR, "the rows are changed in place by the script, which is not followed"
    if name.startswith("trainer."):
        return Severity.ERROR, "it is put on the trainer by the script, and has no counterpart"
    return Severity.ERROR, "the script changes the model itself"


class Touched(Row):
    """All touches of a script; nothing of them is in the recipe."""

    def read(self, reader: Reader) -> None:
        node = reader.tree.get(("touched",))
        for name, child in () if node is None else node.value.items():
            reader.used.add(("touched", name))
            if name in _HARMLESS or name.startswith("model.generation_config."):
                continue
            severity, why = _judged(name)
            reader.leftovers.append(
                Leftover(
                    key=name, value=child.plain(), span=child.place, why=why, severity=severity
                )
            )

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ("touched",)


ROWS: tuple[Row, ...] = (Touched(),)
