"""Write translator/frameworks/torchtune/components.json from torchtune's sources.

    python scripts/torchtune_components.py [--check] VERSION=PACKAGE:RECIPES ... -- OPTIMIZERS ...

PACKAGE is a ``torchtune`` source folder, RECIPES a ``recipes`` folder with its configs below;
OPTIMIZERS are folders of packages whose ``optim`` module configs name (torch, torchao,
bitsandbytes). Nothing is imported. A component is what a config may name: everything that the
shipped configs do name, and everything exported by the modules those names lie in. ``--check``
writes nothing and fails when the file would change.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent.parent / "translator" / "frameworks" / "torchtune" / "components.json"
EXPORTED = (
    "datasets", "datasets.multimodal", "data", "modules.loss", "rlhf.loss", "training",
    "training.lr_schedulers", "training.metric_logging", "training.quantization", "dev.rl.rewards",
    "dev.rl.loss", "dev.grpo.loss",
)  # fmt: skip
UNLISTED = (
    *(f"torchtune.training.metric_logging.{name}Logger"
      for name in ("Disk", "Stdout", "WandB", "TensorBoard", "Comet", "MLFlow")),
    "torchtune.modules.transforms.tokenizers.HuggingFaceModelTokenizer",
    "torchtune.models.llama2.Llama2ChatTemplate", "torchtune.models.mistral.MistralChatTemplate",
)  # fmt: skip
"""Modules without ``__all__``, and names that configs use as plain values."""
OPTIMIZERS = {
    "torch": ("AdamW", "Adam", "SGD", "Adagrad", "RMSprop", "NAdam", "RAdam", "Adafactor"),
    "torchao": ("AdamW8bit", "AdamW4bit", "AdamWFp8", "Adam8bit", "Adam4bit", "AdamFp8"),
    "bitsandbytes": ("AdamW", "AdamW8bit", "AdamW32bit", "PagedAdamW", "PagedAdamW8bit",
                     "PagedAdamW32bit", "Adam8bit", "Lion", "Lion8bit", "PagedLion",
                     "PagedLion8bit"),
}  # fmt: skip

# Where older configs found what is elsewhere now, and the version that moved it. From the release
# notes and configs of v0.1.0 to v0.6.1; a trailing dot covers everything below.
RENAMED = {
    "torchtune.utils.FullModelHFCheckpointer": ("torchtune.training.FullModelHFCheckpointer", "0.3"),
    "torchtune.utils.FullModelMetaCheckpointer": (
        "torchtune.training.FullModelMetaCheckpointer", "0.3"),
    "torchtune.utils.FullModelTorchTuneCheckpointer": (
        "torchtune.training.FullModelTorchTuneCheckpointer", "0.3"),
    "torchtune.utils.metric_logging.": ("torchtune.training.metric_logging.", "0.3"),
    "torchtune.utils.quantization.": ("torchtune.training.quantization.", "0.3"),
    "torchtune.utils.profiler": ("torchtune.training.setup_torch_profiler", "0.3"),
    "torchtune.utils.setup_torch_profiler": ("torchtune.training.setup_torch_profiler", "0.3"),
    "torchtune.modules.get_cosine_schedule_with_warmup": (
        "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup", "0.4"),
    "torchtune.modules.lr_schedulers.": ("torchtune.training.lr_schedulers.", "0.4"),
    "torchtune.training.get_cosine_schedule_with_warmup": (
        "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup", "0.4"),
    "torchtune.modules.loss.DPOLoss": ("torchtune.rlhf.loss.DPOLoss", "0.2"),
    "torchtune.modules.loss.PPOLoss": ("torchtune.rlhf.loss.PPOLoss", "0.3"),
    "torchtune.datasets.stack_exchanged_paired_dataset": (
        "torchtune.datasets.stack_exchange_paired_dataset", "0.2"),
    "torchtune.models.phi4.phi4_14b_tokenizer": ("torchtune.models.phi4.phi4_tokenizer", "0.6"),
}  # fmt: skip
KEPT = ("torchtune.training.get_cosine_schedule_with_warmup",)
"""Former names that 0.6.1 has as well: ``_get_component_from_path`` of torchtune.config/_utils.py finds
these and none of the others."""


def literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def parameters(function: ast.FunctionDef) -> tuple[dict[str, Any], bool]:
    """Name -> default (``required`` without one), and whether further names are taken."""
    args = function.args
    values: dict[str, Any] = {arg.arg: "required" for arg in args.args + args.kwonlyargs}
    for arg, default in zip(
        args.args[len(args.args) - len(args.defaults) :], args.defaults, strict=True
    ):
        values[arg.arg] = literal(default)
    for arg, maybe in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if maybe is not None:
            values[arg.arg] = literal(maybe)
    values.pop("self", None)
    return values, args.kwarg is not None


class Package:
    """The sources of one package; names are followed through its own imports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.modules: dict[str, ast.Module | None] = {}

    def file(self, module: str) -> Path | None:
        path = self.folder.parent / module.replace(".", "/")
        found = (path.with_suffix(".py"), path / "__init__.py")
        return next((f for f in found if f.is_file()), None)

    def tree(self, module: str) -> ast.Module | None:
        if module not in self.modules:
            file = self.file(module)
            self.modules[module] = ast.parse(file.read_text(encoding="utf-8")) if file else None
        return self.modules[module]

    def exported(self, module: str) -> list[str]:
        for node in (self.tree(module) or ast.Module([], [])).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                return [str(name) for name in ast.literal_eval(node.value)]
        return []

    def find(self, dotted: str, depth: int = 0) -> tuple[str, ast.stmt] | None:
        """The module and statement that define a name."""
        module, _, name = dotted.rpartition(".")
        tree = self.tree(module)
        if tree is None or depth > 6:
            return None
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return module, node
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                return module, node
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return self.find(f"{self.absolute(module, node)}.{alias.name}", depth + 1)
        return None

    def absolute(self, module: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        file = self.file(module)
        steps = module.split(".")
        if file is None or file.name != "__init__.py":
            steps = steps[:-1]
        steps = steps[: len(steps) - node.level + 1]
        return ".".join([*steps, *([node.module] if node.module else [])])

    def describe(self, dotted: str) -> dict[str, Any] | None:
        found = self.find(dotted)
        if found is None:
            return None
        module, node = found
        file = self.file(module)
        assert file is not None
        source = str(file.relative_to(self.folder.parent))
        if isinstance(node, ast.FunctionDef):
            values, further = parameters(node)
        elif isinstance(node, ast.ClassDef):
            values, further = self.constructor(module, node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            return self.describe(f"{module}.{node.value.id}")
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            if ast.unparse(call.func) not in ("partial", "functools.partial"):
                return None
            inner = self.describe(f"{module}.{ast.unparse(call.args[0])}")
            if inner is None:
                return None
            values, further = dict(inner["parameters"]), inner["open"]
            values |= {k.arg: literal(k.value) for k in call.keywords if k.arg}
        else:
            return None
        return {"parameters": values, "open": further, "source": source}

    def constructor(self, module: str, node: ast.ClassDef) -> tuple[dict[str, Any], bool]:
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                return parameters(item)
        fields = {
            item.target.id: "required" if item.value is None else literal(item.value)
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        if any("dataclass" in ast.unparse(d) for d in node.decorator_list):
            return fields, False
        for base in node.bases:
            name = ast.unparse(base)
            found = self.find(f"{module}.{name}") if "." not in name else None
            if found is not None and isinstance(found[1], ast.ClassDef):
                return self.constructor(found[0], found[1])
        return {}, False


def named_in(configs: Path) -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in configs.rglob("*.yaml"))
    return set(re.findall(r"^\s*(?:- )?_component_: *(\S+)", text, re.M))


def names_of(package: Package, configs: Path) -> set[str]:
    names = {name for name in named_in(configs) if name.startswith("torchtune.")} | {*UNLISTED}
    for module in EXPORTED:
        names |= {f"torchtune.{module}.{name}" for name in package.exported(f"torchtune.{module}")}
    for folder in sorted((package.folder / "models").iterdir()):
        module = f"torchtune.models.{folder.name}"
        names |= {f"{module}.{name}" for name in package.exported(module)}
    return names


def recipe_keys(file: Path) -> dict[str, list[str]]:
    """The top-level keys a recipe reads: those it cannot do without, and the others.

    Needed is what ``__init__`` or ``setup`` reads as ``cfg.key`` in a statement that always runs.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    read = set(re.findall(r"\bcfg\.(?:get\(\s*\"(\w+)\"|(\w+))", file.read_text(encoding="utf-8")))
    keys = {one or other for one, other in read} - {"get", "pop"}
    needed: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in ("__init__", "setup"):
            for statement in node.body:
                if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
                    needed |= always_read(statement)
    if "get(PROFILER_KEY" in file.read_text(encoding="utf-8"):
        keys.add("profiler")
    return {"required": sorted(needed & keys), "optional": sorted(keys - needed)}


def always_read(statement: ast.stmt) -> set[str]:
    guarded: set[int] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.IfExp | ast.BoolOp | ast.Lambda):
            guarded |= {id(inner) for inner in ast.walk(node)}
    return {
        node.attr
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute)
        and id(node) not in guarded
        and ast.unparse(node.value) == "cfg"
    }


def merge(into: dict[str, Any], row: dict[str, Any], version: str) -> None:
    into["versions"] = [*into.get("versions", []), version]
    since = into.setdefault("since", {})
    if "parameters" in into:
        added = [name for name in row["parameters"] if name not in into["parameters"]]
        since |= dict.fromkeys(added, version)
        gone = {k: v for k, v in into["parameters"].items() if k not in row["parameters"]}
        row = {**row, "parameters": {**row["parameters"], **gone}}
    into |= row


def build(arguments: list[str]) -> dict[str, Any]:
    cut = arguments.index("--")
    found: dict[str, dict[str, Any]] = {}
    recipes: dict[str, dict[str, Any]] = {}
    versions = []
    for argument in arguments[:cut]:
        version, _, folders = argument.partition("=")
        package, _, recipe_folder = folders.partition(":")
        versions.append((version, Package(Path(package)), Path(recipe_folder)))
    names = set().union(*(names_of(source, recipes_at) for _, source, recipes_at in versions))
    for version, source, recipe_folder in versions:
        for name in sorted(names):
            row = source.describe(name)
            if row is not None:
                merge(found.setdefault(name, {}), row, version)
        for file in sorted(recipe_folder.rglob("*.py")):
            keys = recipe_keys(file)
            if keys["required"]:
                name = str(file.relative_to(recipe_folder).with_suffix(""))
                row = recipes.setdefault(name, {"versions": []})
                row["versions"].append(version)
                row[version] = keys
    for folder in arguments[cut + 1 :]:
        source = Package(Path(folder))
        for name in OPTIMIZERS[source.name]:
            row = source.describe(f"{source.name}.optim.{name}")
            if row is not None:
                found[f"{source.name}.optim.{name}"] = row
    for row in found.values():
        if not row.get("since"):
            row.pop("since", None)
    return {
        "components": dict(sorted(found.items())),
        "renamed": {
            old: {"now": now, "since": when} | ({"kept": True} if old in KEPT else {})
            for old, (now, when) in RENAMED.items()
        },
        "recipes": dict(sorted(recipes.items())),
    }


def text(data: dict[str, Any]) -> str:
    """One line for each entry, so that a change of one shows as one line."""
    parts = []
    for section, rows in data.items():
        lines = [f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in rows.items()]
        parts.append(f" {json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    fresh = text(build([a for a in arguments if a != "--check"]))
    if check:
        same = OUT.read_text(encoding="utf-8") == fresh
        print("up to date" if same else f"{OUT.name} is out of date")
        return 0 if same else 1
    OUT.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
