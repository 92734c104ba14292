"""A release that tells a program, which did not do so before, to begin what is due by a schedule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.workloads import Workload

_SCHEDULES = late(r"schedul|periodic|recurring|clockwork|(?<![a-z])(?:cron|beat)(?![a-df-z])", re.IGNORECASE)
"""How a setting calls what begins work by the clock; a heartbeat is another thing."""
_BEAT = late(r"^-[A-Za-z]{0,3}B$")
"""The switch by which a Celery worker does so beside its work."""
_AGAINST = late(r"disabl|skip|without|(?:^|[-_])no[-_]", re.IGNORECASE)
_HOW = late(
    r"thread|time_?out|time_?zone|pool|interval|delay|jitter|concurr|parallel|retr(?:y|ies)|limit|metric|debug|verbos"
    r"|misfire|coalesc|persist|catch_?up|prefix|host|addr|endpoint|dry.?run"
    r"|(?<![a-z])(?:tz|utc|tls|ssl|max|min|num(?:ber)?|count|size|log\w*|ttl|db|level|trace|lock\w*|poll\w*|batch|rate"
    r"|age|days?|hours?|minutes?|seconds?|secs?|m?s|shards?|replicas?|workers|ur[il]|port|path|file|dir|class|type"
    r"|health)(?![a-z])",
    re.IGNORECASE,
)
"""Names of how, where or how much it is done: who is told that may do it anyway."""
_NOT = frozenset({"", "0", "false", "off", "no", "none", "disabled", "never"})
_ON = frozenset({"1", "true", "on", "yes", "y", "t", "enabled", "enable", "active", "always", "embedded"})
"""What turns a switch on; an amount or a name beside the word tells how it is done."""
_PARTS = late(r"[\s,;|+]+")


def turned_on(workload: Workload) -> tuple[Change, ...]:
    """Return the changes of a workload's release by which it schedules, where its template before did not.

    Who scheduled before, and is only told to do it otherwise, is none.
    """
    was, now = (items(each, "spec", "containers") for each in (template_before(workload), workload.template))
    if any(_schedules(word) for each in was for word in _told(each)) or any(map(_may_schedule, was)):
        return ()
    told = any(_schedules(word, _ON.__contains__) for each in now for word in _told(each))
    return tuple(c for c in workload.changed("command", "env") if (_of_variable(c) if c.aspect == "env" else told))


def _told(container: Mapping[str, Any]) -> list[str]:
    """Return the single words of what a container is told in its command, those of a script apart."""
    given = (str(word) for field in ("command", "args") for word in container.get(field) or ())
    return [part for word in given for part in word.split()]


def _may_schedule(container: Mapping[str, Any]) -> bool:
    """Tell whether a variable of a container has it schedule; one whose value is kept elsewhere may."""
    for entry in items(container, "env"):
        label, value = text(entry, "name"), text(entry, "value")
        if _is_switch(label):
            if "valueFrom" in entry or _is_on(value):
                return True
        elif not _SCHEDULES.search(label) and any(map(_schedules, _words(value))):
            return True
    return False


def _is_switch(label: str) -> bool:
    """Tell whether a setting that is called so turns a scheduler on, and tells nothing else of it."""
    return all((_SCHEDULES.search(label), not _AGAINST.search(label), not _HOW.search(label)))


def _schedules(word: str, turns: Callable[[str], bool] | None = None) -> bool:
    if _BEAT.search(word):
        return True
    label, _, value = word.partition("=")
    return _is_switch(label) and (not value or (turns or _is_on)(_bare(value)))


def _of_variable(change: Change) -> bool:
    """Tell whether a variable says so now: by its own name, or among the words of its value."""
    if _SCHEDULES.search(change.name):
        was, now = _is_on(change.before), _is_on(change.after)
        if _AGAINST.search(change.name):
            return was and not now
        return _is_switch(change.name) and not was and _bare(change.after) in _ON
    return any(_schedules(word, _ON.__contains__) for word in _words(change.after) - _words(change.before))


def _words(value: str) -> set[str]:
    return set() if "://" in value else set(_PARTS.split(value))


def _is_on(value: str) -> bool:
    return _bare(value) not in _NOT


def _bare(value: str) -> str:
    return value.strip("\"'").lower()
