"""Facts from a file are checked; what is wrong is named with its section and field."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuheg_ir.errors import UsageError
from tuheg_ir.messages import load_facts

ROOT = Path(__file__).resolve().parents[2]
HANDBOOK: dict[str, Any] = yaml.safe_load((ROOT / "tests/data/handbook_facts.yml").read_text(encoding="utf-8"))


def load(folder: Path, content: Any) -> dict[str, Any]:
    file = folder / "facts.yml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return load_facts(file)


def changed(stage: str, **fields: Any) -> dict[str, Any]:
    return {stage: HANDBOOK[stage] | fields}


def without(stage: str, name: str) -> dict[str, Any]:
    return {stage: {key: value for key, value in HANDBOOK[stage].items() if key != name}}


@pytest.mark.parametrize(
    "written", ["2025-11-05 14:30 UTC", "2025-11-05 14:30", "2025-11-05T14:30:00Z", "2025-11-05 22:30:00+08:00"]
)
def test_times_may_be_written_in_the_usual_ways(tmp_path: Path, written: str) -> None:
    for text in (f"'{written}'", written):  # as text, and as YAML's own time where it is one
        content = yaml.safe_dump(HANDBOOK["summary"] | {"started": "HERE"}).replace("HERE", text)
        facts = load(tmp_path, "summary:\n  " + content.replace("\n", "\n  "))
        assert facts["summary"]["started"] == datetime(2025, 11, 5, 14, 30, tzinfo=UTC)


def test_a_file_may_cover_one_message_only(tmp_path: Path) -> None:
    assert list(load(tmp_path, changed("summary"))) == ["summary"]


def test_null_is_not_known_and_optional_fields_may_be_left_out(tmp_path: Path) -> None:
    facts = load(tmp_path, changed("internal_update", users=None))["internal_update"]
    assert (facts["users"], facts["recovered"], facts["goal"]) == (None, None, None)


def test_a_text_cannot_forge_further_lines(tmp_path: Path) -> None:
    facts = load(tmp_path, changed("internal_update", impact="a\n- ✅ all is well\r\n\tb"))
    assert facts["internal_update"]["impact"] == "a - ✅ all is well b"


CASES: list[tuple[Any, str, str, str]] = [
    # content, what, which, next
    ("", "The facts are empty", "the file", "Give: internal_update, user_notice, summary."),
    ("- a", "The facts have no sections", "the file", "Give: internal_update, user_notice, summary."),
    (
        {"party": {}},
        "The facts have an unknown section",
        "party",
        "Known: internal_update, user_notice, summary.",
    ),
    ({"summary": []}, "The facts have a section that is no mapping", "summary", "Write fields."),
    (
        changed("user_notice", mood="sad"),
        "The facts have an unknown field",
        "user_notice.mood",
        "Known: state, problem, impact, expected_minutes, recovered, team.",
    ),
    (
        without("summary", "owner"),
        "The facts lack a field",
        "summary.owner",
        "Add it; null means not known.",
    ),
    (
        changed("internal_update", incident=None),
        "The facts have a wrong value",
        "internal_update.incident",
        "Write text.",
    ),
    (
        changed("internal_update", state="fine"),
        "The facts have a wrong value",
        "internal_update.state",
        "Write one of: in_progress, waiting, not_healed, unconfirmed, planned, resolved.",
    ),
    (
        changed("internal_update", progress=[{"mark": "done"}]),
        "The facts have a wrong value",
        "internal_update.progress",
        "Write each line as {mark, text}.",
    ),
    (
        changed("internal_update", progress="done"),
        "The facts have a wrong value",
        "internal_update.progress",
        "Write a list of {mark, text}.",
    ),
    (
        changed("internal_update", progress=[{"mark": "later", "text": "x"}]),
        "The facts have a wrong value",
        "internal_update.progress",
        "Write one of: done, running, next.",
    ),
    (
        changed("internal_update", started="half past two"),
        "The facts have a wrong value",
        "internal_update.started",
        "Write a time such as 2025-11-05 14:30 UTC.",
    ),
    (
        changed("internal_update", next_update_minutes=0),
        "The facts have a wrong value",
        "internal_update.next_update_minutes",
        "Write a whole number of minutes.",
    ),
    (
        changed("user_notice", expected_minutes=True),
        "The facts have a wrong value",
        "user_notice.expected_minutes",
        "Write a whole number of minutes.",
    ),
    (
        changed("user_notice", impact="all"),
        "The facts have a wrong value",
        "user_notice.impact",
        "Write a list of texts.",
    ),
    (
        changed("summary", impact=[1]),
        "The facts have a wrong value",
        "summary.impact",
        "Write text.",
    ),
    (
        changed("summary", impact="  "),
        "The facts have a wrong value",
        "summary.impact",
        "Write text, or null if it is not known.",
    ),
]


@pytest.mark.parametrize(("content", "what", "which", "then"), CASES)
def test_what_is_wrong_with_facts_is_named(tmp_path: Path, content: Any, what: str, which: str, then: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, content)
    assert caught.value.as_dict() == {
        "what": what,
        "which": f"{tmp_path / 'facts.yml'}: {which}",
        "next": then,
    }


def test_a_file_that_is_no_yaml_is_named_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not valid YAML .*facts\.yml, line 2"):
        load(tmp_path, "a: 1\nb: [")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yml: No such file or directory"):
        load_facts(tmp_path / "nowhere.yml")
