"""Writing a torchtune config: which recipe, the table, then a file as a person would order it."""

from __future__ import annotations

from collections.abc import Iterable

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Document, Entry
from translator.frameworks.base import WriteOptions, Written
from translator.frameworks.torchtune.components import in_version, reads
from translator.frameworks.torchtune.head import head_comment
from translator.frameworks.torchtune.parts import module_of, side_file
from translator.frameworks.torchtune.table import torchtune_table
from translator.ir import PreferenceObjective, Recipe
from translator.syntax.yaml_write import write_yaml
from translator.writing import Writer

_SECTIONS = {
    "model": "Model",
    "tokenizer": "Tokenizer",
    "checkpointer": "Weights",
    "dataset": "Data",
    "optimizer": "Optimization",
    "epochs": "Training",
    "device": "Environment",
    "metric_logger": "Logging",
}
_ORDER = (
    "output_dir",
    "model", "tokenizer", "checkpointer", "ref_checkpointer", "resume_from_checkpoint", "save_adapter_weights_only",
    "save_every_n_steps",
    "dataset", "dataset_val", "run_val_every_n_steps", "seed", "shuffle", "batch_size",
    "batch_size_val",
    "optimizer", "optimizer_in_bwd", "lr_scheduler", "loss",
    "epochs", "max_steps_per_epoch", "gradient_accumulation_steps", "clip_grad_norm", "compile",
    "device", "dtype", "enable_activation_checkpointing", "ac_mode", "ac_option",
    "enable_activation_offloading", "fsdp_cpu_offload", "fsdp_reshard_after_forward",
    "tensor_parallel_dim", "context_parallel_dim",
    "metric_logger", "log_every_n_steps", "log_peak_memory_stats", "log_level",
)  # fmt: skip
# Arguments in the order in which people give them.
_INNER = (
    "_component_", "base", "path", "vocab_path", "vocab_file", "merges_file", "merges_path", "max_seq_len",
    "prompt_template", "checkpoint_dir", "checkpoint_files", "adapter_checkpoint",
    "recipe_checkpoint", "output_dir", "model_type",
)  # fmt: skip


def write_config(document: Document, options: WriteOptions) -> Written:
    """See :class:`translator.frameworks.base.Framework`."""
    version = _version(options.version)
    writer = Writer(document=document, target="torchtune", version=version, stem=options.stem)
    writer.facts["recipe"] = choose_recipe(document.recipe, version)
    torchtune_table().write(writer)
    _drop_unread(writer)
    files = _side_files(writer)
    text = write_yaml(_ordered(writer.entries.values()), head_comment(writer), _SECTIONS)
    return Written(text=text, losses=tuple(writer.losses), files=files)


def _version(wanted: str | None) -> str:
    """``0.6.1``, or ``main``: what was to be 0.7."""
    return "main" if wanted is not None and wanted.startswith(("0.7", "main")) else "0.6.1"


def choose_recipe(recipe: Recipe, version: str) -> str:
    """The recipe that does what is wanted, on one device or several."""
    parallel = recipe.parallelism
    one = parallel.strategy == "single" or (parallel.gpus or 1) == 1
    if parallel.strategy not in ("single", "auto") and parallel.gpus is None:
        one = False
    if parallel.tensor > 1 or parallel.context > 1:
        one = False
    form = "full" if recipe.adapter is None else "lora"
    dpo = isinstance(recipe.objective, PreferenceObjective)
    stem = f"{form}_dpo" if dpo else f"{form}_finetune"
    name = f"{stem}_{'single_device' if one else 'distributed'}"
    return name if in_version(name, version) else f"{stem}_distributed"


def _drop_unread(writer: Writer) -> None:
    """Takes away keys that the recipe does not look at."""
    recipe, version = writer.facts["recipe"], writer.version
    told = {
        "compile": "kernels.compile",
        "enable_activation_offloading": "kernels.activation_offload",
    }
    for address, entry in list(writer.entries.items()):
        key = str(address[0])
        if len(address) > 1 or reads(recipe, version, key) or key in ("log_level", "output_dir"):
            continue
        del writer.entries[address]
        if key in told and entry.value:
            why = f"{recipe} does not do this"
            writer.lose(Code.LOST_KERNEL, told[key], why, Severity.NOTE)


def _side_files(writer: Writer) -> dict[str, str]:
    names = {k.removeprefix("side:"): f for k, f in writer.facts.items() if k.startswith("side:")}
    if not names:
        return {}
    file = f"{module_of(writer.stem)}.py"
    for name, field in sorted(names.items()):
        why = f"torchtune's YAML cannot say it; {name} of {file} does, which must lie beside it"
        writer.lose(Code.SIDE_FILE, field, why, Severity.NOTE)
    own = sorted(code for fact, code in writer.facts.items() if fact.startswith("code:"))
    return {file: side_file(names, f"{writer.stem}.yaml", own)}


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    def place(entry: Entry) -> tuple[int, str, int, int]:
        top = str(entry.address[0])
        number = next((step for step in entry.address if isinstance(step, int)), 0)
        leaf = str(entry.address[-1])
        inner = _INNER.index(leaf) if leaf in _INNER and len(entry.address) > 1 else len(_INNER)
        return (_ORDER.index(top) if top in _ORDER else len(_ORDER), top, number, inner)

    return sorted(entries, key=place)
