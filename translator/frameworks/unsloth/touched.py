"""What a script does to model and trainer beside the calls that are read: each is told."""

from __future__ import annotations

import re
from collections.abc import Iterable

from translator.diagnostics import Severity
from translator.document import Leftover
from translator.lens import Coverage, Row
from translator.reading import Reader
from translator.writing import Writer

_HARMLESS = frozenset((
    "model.config.use_cache", "model.config.pretraining_tp", "model.config.pad_token_id",
    "model.config.eos_token_id", "model.config.bos_token_id", "model.config.torch_dtype",
    "model.config.dtype", "model.config.label2id", "model.config.id2label",
    "model.config.return_dict", "model.is_parallelizable", "model.model_parallel",
    "model.hf_device_map", "model.warnings_issued", "model.training",
    "model.supports_gradient_checkpointing", "trainer.state", "trainer.callback_handler",
    "trainer.deepspeed", "trainer.place_model_on_device",
))  # fmt: skip
"""What changes nothing of a training: caches, names of labels, how devices are shared."""
_JUDGED = (
    (r".*requires_grad(_\(\))?|model\.(un)?freeze\(\)", Severity.ERROR,
     "which weights are trained, said one by one, is not carried"),
    (r"model\.(load_state_dict|load_adapter|apply|unload|merge_and_unload|merge_adapter|"
     r"init_weights|reset_parameters|add_weighted_adapter)\(\)", Severity.ERROR,
     "the training begins with other weights than those that are loaded"),
    (r"PeftModel\.from_pretrained\(\)", Severity.ERROR,
     "the training goes on from an adapter, whose settings lie with it"),
    (r"model\.\w+_adapter\(\)", Severity.ERROR,
     "adapters beside the one that is read are not carried"),
    (r"model\.(half|float|double|bfloat16)\(\)", Severity.WARNING,
     "the format of the weights is changed after loading"),
    (r"model\.resize_token_embeddings\(\)", Severity.WARNING,
     "the target makes embeddings as long as its tokenizer asks"),
    (r"model\.\w+_hook\(\)", Severity.WARNING,
     "a function of the script's own looks into the model as it runs"),
    (r"model\.\w*config\..*", Severity.WARNING,
     "a setting of the model is changed after loading"),
    (r"model\.(?!(forward|loss_function|lm_head|model|base_model)$)\w+", Severity.NOTE,
     "an attribute of the script's own on the model"),
    (r"torch\.compile\(\)", Severity.NOTE,
     "compiling the model changes how fast it trains and nothing else"),
    (r"trainer\.train\(\)", Severity.WARNING,
     "training is started as often as that; one time is read"),
    (r"trainer\..*", Severity.ERROR,
     "it is put on the trainer by the script, and has no counterpart"),
    (r"__dict__\.update\(\)", Severity.ERROR,
     "settings put into an object's dictionary are not read"),
    (r"rows\..*", Severity.ERROR,
     "the rows are changed in place by the script, which is not followed"),
    (r".*", Severity.ERROR, "the script changes the model itself"),
)  # fmt: skip
"""What comes of a touch, by the name that :mod:`script_touches` gives it; the first that fits."""


class Touched(Row):
    """All touches of a script; nothing of them is in the recipe."""

    def read(self, reader: Reader) -> None:
        node = reader.tree.get(("touched",))
        for name, child in () if node is None else node.value.items():
            reader.used.update(("touched", name, number) for number in range(len(child.value)))
            if name in _HARMLESS or name.startswith("model.generation_config."):
                continue
            severity, why = next((s, w) for pattern, s, w in _JUDGED if re.fullmatch(pattern, name))
            reader.leftovers += [
                Leftover(key=name, value=node.plain(), span=node.place, why=why, severity=severity)
                for node in child.value
            ]

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ("touched",)


ROWS: tuple[Row, ...] = (Touched(),)
