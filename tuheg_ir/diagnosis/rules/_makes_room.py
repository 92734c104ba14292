"""A schedule whose runs make room for a store, and that did not run for long before that store got full."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS
from tuheg_ir.diagnosis.rules._database_users import secrets_of_its_address
from tuheg_ir.diagnosis.rules._full_store import Full, full
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._spills import spilled
from tuheg_ir.diagnosis.rules._unfinished_growth import unfinished
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.complaints import told
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MISSED = 2
"""What is full since then for want of so few runs would have been full at the next delay of one."""
_LOG_FULL = late(
    r"transaction log (?:for|of|in) .{1,100} is full|\bORA-(?:00257|1980[49])|logsegment' segment is full",
    re.IGNORECASE,
)
"""A database lacks room in its log of changes alone: what is backed up of that is given free."""
_OTHERWISE = late(r"is full due to '(?!LOG_BACKUP)\w+'|\bSQL0964C|SQLCODE[=:] ?-964\b|\bADM1823E", re.IGNORECASE)
"""The log waits for something else than to be backed up: a transaction that is open, or a replica."""
_LOG = r"(?:transaction|trans?|txn|t|archive|redo)?[-_ ]?logs?(?:[-_ ]?files?)?"
_SAVES_LOG = late(
    rf"(?<![a-z]){_LOG}[-_ ]?(?:backup|bkp|dump)|(?:backup|bkp|dump)[-_ ]?(?:the )?{_LOG}(?![a-z])"
    r"|BackupType\W{1,6}LOG\b|(?<![a-z])(?:dump[-_ ]?tran|trn[-_ ]?(?:backup|dump))|archive[-_ ]?logs?\b",
    re.IGNORECASE,
)
_CLEANS = late(
    r"(?<![a-z])(?:purg|prun|clean|housekeep|retention|expir|vacuum|(?:log)?rotat|compact|truncat|archiv|tidy|sweep|garbage|gc(?![a-z])"
    r"|curator|reap|evict|delet|trim|forget|shrink|drop[-_ ]?(?:old|part|ind)|partition[-_ ]?drop)",
    re.IGNORECASE,
)
_COPIES = late(r"(?<![a-z])(?:backup|bkp|dump|snapshot|export|copy|sync|restic|pgbackrest|barman)", re.IGNORECASE)
"""What copies data elsewhere may delete its own old copies there, and makes no room where the data is."""
_WORD = late(r"(?<![\w./-])[a-z][\w.-]*", re.IGNORECASE)
"""What may be a host in a command, and no part of a path."""
_NAMED = {
    "@hourly": timedelta(hours=1),
    "@daily": timedelta(days=1),
    "@midnight": timedelta(days=1),
    "@weekly": timedelta(days=7),
    "@monthly": timedelta(days=31),
}
_ANY = ("*", "?")


class Missed(NamedTuple):
    """A store that has no room since a schedule made none, since when, who suffers with it, and what shows it."""

    store: str
    since: datetime
    suffer: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def room_not_made(view: View, schedule: Workload, last: datetime | None) -> Missed | None:
    """Return the full store for which a schedule made room, if several of its runs were missed before it got full.

    ``last``: when a run was last there, or well.
    """
    each_time = pace(text(schedule.obj, "spec", "schedule"))
    if last is None or each_time is None:
        return None
    for store in view.serving:
        found = full(view, store)
        began = _began(found) if found is not None else None
        if found is None or began is None or began - last < MISSED * each_time:
            continue
        if not works_on(view, schedule, store) or not _gives_room(view, schedule, found):
            continue
        if spilled(view, store) is None and unfinished(view, store) is None:
            suffer = behind(view, store.ref, *(each.caller for each in found.told), but=schedule.ref)
            lines = (view.hit_evidence(hit) for hit in found.lines[:1])
            return Missed(store.ref, began, suffer, (*found.volumes[:1], *lines, *told(view, found.told, 1)))
    return None


def of_missed(schedule: str, room: Missed) -> tuple[Excluded, ...]:
    """Return what helps nobody while a store is full for want of runs: whether they may go on a person has to say."""
    why = f"{room.store} has no room since {schedule} makes none: it stays full"
    return (
        *not_for((each for each in room.suffer if each != room.store), why),
        *not_for((room.store,), why, (*RESTARTS, "rollback_workload", "scale_workload")),
        *not_for((room.store,), "it hides that runs are missed, and is full again later", ("scale_database",)),
    )


def _began(found: Full) -> datetime | None:
    return found.since or oldest(each.hit.first for each in found.told)


def _gives_room(view: View, schedule: Workload, found: Full) -> bool:
    """Tell whether what a schedule does gives room where it lacks: in the log of changes, or among what is kept."""
    lines = [hit.line for hit in found.lines] + [each.hit.line for each in found.told]
    words = " ".join((schedule.name, *(word for _, word in view.graph.commands(schedule))))
    if any(map(_OTHERWISE.search, lines)):
        return False
    if any(map(_LOG_FULL.search, lines)):
        return bool(_SAVES_LOG.search(words))
    return bool(_CLEANS.search(schedule.name) or (_CLEANS.search(words) and not _COPIES.search(words)))


def works_on(view: View, schedule: Workload, store: Workload) -> bool:
    """Tell whether runs work on a store: they name its host, alone among words perhaps, or share a volume with it.

    Where a Secret hides the address it is the only database that there is.
    """
    if store.ref in view.graph.needs(schedule.ref) or {*claims_of(schedule)} & {*claims_of(store)}:
        return True
    words = {word for _, said in view.graph.commands(schedule) for word in _WORD.findall(said)}
    if any(view.graph.resolve(word) == store.ref for word in words):
        return True
    only = role(store) == "database" and [w.ref for w in of_role(view.workloads, "database")] == [store.ref]
    return only and bool(secrets_of_its_address(view, schedule))


def pace(schedule: str) -> timedelta | None:
    """Return how long it is at most, roughly, from one run of a cron schedule to the next; None if nobody can tell."""
    fields = [each for each in schedule.split() if "=" not in each]
    if len(fields) != 5:
        return _NAMED.get(fields[0].lower()) if fields else None
    minute, hour, day, month, weekday = fields
    if month not in _ANY:
        return timedelta(days=366)
    if weekday not in _ANY:
        return timedelta(days=7)
    if day not in _ANY:
        return _step(day, timedelta(days=1)) or timedelta(days=31)
    if hour not in _ANY:
        return _step(hour, timedelta(hours=1)) or timedelta(days=1)
    return timedelta(minutes=1) if minute in _ANY else _step(minute, timedelta(minutes=1)) or timedelta(hours=1)


def _step(field: str, unit: timedelta) -> timedelta | None:
    found = re.fullmatch(r"(?:\*|0)/(\d+)", field)  # of a range the longest gap is that until it begins again
    return int(found[1]) * unit if found else None
