"""A converted file trains the same: real Axolotl, torchtune and TRL on tiny models, ten steps.

Each file of ``fixtures/equivalence`` is trained as it is and as converted to the two other
formats. Token ids, masks, supervised tokens and learning rates of every step, trainable parameters
and losses must be equal, or ftx must have said what differs. See ``docs/equivalence.md``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "equivalence"))

from cases import ALL, CASES, CASES_FOLDER, Case
from comparing import differences
from training import RUNNERS, Run, make_models, python_of, train, written

pytestmark = pytest.mark.oracle

PAIRS = [pytest.param(c, t, id=f"{c.name}-{t}") for c in CASES for t in c.targets]
Runs = dict[str, dict[str, Run]]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Every case, trained in every format."""
    if any(python_of(format) is None for format in RUNNERS):
        pytest.skip("no environments to train in: run make oracles")
    folder = tmp_path_factory.mktemp("equivalence")
    make_models(folder)
    found = {case.name: written(case, folder) for case in CASES}
    train([run for case in found.values() for run in case.values()], folder)
    return found


def test_every_file_is_a_case() -> None:
    assert sorted(p.stem for p in CASES_FOLDER.iterdir()) == sorted(c.name for c in ALL)


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_trains_the_same(case: Case, target: str, runs: Runs) -> None:
    own = runs[case.name][case.source].trajectory()
    other = runs[case.name][target].trajectory()
    assert len(own.steps) >= 10
    assert all(step.targets > 0 for step in own.steps)
    assert differences(own, other) == set(case.differs.get(target, {}))


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_what_differs_has_been_said(case: Case, target: str, runs: Runs) -> None:
    conversion = runs[case.name][target].conversion
    assert conversion is not None
    assert conversion.refused == ()
    said = {d.field for d in conversion.diagnostics if d.field is not None}
    unsaid = {
        aspect: field
        for aspect, field in case.differs.get(target, {}).items()
        if not any(name.startswith(field) for name in said)
    }
    assert unsaid == {}
