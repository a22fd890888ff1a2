"""Does torchtune take these files? Run by torchtune's own Python; see :mod:`verdicts`.

``config.validate`` (what ``tune validate`` calls) binds only the top-level components and waves
through every missing argument, so each part is then treated as the recipe that the head comment
names would: the model is built on the meta device, optimizer, schedule and loss are built on one
small weight, data sets are built on a table without rows, tokenizer, checkpointer and logger are
bound to their signatures, and every key that the recipe reads without a default must be there.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import json
import logging
import re
import sys
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import torch
import torchtune
from omegaconf import DictConfig, ListConfig, OmegaConf
from torchtune import config, training
from torchtune.config._utils import _get_component_from_path
from verdicts import Rejected, serve

RUN = re.compile(r"tune run\b[^\n]*?\s(\w+)\s+--config\b")
HEAD = re.compile(r"^#.*\bin (\w+)\.py\b", re.MULTILINE)
PAST_THE_MODEL = ("tokenizer", "checkpointer", "metric_logger", "ref_checkpointer",
                  "teacher_checkpointer", "policy_checkpointer", "value_checkpointer")  # fmt: skip
MODELS = ("model", "teacher_model", "policy_model", "reward_and_value_model")
LOADERS = ("_sft", "_text_completion", "_preference")


def judge(path: Path) -> dict[str, Any]:
    """Raises for a file that torchtune would refuse before its first step."""
    text = path.read_text(encoding="utf-8")
    cfg = OmegaConf.load(path)
    if not isinstance(cfg, DictConfig):
        raise Rejected("is no mapping")
    before = set(sys.modules)
    sys.path.insert(0, str(path.parent))
    try:
        config.validate(cfg)
        OmegaConf.resolve(cfg)
        recipe = check_recipe(text, cfg)
        check_parts(cfg)
    finally:
        sys.path.remove(str(path.parent))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None) or ""
            if Path(origin).parent == path.parent:
                del sys.modules[name]  # the next folder may have a side file of that name
    return {"recipe": recipe}


def check_recipe(text: str, cfg: DictConfig) -> str:
    """The recipe of the head comment exists, and finds every key that it reads."""
    named = HEAD.search(text) or RUN.search(text)  # the first command may make a teacher first
    if named is None:
        raise Rejected("no comment says which recipe to run")
    recipe = named[1]
    missing = [key for key in required_keys(recipe) if OmegaConf.select(cfg, key) is None
               and not is_null(cfg, key)]  # fmt: skip
    if missing:
        raise Rejected(f"{recipe} reads {', '.join(missing)}, which the file lacks")
    return recipe


def is_null(cfg: DictConfig, key: str) -> bool:
    """Whether a key stands in the file with the value null."""
    parent, _, last = key.rpartition(".")
    holder = OmegaConf.select(cfg, parent) if parent else cfg
    return isinstance(holder, DictConfig) and last in holder


@cache
def required_keys(recipe: str) -> tuple[str, ...]:
    """The keys that a recipe reads as ``cfg.key``, unconditionally, before it trains."""
    spec = importlib.util.find_spec("recipes")
    roots = [Path(p) for p in (spec.submodule_search_locations or [])] if spec else []
    roots.append(Path(torchtune.__file__).parent.parent / "recipes")
    source = next((r / f"{recipe}.py" for r in roots if (r / f"{recipe}.py").is_file()), None)
    if source is None:
        raise Rejected(f"there is no recipe {recipe}")
    keys: dict[str, None] = {}
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name in ("__init__", "setup"):
            for statement in node.body:
                if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
                    keys.update(dict.fromkeys(reads(statement)))
    return tuple(keys)


def reads(statement: ast.stmt) -> list[str]:
    """The ``a.b`` of every ``cfg.a.b`` in a statement that runs whatever the file says."""
    found = []
    skipped: set[int] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.IfExp | ast.BoolOp | ast.Lambda):
            skipped |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            skipped.add(id(node.func))  # cfg.get(...)
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and id(node) not in skipped:
            dotted = ast.unparse(node)
            if dotted.startswith("cfg."):
                found.append(dotted.removeprefix("cfg."))
    return [d for d in found if not any(o.startswith(f"{d}.") for o in found)]


def check_parts(cfg: DictConfig) -> None:
    """Builds, or at least binds, every component."""
    for name in MODELS:
        if name in cfg:
            build_model(json.dumps(OmegaConf.to_container(cfg[name]), sort_keys=True))
    for name in PAST_THE_MODEL:
        if name in cfg:
            bind(cfg[name])
    if "checkpointer" in cfg:
        check_checkpointer(cfg.checkpointer)
    weight = torch.nn.Parameter(torch.zeros(8, 8))
    optimizer = config.instantiate(cfg.optimizer, [weight]) if "optimizer" in cfg else None
    if cfg.get("lr_scheduler") is not None:
        if optimizer is None:
            optimizer = torch.optim.AdamW([weight])
        config.instantiate(cfg.lr_scheduler, optimizer, num_training_steps=100, last_epoch=-1)
    if "loss" in cfg:
        config.instantiate(cfg.loss)
    sets = cfg.get("dataset")
    for one in sets if isinstance(sets, ListConfig) else [sets] if sets is not None else []:
        build_data(one, cfg.get("tokenizer"))
    if cfg.get("dtype") is not None:
        training.get_dtype(cfg.dtype, device=torch.device("cpu"))
    if cfg.get("dtype") == "fp16":
        raise Rejected("dtype: every recipe refuses fp16")


def build_model(node: str) -> None:
    """The model without its weights. Two files of one model cost one build.

    Raises:
        Rejected: with the reason the builder gave.
    """
    if (reason := _refused(node)) is not None:
        raise Rejected(f"model: {reason}")


@cache
def _refused(node: str) -> str | None:
    try:
        with torch.device("meta"), training.set_default_dtype(torch.bfloat16):
            config.instantiate(OmegaConf.create(json.loads(node)))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def bind(node: DictConfig, *positional: object) -> None:
    """Raises TypeError when a component lacks an argument or has one too many."""
    component = _get_component_from_path(node["_component_"])
    arguments = {key: value for key, value in node.items() if key != "_component_"}
    inspect.signature(component).bind(*positional, **arguments)


def check_checkpointer(node: DictConfig) -> None:
    """What the constructors check, without the weights being there."""
    if node.model_type not in training.ModelType.__members__:
        raise Rejected(f"checkpointer.model_type: there is no {node.model_type}")
    files = node.checkpoint_files
    if not files:
        raise Rejected("checkpointer.checkpoint_files is empty")
    if isinstance(files, DictConfig):
        training.checkpointing._utils.FormattedCheckpointFiles.from_dict(
            OmegaConf.to_container(files)
        )


def build_data(node: DictConfig, tokenizer: DictConfig | None) -> None:
    """The data set over a table without rows: everything its constructor checks is checked."""
    stand_in = SimpleNamespace(
        max_seq_len=None if tokenizer is None else tokenizer.get("max_seq_len"),
        pad_id=0,
        eos_id=1,
        bos_id=2,
        image_seq_len=1,
        encode=lambda text, **_: [3 for _ in text],
    )
    config.instantiate(node, stand_in)


LOADED = inspect.signature(datasets.load_dataset)


def without_rows(source: str, *positional: object, **arguments: Any) -> Any:
    """Stands for ``datasets.load_dataset``: same arguments, no download."""
    known = LOADED
    known.bind(source, *positional, **arguments)
    builder_only = set(arguments) - set(known.parameters) - {"data_dir"}
    if builder_only:
        raise Rejected(f"load_dataset has no argument {', '.join(sorted(builder_only))}")
    return datasets.Dataset.from_dict({"": []})


def import_builders() -> None:
    """Imports every model family that this environment can."""
    for family in Path(torchtune.models.__path__[0]).iterdir():
        if (family / "__init__.py").is_file():
            with suppress(ImportError):  # vision families need torchvision
                importlib.import_module(f"torchtune.models.{family.name}")


def two_layers() -> None:
    """Makes every builder stop after two decoder layers: they are alike, and 126 take minutes."""
    for name in [n for n in sys.modules if n.startswith("torchtune.models.")]:
        module = sys.modules[name]
        for attribute, builder in list(vars(module).items()):
            if (
                inspect.isfunction(builder)
                and "num_layers" in inspect.signature(builder).parameters
            ):
                setattr(module, attribute, shallow(builder))


@cache
def shallow(builder: Any) -> Any:
    """A builder with the same signature that makes two layers at most."""

    @wraps(builder)
    def build(*positional: Any, **arguments: Any) -> Any:
        bound = inspect.signature(builder).bind(*positional, **arguments)
        bound.arguments["num_layers"] = min(2, bound.arguments["num_layers"])
        return builder(*bound.args, **bound.kwargs)

    return build


def load_nothing() -> None:
    """Replaces the loading of rows everywhere in torchtune, and in what lies beside a config."""
    datasets.load_dataset = without_rows
    for name in LOADERS:
        module = sys.modules[f"torchtune.datasets.{name}"]
        module.load_dataset = without_rows
    packed = sys.modules["torchtune.datasets._packed"]
    packed.PackedDataset._pack = lambda self: None


if __name__ == "__main__":
    import torchtune.datasets
    import torchtune.models

    logging.disable(logging.WARNING)
    import_builders()
    two_layers()
    load_nothing()
    serve(judge)
