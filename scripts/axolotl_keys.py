"""Records every key that Axolotl's input schema knows, with its type and default.

Run it with the Python of an environment that has Axolotl. Without arguments it writes
``translator/frameworks/axolotl/keys.json``; with ``--check`` it only compares.
"""

from __future__ import annotations

import argparse
import enum
import json
import os
import sys
import types
import typing
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "translator" / "frameworks" / "axolotl" / "keys.json"

# plugin class -> the model of its arguments, as each plugin's get_input_args() names it
PLUGINS = {
    "cut_cross_entropy.CutCrossEntropyPlugin": "cut_cross_entropy.args.CutCrossEntropyArgs",
    "densemixer.DenseMixerPlugin": "densemixer.args.DenseMixerArgs",
    "diffusion.DiffusionPlugin": "diffusion.args.DiffusionArgs",
    "expert_parallel.ExpertParallelPlugin": "expert_parallel.args.ExpertParallelArgs",
    "grokfast.GrokfastPlugin": "grokfast.args.GrokfastArgs",
    "hatchery.HatcheryPlugin": "hatchery.args.HatcheryArgs",
    "kd.KDPlugin": "kd.args.KDArgs",
    "kernels.KernelsPlugin": "kernels.args.KernelsArgs",
    "liger.LigerPlugin": "liger.args.LigerArgs",
    "llm_compressor.LLMCompressorPlugin": "llm_compressor.args.LLMCompressorArgs",
    "lm_eval.LMEvalPlugin": "lm_eval.args.LMEvalArgs",
    "mora.MoraPlugin": "mora.args.MoraArgs",
    "nemo_gym.NemoGymPlugin": "nemo_gym.args.NemoGymArgs",
    "spectrum.SpectrumPlugin": "spectrum.args.SpectrumArgs",
    "swanlab.SwanLabPlugin": "swanlab.args.SwanLabConfig",
}


def kinds(annotation: Any) -> list[str]:
    """An annotation as the names of what it accepts: ``bool``, ``list[str]``, ``'auto'``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return list(dict.fromkeys(kind for option in arguments for kind in kinds(option)))
    if origin is typing.Annotated:
        return kinds(arguments[0])
    if origin is typing.Literal:
        return [repr(choice) for choice in arguments]
    if origin in (list, tuple):
        inner = kinds(arguments[0]) if arguments else ["any"]
        return [f"list[{kind}]" for kind in inner]
    if origin is dict or annotation is dict:
        return ["dict"]
    if annotation is Any or not isinstance(annotation, type):
        return ["any"]
    if annotation is type(None):
        return []
    if issubclass(annotation, enum.Enum):
        # torch's own types are spelled by the member's name
        return [repr(m.value if isinstance(m.value, str) else m.name) for m in annotation]
    return ["dict"] if hasattr(annotation, "model_fields") else [annotation.__name__]


def _nullable(annotation: Any) -> bool:
    """Whether a key may be there without a value."""
    if annotation is Any or annotation is type(None):
        return True
    return any(_nullable(option) for option in typing.get_args(annotation)) and (
        typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated)
    )


def models(annotation: Any) -> list[Any]:
    """The pydantic models an annotation mentions."""
    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [model for option in typing.get_args(annotation) for model in models(option)]


def is_list(annotation: Any) -> bool:
    """Whether an annotation allows a list of models."""
    if typing.get_origin(annotation) is list:
        return bool(models(annotation))
    return any(is_list(option) for option in typing.get_args(annotation))


def walk(model: Any, prefix: str, found: dict[str, dict[str, Any]]) -> None:
    """Adds the keys of a model and of the models inside it, as ``datasets[].type.format``."""
    for name, entry in model.model_fields.items():
        key = f"{prefix}{name}"
        default = entry.get_default(call_default_factory=True)
        plain = default is None or isinstance(default, bool | int | float | str)
        first = key not in found
        record = found.setdefault(key, {"type": [], "default": default if plain else None})
        record["type"] = list(dict.fromkeys([*record["type"], *kinds(entry.annotation)]))
        if _nullable(entry.annotation):
            record.pop("null", None)  # one of the models that a list may hold is enough
        elif first:
            record["null"] = False
        aliases = [entry.alias] if entry.alias else []
        aliases += list(getattr(entry.validation_alias, "choices", []))
        if others := sorted({a for a in aliases if a != name}):
            record["aliases"] = others
        inner = f"{key}[]." if is_list(entry.annotation) else f"{key}."
        for part in models(entry.annotation):
            walk(part, inner, found)


def record() -> str:
    """The content of keys.json for the installed Axolotl."""
    from axolotl.utils.schemas.config import AxolotlInputConfig

    keys: dict[str, dict[str, Any]] = {}
    walk(AxolotlInputConfig, "", keys)
    plugins: dict[str, dict[str, dict[str, Any]]] = {}
    for plugin, arguments in PLUGINS.items():
        walk(_load(arguments), "", plugins.setdefault(f"axolotl.integrations.{plugin}", {}))
    parts = [
        f'  "axolotl": {json.dumps(version("axolotl"))}',
        f'  "keys": {_rows(keys, "  ")}',
        '  "plugins": {\n'
        + ",\n".join(f"    {json.dumps(p)}: {_rows(k, '    ')}" for p, k in plugins.items())
        + "\n  }",
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _load(path: str) -> Any:
    """A class of a module that is loaded from its file: its package may need what is not there."""
    import axolotl

    module, _, name = path.rpartition(".")
    file = Path(str(axolotl.__file__)).parent / "integrations" / f"{module.replace('.', '/')}.py"
    spec = spec_from_file_location(f"recorded_{module.replace('.', '_')}", file)
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)


def _rows(keys: dict[str, dict[str, Any]], indent: str) -> str:
    lines = (
        f"{indent}  {json.dumps(key)}: {json.dumps(entry)}" for key, entry in sorted(keys.items())
    )
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    os.environ.setdefault("AXOLOTL_DO_NOT_TRACK", "1")
    content = record()
    if not check:
        TARGET.write_text(content, encoding="utf-8")
        return 0
    same = TARGET.read_text(encoding="utf-8") == content
    print(f"{TARGET.name} is {'up to date' if same else 'stale: run this script without --check'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
