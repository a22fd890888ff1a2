"""The tables of a corpus run, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from corpus_run import CORE, Attempt, Outcome

from translator.codes import BY_CODE


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def share(part: int, whole: int) -> str:
    """``17 of 20 (85.0 %)``."""
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def explained(code: str | None) -> str:
    """A code and its name."""
    return f"{code} {BY_CODE[code].title}" if code in BY_CODE else str(code)


def reading(outcomes: Sequence[Outcome]) -> str:
    """How many files are read, by the framework they look like."""
    rows = []
    for kind in ("axolotl", "torchtune", "unsloth", None):
        group = [o for o in outcomes if o.trains == kind]
        if not group:
            continue
        refusals = Counter(explained(o.code) for o in group if o.status == "refused")
        rows.append(
            (
                kind or "no training",
                len(group),
                share(sum(o.status == "read" for o in group), len(group)),
                ", ".join(f"{name} {n}" for name, n in refusals.most_common()) or "none",
                sum(o.status == "crash" for o in group),
                f"{1000 * max((o.seconds for o in group), default=0):.0f} ms",
            )
        )
    head = ("looks like", "files", "read", "refused, by reason", "crashes", "slowest")
    return markdown(head, rows)


def core_values(outcomes: Sequence[Outcome]) -> str:
    """How many of the core values of the scripts are known."""
    scripts = [o for o in outcomes if o.format == "unsloth" and o.trains]
    lost = Counter(core for o in scripts for core in o.unread_core)
    whole = len(scripts) * len(CORE)
    missing = ", ".join(f"{core} {n}" for core, n in lost.most_common()) or "none"
    return f"Core values of scripts: {share(whole - lost.total(), whole)}; unknown: {missing}."


def cross(outcomes: Sequence[Outcome]) -> str:
    """Source x target x what was written."""
    rows = []
    for source, target, attempts in by_pair(outcomes):
        reasons = Counter(explained(c) for a in attempts for c in a.codes)
        rows.append(
            (
                f"{source} → {target}",
                len(attempts),
                counted(attempts, "written"),
                counted(attempts, "allow"),
                counted(attempts, "refused"),
                counted(attempts, "crash"),
                verdicts([a for a in attempts if a.status == "written"]),
                verdicts([a for a in attempts if a.status == "allow"]),
                ", ".join(f"{name} {n}" for name, n in reasons.most_common(6)),
            )
        )
    head = ("conversion", "files", "written", "with --allow", "refused", "crash", "accepted",
            "accepted with --allow", "what stands in the way (files)")  # fmt: skip
    return markdown(head, rows)


def counted(attempts: Sequence[Attempt], status: str) -> int:
    """How many attempts ended one way."""
    return sum(a.status == status for a in attempts)


def verdicts(attempts: Sequence[Attempt]) -> str:
    """How many of the written files the target takes."""
    judged = [a for a in attempts if a.accepted is not None]
    return share(sum(a.accepted is True for a in judged), len(judged)) if judged else "not asked"


def livable(outcomes: Sequence[Outcome]) -> str:
    """The key figure: common recipes that convert without ``--allow``."""
    rows = []
    plain = [o for o in outcomes if o.is_plain_sft]
    own = {id(a) for o in plain if o.own_rows for a in o.attempts}
    together: list[Attempt] = []
    for source, target, attempts in by_pair(plain):
        known = [a for a in attempts if a.knows_model]
        together += known
        rows.append((f"{source} → {target}", len(attempts) - len(known), *shares(known, own)))
    rows.append(("all", "", *(f"**{cell}**" for cell in shares(together, own))))
    head = ("conversion", "model unknown to the target", "written without --allow, of the rest",
            "the same, where no code of the user's makes the rows")  # fmt: skip
    return markdown(head, rows)


def shares(attempts: Sequence[Attempt], own: set[int]) -> tuple[str, str]:
    """How many are written: of all, and of those whose rows are told by data."""
    told = [a for a in attempts if id(a) not in own]
    return (
        share(counted(attempts, "written"), len(attempts)),
        share(counted(told, "written"), len(told)),
    )


def obstacles(outcomes: Sequence[Outcome]) -> str:
    """What keeps common recipes from converting, the sole reason first."""
    rows = []
    for source, target, attempts in by_pair([o for o in outcomes if o.is_plain_sft]):
        known = [a for a in attempts if a.knows_model and a.status != "written"]
        alone = Counter(a.codes[0] for a in known if len(a.codes) == 1)
        any_ = Counter(code for a in known for code in a.codes)
        rows += [
            (f"{source} → {target}", explained(code), n, alone[code])
            for code, n in any_.most_common(8)
        ]
    return markdown(("conversion", "reason", "files", "as the only reason"), rows)


def by_pair(outcomes: Sequence[Outcome]) -> Iterable[tuple[str, str, list[Attempt]]]:
    """The attempts grouped by source format and target."""
    pairs: dict[tuple[str, str], list[Attempt]] = {}
    for outcome in outcomes:
        for attempt in outcome.attempts:
            pairs.setdefault((str(outcome.format), attempt.target), []).append(attempt)
    for (source, target), attempts in sorted(pairs.items()):
        yield source, target, attempts
