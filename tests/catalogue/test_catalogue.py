"""The built-in catalogue says what the handbook says."""

import re
from pathlib import Path

import pytest
import yaml

from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.errors import UsageError
from tuheg_ir.project import find_project

ROOT = Path(__file__).resolve().parents[2]
HANDBOOK = (ROOT / "docs" / "handbook.zh-CN.md").read_text(encoding="utf-8")
CATALOGUE = load_catalogue()


def section(heading: str) -> str:
    """Return the text below a heading of the handbook, up to the next one of its level or above."""
    level = re.search(rf"^(#+) .*{re.escape(heading)}.*$", HANDBOOK, re.MULTILINE)
    assert level is not None, heading
    rest = HANDBOOK[level.end() :]
    end = re.search(rf"^#{{1,{len(level[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def test_it_holds_the_handbooks_faults() -> None:
    assert list(CATALOGUE.faults) == [
        "database-connection",
        "response-timeout",
        "high-error-rate",
        "memory-leak",
        "service-crash",
    ]


@pytest.mark.parametrize("fault", CATALOGUE.faults.values(), ids=lambda fault: fault.name)
def test_every_fault_points_to_a_heading_of_the_handbook_and_to_a_playbook(fault: object) -> None:
    assert section(fault.handbook).strip()  # type: ignore[attr-defined]
    find_project(ROOT).playbook(fault.playbook)  # type: ignore[attr-defined]


def test_every_fault_that_the_handbook_treats_is_there() -> None:
    treated = re.findall(r"^### (.+)$", section("常见故障处理"), re.MULTILINE)
    assert set(treated) <= {fault.handbook for fault in CATALOGUE.faults.values()}


def test_all_playbooks_of_the_catalogue_exist() -> None:
    load_catalogue(project=find_project(ROOT))


def test_alerts_are_those_of_the_lab() -> None:
    rules = yaml.safe_load((ROOT / "lab" / "platform" / "rules.yml").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for rule in rules["groups"][0]["rules"]:
        found.setdefault(rule["labels"]["fault"], []).append(rule["alert"])
    assert {name: sorted(fault.alerts) for name, fault in CATALOGUE.faults.items()} == {
        name: sorted(alerts) for name, alerts in found.items()
    }


@pytest.mark.parametrize(("name", "heading"), [("P0", "P0 - 紧急"), ("P1", "P1 - 重要"), ("P2", "P2 - 一般")])
def test_criteria_scope_and_response_time_are_the_handbooks(name: str, heading: str) -> None:
    severity = CATALOGUE.severity(name)
    text = section(heading)
    assert [criterion.text.zh for criterion in severity.criteria] == re.findall(r"^- (.+)$", text, re.MULTILINE)
    assert f"**影响范围**: {severity.scope.zh}" in text
    limit = re.search(r"\*\*响应时间\*\*: < (\d+)(分钟|小时)", text)
    assert limit is not None
    assert severity.respond_minutes == int(limit[1]) * (60 if limit[2] == "小时" else 1)


@pytest.mark.parametrize(("name", "heading"), [("P0", "P0 紧急事件处理"), ("P1", "P1 重要事件处理")])
def test_phases_have_the_handbooks_titles_and_limits(name: str, heading: str) -> None:
    told = {
        title.strip(): int(number) * (60 if unit == "小时" else 1)
        for title, number, unit in re.findall(r"(\w+?)\s*\(< (\d+)(分钟|小时)\)", section(heading))
    }
    phases = {phase.title.zh: phase.minutes for phase in CATALOGUE.severity(name).phases.values()}
    assert told.items() <= phases.items()


def test_the_first_response_to_p1_is_due_within_an_hour_and_assessing_is_a_part_of_it() -> None:
    phases = CATALOGUE.severity("P1").phases
    assert (phases["respond"].minutes, phases["assess"].inside) == (60, "respond")


def test_p0_calls_the_whole_team_of_the_handbook() -> None:
    team = re.search(r"启动应急响应小组\*\*\s*```\n(.*?)```", HANDBOOK, re.DOTALL)
    assert team is not None
    told: dict[str, set[tuple[str, int]]] = {}
    for line in team[1].strip().splitlines():
        role, people = line.strip().split(": ")
        for person in people.split("、"):
            name, _, count = person.partition(" x ")
            told.setdefault(role, set()).add((name, int(count or 1)))
    ours: dict[str, set[tuple[str, int]]] = {}
    for call in CATALOGUE.severity("P0").calls:
        ours.setdefault(call.role.zh, set()).add((call.who.zh, call.count))
    assert ours == told


@pytest.mark.parametrize(("name", "role"), [("P1", "技术负责人"), ("P2", "值班工程师")])
def test_p1_calls_the_technical_lead_and_p2_the_engineer_on_call(name: str, role: str) -> None:
    assert f"{role}响应" in HANDBOOK
    assert [call.role.zh for call in CATALOGUE.severity(name).calls] == [role]


def test_p0_is_updated_as_often_as_the_handbooks_template_says() -> None:
    assert f"后续更新将在{CATALOGUE.severity('P0').update_minutes}分钟后发出" in HANDBOOK


def test_texts_are_found_by_language() -> None:
    title = CATALOGUE.fault("memory-leak").title
    assert (title["zh"], title["en"]) == (title.zh, title.en) == ("内存泄露", "Memory leak")
    with pytest.raises(KeyError):
        title["fr"]


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Faults: database-connection, response-timeout"):
        CATALOGUE.fault("bad-luck")
    with pytest.raises(UsageError, match=r"Severities: P0, P1, P2\."):
        CATALOGUE.severity("P9")
