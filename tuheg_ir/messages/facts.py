"""The facts of messages: their schema, and how to read them from a file.

Facts are a mapping with one section for each stage::

    internal_update:
      incident: INC-20251105-001
      state: in_progress          # see STATES
      impact: ...                 # text
      users: ~10%                 # text
      started: 2025-11-05 14:30 UTC
      expected_recovery: 2025-11-05 15:30 UTC
      recovered: null             # optional: when the service was well again
      goal: null                  # optional: until when the fix should be in
      progress:
        - {mark: done, text: ...} # mark: done | running | next
      next_update_minutes: 15
    user_notice:
      state: in_progress
      problem: ...                # what was detected, in words for users
      impact: [...]               # one line each
      expected_minutes: 15
      recovered: null             # optional
      team: ...                   # who signs
    summary:
      started: 2025-11-05 14:30 UTC
      ended: 2025-11-05 15:00 UTC
      impact: ...
      users: ...
      root_cause: ...
      fixes: [...]                # [] means that nothing was changed
      prevention: [...]
      owner: ...

``null`` means not known, and the message says so. Only ``incident``, ``state`` and ``progress``
cannot be null. A section that is not needed may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tuheg_ir.errors import UsageError

STAGES = ("internal_update", "user_notice", "summary")
LANGUAGES = ("zh", "en")
STATES = ("in_progress", "waiting", "not_healed", "unconfirmed", "planned", "resolved")
MARKS = ("done", "running", "next")


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: how its value is read, and whether it may be unknown or left out."""

    read: Callable[[Any], Any]
    known: bool = False
    optional: bool = False


def check_language(lang: str) -> None:
    """Raise UsageError unless there are messages in ``lang``."""
    if lang not in LANGUAGES:
        raise UsageError("There are no messages in this language", lang, f"Languages: {', '.join(LANGUAGES)}.")


def check_stage(stage: str) -> None:
    """Raise UsageError unless there is a message for ``stage``."""
    if stage not in STAGES:
        raise UsageError("There is no such message", stage, f"Messages: {', '.join(STAGES)}.")


def load_facts(file: Path) -> dict[str, dict[str, Any]]:
    """Read facts from a YAML file and check all of them. Raises UsageError naming the field."""
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError("The facts cannot be read", f"{file}: {reason}", "Check it.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else str(file)
        reason = getattr(error, "problem", None) or error
        raise UsageError(f"The facts are not valid YAML ({reason})", where, "Mend it.") from error
    try:
        return _read_all(content)
    except _WrongError as error:
        raise UsageError(error.what, f"{file}: {error.field}", error.then) from error


def read_section(stage: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked facts of one stage, with optional fields filled in as unknown."""
    check_stage(stage)
    if stage not in facts:
        raise UsageError("The facts do not cover this message", stage, f"Add a section {stage}.")
    try:
        return _read_section(stage, facts[stage])
    except _WrongError as error:
        raise UsageError(error.what, error.field, error.then) from error


class _WrongError(Exception):
    """What is wrong with a field; the caller knows the file."""

    def __init__(self, field: str, what: str, then: str) -> None:
        super().__init__(field, what, then)
        self.field, self.what, self.then = field, what, then


def _read_all(content: Any) -> dict[str, dict[str, Any]]:
    if not content:
        raise _WrongError("the file", "The facts are empty", f"Give: {', '.join(STAGES)}.")
    if not isinstance(content, Mapping):
        raise _WrongError("the file", "The facts have no sections", f"Give: {', '.join(STAGES)}.")
    for stage in content:
        if stage not in STAGES:
            raise _WrongError(str(stage), "The facts have an unknown section", f"Known: {', '.join(STAGES)}.")
    return {stage: _read_section(stage, section) for stage, section in content.items()}


def _read_section(stage: str, section: Any) -> dict[str, Any]:
    fields = _SCHEMA[stage]
    if not isinstance(section, Mapping):
        raise _WrongError(stage, "The facts have a section that is no mapping", "Write fields.")
    for name in section:
        if name not in fields:
            raise _WrongError(f"{stage}.{name}", "The facts have an unknown field", f"Known: {', '.join(fields)}.")
    return {name: _read_field(f"{stage}.{name}", section, name, fields[name]) for name in fields}


def _read_field(where: str, section: Mapping[str, Any], name: str, field: _Field) -> Any:
    if name not in section and not field.optional:
        raise _WrongError(where, "The facts lack a field", "Add it; null means not known.")
    value = section.get(name)
    if value is None and not field.known:
        return None
    try:
        return field.read(value)
    except ValueError as error:
        raise _WrongError(where, "The facts have a wrong value", f"{error}.") from error


def _text(value: Any) -> str:
    """Return a text on one line: a line break would let a fact forge lines of the message."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("Write text")
    text = " ".join(str(value).split())
    if not text:
        raise ValueError("Write text, or null if it is not known")
    return text


def _lines(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("Write a list of texts")
    return [_text(item) for item in value]


def _minutes(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("Write a whole number of minutes")
    return value


def _time(value: Any) -> datetime:
    """Read a time: what YAML took for one, ISO 8601, or as messages write it. UTC if not said."""
    at = value
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(re.sub(r"\s*UTC$", "+00:00", value.strip()))
        except ValueError:
            at = None
    if not isinstance(at, datetime):
        raise ValueError("Write a time such as 2025-11-05 14:30 UTC")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _choice(allowed: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"Write one of: {', '.join(allowed)}")
        return str(value)

    return read


def _progress(value: Any) -> list[dict[str, str]]:
    mark = _choice(MARKS)
    if not isinstance(value, list):
        raise ValueError("Write a list of {mark, text}")
    for item in value:
        if not isinstance(item, Mapping) or set(item) != {"mark", "text"}:
            raise ValueError("Write each line as {mark, text}")
    return [{"mark": mark(item["mark"]), "text": _text(item["text"])} for item in value]


_SCHEMA: dict[str, dict[str, _Field]] = {
    "internal_update": {
        "incident": _Field(_text, known=True),
        "state": _Field(_choice(STATES), known=True),
        "impact": _Field(_text),
        "users": _Field(_text),
        "started": _Field(_time),
        "expected_recovery": _Field(_time),
        "recovered": _Field(_time, optional=True),
        "goal": _Field(_time, optional=True),
        "progress": _Field(_progress, known=True),
        "next_update_minutes": _Field(_minutes),
    },
    "user_notice": {
        "state": _Field(_choice(STATES), known=True),
        "problem": _Field(_text),
        "impact": _Field(_lines),
        "expected_minutes": _Field(_minutes),
        "recovered": _Field(_time, optional=True),
        "team": _Field(_text),
    },
    "summary": {
        "started": _Field(_time),
        "ended": _Field(_time),
        "impact": _Field(_text),
        "users": _Field(_text),
        "root_cause": _Field(_text),
        "fixes": _Field(_lines),
        "prevention": _Field(_lines),
        "owner": _Field(_text),
    },
}
