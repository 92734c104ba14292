"""A replica that is set to stay behind its primary: from it somebody may take back what a mistake has destroyed."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SLACK_S = 60.0
"""A replica that is set to be late is later than that by what it takes to follow."""
_OF_LAG = late(
    r"(?<![A-Za-z])(?i:lag(?:s|ged|ging)?)(?![a-z])|Lag(?:s|ging)?(?![a-z])|(?i:repl(?:ica|ication)?lag)|[a-z]Behind"
    r"|(?i:(?:seconds?|minutes?|hours?|fall\w{0,4}|\d\s?(?:s|m|min|h))[ _-]?(?:further )?behind|apply.?delay)"
)
"""Words of lateness, in sentences and in the names of alerts and figures."""
_OF_MORE = late(
    r"disk|volume|full|space|backup|archiv|slot|down|stop|broke|fail|los[st]|mismatch|replicas|conflict|crash|error",
    re.IGNORECASE,
)
"""Words of what else may ail a replica: an alert of that is not answered by how late it is."""
_KEY = r"(?P<key>recovery[_-]min[_-]apply[_-]delay|(?:SOURCE|MASTER)_DELAY|secondaryDelaySecs|slaveDelay)"
_NAMED = late(_KEY, re.IGNORECASE)
_DELAY = late(
    _KEY + r"[\"']?(?:\s{0,3}[=:]\s{0,3}|\s{1,3}(?:TO\s{1,3})?)(?:Number(?:Long|Int)\()?[\"']?"
    r"(?P<much>\d{1,12}(?:\.\d{1,6})?)(?:\s?(?P<unit>us|ms|s|min|h|d))?(?![\w.]|\s(?!FOR\b)[a-z])",
    re.IGNORECASE,
)
"""How PostgreSQL, MySQL and MongoDB are told to follow late."""
_COMMENT = late(r"(?:^|\s)(?:--\s|#|//).*")
_OF_SQL = late(r"^\s{0,40}--.*")
"""A whole line of SQL that is a comment; among the words of a command it is an option."""
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_IN_MS = "recovery"
"""How the setting begins that counts in thousandths where it names no unit: the others count in seconds."""


class Delay(NamedTuple):
    """By how much a replica is told to be late (None: nobody can read it), and the words that say so."""

    seconds: float | None
    said: str


def delay_of(view: View, workload: Workload) -> Delay | None:
    """Return by how much a database is set to be late: by its template, or a ConfigMap that no other database reads.

    What another one reads as well, or says two things, tells no more than that somebody may want it late.
    """
    told = [_read(line) for word in words_of(workload.template) for line in word.splitlines()]
    others = [each for each in of_role(view.workloads, "database") if each.ref != workload.ref]
    shared = {label for each in others for label, _ in view.maps_read(each.template)}
    for label, found in view.maps_read(workload.template):
        lines = [line for value in mapping(found, "data").values() for line in str(value).splitlines()]
        read = [_read(_OF_SQL.sub("", line)) for line in lines]
        told += [Delay(None, each.said) if each and label in shared else each for each in read]
    delays = [each for each in told if each is not None]
    if len({each.seconds for each in delays}) > 1:
        return Delay(None, delays[0].said)
    return next((each for each in delays if each.seconds != 0), None)


def stays_behind_as_set(view: View, ref: str, delay: Delay) -> bool:
    """Tell whether a replica is no later than it is set to be, complains of nothing, and no service reads from it.

    Whoever reads from one that is late for hours gets what was true hours ago: that somebody has to look at.
    """
    databases = {each.ref for each in of_role(view.workloads, "database")}
    if (
        delay.seconds is None
        or view.graph.callers(ref) - databases
        or view.hits_of(ref, "replication", "replication_stopped")
    ):
        return False
    lag = _lag(view, ref)
    return lag is None or lag <= delay.seconds + SLACK_S


def of_lag_alone(alert: Alert) -> bool:
    """Tell whether an alert speaks of a replica's lateness, and of nothing else that may ail one."""
    return bool(_OF_LAG.search(alert.said)) and not _OF_MORE.search(alert.said)


def late_as_set(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that the replica of an alert is set to be late, and no later than that; None: not so.

    Where the alert is critical somebody has to have measured how late it is. Only an alert of lateness is answered.
    """
    if not of_lag_alone(alert):
        return None
    workload = next((w for w in of_role(view.workloads, "database") if w.ref == ref), None)
    delay = delay_of(view, workload) if workload else None
    if delay is None or not stays_behind_as_set(view, ref, delay):
        return None
    if (lag := _lag(view, ref)) is None:
        told = f"{alert.name} fires; it is set to be late: {delay.said}"
        return None if alert.critical else Evidence("objects", ref, told)
    return Evidence("metrics", ref, f"{alert.name} fires; it is {lag:.0f} s late, and set to be: {delay.said}")


def _lag(view: View, ref: str) -> float | None:
    lags = [
        view.figures.now("db_replication_lag", component=each) for each in labels_of(view, ref, "db_replication_lag")
    ]
    return max((lag for lag in lags if lag is not None), default=None)


def _read(line: str) -> Delay | None:
    """Return the delay that a line sets, of no length where it names the setting and what it says cannot be read."""
    said = _COMMENT.sub("", line)
    named = _NAMED.search(said)
    if named is None:
        return None
    found = _DELAY.search(said)
    if found is None:
        return Delay(None, said[named.start() :][:80])
    unit = (found["unit"] or ("ms" if found["key"].lower().startswith(_IN_MS) else "s")).lower()
    return Delay(float(found["much"]) * _SECONDS[unit], found[0][:80])
