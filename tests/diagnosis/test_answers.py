"""What the decider answers to the corpus: right, harmless, stable under mutation, humble without evidence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.diagnosis.calibration import STEPS, is_right
from tests.diagnosis.corpus import Case, cases, parted, read, score, tally, told
from tests.diagnosis.files import Files, Skipped
from tests.diagnosis.grafting import grafts, rolled_back
from tests.diagnosis.loaded import findings as answer
from tests.diagnosis.loaded import snapshot
from tests.diagnosis.mutations import MUTATIONS, all_at_once, write
from tests.diagnosis.mutations import read as read_files
from tests.diagnosis.pairing import pairs, told_of
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding
from tuheg_ir.diagnosis.snapshot import load

pytestmark = pytest.mark.corpus

LEAST_RIGHT = {"tuning": 0.95, "validation": 0.8}
"""Share of cases whose findings name component, cause and remedy. The goal for both is 0.9: raise what is reached."""
LEAST_DECIDED = {"tuning": 0.95, "validation": 0.9}
"""Share of cases whose first finding has the right cause and remedy together, wherever it places them."""
SURE = 0.6
"""So sure an answer must not be wrong."""
OPEN = frozenset(
    {
        # the release had served well until its new fields reached the limit of an index: a person's
        "each-experiment-is-a-field-of-its-own",
        "entries-of-one-age-end-together-every-ten-minutes",
        "newest-replica-began-while-the-tariffs-were-away",
    }
)
"""Cases to which no rule knows the answer yet; a rule that does takes its case out of here."""
MOST_MISLED = 0.1
"""The largest share of innocent releases, grafted beside a fault, that are advised to be taken back."""
LEAST_OF_TWO = 0.85
"""Share of faults that are told right where two come at once: beside what is sure no guess is told."""
ALL_TUNING = cases("tuning")
TUNING = tuple(case for case in ALL_TUNING if case.name not in OPEN)
MUTATED = [(case, name) for case in TUNING for name in MUTATIONS]
SOME = [pair for number, pair in enumerate(MUTATED) if number % (8 * len(MUTATIONS) + 1) == 0]
"""Every mutation by itself, on a few cases: so it is seen which of them is not borne."""
FEW = TUNING[::5]
GRAFTED = TUNING[::4]
"""Cases beside whose fault an innocent release stands."""


def name_of(value: object) -> str:
    return value.name if isinstance(value, Case) else str(value)


@pytest.mark.parametrize("case", TUNING, ids=name_of)
def test_every_case_that_rules_are_tuned_on_is_answered_right(case: Case) -> None:
    judged = score(case, answer(case.folder))
    assert judged.right, told(answer(case.folder))
    assert not judged.forbidden, told(answer(case.folder))


@pytest.mark.parametrize("half", ["tuning", "validation"])
def test_most_cases_are_answered_right_and_none_harmfully(half: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = cases(half)
    if not found:
        pytest.skip(f"there are no {half} cases in this checkout")
    result = tally((case, answer(case.folder)) for case in found)
    decided = sum(_decided(case, answer(case.folder)[0]) for case in found) / len(found)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{half}: of {result.total} cases {decided:.0%} with the right cause and remedy, {result.share:.0%} "
            f"with the component too, {len(result.harmful)} harmful answers\n"
        )
    assert not result.harmful
    # Which ones are wrong is not told: nobody shall tune rules on the validation half.
    assert result.share >= LEAST_RIGHT[half]
    assert decided >= LEAST_DECIDED[half]


def test_the_open_cases_are_open_and_nothing_harmful_is_said_of_them() -> None:
    found = {case.name: answer(case.folder) for case in ALL_TUNING if case.name in OPEN}
    judged = {case.name: score(case, found[case.name]) for case in ALL_TUNING if case.name in OPEN}
    assert set(found) == OPEN
    assert [name for name, each in judged.items() if each.right] == [], "it is known now: take it out of OPEN"
    assert [name for name, each in judged.items() if each.forbidden] == []


def _decided(case: Case, first: Finding) -> bool:
    right = {(each.root_cause, each.remedy) for answers in case.faults for each in answers}
    return (first.root_cause, first.remedy) in right


@pytest.mark.parametrize("case", FEW, ids=name_of)
def test_with_less_evidence_an_answer_is_less_sure_and_never_surely_wrong(case: Case) -> None:
    _less_sure(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", parted([case for case in TUNING if case not in FEW], TUNING[::2]))
def test_with_less_evidence_every_answer_is_less_sure_and_never_surely_wrong(case: Case) -> None:
    _less_sure(case)


def _less_sure(case: Case) -> None:
    before = answer(case.folder)[0].confidence
    for gone in STEPS:
        found = answer(case.folder, *gone)
        assert found[0].confidence <= before, f"surer without {gone}: {told(found)}"
        assert found[0].confidence < SURE or is_right(case, found[0]), f"surely wrong without {gone}: {told(found)}"
        before = found[0].confidence


def _stable(case: Case, made: Files, tmp_path: Path) -> None:
    folder = write(made, tmp_path / "tuning" / "mutated")
    found = decide(load(folder)).findings
    judged = score(read(folder), found)
    assert judged.right, told(found)
    assert not judged.forbidden, told(found)
    # Of two faults that are as likely, either may stand first; `right` holds the first of one fault.
    assert sorted(_said(found)) == sorted(_said(answer(case.folder)))


def _said(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(f.root_cause, f.remedy) for f in findings]


@pytest.mark.parametrize(("case", "mutation"), SOME, ids=name_of)
def test_a_mutated_case_is_answered_the_same(case: Case, mutation: str, tmp_path: Path) -> None:
    made = MUTATIONS[mutation](read_files(case.folder))
    if isinstance(made, Skipped):
        pytest.skip(f"{mutation}: {made.reason}")
    _stable(case, made, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", parted(TUNING, TUNING[::6]))
def test_a_case_with_every_mutation_at_once_is_answered_the_same(case: Case, tmp_path: Path) -> None:
    _stable(case, all_at_once(read_files(case.folder)), tmp_path)


@pytest.mark.slow
def test_a_neighbour_whose_release_only_stood_near_is_seldom_rolled_back() -> None:
    asked, misled = 0, []
    for number, case in enumerate(GRAFTED):
        for graft in grafts(case, snapshot(case.folder), (2, 6)[number % 2], switch=True):
            asked += 1
            if rolled_back(graft):
                misled.append(f"{graft.name}: {graft.released}")
    assert asked >= len(GRAFTED) / 5
    assert len(misled) <= MOST_MISLED * asked, misled


@pytest.mark.slow
def test_of_two_faults_at_once_most_are_told_and_nothing_harmful_is_said(tmp_path: Path) -> None:
    made = [told_of(one, other, tmp_path / one.name) for one, other in pairs(TUNING, 8, 37)]
    told_both = [each for each in made if each is not None]
    assert len(told_both) >= len(TUNING) / 16
    assert [each for each in told_both if each.harmed or not each.right] == []
    assert sum(each.right for each in told_both) >= LEAST_OF_TWO * 2 * len(told_both)
