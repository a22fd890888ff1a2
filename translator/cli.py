"""The command line: arguments in, text out. What the commands do is in the modules they import
when they run, so that ``ftx --help`` loads click and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from translator import __version__
from translator.cli_options import (
    FORMATS,
    Names,
    linting_options,
    meant,
    reading_options,
    telling_options,
)
from translator.ending import run_and_exit

if TYPE_CHECKING:
    from translator.console import Console


class Commands(click.Group):
    """A group that knows what a misspelt command was meant to be."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            ctx.fail(f"No such command {name!r}.{meant(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, "--version", prog_name="ftx", message="%(prog)s %(version)s")
def cli() -> None:
    """Translates fine-tuning configurations between Axolotl (YAML), torchtune (YAML) and Unsloth
    (Python scripts and notebooks), and loses nothing silently.

    \b
    ftx convert proto.py --to axolotl -o run.yaml
    ftx convert run.yaml --to torchtune > tune.yaml
    ftx diff proto.py run.yaml
    ftx lint configs/

    FILE may be '-' for standard input. Its format is recognised from its content. The result goes
    to standard output, what is said about it to standard error.

    \b
    Exit codes: 0 done; 1 refused, or differences found; 2 wrong usage or unreadable input;
    130 interrupted.
    """


@cli.command(short_help="Write the run in another format.")
@click.argument("file")
@click.option(
    "--to",
    "target",
    required=True,
    type=Names(*FORMATS, versions=True),
    help="Format to write, with a version where another than the current is meant.",
)
@click.option("-o", "--output", "out", metavar="OUT", help="File to write; side files go beside.")
@reading_options
@click.option(
    "--allow",
    multiple=True,
    metavar="CODE",
    help="Accept errors of a code (XLT402, template-lost, all); may be repeated.",
)
@click.option("--report", metavar="FILE", help="Write everything that was said, as JSON.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@telling_options
def convert(  # one parameter an option
    file: str, target: str, out: str | None, source_format: str | None,
    settings: tuple[tuple[str, str], ...], at: int | None, recipe: str | None,
    allow: tuple[str, ...], report: str | None, force: bool,
    style: str, verbose: bool, quiet: bool,
) -> int:  # fmt: skip
    """Tell the run in FILE in another format.

    Nothing is written when the result would train something else than FILE, unless --allow says
    that this is known.

    \b
    ftx convert proto.py --to axolotl -o run.yaml
    ftx convert run.yaml --to torchtune@0.6 --allow packing-lost
    ftx convert qlora.ipynb --to torchtune --set model_name=meta-llama/Llama-3.1-8B
    """
    from translator.commands import run_convert

    return run_convert(
        _console(style, verbose, quiet), file, target, out, report,
        allow=[code for entry in allow for code in entry.split(",")], force=force,
        reading=_reading(source_format, settings, at, recipe),
    )  # fmt: skip


@cli.command(short_help="Compare what two files mean.")
@click.argument("a")
@click.argument("b")
@click.option("--format", "style", type=Names("text", "json"), default="text",
              help="JSON as 'ftx schema diff' says.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Also what reading the files had to say.")
def diff(a: str, b: str, style: str, verbose: bool) -> int:
    """What differs in meaning between A and B, in any formats. Exit code 1 if anything does.

    \b
    ftx diff proto.py run.yaml
    ftx diff old.yaml new.yaml --format json
    """
    from translator.commands import run_diff

    return run_diff(_console(style, verbose, not verbose), a, b, as_json=style == "json")


@cli.command(short_help="Show what ftx understands of a file.")
@click.argument("file")
@reading_options
@telling_options
def ir(
    file: str, source_format: str | None, settings: tuple[tuple[str, str], ...],
    at: int | None, recipe: str | None, style: str, verbose: bool, quiet: bool,
) -> int:  # fmt: skip
    """What ftx understands of FILE, as JSON ('ftx schema ir'), with the origin of each value.

    \b
    ftx ir run.yaml > run.ir.json
    ftx convert run.ir.json --to unsloth
    """
    from translator.commands import run_ir

    reading = _reading(source_format, settings, at, recipe)
    return run_ir(_console(style, verbose, quiet), file, reading=reading)


@cli.command(short_help="Show what each framework does with each field.")
@click.option("--format", "style", type=Names("text", "markdown", "json"), default="text")
def matrix(style: str) -> int:
    """What each framework does with each field: carries, approximates or refuses it, and why."""
    from translator.commands import run_matrix

    return run_matrix(style)


@cli.command(short_help="Estimate the GPU memory of a run.")
@click.argument("file")
@reading_options
@click.option(
    "--gpu", metavar="NAME", help="Device (rtx4090, a100-80gb, 24gb); without it, all common ones."
)
@click.option("--gpus", type=click.IntRange(min=1), metavar="N", help="Devices that share the run.")
@click.option(
    "--length",
    type=click.IntRange(min=1),
    metavar="TOKENS",
    help="Longest sequence, where FILE sets none or rows are shorter.",
)
@click.option(
    "--shape", metavar="CONFIG.JSON", help="Dimensions of a model that ftx does not know."
)
@click.option("--explain", is_flag=True, help="Each term with its formula and source.")
@click.option("--suggest", is_flag=True, help="The smallest changes that make it fit.")
@click.option(
    "--format",
    "style",
    type=Names("text", "json", "markdown", "svg"),
    default="text",
    help="JSON as 'ftx schema estimate' says.",
)
def estimate(
    file: str, source_format: str | None, settings: tuple[tuple[str, str], ...],
    at: int | None, recipe: str | None, gpu: str | None, gpus: int | None, length: int | None,
    shape: str | None, explain: bool, suggest: bool, style: str,
) -> int:  # fmt: skip
    """Peak GPU memory of a run from its configuration alone, as a band from what is alive to what
    the allocator may hold, with a verdict. Exit code 1 if it does not fit the device named.

    \b
    ftx estimate run.yaml
    ftx estimate proto.py --gpu rtx4090 --explain
    ftx estimate run.yaml --gpu h100-80gb --gpus 8 --format json
    ftx estimate run.yaml --gpu t4 --suggest
    """
    from translator.commands_estimate import run_estimate

    return run_estimate(
        _console("text", False, False), file, gpu=gpu, gpus=gpus, shape=shape, length=length,
        style=style, explain=explain, suggest=suggest,
        reading=_reading(source_format, settings, at, recipe),
    )  # fmt: skip


@cli.command(short_help="Print a JSON Schema.")
@click.argument("name", required=False)
def schema(name: str | None) -> int:
    """Print a JSON Schema; without NAME, the names there are.

    \b
    ftx schema ir
    """
    from translator.commands import run_schema

    return run_schema(name)


@cli.command(short_help="Find what will go wrong before a GPU does.")
@linting_options
def lint(  # one parameter an option
    paths: tuple[str, ...], source_format: str | None, stdin_filename: str | None,
    skip_unknown: bool, gpu: str | None, gpus: int | None, nodes: int | None,
    portable_to: str | None, select: tuple[str, ...], extend_select: tuple[str, ...],
    ignore: tuple[str, ...], fail_on: str | None, exit_zero: bool, fix: bool, unsafe_fixes: bool,
    diff: bool, style: str | None, out: str | None, statistics: bool, baseline: str | None,
    write_baseline: str | None, config: str | None, isolated: bool, no_cache: bool,
    no_gitignore: bool, verbose: bool, quiet: bool,
) -> int:  # fmt: skip
    """Find what will go wrong in configurations before a GPU does.

    Looks at the files named, and below the folders named, at every fine-tuning configuration,
    script and notebook; the folder itself by default, '-' for standard input.

    \b
    ftx lint .
    ftx lint run.yaml proto.py --gpu rtx4090 --gpus 1
    ftx lint --fix configs/
    ftx lint - --stdin-filename run.yaml --format json

    \b
    Settings: [tool.ftx] in pyproject.toml, or ftx.toml. Comments: # ftx: ignore[CODE] reason.
    Exit codes: 0 clean; 1 findings; 2 wrong usage, or a named file that cannot be read.
    """
    from translator.commands_lint import Request, run_lint

    given = {
        "gpu": gpu, "gpus": gpus, "nodes": nodes, "portable_to": portable_to,
        "select": select or None, "extend_select": extend_select or None,
        "ignore": ignore or None, "fail_on": fail_on, "baseline": baseline,
    }  # fmt: skip
    request = Request(
        paths=paths,
        format=source_format,
        stdin_filename=stdin_filename,
        skip_unknown=skip_unknown,
        fix=fix,
        unsafe=unsafe_fixes,
        diff=diff,
        style=style,
        out=out,
        exit_zero=exit_zero,
        statistics=statistics,
        verbose=verbose,
        quiet=quiet,
        config=config,
        isolated=isolated,
        cache=not no_cache,
        write_baseline=write_baseline,
        gitignore=not no_gitignore,
        options=tuple((name, value) for name, value in given.items() if value is not None),
    )
    return run_lint(_console("text", verbose, quiet), request)


@cli.command()
@click.option(
    "--tcp", "port", type=click.IntRange(1, 65535), metavar="PORT", help="Not over stdio."
)
def server(port: int | None) -> int:
    """Serve an editor over the Language Server Protocol: findings, fixes, hovers.

    \b
    ftx server
    """
    from translator.commands_server import run_server

    return run_server(port)


@cli.command("convert-check")
@click.argument("files", nargs=-1, required=True)
def convert_check(files: tuple[str, ...]) -> int:
    """Check that files made by 'ftx convert' still say what their sources beside them say.

    Looks at FILES that begin with "Made by ftx from …", and at those that were made from FILES.
    Every difference in what is learned, or in speed and memory, is told; the exit code is then 1.

    \b
    ftx convert-check configs/run.yaml
    """
    from translator.commands_check import run_convert_check

    return run_convert_check(files)


@cli.command(short_help="Explain a code.")
@click.argument("code")
def explain(code: str) -> int:
    """Explain a code: what it finds, why that matters, and when it is fine.

    \b
    ftx explain CFG007
    ftx explain prompt-trained
    """
    from translator.commands_rules import run_explain

    return run_explain(code)


@cli.command(short_help="List what 'ftx lint' can find.")
@click.option("--format", "style", type=Names("text", "json", "markdown"), default="text")
def rules(style: str) -> int:
    """List everything that 'ftx lint' can find.

    \b
    ftx rules --format markdown
    """
    from translator.commands_rules import run_rules

    return run_rules(style)


def _reading(
    source_format: str | None, settings: tuple[tuple[str, str], ...],
    at: int | None, recipe: str | None,
) -> dict[str, Any]:  # fmt: skip
    """The keyword arguments of :func:`translator.load`."""
    return {"format": source_format, "set": dict(settings), "at": at, "recipe": recipe}


def _console(style: str, verbose: bool, quiet: bool) -> Console:
    from translator.console import Console

    return Console(as_json=style == "json", verbose=verbose, quiet=quiet)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point of the command; exits the process."""
    run_and_exit(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(arguments, prog_name="ftx", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
