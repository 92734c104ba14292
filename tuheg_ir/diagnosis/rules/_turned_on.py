"""A release that tells a program, which did not do so before, to begin what is due by a schedule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.reading import items
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.workloads import Workload

_SCHEDULES = late(r"schedul|periodic|recurring|clockwork|(?<![a-z])(?:cron|beat)(?![a-df-z])", re.IGNORECASE)
"""How a setting calls what begins work by the clock; a heartbeat is another thing."""
_BEAT = late(r"^-[A-Za-z]{0,3}B$")
"""The switch by which a Celery worker does so beside its work."""
_AGAINST = late(r"disabl|skip|without|(?:^|[-_])no[-_]", re.IGNORECASE)
_NOT = frozenset({"", "0", "false", "off", "no", "none", "disabled", "never"})
_PARTS = late(r"[\s,;|+]+")


def turned_on(workload: Workload) -> tuple[Change, ...]:
    """Return the changes of a workload's release by which it schedules, where its template before did not.

    Who scheduled before, and is only told to do it otherwise, is none.
    """
    was, now = (
        {word for each in items(template, "spec", "containers") for word in _told(each)}
        for template in (template_before(workload), workload.template)
    )
    if any(map(_schedules, was)):
        return ()
    told = any(map(_schedules, now))
    return tuple(c for c in workload.changed("command", "env") if (_of_variable(c) if c.aspect == "env" else told))


def _told(container: Mapping[str, Any]) -> list[str]:
    """Return the single words of what a container is told in its command, those of a script apart."""
    given = (str(word) for field in ("command", "args") for word in container.get(field) or ())
    return [part for word in given for part in word.split()]


def _schedules(word: str) -> bool:
    if _BEAT.search(word):
        return True
    name, _, value = word.partition("=")
    return bool(_SCHEDULES.search(name)) and not _AGAINST.search(name) and (not value or _is_on(value))


def _of_variable(change: Change) -> bool:
    """Tell whether a variable says so now: by its own name, or among the words of its value."""
    if _SCHEDULES.search(change.name):
        was, now = _is_on(change.before), _is_on(change.after)
        return was and not now if _AGAINST.search(change.name) else now and not was
    if "://" in change.after:
        return False
    return any(_SCHEDULES.search(word) for word in _words(change.after) - _words(change.before))


def _words(value: str) -> set[str]:
    return set(_PARTS.split(value))


def _is_on(value: str) -> bool:
    return value.strip("\"'").lower() not in _NOT
