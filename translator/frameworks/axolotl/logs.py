"""Rows about logs and trackers."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.axolotl.lookup import Found, find, no_effect, old_spelling, refuse
from translator.frameworks.axolotl.memory import add_plugin, plugins
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.values import anything, flag, text, whole
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_BUILDER = "axolotl/core/builders/base.py"

TRACKERS = {
    "mlflow": ("use_mlflow", "mlflow_experiment_name", "mlflow_run_name", None),
    "comet": ("use_comet", "comet_project_name", None, "comet_workspace"),
    "tensorboard": ("use_tensorboard", None, None, None),
    "trackio": ("use_trackio", "trackio_project_name", "trackio_run_name", None),
    "swanlab": ("use_swanlab", "swanlab_project", "swanlab_experiment_name", "swanlab_workspace"),
}
"""Tracker -> switch, keys of project, run and team."""
_BY_PROJECT = {
    "mlflow": "axolotl/utils/mlflow_.py:19",
    "comet": "axolotl/utils/comet_.py:109",
    "trackio": "axolotl/utils/trackio_.py:16",
}
"""Trackers that a project's name switches on, whatever their switch says."""
_WANDB = ("use_wandb", "wandb_project", "wandb_name", "wandb_entity")


def _get_trackers(reader: Reader) -> None:
    """axolotl/utils/wandb_.py:17: a project name switches Weights & Biases on."""
    every = find(reader, "logging_steps", anything, None, f"{_BUILDER}:262: 0.5 % of the steps")
    steps: int | None = None
    if every.value is not None:
        try:
            steps = whole(every.value)
        except ValueError as error:
            refuse(reader, ("logging_steps",), every.node, str(error), Severity.WARNING)  # type: ignore[arg-type]
    reader.set("logging.every", steps, every.origin)
    trackers: list[str] = []
    details: dict[str, Found[str | None]] = {}
    project = find(reader, "wandb_project", text, None)
    name = find(reader, "wandb_name", text, None)
    former = find(reader, "wandb_run_name", text, None)
    if former.node is not None:
        why = "dropped by 0.19; now wandb_name"
        old_spelling(reader, ("wandb_run_name",), former.node, why)
        name = name if name.written else former
    entity = find(reader, "wandb_entity", text, None)
    use = find(reader, "use_wandb", flag, None)
    origin: Origin = reader.default("axolotl/core/builders/base.py:536: none")
    if project.value or use.value:
        trackers.append("wandb")
        origin = project.origin if project.value else use.origin
        details = {"project": project, "run_name": name, "entity": entity}
        if use.written and not use.value:
            no_effect(reader, ("use_wandb",), "wandb_project switches it on")
    else:
        for unused in ("wandb_name", "wandb_entity"):
            if reader.peek(unused):
                no_effect(reader, (unused,), "there is no wandb_project")
    for tracker, keys in TRACKERS.items():
        switch = find(reader, keys[0], flag, None)
        found = {
            field: find(reader, key_name, text, None)
            for field, key_name in zip(("project", "run_name", "entity"), keys[1:], strict=True)
            if key_name
        }
        on = switch.value
        named = tracker in _BY_PROJECT and bool(found["project"].value)
        if named and switch.written and not on:
            no_effect(reader, (keys[0],), f"{keys[1]} switches it on ({_BY_PROJECT[tracker]})")
        on = on or named
        if tracker == "swanlab" and "SwanLabPlugin" not in plugins(reader):
            on = False
            if switch.written and switch.value:
                why = "Axolotl drops it without axolotl.integrations.swanlab.SwanLabPlugin"
                no_effect(reader, (keys[0],), why)
        if on:
            trackers.append(tracker)
            if not details:
                origin = found["project"].origin if named else switch.origin
                details = dict(found)
                continue
        for field, one in found.items():
            if one.node is not None:
                why = "another tracker's comes first" if on else f"{tracker} is off"
                no_effect(reader, tuple((one.origin.key or field).split(".")), why)
    reader.set("logging.trackers", tuple(sorted(trackers)), origin)
    for field in ("project", "run_name", "entity"):
        value = details.get(field)
        reader.set(
            f"logging.{field}",
            None if value is None else value.value or None,
            reader.default("none") if value is None else value.origin,
        )


def _put_trackers(writer: Writer) -> None:
    if writer.needed("logging.every", None):
        every = writer.value("logging.every")
        if every is not None:
            writer.put("logging_steps", every, "logging.every")
    named = False
    trackers = sorted(writer.value("logging.trackers") or (), key=lambda name: name != "wandb")
    for tracker in trackers:
        if tracker in ("disk", "stdout"):
            why = "Axolotl prints its logs; nothing else is needed"
            writer.lose(Code.LOST_LOGGING, "logging.trackers", why, Severity.NOTE)
            continue
        if tracker != "wandb" and tracker not in TRACKERS:
            why = f"Axolotl does not report to {tracker}"
            writer.lose(Code.LOST_LOGGING, "logging.trackers", why, Severity.NOTE)
            continue
        keys = _WANDB if tracker == "wandb" else TRACKERS[tracker]
        writer.put(keys[0], True, "logging.trackers")
        if tracker == "swanlab":
            add_plugin(writer, "axolotl.integrations.swanlab.SwanLabPlugin")
        if named:
            continue
        named = True
        for field, key_name in zip(("project", "run_name", "entity"), keys[1:], strict=True):
            value = writer.value(f"logging.{field}")
            if value is None:
                continue
            if key_name is None:
                why = f"Axolotl has no such setting for {tracker}"
                writer.lose(Code.LOST_LOGGING, f"logging.{field}", why, Severity.NOTE)
            else:
                writer.put(key_name, value, f"logging.{field}")
    for field in ("project", "run_name", "entity"):
        if not named and writer.value(f"logging.{field}") is not None:
            why = "a name is for a tracker, and there is none"
            writer.lose(Code.LOST_LOGGING, f"logging.{field}", why, Severity.NOTE)


ROWS: tuple[Row, ...] = (
    via(
        (
            "logging.every",
            "logging.trackers",
            "logging.project",
            "logging.run_name",
            "logging.entity",
        ),
        (
            "logging_steps",
            *_WANDB,
            "wandb_run_name",
            *(name for keys in TRACKERS.values() for name in keys if name),
        ),
        _get_trackers,
        _put_trackers,
    ),
)
