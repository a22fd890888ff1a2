"""The trainings of a script: each as one positioned tree.

:func:`read_script` evaluates a Python script or a notebook and finds every training in it. The tree
of a training has these parts; a key is present only when the script has it, and every leaf points
to the literal that defines it (``key_span`` to the keyword, ``reference`` is the expression through
which it was reached, ``comment`` the configuration file it was read from):

```
script     {unsloth, unsloth_before_trl, versions: {package: version}, padding_repaired}; the last
           when the tokenizer whose pad_token is set was loaded by Unsloth
load       {class, <keywords of from_pretrained>}     class: FastLanguageModel, FastModel, …
peft       {class, <keywords of get_peft_model, or of LoraConfig>}         absent = no adapter
template   {chat_template, mapping, map_eos_token, …} of get_chat_template; {jinja} when the
           script sets tokenizer.chat_template
tokens     {new_tokens, …} of add_new_tokens; tokenizer attributes (pad_token, padding_side, …)
args       {class, <keywords of SFTConfig, TrainingArguments, …>}
trainer    {class, base, overrides, own, <keywords but model, args and data sets>}; overrides are
           methods of the script's own class that change the training, own its arguments;
           formatting_func is described like the function of a data step
responses  {<keywords of train_on_responses_only>}                        absent = not called
data       {train: <data set>, eval: <data set>}
train      {<keywords of trainer.train()>}
save       [{method, path, <keywords>}, …]
touched    {what: value} of all else that happens to model and trainer before it trains
```

A data set is ``{load: {path, name, data_dir, data_files, split, …}, steps: […]}``; instead of
``load`` it has ``{kind, rows}`` for rows written in the script, ``concatenate: [data sets]`` or
``interleave: […]`` with ``options``, or ``custom`` for what is built by code. ``load.loader`` names
the function when it is not ``load_dataset``. A step is ``{op, line, <keywords>}``; ``op`` is the
method's or function's name, ``split`` and ``slice`` for subscripts (``name``, ``range``), ``list``
for a list comprehension over the rows; ``train_test_split`` has ``part`` when one part is taken;
``unknown`` holds the text of a step that is not known. ``map`` and ``list`` steps have
``function``: see :mod:`translator.frameworks.unsloth.script_rows`.

Keys with an underscore are not used. ``**`` stands for keywords that only the running program
knows. Besides scalars and Unresolved, leaves can be ``Depends`` and ``Symbol`` (see
:mod:`translator.frameworks.unsloth.script_tree`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from translator.frameworks.unsloth.script_lineage import (
    class_of,
    is_load,
    is_trainer,
    trainer_of,
)
from translator.frameworks.unsloth.script_parts import TrainingReader
from translator.frameworks.unsloth.script_tree import RowFunction
from translator.record import Record
from translator.source import PathLike, Source
from translator.syntax.evaluate import Program, run
from translator.syntax.evaluate_values import Made, Value
from translator.syntax.notebook import is_notebook, parse_notebook, read_notebook
from translator.syntax.python import Module, home_of, parse_script
from translator.tree import Node

INTERESTING = frozenset(
    [
        "SFTTrainer",
        "UnslothTrainer",
        "DPOTrainer",
        "ORPOTrainer",
        "KTOTrainer",
        "GRPOTrainer",
        "Trainer",
        "CPOTrainer",
        "Seq2SeqTrainer",
        "RewardTrainer",
        "PPOTrainer",
        "from_pretrained",
        "get_peft_model",
        "train",
        "train_on_responses_only",
        "load_dataset",
        "TrainingArguments",
        "SFTConfig",
        "unsloth_train",
    ]
)
_INSTALLED = re.compile(r"\b([A-Za-z][\w-]*)(?:\[[\w,]*\])?==(\d[\w.]*)")
_PACKAGES = frozenset(
    ("trl", "unsloth", "unsloth_zoo", "transformers", "peft", "datasets", "torch")
)


class Training(Record, kw_only=False):
    """One training of a script.

    ``line`` is where its trainer is constructed; ``lines`` are all lines by which a user may mean
    it (the trainer, its ``.train()``, the calls that led there). ``trains`` says whether
    ``.train()`` is reached; ``conditional`` whether only under a test that is not known.
    """

    line: int
    lines: tuple[int, ...]
    tree: Node
    trains: bool
    conditional: bool = False
    functions: tuple[RowFunction, ...] = ()
    """The functions that its rows pass through, by the numbers of the steps."""


class Script(Record, kw_only=False):
    """A script that has been read. ``reason`` says why there is no training in it, if so;
    ``unused_overrides`` are names given by the user that it does not have; ``exhausted`` tells
    that it does more than is followed, so that what is found may not be all."""

    module: Module
    trainings: tuple[Training, ...]
    reason: str | None
    unused_overrides: tuple[str, ...]
    exhausted: bool

    @property
    def default(self) -> Training | None:
        """The training that is meant unless the user says another: the last one that trains."""
        trained = [t for t in self.trainings if t.trains]
        certain = [t for t in trained if not t.conditional]
        candidates = certain or trained or self.trainings
        return candidates[-1] if candidates else None

    def at(self, line: int) -> Training | None:
        """The training that a line belongs to."""
        return next((t for t in self.trainings if line in t.lines), None)


def read_script(
    source: Source,
    overrides: Mapping[str, str] | None = None,
    folder: PathLike | None = None,
) -> Script:
    """Reads a script or notebook; ``folder`` (default: the source's) is where configuration files
    are looked for.

    Raises:
        UnreadableError: it is no Python, or too deeply nested.
    """
    notebook = is_notebook(source)
    module = parse_notebook(source) if notebook else parse_script(source)
    raw = read_notebook(source).raw if notebook else source.text
    program = run(module, overrides, folder or source.folder, INTERESTING)
    found = tuple(_trainings(program, installed_versions(raw)))
    return Script(
        module,
        found,
        None if found else _why_none(program),
        program.unused_overrides,
        program.exhausted,
    )


def trainings(source: Source, overrides: Mapping[str, str] | None = None) -> list[Training]:
    """The trainings of a script, in the order in which they are set up."""
    return list(read_script(source, overrides).trainings)


def installed_versions(text: str) -> dict[str, str]:
    """The versions that a script's ``pip install`` lines pin, as ``{"trl": "0.22.2"}``."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if "pip install" in line:
            for name, version in _INSTALLED.findall(line):
                if name.replace("-", "_") in _PACKAGES:
                    found[name.replace("-", "_")] = version.rstrip(".")
    return found


def _trainings(program: Program, versions: dict[str, str]) -> list[Training]:
    trainers = {id(made): made for made in program.calls if is_trainer(made)}
    started: dict[int, Made] = {}
    for made in program.calls:
        started_on = _trained(made)
        if started_on is not None:
            trainer = trainer_of(started_on, trainers)
            if trainer is not None:
                started[id(trainer)] = made
    reader = TrainingReader(program, versions)
    found: list[Training] = []
    for key, trainer in trainers.items():
        train = started.get(key)
        tree = reader.tree(trainer, train, trainers)
        conditional = bool(trainer.conditions) or bool(train and train.conditions)
        found.append(
            Training(
                next((at.lineno for at in _places(trainer)), 0),
                _lines(trainer, train),
                tree,
                train is not None,
                conditional,
                tuple(reader.builder.functions),
            )
        )
    return found


def _trained(made: Made) -> Value | None:
    """What a call trains: the receiver of ``.train()``, the argument of ``unsloth_train``."""
    if made.name == "train" and made.receiver is not None:
        return made.receiver
    if made.name == "unsloth_train":
        return made.arguments.value("trainer", 0)
    return None


def _places(made: Made) -> Iterator[Any]:
    """The syntax of a call and of those that led to it, as far as it is the script's own."""
    for at in (made.at, *reversed(made.callers)):
        if at is not None and hasattr(at, "lineno") and home_of(at) is None:
            yield at


def _lines(trainer: Made, train: Made | None) -> tuple[int, ...]:
    lines: list[int] = []
    for made in (trainer, train):
        if made is None:
            continue
        for at in _places(made):
            first, last = getattr(at, "lineno", None), getattr(at, "end_lineno", None)
            if first is not None:
                span = range(first, (last or first) + 1) if at is made.at else (first,)
                lines.extend(line for line in span if line not in lines)
    return tuple(lines)


def _why_none(program: Program) -> str:
    """Why a script holds no training."""
    loads = [made for made in program.calls if is_load(made)]
    if program.exhausted:
        return "does more than can be followed without running it"
    if loads:
        return f"loads a model with {class_of(loads[0])} but never trains"
    if any(name in ("unsloth", "trl", "transformers", "peft") for name in program.imports):
        return "uses training libraries but constructs no trainer"
    return "is no training script: it neither loads a model nor constructs a trainer"
