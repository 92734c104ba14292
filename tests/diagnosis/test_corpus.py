"""The corpus is valid and consistent, is what its maker makes, and is scored as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.diagnosis.casemaker.every import CASES
from tests.diagnosis.casemaker.write import files
from tests.diagnosis.corpus import HALVES, REMEDIES, ROOT, Case, InvalidCase, Score, cases, read, score, tally
from tests.diagnosis.files import parse
from tests.diagnosis.loaded import snapshot
from tests.diagnosis.mutations import read as read_files
from tests.diagnosis.over import over
from tuheg_ir.diagnosis.model import Finding

ALL = cases()
pytestmark = pytest.mark.corpus
TUNING = cases("tuning")
each_case = over(ALL, lambda case: f"{case.half}/{case.name}")


def finding(component: str, root_cause: str, remedy: str, target: str = "") -> Finding:
    return Finding(component, root_cause, remedy, target or component, 0.9, ())


def of(tmp_path: Path, **expected: Any) -> Case:
    """Return a case with these expectations."""
    folder = tmp_path / "tuning" / "a-case"
    folder.mkdir(parents=True)
    whole = {"title": "It breaks", "drawn_from": "a test"} | expected
    (folder / "expected.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    return read(folder)


ROLLBACK = {"component": "Deployment/web", "root_cause": "code_defect", "remedy": "rollback_workload"}
REPORT = {
    "component": "Deployment/report",
    "root_cause": "database_connection",
    "remedy": "scale_database",
    "target": "StatefulSet/db",
}


def test_the_tuning_half_is_large_enough() -> None:
    assert len(TUNING) >= 32


@each_case
def test_what_is_right_is_neither_tolerated_nor_forbidden(case: Case) -> None:
    right = {answer.remedy for answers in case.faults for answer in answers}
    forbidden = {harm.remedy for harm in case.forbidden if not harm.target}
    if len(case.faults) == 1:
        assert not right & forbidden
        assert not {case.expected.remedy} & case.tolerated
    assert not case.tolerated & forbidden
    assert forbidden < REMEDIES


@each_case
def test_a_case_loads_whole_as_a_snapshot(case: Case) -> None:
    made, found = snapshot(case.folder), read_files(case.folder)
    assert [source for source in made.sources if source.kind == "invalid"] == []
    assert len(made.logs) == len([path for path in found if path.startswith("logs/")])
    assert len(made.metrics) == len([path for path in found if path.startswith("metrics/") and path.endswith(".json")])
    assert len(made.alerts) >= ("alert.yaml" in found)
    assert bool(made.databases) == ("database.yaml" in found)
    assert made.of("Pod") or not any(obj["kind"] == "Pod" for obj in parse(found))


def test_no_case_is_in_both_halves() -> None:
    names = [{case.name for case in cases(half)} for half in HALVES]
    assert not names[0] & names[1]


@over(sorted(CASES), str)
def test_a_committed_case_is_what_the_maker_makes(name: str) -> None:
    committed = read_files(ROOT / "tuning" / name)
    made = files(CASES[name])
    assert sorted(committed) == sorted(made), "run: python -m tests.diagnosis.casemaker"
    assert [path for path in made if made[path] != committed[path]] == [], "run: python -m tests.diagnosis.casemaker"


def test_every_case_of_the_tuning_half_has_a_maker() -> None:
    assert {case.name for case in TUNING} == set(CASES)


def test_an_answer_is_right_with_component_cause_and_remedy(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[ROLLBACK])
    assert score(case, [finding("Deployment/web", "code_defect", "rollback_workload")]) == Score(True, False)


@pytest.mark.parametrize(
    "answer",
    [
        ("Deployment/other", "code_defect", "rollback_workload"),
        ("Deployment/web", "configuration_error", "rollback_workload"),
        ("Deployment/web", "code_defect", "restart_workload"),
        ("Deployment/web", "code_defect", "rollback_workload", "Deployment/other"),
    ],
)
def test_an_answer_with_one_part_wrong_is_wrong(tmp_path: Path, answer: tuple[str, ...]) -> None:
    case = of(tmp_path, expect=[ROLLBACK])
    assert not score(case, [finding(*answer)]).right


def test_only_the_best_finding_counts_for_one_fault(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[ROLLBACK])
    best = finding("Deployment/web", "code_defect", "rollback_workload")
    other = finding("Deployment/web", "capacity", "scale_workload")
    assert score(case, [best, other]).right
    assert not score(case, [other, best]).right
    assert not score(case, []).right


def test_an_acceptable_answer_is_as_right(tmp_path: Path) -> None:
    case = of(
        tmp_path,
        expect=[ROLLBACK],
        acceptable=[
            {"root_cause": "service_crash", "remedy": "rollback_workload"},
            {"root_cause": "configuration_error", "remedy": "page_human", "component": "ConfigMap/web"},
            {"root_cause": "dependency_failure", "remedy": "page_human", "component": "*"},
        ],
    )
    assert score(case, [finding("Deployment/web", "service_crash", "rollback_workload")]).right
    assert not score(case, [finding("Deployment/other", "service_crash", "rollback_workload")]).right
    assert score(case, [finding("ConfigMap/web", "configuration_error", "page_human")]).right
    assert not score(case, [finding("Deployment/web", "configuration_error", "page_human")]).right
    assert score(case, [finding("Node/n1", "dependency_failure", "page_human")]).right


def test_a_passive_remedy_needs_no_target(tmp_path: Path) -> None:
    expect = {"component": "Secret/x", "root_cause": "configuration_error", "remedy": "page_human"}
    case = of(tmp_path, expect=[expect])
    assert score(case, [finding("Secret/x", "configuration_error", "page_human", "Deployment/web")]).right


def test_an_acting_remedy_needs_the_expected_target(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[REPORT])
    assert score(case, [finding("Deployment/report", "database_connection", "scale_database", "StatefulSet/db")]).right
    assert not score(case, [finding("Deployment/report", "database_connection", "scale_database")]).right


def test_several_faults_need_a_finding_each_in_any_order(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[ROLLBACK, REPORT])
    first = finding("Deployment/web", "code_defect", "rollback_workload")
    second = finding("Deployment/report", "database_connection", "scale_database", "StatefulSet/db")
    assert score(case, [first, second]).right
    assert score(case, [second, first]).right
    assert not score(case, [first]).right
    assert not score(case, [first, first]).right
    assert not score(case, [first, finding("Deployment/x", "capacity", "scale_workload"), second]).right


def test_several_faults_keep_what_is_acceptable_apart(tmp_path: Path) -> None:
    crash = {"root_cause": "service_crash", "remedy": "rollback_workload"}
    case = of(tmp_path, expect=[ROLLBACK, REPORT], acceptable=[crash])
    first = finding("Deployment/web", "code_defect", "rollback_workload")
    assert not score(case, [first, finding("Deployment/web", "service_crash", "rollback_workload")]).right


@pytest.mark.parametrize(("cause", "remedy"), [("no_fault", "no_action"), ("unknown", "page_human")])
def test_nothing_wrong_or_nothing_known_is_said_alone(tmp_path: Path, cause: str, remedy: str) -> None:
    case = of(tmp_path, expect=[{"root_cause": cause, "remedy": remedy}])
    alone = finding("Namespace/x", cause, remedy)
    assert score(case, [alone]).right
    assert not score(case, [alone, finding("Deployment/web", "capacity", "scale_workload")]).right


def test_a_forbidden_remedy_is_seen_wherever_it_stands(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[ROLLBACK], forbidden=["restart_workload"])
    best = finding("Deployment/web", "code_defect", "rollback_workload")
    harm = finding("Deployment/web", "unknown", "restart_workload")
    assert score(case, [best]) == Score(True, False)
    assert score(case, [best, harm]) == Score(True, True)
    assert score(case, [harm]) == Score(False, True)


def test_a_remedy_may_be_forbidden_for_one_target_only(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[ROLLBACK], forbidden=[{"remedy": "restart_workload", "target": "Deployment/web"}])
    assert score(case, [finding("Deployment/web", "unknown", "restart_workload")]).forbidden
    assert not score(case, [finding("Deployment/redis", "unknown", "restart_workload")]).forbidden


def test_what_is_right_for_one_fault_is_not_held_against_it(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[ROLLBACK, REPORT], forbidden=[{"remedy": "scale_database", "target": "StatefulSet/x"}])
    second = finding("Deployment/report", "database_connection", "scale_database", "StatefulSet/db")
    assert not score(case, [second]).forbidden


def test_a_tally_names_what_is_wrong_and_what_harms(tmp_path: Path) -> None:
    case = of(tmp_path, expect=[ROLLBACK], forbidden=["restart_workload"])
    right = finding("Deployment/web", "code_defect", "rollback_workload")
    harm = finding("Deployment/web", "unknown", "restart_workload")
    told = tally([(case, [right]), (case, [harm])])
    assert (told.total, told.wrong, told.harmful, told.share) == (2, ("a-case",), ("a-case",), 0.5)


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({}, "expect is empty"),
        ({"expect": [ROLLBACK | {"remedy": "reboot"}]}, "remedy 'reboot'"),
        ({"expect": [ROLLBACK | {"root_cause": "gremlins"}]}, "root_cause 'gremlins'"),
        ({"expect": [ROLLBACK], "forbidden": ["rollback_workload"]}, "expected and forbidden"),
        ({"expect": [ROLLBACK], "tolerated": ["reboot"]}, "remedy 'reboot'"),
        ({"expect": [ROLLBACK], "severity": "P1"}, "unknown: severity"),
        ({"expect": "rollback"}, "expect has to be a list"),
        ({"expect": [ROLLBACK], "title": ""}, "title is missing"),
        (
            {"expect": [ROLLBACK, REPORT], "acceptable": [{"root_cause": "capacity", "remedy": "page_human"}]},
            "say with `for`",
        ),
    ],
)
def test_a_case_that_says_nothing_usable_is_refused_with_its_file(
    tmp_path: Path, expected: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidCase, match=r"expected\.yaml: .*" + told.replace("`", "`")):
        of(tmp_path, **expected)


def test_a_half_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidCase, match="no such half: training"):
        cases("training")
