"""A schedule whose runs make room for a store, and that did not run for long before that store got full."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded, Series
from tuheg_ir.diagnosis.rule import RESTARTS
from tuheg_ir.diagnosis.rules._database_users import secrets_of_its_address
from tuheg_ir.diagnosis.rules._full_store import FULL, Full, full
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._spills import spilled
from tuheg_ir.diagnosis.rules._unfinished_growth import unfinished
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.complaints import told
from tuheg_ir.diagnosis.view.figures import climbs_since
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import created, mapping, oldest, text
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MISSED = 2
"""What is full since then for want of so few runs would have been full at the next delay of one."""
FASTER, KNOWN = 2.0, 10
"""So many times as fast fills what a release fills; fewer points before it do not tell how fast it filled then."""
_SHARES = ("volume_used_share", "volume_inodes_share")
LOG_FULL = late(
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
_DELETES = late(
    r"\bfind\b.{0,200}-delete\b|-exec (?:/bin/)?rm\b|-mtime \S+.{0,80}\brm\b|\bDELETE FROM\b"
    r"|\b(?:tmpreaper|tmpwatch)\b",
    re.IGNORECASE,
)
"""How a script that is mounted takes away what is old, whatever it is called; to delete a file of its own is less."""
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


def room_not_made(
    view: View, schedule: Workload, last: datetime | None, each_time: timedelta | None = None
) -> Missed | None:
    """Return the full store for which a schedule made room, if several of its runs were missed before it got full.

    ``last``: when a run was last there, or well; ``each_time``: how often it ran, if not as its schedule says now.
    """
    each_time = each_time or pace(text(schedule.obj, "spec", "schedule"))
    if last is None or each_time is None:
        return None
    for store in view.serving:
        found = full(view, store)
        began = _began(found) if found is not None else None
        if found is None or began is None or began - last < MISSED * each_time:
            continue
        if not works_on(view, schedule, store, found.claims) or not _gives_room(view, schedule, found):
            continue
        if _filled_otherwise(view, found, began, last + each_time, each_time):
            continue
        if spilled(view, store) is None and unfinished(view, store) is None:
            fellows = (each.ref for each in view.serving if {*claims_of(each)} & {*found.claims})
            suffer = behind(view, store.ref, *fellows, *(each.caller for each in found.told), but=schedule.ref)
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


def _filled_otherwise(view: View, found: Full, began: datetime, missed: datetime, each_time: timedelta) -> bool:
    """Tell whether full volumes stood still while runs were missed, or fill so since a release of who has them.

    ``missed``: since when runs are missed. Of a log of changes a volume tells little: its file has room inside.
    """
    if any(LOG_FULL.search(hit.line) for hit in found.lines):
        return False
    writers = [each for each in view.serving if {*claims_of(each)} & {*found.claims}]
    released = [w.released_at for w in writers if w.changes and w.released_at and w.released_at < began]
    kept = (s for c in found.claims for name in _SHARES for s in view.figures.series(name, persistentvolumeclaim=c))
    for series in (each for each in kept if each.points and each.points[-1][1] >= FULL):
        stood = climbs_since(series, began)
        first = datetime.fromtimestamp(series.points[0][0], view.now.tzinfo)
        begins = max(first, missed)
        still = stood if stood is not None and stood - begins >= MISSED * each_time else None
        if still is not None and not _asked_little(view, writers, begins, still, began):
            return True
        if any(_faster_since(series, missed, at, began) for at in released):
            return True
    return False


def _asked_little(view: View, writers: Iterable[Workload], begins: datetime, stood: datetime, end: datetime) -> bool:
    """Tell whether all who are measured were asked far less while a volume stood still, as by night, than then."""
    labels = (label for each in writers for label in labels_of(view, each.ref, "request_rate"))
    less = list[bool]()
    for series in (s for label in labels for s in view.figures.series("request_rate", component=label)):
        quiet = [v for t, v in series.points if begins.timestamp() <= t <= stood.timestamp()]
        busy = [v for t, v in series.points if stood.timestamp() < t <= end.timestamp()]
        less.append(bool(quiet and busy) and median(busy) > FASTER * median(quiet))
    return bool(less) and all(less)


def _faster_since(series: Series, missed: datetime, at: datetime, end: datetime) -> bool:
    """Tell whether a series rose much faster from a time to an end than before that.

    Before is since runs were missed. If that tells too little it is all before, but for what runs took away then.
    """
    until = [(t, v) for t, v in series.points if t <= at.timestamp()]
    early = [(t, v) for t, v in until if t >= missed.timestamp()]
    late_ = [(t, v) for t, v in series.points if at.timestamp() <= t <= end.timestamp()]
    if len(early) >= KNOWN:
        rose = early[-1][1] - early[0][1]
    else:
        early, rose = until, sum(max(0.0, w - v) for (_, v), (_, w) in pairwise(until))
    if len(early) < KNOWN or len(late_) < 2:
        return False
    was = max(0.0, rose) / (early[-1][0] - early[0][0])
    return max(0.0, late_[-1][1] - late_[0][1]) / (late_[-1][0] - late_[0][0]) > FASTER * was


def _gives_room(view: View, schedule: Workload, found: Full) -> bool:
    """Tell whether what a schedule does gives room where it lacks: in the log of changes, or among what is kept."""
    lines = [hit.line for hit in found.lines] + [each.hit.line for each in found.told]
    words = " ".join((schedule.name, *(word for _, word in view.graph.commands(schedule))))
    if any(map(_OTHERWISE.search, lines)):
        return False
    if any(map(LOG_FULL.search, lines)):
        return bool(_SAVES_LOG.search(words))
    return cleans(view, schedule)


def cleans(view: View, schedule: Workload) -> bool:
    """Tell whether what a schedule does takes away what is old, by its name, its words or a script that is mounted."""
    words = " ".join((schedule.name, *(word for _, word in view.graph.commands(schedule))))
    if _CLEANS.search(schedule.name) or (_CLEANS.search(words) and not _COPIES.search(words)):
        return True
    scripts = [str(said) for _, obj in view.maps_read(schedule.template) for said in mapping(obj, "data").values()]
    return any(map(_DELETES.search, scripts)) and not any(map(_COPIES.search, (words, *scripts)))


def works_on(view: View, schedule: Workload, store: Workload, claims: Collection[str] = ()) -> bool:
    """Tell whether runs work on a store: they name its host, alone among words perhaps, or share a volume with it.

    ``claims``: which of its volumes it has to be. Where a Secret hides the address it is the only database there is.
    """
    shared = {*claims_of(schedule)} & {*claims_of(store)}
    if shared & {*claims} if claims else shared:
        return True
    if store.ref in view.graph.needs(schedule.ref):
        return True
    words = {word for _, said in view.graph.commands(schedule) for word in _WORD.findall(said)}
    if any(view.graph.resolve(word) == store.ref for word in words):
        return True
    only = role(store) == "database" and [w.ref for w in of_role(view.workloads, "database")] == [store.ref]
    return only and bool(secrets_of_its_address(view, schedule))


def ran_each(view: View, schedule: Workload) -> timedelta | None:
    """Return the longest time from one run of a schedule to the next, by those that are kept; None of less than two."""
    made = sorted(at for job in view.snapshot.of("Job") if controller(job) == schedule.ref and (at := created(job)))
    return max((later - at for at, later in pairwise(made)), default=None)


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
