"""Our chat templates write what Axolotl's of the same name write, thinking parts included.

Runs in an environment with Axolotl: ``pytest tests/oracles/test_axolotl_templates.py -m oracle``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from translator.catalog.chat_jinja import jinja
from translator.catalog.formats import ChatFormat, formats, name_in

axolotl = pytest.importorskip("axolotl", reason="needs Axolotl")
sandbox = pytest.importorskip("jinja2.sandbox")

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

THOUGHT = "{opens}\n counted twice\n\n{closes}\n\nSeven. "
FORMATS = sorted(
    (item.id for item in formats().values() if item.thinking and name_in("axolotl", item)),
)


def conversations(item: ChatFormat) -> list[list[dict[str, str]]]:
    """Conversations with thoughts in the last answer, in an earlier one, in both, in none."""
    assert item.thinking is not None
    told = THOUGHT.format(opens=item.thinking.opens, closes=item.thinking.closes)
    bare = f"{item.thinking.opens}a{item.thinking.closes}b{item.thinking.closes}\nc"
    user = {"role": "user", "content": " How many? "}
    system = {"role": "system", "content": "You count."}
    answers = [{"role": "assistant", "content": text} for text in ("Two.\n", told, bare, "\n\n")]
    answers.append({"role": "assistant", "content": "Three.", "reasoning_content": "one more"})
    short = [[user, answer] for answer in answers]
    long = [[system, user, first, user, second] for first in answers for second in answers]
    in_a_row = [[user, answers[1], answers[0]]] if item.thinking.kept == "last" else []
    return [*short, *long, *in_a_row, [user], [system, user]]


def rendered(text: str, messages: list[dict[str, str]]) -> str:
    environment = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    written = environment.from_string(text).render(
        messages=messages, bos_token="<bos>", eos_token="<eos>", add_generation_prompt=False
    )
    return str(written)


@pytest.mark.parametrize("name", FORMATS)
def test_thinking_parts_are_written_alike(name: str) -> None:
    item = formats()[name]
    called = name_in("axolotl", item)
    folder = Path(axolotl.__path__[0]) / "utils" / "chat_templates" / "templates"
    theirs = (folder / f"{called}.jinja").read_text(encoding="utf-8")
    for messages in conversations(item):
        if (
            item.thinking is not None
            and item.thinking.kept == "never"
            and any("reasoning_content" in turn for turn in messages)
        ):
            continue  # told with tool calls only
        assert rendered(jinja(item), messages) == rendered(theirs, messages), messages
