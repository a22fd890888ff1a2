"""Write translator/catalog/torchtune.json from torchtune's sources.

    python scripts/catalog_torchtune.py VERSION=PACKAGE:CONFIGS [VERSION=PACKAGE:CONFIGS ...]

PACKAGE is a ``torchtune`` source folder, CONFIGS a ``recipes/configs`` folder. Nothing is
imported: the architecture arguments are literals in ``models/*/_model_builders.py``, the
parameters stand in ``models/*/_component_builders.py``, and the recipe configs name the weights
(`tune download`), the weight files and the tokenizer's files.
Later versions win where two disagree; parameters that came later are in ``since``. Which Hub ids
share an architecture is in ``catalog_torchtune_ids.py`` beside this script.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import catalog_torchtune_ids as known
import yaml

HERE = Path(__file__).parent
OUT = HERE.parent / "translator" / "catalog" / "torchtune.json"
SKIPPED = {"clip", "t5", "flux", "smol"}  # encoders, and a family whose builders cannot be called


def literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def parameters(function: ast.FunctionDef) -> dict[str, Any]:
    """Name -> default; a parameter without one maps to the text ``required``."""
    args = function.args
    values: dict[str, Any] = {arg.arg: "required" for arg in args.args + args.kwonlyargs}
    if args.defaults:
        for arg, default in zip(args.args[-len(args.defaults) :], args.defaults, strict=True):
            values[arg.arg] = literal(default)
    for arg, maybe in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if maybe is not None:
            values[arg.arg] = literal(maybe)
    return values


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {item.name: item for item in body if isinstance(item, ast.FunctionDef)}


def returned_call(function: ast.FunctionDef) -> ast.Call | None:
    calls = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call)
    ]
    return calls[-1] if calls else None


def architecture(function: ast.FunctionDef, call: ast.Call) -> dict[str, Any]:
    """The arguments a builder passes on, its own parameters replaced by their defaults."""
    own = parameters(function)
    return {
        str(word.arg): own.get(word.value.id)
        if isinstance(word.value, ast.Name)
        else literal(word.value)
        for word in call.keywords
    }


def same_models(path: Path) -> dict[str, str]:
    """Builders that are another name for one: new -> old."""
    found = re.findall(r"^(\w+) = (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def exported(package: Path, module: str) -> set[str]:
    text = (package / "models" / module / "__init__.py").read_text(encoding="utf-8")
    return set(re.findall(r"\b[a-z]\w+\b", text))


def add_parameters(row: dict[str, Any], key: str, values: dict[str, Any], version: str) -> None:
    """Keep the newest defaults, and since when a parameter is there."""
    for name in values:
        if key in row and name not in row[key]:
            row.setdefault("since", {})[name] = version
    row[key] = values


def read_version(package: Path, version: str, content: dict[str, Any]) -> None:
    where: dict[str, str] = {}  # component function -> the module that exports it
    for folder in sorted((package / "models").iterdir()):
        path = folder / "_component_builders.py"
        if folder.name in SKIPPED or not path.exists():
            continue
        public = exported(package, folder.name)
        for name, function in functions(path).items():
            values = parameters(function)
            if not {"num_layers", "vocab_size"} <= values.keys():
                continue
            module = folder.name if name in public else f"{folder.name}._component_builders"
            dotpath = f"torchtune.models.{module}.{name}"
            where[name] = dotpath
            row = content["components"].setdefault(dotpath, {"versions": []})
            row["versions"].append(version)
            add_parameters(row, "parameters", values, version)
            row["source"] = f"torchtune/models/{folder.name}/_component_builders.py"
    for folder in sorted((package / "models").iterdir()):
        path = folder / "_model_builders.py"
        if folder.name in SKIPPED or not path.exists():
            continue
        public = exported(package, folder.name)
        text = path.read_text(encoding="utf-8")
        found = functions(path)
        for name, function in found.items():
            call = returned_call(function)
            if name.startswith(("lora_", "_")) or name not in public or call is None:
                continue
            component = where.get(ast.unparse(call.func))
            module = f"torchtune.models.{folder.name}"
            if name.endswith(("_tokenizer", "_transform")):
                row = content["tokenizers"].setdefault(f"{module}.{name}", {"versions": []})
                row["versions"].append(version)
                add_parameters(row, "parameters", parameters(function), version)
                row["source"] = f"torchtune/models/{folder.name}/_model_builders.py"
                continue
            row = content["builders"].setdefault(f"{module}.{name}", {"versions": []})
            row["versions"].append(version)
            row["component"] = component
            row["architecture"] = architecture(function, call) if component else {}
            row["lora"] = f"{module}.lora_{name}" if f"lora_{name}" in found else None
            row["qlora"] = (
                f"{module}.qlora_{name}"
                if re.search(rf"^qlora_{name} = partial", text, re.MULTILINE)
                else None
            )
            if row["lora"]:
                add_parameters(row, "lora_parameters", parameters(found[f"lora_{name}"]), version)
            row["source"] = f"torchtune/models/{folder.name}/_model_builders.py"


def add_same_models(package: Path, version: str, content: dict[str, Any]) -> None:
    for path in sorted((package / "models").glob("*/_model_builders.py")):
        module = f"torchtune.models.{path.parent.name}"
        other = {dotpath.rsplit(".", 1)[1]: dotpath for dotpath in content["builders"]}
        for new, old in same_models(path).items():
            if old not in other or new.startswith(("lora_", "qlora_")):
                continue
            row = content["builders"].setdefault(f"{module}.{new}", {"versions": []})
            row["versions"].append(version)
            row |= {key: value for key, value in content["builders"][other[old]].items()
                    if key in ("component", "architecture", "lora_parameters")}  # fmt: skip
            row["lora"] = f"{module}.lora_{new}"
            row["qlora"] = f"{module}.qlora_{new}"
            row["source"] = f"torchtune/models/{path.parent.name}/_model_builders.py"


def below(folder: str, file: str) -> str:
    """A tokenizer's file as a path inside the weights folder."""
    parts = Path(file).parts
    return "/".join(parts[parts.index("original") :]) if "original" in parts else parts[-1]


def read_configs(configs: Path, version: str, content: dict[str, Any]) -> None:
    for path in sorted(configs.glob("**/*.yaml")):
        text = path.read_text(encoding="utf-8")
        config = yaml.safe_load(text)
        model = (config.get("model") or {}).get("_component_")
        downloads = re.findall(r"tune download (\S+)", text)
        checkpointer = config.get("checkpointer") or {}
        tokenizer = config.get("tokenizer") or {}
        plain = re.sub(r"\.q?lora_", ".", model or "")
        row = content["builders"].get(plain)
        # Distillation and reinforcement configs download several models, and the ones under
        # `dev` are drafts: only a config about one model says which files are its own.
        if row is None or len(set(downloads)) != 1 or path.parent.name == "dev":
            continue
        source = f"recipes/configs/{path.relative_to(configs)}"
        ids = content["ids"].setdefault(plain, [])
        if downloads[0] not in ids:
            ids.append(downloads[0])
        component = tokenizer.get("_component_")
        if component:
            row["tokenizer"] = component
            row["tokenizer_files"] = {
                key: below(downloads[0], value)
                for key, value in tokenizer.items()
                if isinstance(value, str) and key.endswith(("path", "file"))
            }
            row["config"] = source
        files = checkpointer.get("checkpoint_files")
        if files and checkpointer["_component_"].endswith("FullModelHFCheckpointer"):
            content["files"][downloads[0]] = {"files": shorten(files), "source": source}


def with_tokenizer(row: dict[str, Any]) -> dict[str, Any]:
    component, files = known.TOKENIZERS[row["tokenizer"]]
    return {**row, "tokenizer": component, "tokenizer_files": files, "source": "config.json"}


def numbered(count: int, digits: int = 5) -> Any:
    """The usual names of so many safetensors files, the total having so many digits."""
    if count == 1:
        return ["model.safetensors"]
    total = str(count).zfill(digits)
    names = [f"model-{i:05}-of-{total}.safetensors" for i in range(1, count + 1)]
    return names if digits != 5 else shorten(names)  # {filename_format} pads both alike


def shorten(files: Any) -> Any:
    """Five files or more as torchtune's ``{filename_format, max_filename}``."""
    if isinstance(files, dict) or len(files) < 5:
        return files
    first = re.fullmatch(r"(.*-)(\d+)(-of-)(\d+)(\..*)", files[0])
    assert first is not None
    form = f"{first[1]}{{}}{first[3]}{{}}{first[5]}"
    return {"filename_format": form, "max_filename": first[4]}


def main(arguments: list[str]) -> None:
    content: dict[str, Any] = {"components": {}, "tokenizers": {}, "builders": {}, "ids": {},
                               "files": {}}  # fmt: skip
    for argument in arguments:
        version, _, places = argument.partition("=")
        package, _, configs = places.partition(":")
        read_version(Path(package), version, content)
        add_same_models(Path(package), version, content)
        read_configs(Path(configs), version, content)
    listed = {
        name: {"files": numbered(count), "source": "files of the Hub repository"}
        for name, count in known.FILES.items()
    }
    listed |= {
        name: {"files": files, "source": "files of the Hub repository"}
        for name, files in known.BIN_FILES.items()
    }
    listed |= {
        name: {"files": numbered(count, 6), "source": "files of the Hub repository"}
        for name, count in known.SIX_DIGITS.items()
    }
    content["files"] = {**listed, **content["files"]}
    seen = content.pop("ids")
    for dotpath, row in content["builders"].items():
        family, name = dotpath.split(".")[2:]
        row["model_type"] = known.REWARD_TYPE if "reward" in name else known.MODEL_TYPES[family]
        row["ids"] = known.IDS.get(f"{family}.{name}", [])
        row["downloads"] = seen.get(dotpath, [])
        if family in known.CAVEATS:
            row["caveat"] = known.CAVEATS[family]
        if "tokenizer" not in row:
            row["tokenizer"], row["tokenizer_files"] = known.TOKENIZERS[family]
    content["tokenizers"][known.GENERIC_TOKENIZER] = known.GENERIC
    content["architectures"] = {name: with_tokenizer(row) for name, row in
                                known.ARCHITECTURES.items()}  # fmt: skip
    text = json.dumps(content, indent=1, ensure_ascii=False)
    # One line per leaf object keeps the file readable and a third of the size.
    text = re.sub(r"\{[^{}]*\}|\[[^\[\]{}]*\]", lambda m: re.sub(r"\s*\n\s*", " ", m[0]), text)
    OUT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
