"""Rows to train on, written for this test: unequal lengths, with and without an input, one and
several turns, so that no two rows are masked alike."""

from __future__ import annotations

import json
from pathlib import Path

_THINGS = ("kettle", "lantern", "compass", "ladder", "violin", "anchor", "barrel", "mirror")
_PLACES = ("harbour", "attic", "orchard", "station", "workshop")
_DETAILS = (
    "It is old.",
    "It was repaired twice last winter.",
    "Nobody remembers who brought it, but everyone has an opinion about it.",
    "Keep it dry.",
    "The handle came off; the new one is brass, and a little too large for the screw.",
)
_RESPONSES = (
    "Yes.",
    "Clean it first, then look again.",
    "It belongs in the {place}, next to the window, where there is light until six.",
    "A {thing} needs little: a dry shelf, a soft cloth and somebody who uses it now and then.",
    "No, and the reason is simple: 3 of the 12 parts are missing.",
)


def alpaca_rows(count: int) -> list[dict[str, str]]:
    """Rows with the columns instruction, input and output; every third has no input."""
    rows = []
    for i in range(count):
        thing, place = _THINGS[i % 8], _PLACES[i % 5]
        rows.append(
            {
                "instruction": f"What should be done with the {thing} from the {place}?",
                "input": "" if i % 3 == 0 else " ".join(_DETAILS[k] for k in range(i % 5 + 1)),
                "output": _RESPONSES[(i * 7 + i // 5) % 5].format(thing=thing, place=place),
            }
        )
    return rows


def chat_rows(count: int) -> list[dict[str, list[dict[str, str]]]]:
    """Conversations of one to three exchanges; every fourth opens with a system turn."""
    rows = []
    for i in range(count):
        thing, place = _THINGS[i % 8], _PLACES[i % 5]
        turns = []
        if i % 4 == 0:
            turns.append({"role": "system", "content": f"You look after the {place}."})
        for k in range(i % 3 + 1):
            question = f"Is the {thing} fit for use? {_DETAILS[(i + k) % 5]}"
            turns.append({"role": "user", "content": question})
            answer = _RESPONSES[(i + 2 * k) % 5].format(thing=thing, place=place)
            turns.append({"role": "assistant", "content": answer})
        rows.append({"messages": turns})
    return rows


def sharegpt_rows(count: int) -> list[dict[str, list[dict[str, str]]]]:
    """The conversations of :func:`chat_rows` in ShareGPT's spelling."""
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    return [
        {
            "conversations": [
                {"from": names[turn["role"]], "value": turn["content"]} for turn in row["messages"]
            ]
        }
        for row in chat_rows(count)
    ]


def preference_rows(count: int) -> list[dict[str, list[dict[str, str]]]]:
    """A question with a better and a worse answer, each with the question as its first turn."""
    rows = []
    for i in range(count):
        thing, place = _THINGS[i % 8], _PLACES[i % 5]
        asked = {"role": "user", "content": f"Where does the {thing} go? {_DETAILS[i % 5]}"}
        texts = [_RESPONSES[k % 5].format(thing=thing, place=place) for k in (i, i + 2)]
        chosen, rejected = ({"role": "assistant", "content": text} for text in texts)
        rows.append({"chosen": [asked, chosen], "rejected": [asked, rejected]})
    return rows


def text_rows(count: int) -> list[dict[str, str]]:
    """Plain text of one to four sentences; every third row ends in a line break."""
    rows = []
    for i in range(count):
        parts = [f"The {_THINGS[i % 8]} stood in the {_PLACES[i % 5]}."]
        parts += [_DETAILS[(i + k) % 5] for k in range(i % 4)]
        rows.append({"text": " ".join(parts) + ("\n" if i % 3 == 2 else "")})
    return rows


def sentences() -> list[str]:
    """Text for training a tokenizer, chat roles included."""
    texts = ["system\nuser\nassistant\n"]
    for row in alpaca_rows(40):
        texts += list(row.values())
    texts.append("Below is an instruction that describes a task, paired with an input.")
    texts.append("### Instruction:\n### Input:\n### Response:\n")
    return texts


def write_rows(folder: Path, count: int = 40) -> None:
    """Write ``alpaca.json``, ``chat.json``, ``sharegpt.json``, ``pairs.json``, ``text.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in {
        "alpaca": alpaca_rows(count),
        "chat": chat_rows(count),
        "sharegpt": sharegpt_rows(count),
        "pairs": preference_rows(count),
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    lines = "".join(f"{json.dumps(row)}\n" for row in text_rows(count))
    (folder / "text.jsonl").write_text(lines, encoding="utf-8")
