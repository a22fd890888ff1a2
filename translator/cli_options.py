"""What options look like on the command line: types of values, and the groups of options that several
commands share. Loads click and nothing else, as ``ftx --help`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from translator.cli_lint import STYLES

FORMATS = ("axolotl", "torchtune", "unsloth", "ir")  # as in frameworks, which would load more


class Names(click.ParamType):  # type: ignore[type-arg]  # generic in some releases only
    """One of a few words; a wrong one is answered with the nearest."""

    name = "name"

    def __init__(self, *names: str, versions: bool = False) -> None:
        self.names = names
        self.versions = versions

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        word = value.partition("@")[0] if self.versions else value
        if word not in self.names:
            self.fail(f"{value!r} is none of {', '.join(self.names)}{meant(word, self.names)}")
        return value

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        if param.param_type_name == "argument":
            return param.name.upper() if param.name else "NAME"
        return f"[{'|'.join(self.names)}]{'[@VERSION]' if self.versions else ''}"


class Settings(click.ParamType):  # type: ignore[type-arg]
    """``NAME=VALUE``."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, sign, setting = str(value).partition("=")
        if not sign or not name.strip():
            self.fail(f"{value!r} is not NAME=VALUE")
        return name.strip(), setting


def meant(word: str, names: Sequence[str]) -> str:
    """A question about the nearest name, or nothing."""
    from translator.nearest import nearest

    close = nearest(word.lower(), names, 0.5)
    return f" (did you mean {close}?)" if close else ""


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(*options: Decorator) -> Decorator:
    """One decorator for several options, shown in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


# The options of every command that reads a configuration.
reading_options = together(
    click.option("--from", "source_format", type=Names(*FORMATS), help="Format of FILE."),
    click.option(
        "--set",
        "settings",
        type=Settings(),
        multiple=True,
        metavar="NAME=VALUE",
        help="A value that FILE leaves open, or another than it has.",
    ),
    click.option(
        "--at",
        type=click.IntRange(min=1),
        metavar="LINE",
        help="Line of the training to read in a script that has several.",
    ),
    click.option(
        "--recipe",
        metavar="NAME",
        help="torchtune recipe that FILE belongs to (lora_finetune_single_device).",
    ),
)


# How diagnostics are shown.
telling_options = together(
    click.option(
        "--format",
        "style",
        type=Names("text", "json"),
        default="text",
        help="Of diagnostics; JSON as 'ftx schema diagnostics' says.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Also what has no bearing on the run."),
    click.option("-q", "--quiet", is_flag=True, help="Errors only."),
)


# The paths and options of ``ftx lint``.
linting_options = together(
    click.argument("paths", nargs=-1, metavar="[PATH]..."),
    click.option("--from", "source_format", type=Names(*FORMATS), help="Format of every file."),
    click.option("--stdin-filename", metavar="NAME", help="What to call standard input ('-')."),
    click.option(
        "--skip-unknown", is_flag=True, help="Pass over named files that are no training."
    ),
    click.option("--gpu", metavar="NAME", help="The card it will run on (rtx4090, a100-80gb, t4)."),
    click.option(
        "--gpus", type=click.IntRange(min=1), metavar="N", help="How many of them in all."
    ),
    click.option("--nodes", type=click.IntRange(min=1), metavar="N", help="On how many machines."),
    click.option(
        "--portable-to",
        type=Names("axolotl", "torchtune", "unsloth"),
        help="Also say what would be lost there.",
    ),
    click.option(
        "--select", multiple=True, metavar="CODES", help="Only these (DATA, CFG105, a name)."
    ),
    click.option("--extend-select", multiple=True, metavar="CODES", help="These as well."),
    click.option("--ignore", multiple=True, metavar="CODES", help="Not these."),
    click.option(
        "--fail-on",
        type=Names("error", "warning", "note", "never"),
        help="Exit with 1 for findings from this severity on (error).",
    ),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found."),
    click.option("--fix", is_flag=True, help="Put safe fixes into the files."),
    click.option(
        "--unsafe-fixes",
        is_flag=True,
        help="With --fix or --diff: also those that change the run.",
    ),
    click.option("--diff", is_flag=True, help="Show what --fix would do; exit with 1 if anything."),
    click.option(
        "--format",
        "style",
        metavar="FORMAT",
        type=Names(*STYLES),
        help="full, concise, json, jsonl, sarif, github, gitlab or junit.",
    ),
    click.option("-o", "--output", "out", metavar="FILE", help="Write the result there."),
    click.option("--statistics", is_flag=True, help="How often each code was found, no more."),
    click.option("--baseline", metavar="FILE", help="Tell only what is not in FILE."),
    click.option("--write-baseline", metavar="FILE", help="Accept everything found, into FILE."),
    click.option("--config", metavar="FILE", help="Settings, in place of those found upwards."),
    click.option("--isolated", is_flag=True, help="No settings but those of the command line."),
    click.option("--no-cache", is_flag=True, help="Neither use nor keep results."),
    click.option("--no-gitignore", is_flag=True, help="Also look at what .gitignore leaves out."),
    click.option("-v", "--verbose", is_flag=True, help="Also what has no bearing on the run."),
    click.option("-q", "--quiet", is_flag=True, help="Errors only."),
)
