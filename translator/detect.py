"""Which format a file has, from its content."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import NotAConfigError, bad_option
from translator.frameworks import FORMATS, framework
from translator.nearest import nearest
from translator.source import Source

_SEARCH_ORDER = ("ir", "torchtune", "axolotl", "unsloth")
"""Most telling first: an IR file and a torchtune component cannot be taken for anything else."""

_LOOKED_FOR = (
    "base_model beside datasets or lora_r (axolotl), _component_ (torchtune), "
    "from_pretrained and a trainer (unsloth), an ftx IR (ir)"
)


def detect(source: Source) -> str:
    """The name of the format.

    Raises:
        NotAConfigError: it is none of those that ftx reads.
    """
    # Documentation quotes configurations; it is none.
    candidates: tuple[str, ...] = () if source.path.endswith((".md", ".rst")) else _SEARCH_ORDER
    if source.path.endswith((".py", ".ipynb")):
        candidates = ("unsloth",)
    for name in candidates:
        if framework(name).recognise(source):
            return name
    raise NotAConfigError(not_a_config(source, f"looked for {_LOOKED_FOR}"))


def not_a_config(source: Source, why: str) -> Diagnostic:
    """What is told of a file of no format."""
    empty = not source.text.strip()
    message = "is empty" if empty else f"is no configuration that ftx knows; {why}"
    return Diagnostic(
        code=Code.NOT_A_CONFIG.code,
        severity=Severity.ERROR,
        message=f"{source.path} {message}",
        file=source.path,
        help=None if empty else "--from FORMAT reads it as one all the same",
    )


def check_format(name: str) -> str:
    """The name itself.

    Raises:
        FtxError: no such format.
    """
    if name in FORMATS:
        return name
    close = nearest(name.lower(), FORMATS, 0.5)
    raise bad_option(
        f"{name!r} is no format; there are {', '.join(FORMATS)}",
        help=f"did you mean {close}?" if close else None,
    )
