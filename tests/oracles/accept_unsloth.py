"""Would these scripts run? Judged by a Python that has TRL and transformers; see :mod:`verdicts`.

Unsloth cannot be imported without a GPU and a script cannot be run without its data, so a script
is read as a syntax tree and every call in it is bound: against the installed TRL, transformers,
datasets and peft, and against the recorded signatures of Unsloth (``scripts/corpus_signatures.py``).
The training configuration is built for real from the arguments that are constants, so that what
its constructor checks is checked. Names that nothing defines, imports that do not exist and an
``import unsloth`` that comes too late to patch the trainers are refused as well.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import json
import symtable
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from verdicts import Rejected, serve

RECORD = json.loads((Path(__file__).parent / "unsloth_signatures.json").read_text("utf-8"))
LIBRARIES = ("trl", "transformers", "datasets", "peft")
LOADING = ("attn_implementation", "cache_dir", "local_files_only", "max_memory",
           "offload_folder", "quantization_config", "subfolder", "tokenizer_name",
           "variant")  # fmt: skip
"""What ``from_pretrained`` takes in its ``**kwargs`` for the loader of transformers."""
METHODS = {
    "train": "transformers.Trainer.train",
    "evaluate": "transformers.Trainer.evaluate",
    "save_model": "transformers.Trainer.save_model",
    "apply_chat_template": "transformers.PreTrainedTokenizerBase.apply_chat_template",
    "add_special_tokens": "transformers.PreTrainedTokenizerBase.add_special_tokens",
    "map": "datasets.Dataset.map",
    "filter": "datasets.Dataset.filter",
    "train_test_split": "datasets.Dataset.train_test_split",
    "rename_columns": "datasets.Dataset.rename_columns",
    "rename_column": "datasets.Dataset.rename_column",
    "remove_columns": "datasets.Dataset.remove_columns",
}
"""Methods by name: what they are called on is known only when the script runs."""
NOT_HERE = {"bf16": False, "fp16": False, "tf32": None, "use_cpu": True, "deepspeed": None,
            "fsdp": None, "fsdp_config": None, "report_to": "none", "optim": "adamw_torch",
            "dataloader_num_workers": 0, "dataloader_prefetch_factor": None,
            "use_vllm": False, "push_to_hub": False}  # fmt: skip
"""Arguments that a constructor refuses on a machine without a GPU; their names are bound, and
``optim`` is looked up in the list of its values."""


def judge(path: Path) -> dict[str, Any]:
    """Raises for a script that stops before it trains."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    compile(text, str(path), "exec")
    check_names(text, path)
    imports = imported(tree, path.parent)
    check_order(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    constants = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    names = [check_call(call, imports, constants) for call in calls]
    if not any(name and name.endswith(("Trainer.train", "Trainer")) for name in names):
        raise Rejected("nothing in it trains")
    return {"calls": len([name for name in names if name])}


def check_names(text: str, path: Path) -> None:
    """Refuses global names that nothing in the script binds."""
    top = symtable.symtable(text, str(path), "exec")
    bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    bound |= {s.get_name() for s in top.get_symbols() if s.is_namespace()}
    bound |= {*dir(builtins), "__file__", "__name__", "__doc__"}
    missing: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            is_global = symbol.is_global() or (table is top and symbol.is_referenced())
            if is_global and symbol.is_referenced() and symbol.get_name() not in bound:
                missing.add(symbol.get_name())
    if missing:
        raise Rejected(f"nothing defines {', '.join(sorted(missing))}")


def imported(tree: ast.Module, folder: Path) -> dict[str, str]:
    """Local names by what they stand for (``trl.SFTTrainer``).

    Raises:
        Rejected: a library has no such name.
    """
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            root = node.module.split(".")[0]
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if root in ("unsloth", "unsloth_zoo"):
                    known_to_unsloth(alias.name)
                    whole = f"unsloth.{alias.name}"
                elif root in LIBRARIES:
                    resolve(whole)
                names[alias.asname or alias.name] = whole
    return names


def known_to_unsloth(name: str) -> None:
    """Raises Rejected for a name that no recorded signature begins with."""
    known = {call.split(".")[0] for call in RECORD["calls"]} | {"UnslothTrainer"}
    if name not in known:
        raise Rejected(f"unsloth has no recorded {name}")


@cache
def resolve(dotted: str) -> Any:
    """The object a dotted name stands for.

    Raises:
        Rejected: there is none.
    """
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:cut]))
            break
        except ModuleNotFoundError:
            continue
    else:
        raise Rejected(f"there is no module {parts[0]}")
    for step in parts[cut:]:
        if not hasattr(value, step):
            raise Rejected(f"there is no {dotted}")
        value = getattr(value, step)
    return value


def check_order(tree: ast.Module) -> None:
    """Unsloth changes TRL as it is imported: names taken from TRL before are the unpatched ones."""
    first: dict[str, int] = {}
    for node in ast.walk(tree):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module]
        for module in modules:
            root = module.split(".")[0]
            first[root] = min(node.lineno, first.get(root, node.lineno))
    if "unsloth" not in first:
        raise Rejected("does not import unsloth")
    if first.get("trl", first["unsloth"] + 1) < first["unsloth"]:
        raise Rejected("imports trl before unsloth")


def check_call(
    call: ast.Call, imports: dict[str, str], constants: dict[str, ast.expr]
) -> str | None:
    """Binds one call, if it goes to a library; the name of what it calls."""
    name = callee(call.func, imports)
    if name is None:
        return None
    signature = signature_of(name)
    if signature is None:
        return name
    keywords = {k.arg: k.value for k in call.keywords if k.arg}
    starred = any(isinstance(a, ast.Starred) for a in call.args) or any(
        k.arg is None for k in call.keywords
    )
    binder = signature.bind_partial if starred else signature.bind
    positional = [a for a in call.args if not isinstance(a, ast.Starred)]
    try:
        bound = binder(*positional, **keywords)
    except TypeError as error:
        raise Rejected(f"line {call.lineno}: {name}: {error}") from None
    check_open_keywords(name, signature, bound, call.lineno)
    if name.endswith(("Config", "TrainingArguments")) and name.startswith(
        ("trl.", "transf", "uns")
    ):
        build_configuration(name, keywords, constants, call.lineno)
    return name


def callee(function: ast.expr, imports: dict[str, str]) -> str | None:
    """The dotted name of what is called, None if it is the script's own or Python's."""
    if isinstance(function, ast.Name):
        whole = imports.get(function.id)
        return whole if whole and whole.split(".")[0] in (*LIBRARIES, "unsloth") else None
    if not isinstance(function, ast.Attribute):
        return None
    if isinstance(function.value, ast.Name) and function.value.id in imports:
        whole = f"{imports[function.value.id]}.{function.attr}"
        return whole if whole.split(".")[0] in (*LIBRARIES, "unsloth") else None
    if function.attr in RECORD["calls"]:
        return f"unsloth.{function.attr}"
    return METHODS.get(function.attr)


@cache
def signature_of(name: str) -> inspect.Signature | None:
    """How something may be called; None for what has no signature."""
    if name in ("unsloth.UnslothTrainer",):
        name = "trl.SFTTrainer"
    if name.startswith("unsloth."):
        recorded = RECORD["calls"].get(name.removeprefix("unsloth."))
        if recorded is None:
            raise Rejected(f"{name} has no recorded signature")
        signature = rebuilt(recorded)
        if name.endswith("TrainingArguments"):
            return widened(name, (p[0] for p in recorded if p[0] not in ("args", "kwargs")))
        return signature
    if name.startswith("trl.") and name.endswith("Config"):
        return widened(name, RECORD["config_extras"])
    thing = resolve(name)
    signature = inspect.signature(thing)
    if name in METHODS.values():
        return signature.replace(parameters=list(signature.parameters.values())[1:])
    return signature


def rebuilt(recorded: list[list[Any]]) -> inspect.Signature:
    """A signature from its record."""
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                getattr(inspect.Parameter, kind),
                default=inspect.Parameter.empty if required or kind.startswith("VAR") else None,
            )
            for name, kind, required in recorded
        ]
    )


def widened(name: str, extras: Any) -> inspect.Signature:
    """A configuration class of TRL with the arguments that Unsloth's replacement adds."""
    base = resolve("trl.SFTConfig" if name.startswith("unsloth.") else name)
    parameters = dict(inspect.signature(base).parameters)
    added = [*RECORD["config_extras"], *extras]
    for extra in added:
        parameters.setdefault(
            extra, inspect.Parameter(extra, inspect.Parameter.KEYWORD_ONLY, default=None)
        )
    return inspect.Signature(list(parameters.values()))


def check_open_keywords(
    name: str, signature: inspect.Signature, bound: inspect.BoundArguments, line: int
) -> None:
    """Keywords that an open ``**kwargs`` swallowed are known to whom they are handed on."""
    swallowed: set[str] = set()
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            swallowed = set(bound.arguments.get(parameter.name, {}))
    if name.endswith(".from_pretrained") and name.startswith("unsloth"):
        known = set(LOADING)
    elif name.endswith(".get_peft_model"):
        known = set(inspect.signature(resolve("peft.LoraConfig")).parameters)
    elif name == "datasets.load_dataset":
        known = {"delimiter", "column_names", "sep", "field", "encoding"}
    else:
        return
    if swallowed - known:
        raise Rejected(f"line {line}: {name} has no {', '.join(sorted(swallowed - known))}")


def build_configuration(
    name: str, keywords: dict[str, ast.expr], constants: dict[str, ast.expr], line: int
) -> None:
    """The configuration itself, of the arguments that are constants."""
    target = resolve("trl.SFTConfig" if name.startswith("unsloth.") else name)
    known = inspect.signature(target).parameters
    arguments: dict[str, Any] = {}
    for key, value in keywords.items():
        if key in known and key not in NOT_HERE:
            literal = constants.get(value.id, value) if isinstance(value, ast.Name) else value
            try:
                arguments[key] = ast.literal_eval(literal)
            except (ValueError, TypeError):
                continue
    arguments |= {key: value for key, value in NOT_HERE.items() if key in known}
    check_optimizer(keywords, line)
    with tempfile.TemporaryDirectory() as scratch:
        arguments["output_dir"] = scratch
        try:
            target(**arguments)
        except Exception as error:
            raise Rejected(f"line {line}: {name}: {type(error).__name__}: {error}") from None


def check_optimizer(keywords: dict[str, ast.expr], line: int) -> None:
    """``optim`` is one of the names transformers has."""
    optim = keywords.get("optim")
    if isinstance(optim, ast.Constant):
        from transformers.training_args import OptimizerNames

        if optim.value not in {entry.value for entry in OptimizerNames}:
            raise Rejected(f"line {line}: there is no optimizer {optim.value!r}")


if __name__ == "__main__":
    serve(judge)
