"""Reading a training script: choosing the training, and running the table over its tree."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.errors import NotAConfigError
from translator.fields import assemble
from translator.frameworks.base import ReadOptions
from translator.frameworks.unsloth.brought_rows import bring_code
from translator.frameworks.unsloth.comments import note_comments
from translator.frameworks.unsloth.defaults import Flavour
from translator.frameworks.unsloth.refusals import refusal
from translator.frameworks.unsloth.rows import FLAVOUR, SUPERVISED
from translator.frameworks.unsloth.script import Script, Training
from translator.frameworks.unsloth.script import read_script as read_trees
from translator.frameworks.unsloth.table import pass_over_own_names, table
from translator.frameworks.unsloth.trainer_settings import SECTION, settings
from translator.reading import Reader
from translator.source import Source
from translator.spans import Span
from translator.syntax.notebook import is_notebook
from translator.tree import Node, Unresolved

_TOLD = ("model_accepts_loss_kwargs", "get_decay_parameter_names", ".warmup_steps")
_VARIABLES = ("WANDB_PROJECT", "WANDB_ENTITY", "COMET_PROJECT")


def read_script(source: Source, options: ReadOptions) -> Document:
    """A script's training as a recipe.

    Raises:
        UnreadableError: it is no Python, or no notebook.
        NotAConfigError: it trains nothing that ftx reads.
    """
    script = read_trees(source, options.overrides, source.folder)
    training = _chosen(source, script, options)
    _complete(training.tree, script)
    note_comments(training.tree, script.module)
    reader = Reader(path=source.path, tree=training.tree)
    reader.facts.update(_facts(training.tree, script))
    reason = refusal(training.tree)
    if reason is not None:
        raise _refused(source, f"{source.path} {reason}", training.tree.span)
    _tell_choice(reader, script, training, options)
    reader.diagnostics.extend(_passed_over(source, script))
    _tell_spreads(reader)
    pass_over_own_names(reader)
    table().read(reader)
    bring_code(reader, training.functions, script.module)
    return Document(
        path=source.path,
        format="unsloth",
        text=source.text,
        recipe=assemble(reader.values),
        origins=reader.origins,
        diagnostics=tuple(reader.diagnostics),
        leftovers=tuple(reader.leftovers),
        tree=training.tree,
        facts={**reader.facts, "line": str(training.line)},
        code=script.module.text if is_notebook(source) else None,
        bom=source.bom,
        overrides=options.overrides,
    )


def _chosen(source: Source, script: Script, options: ReadOptions) -> Training:
    if not script.trainings:
        error = _diagnostic(source, Code.NOT_A_CONFIG, f"{source.path} {script.reason}", None)
        raise NotAConfigError(error, *_passed_over(source, script))
    if options.at is not None:
        found = script.at(options.at)
        if found is None:
            lines = ", ".join(str(t.line) for t in script.trainings)
            message = f"no training at line {options.at}; there are trainings at {lines}"
            raise NotAConfigError(_diagnostic(source, Code.BAD_OPTION, message, None))
        return found
    training = script.default
    assert training is not None
    return training


def _refused(source: Source, message: str, span: Span | None) -> NotAConfigError:
    return NotAConfigError(_diagnostic(source, Code.NOT_A_CONFIG, message, span))


def _diagnostic(source: Source, code: Code, message: str, span: Span | None) -> Diagnostic:
    return Diagnostic(
        code=code.code, severity=Severity.ERROR, message=message, file=source.path, span=span
    )


def _passed_over(source: Source, script: Script) -> list[Diagnostic]:
    """What is said of a notebook's cells that are no Python."""
    return [
        Diagnostic(
            code=Code.SYNTAX.code,
            severity=Severity.WARNING,
            message="this cell is not valid Python; it is passed over, and the others are read",
            file=source.path,
            span=span,
        )
        for span in script.module.passed_over
    ]


def _tell_choice(reader: Reader, script: Script, training: Training, options: ReadOptions) -> None:
    others = [str(t.line) for t in script.trainings if t is not training]
    if others and options.at is None:
        message = f"this is the training at line {training.line} of several"
        hint = f"--at {others[0]} reads another" + (
            f" (also at {', '.join(others[1:])})" if len(others) > 1 else ""
        )
        reader.say(Code.ASSUMED, Severity.NOTE, message, reader.tree, help=hint)
    if not training.trains:
        message = "the script never calls train() on this trainer"
        reader.say(Code.ASSUMED, Severity.NOTE, message, reader.tree)
    for name in script.unused_overrides:
        message = f"--set {name}: the script has no such name"
        reader.say(Code.BAD_OPTION, Severity.ERROR, message, key=name)
    if script.exhausted:
        message = "the script does more than is followed; what comes late in it may be missing"
        reader.say(Code.ASSUMED, Severity.WARNING, message)


_SECTIONS = {
    "load": "from_pretrained", "peft": "get_peft_model", "args": "the training arguments",
    "trainer": "the trainer", "responses": "train_on_responses_only",
}  # fmt: skip


def _tell_spreads(reader: Reader) -> None:
    """Reports ``**settings`` whose content is not known: any argument may be among them."""
    for section, what in _SECTIONS.items():
        node = reader.node(section, "**")
        if node is None or not isinstance(node.value, Unresolved):
            continue
        names = node.value.names
        message = f"{what} gets further arguments from {node.value.expression!r}, which only the "
        help = f"give them with --set {names[0]}.NAME=VALUE" if names else None
        reader.say(Code.UNRESOLVED, Severity.ERROR, f"{message}running program knows", node,
                   key=f"{section}.**", help=help)  # fmt: skip


# --- facts before the table ----------------------------------------------------------------------


def _facts(tree: Node, script: Script) -> dict[str, str]:
    name = _class(tree, "trainer")
    supervised = name in ("SFTTrainer", "UnslothTrainer", "Trainer", "Seq2SeqTrainer")
    return {
        FLAVOUR: _flavour(tree).name,
        SUPERVISED: "yes" if supervised else "no",
        "evaluates": "yes" if tree.get(("data", "eval")) is not None else "no",
        "constants": json.dumps(dict(_constants(script.module.tree))),
    }


def _class(tree: Node, section: str) -> str:
    """The class of a part by its library name, whatever the script calls a class of its own."""
    for key in ("base", "class"):
        node = tree.get((section, key))
        if node is not None:
            return str(node.plain()).rpartition(".")[2]
    return ""


def _flavour(tree: Node) -> Flavour:
    """Whose defaults the arguments have."""
    name = _class(tree, "args") or _class(tree, "trainer").replace("Trainer", "Config")
    if name in ("TrainingArguments", "Seq2SeqTrainingArguments"):
        return Flavour.HF
    if name.startswith("Unsloth"):
        return Flavour.TRL
    early = tree.get(("script", "unsloth_before_trl"))
    used = tree.get(("script", "unsloth"))
    patched = bool(used and used.plain()) and (early is None or early.plain() is not False)
    return Flavour.PATCHED if patched else Flavour.TRL


def _constants(tree: ast.Module) -> Iterator[tuple[str, object]]:
    """Dicts of strings at module level, such as the roles of a data set."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            try:
                value = ast.literal_eval(statement.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
            if all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        yield target.id, value


def _complete(tree: Node, script: Script) -> None:
    """Adds what a script tells its trainer, and trackers through the environment."""
    text = script.module.text
    told_there = any(word in text for word in _TOLD)
    for setting, told, at in settings(script.module.tree) if told_there else ():
        section = tree.value.setdefault(SECTION, Node(value={}, span=tree.span))
        span = script.module.span(at)
        items = [Node(value=part, span=span) for part in told] if isinstance(told, list) else told
        section.value[setting] = Node(value=items, span=span)
    if not any(name in text for name in _VARIABLES):
        return  # most scripts: a walk over all syntax is what takes the longest here
    for node in ast.walk(script.module.tree):
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)):
            continue
        target = node.targets[0]
        name = target.slice.value if isinstance(target.slice, ast.Constant) else None
        value = node.value.value if isinstance(node.value, ast.Constant) else None
        if name in _VARIABLES and isinstance(value, str):
            section = tree.value.setdefault("script", Node(value={}, span=tree.span))
            if isinstance(section.value, dict):
                span = script.module.span(node.value)
                variables = section.value.setdefault("env", Node(value={}, span=span))
                variables.value[str(name)] = Node(value=value, span=span, raw=repr(value))
