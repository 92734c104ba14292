"""A malformed catalogue names file, line, field and what to do."""

from pathlib import Path

import pytest

from tuheg_ir import catalogue as package
from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.errors import CatalogueError
from tuheg_ir.project import Project

BUILT_IN = Path(package.__file__).parent
FAULTS = (BUILT_IN / "faults.yml").read_text(encoding="utf-8")
SEVERITIES = (BUILT_IN / "severities.yml").read_text(encoding="utf-8")


def load(folder: Path, *, faults: str = FAULTS, severities: str = SEVERITIES) -> None:
    (folder / "faults.yml").write_text(faults, encoding="utf-8")
    (folder / "severities.yml").write_text(severities, encoding="utf-8")
    load_catalogue(folder)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


FAULT_CASES = [
    # replaced, by, complaint, what to do
    ("  playbook: respond_memory_leak\n", "", "memory-leak lacks 'playbook'", "Add playbook."),
    (
        "  playbook: respond_memory_leak\n",
        "  playbok: respond_memory_leak\n",
        "memory-leak.playbok is not known here",
        "Known here: title, summary, handbook, playbook, alerts, user_impact, causes, signs.",
    ),
    ("[HighErrorRate]", "HighErrorRate", "high-error-rate.alerts is 'HighErrorRate'", "Write a list."),
    (
        "[HighErrorRate]",
        "[HighErrorRate, HighErrorRate]",
        "high-error-rate.alerts names 'HighErrorRate' twice",
        "Remove one.",
    ),
    ("[HighErrorRate]", "[7]", "high-error-rate.alerts[0] is 7", "Write text."),
    ("{zh: 高错误率, en: High error rate}", "高错误率", "high-error-rate.title is '高错误率'", "Write a mapping."),
    ("{zh: 高错误率, en: High error rate}", "{zh: 高错误率}", "high-error-rate.title lacks 'en'", "Add en."),
    (
        "{zh: 高错误率, en: High error rate}",
        "{zh: ' ', en: High error rate}",
        "high-error-rate.title.zh is ' '",
        "Write text that is not empty.",
    ),
    (
        "playbook: respond_memory_leak",
        "playbook: respond_memory_leak.yml",
        "memory-leak.playbook is 'respond_memory_leak.yml'",
        "Write the name in snake_case, without .yml.",
    ),
    ("memory-leak:", "Memory_Leak:", "Memory_Leak is 'Memory_Leak'", "Write the name in kebab-case."),
    ("memory-leak:", "42:", "42 has a key that is not text", "Put 42 in quotes."),
    ("memory-leak:", "service-crash:", "'service-crash' stands twice", "Remove one of them."),
]


@pytest.mark.parametrize(("old", "new", "what", "then"), FAULT_CASES)
def test_a_malformed_fault_is_named(tmp_path: Path, old: str, new: str, what: str, then: str) -> None:
    text = FAULTS.replace(old, new, 1)
    assert text != FAULTS
    with pytest.raises(CatalogueError) as caught:
        load(tmp_path, faults=text)
    assert (caught.value.what, caught.value.next) == (what, then)
    assert caught.value.which.startswith(f"{tmp_path / 'faults.yml'}, line ")


SEVERITY_CASES = [
    ("respond_minutes: 15", "respond_minutes: soon", "P0.respond_minutes is 'soon'", "Write a whole number."),
    ("respond_minutes: 15", "respond_minutes: true", "P0.respond_minutes is true", "Write a whole number."),
    ("respond_minutes: 15", "respond_minutes: 0", "P0.respond_minutes is 0", "Write 1 or more."),
    ("minutes: 10, inside: respond", "minutes: 10, inside: x", "P0.phases.assess lies inside 'x'", "Name one that is."),
    ("detect: {", "party: {", "P0.phases.party is 'party'", "Write one of: detect, respond"),
    ("count: 2", "count: 0", "P0.calls[2].count is 0", "Write 1 or more."),
    ("P0:", "P-0:", "P-0 is 'P-0'", "Write P and a digit."),
]


@pytest.mark.parametrize(("old", "new", "what", "then"), SEVERITY_CASES)
def test_a_malformed_severity_is_named(tmp_path: Path, old: str, new: str, what: str, then: str) -> None:
    text = SEVERITIES.replace(old, new, 1)
    with pytest.raises(CatalogueError) as caught:
        load(tmp_path, severities=text)
    assert caught.value.what.startswith(what)
    assert caught.value.next.startswith(then)
    assert caught.value.which.startswith(f"{tmp_path / 'severities.yml'}, line ")


def test_the_line_is_the_one_where_the_field_stands(tmp_path: Path) -> None:
    text = FAULTS.replace("alerts: [HighErrorRate]", "alerts: no")
    with pytest.raises(CatalogueError) as caught:
        load(tmp_path, faults=text)
    assert caught.value.which == f"{tmp_path / 'faults.yml'}, line {line_of(text, 'alerts: no')}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [", "A file is not valid YAML"),
        ("a: *b", "A file is not valid YAML"),
        ("a: !!python/object/apply:os.system [x]", "A file is not valid YAML"),
        ("", "the file is empty"),
        ("- a", "the file is a list"),
    ],
)
def test_a_file_that_is_no_catalogue_at_all_is_named(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        load(tmp_path, faults=text)
    assert caught.value.what.startswith(what)
    assert str(tmp_path / "faults.yml") in caught.value.which


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"faults\.yml: No such file or directory"):
        load_catalogue(tmp_path)


def test_a_playbook_that_is_not_in_the_project_is_named(tmp_path: Path) -> None:
    (tmp_path / "respond_memory_leak.yml").touch()
    project = Project(tmp_path, tmp_path, tmp_path, tmp_path, packaged=False)
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(project=project)
    line = line_of(FAULTS, "playbook: respond_database_connection")
    assert caught.value.as_dict() == {
        "what": "database-connection.playbook is 'respond_database_connection', and there is no such playbook",
        "which": f"{BUILT_IN / 'faults.yml'}, line {line}",
        "next": "Add it, or use one of: respond_memory_leak.",
    }
