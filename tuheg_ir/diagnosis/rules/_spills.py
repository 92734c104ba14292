"""A volume that fills and gives its room back by itself: not what is kept on it fills it, but temporary files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._sessions import clients, released_before
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_HIGH = 0.9
_BACK = 0.2
"""So much of a volume does nobody free again and again by hand."""
AGAIN = 2
"""Once, somebody may have made room."""
PAUSE = timedelta(minutes=3)
"""Who writes all the time is refused more often than this by a volume that stays full."""
TEMPORARY = late(
    r"pgsql_tmp|#sql[-_]?\w|/MY\w{2}=\d+|\bibtmp\d|temporary (?:file|table)|\btempdb\b|ORA-01652|temp segment",
    re.IGNORECASE,
)
"""How databases name the files into which they sort and join what has no place in memory."""
_WRITES = late(r"BufFile(?:Write|Read)|creating sort index|converting HEAP to|Copying to tmp table", re.IGNORECASE)
"""What a session waits for, or does, that works in such files."""


class Spill(NamedTuple):
    """Whose statements fill the volume of a database for a time, since which release, and what shows it."""

    client: Workload
    since: datetime | None
    evidence: tuple[Evidence, ...]


@once
def spilled(view: View, server: Workload) -> Spill | None:
    """Return which one client, released before it first came to that, fills the volume of a database again and again.

    None where the room does not come back, or several are told of temporary files: then the volume is full.
    """
    if role(server) != "database" or not any(hit.trouble == "disk_full" for hit in view.hits):
        return None
    found = _client(view, server)
    came = _came_back(view, server) if found is not None else None
    if found is None or came is None or not released_before(view, found[0], came.time):
        return None
    return Spill(found[0], came.time, (came, *found[1]))


def _came_back(view: View, server: Workload) -> Evidence | None:
    """Return that the volume was nearly full several times and had room again: by its figures, else by all logs."""
    known = False
    for claim in claims_of(server):
        for series in view.figures.series("volume_used_share", persistentvolumeclaim=claim):
            known, falls = True, _falls(series)
            high = view.figures.first_beyond("volume_used_share", _HIGH, persistentvolumeclaim=claim)
            if len(falls) >= AGAIN:
                fact = f"it was nearly full {len(falls)} times within the hour, and had room again by itself"
                return Evidence("metrics", f"PersistentVolumeClaim/{claim}", fact, high)
    bursts = [] if known else _bursts(view, server)
    # Whoever writes all the time fails only with those files: two programs have no such pauses together by chance.
    if len(bursts) > AGAIN and all({temporary for _, temporary in burst} == {True, False} for burst in bursts):
        fact = f"it had no room {len(bursts)} times, with temporary files each time, and some minutes later it had"
        return Evidence("logs", server.ref, fact, bursts[0][0][0])
    return None


def _bursts(view: View, server: Workload) -> list[list[tuple[datetime, bool]]]:
    """Return when a database and its clients told of a full disk, and whether of a temporary file, between pauses."""
    refs = (server.ref, *clients(view, server.ref))
    logs = (log for ref in refs if ref in view.workloads for log in view.logs_of(view.workloads[ref].live))
    lines = (line for log in logs for line in log.lines if tells("disk_full", line))
    told = sorted((at, TEMPORARY.search(line) is not None) for line in lines if (at := stamp(line)) is not None)
    found: list[list[tuple[datetime, bool]]] = []
    for each in told:
        if found and each[0] - found[-1][-1][0] < PAUSE:
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _falls(series: Series) -> list[datetime]:
    """Return when a volume that was nearly full had much room again."""
    found, high = [], 0.0
    for at, value in series.points:
        high = max(high, value)
        if high >= _HIGH and value <= high - _BACK:
            found.append(datetime.fromtimestamp(at, UTC))
            high = value
    return found


def _client(view: View, server: Workload) -> tuple[Workload, tuple[Evidence, ...]] | None:
    """Return the one client whose statements work in temporary files, by its own errors and by what its sessions do."""
    told = {ref: line for ref in clients(view, server.ref) if (line := _refused(view, ref))}
    works = dict(_working(view, server))
    suspects = ({*told} & {*works}) or {*told} or {*works}
    ref = next(iter(suspects)) if len(suspects) == 1 else ""
    if ref not in view.workloads:
        return None
    said = [Evidence("logs", ref, f"no room for its temporary files: {told[ref]}")] if ref in told else []
    does = [Evidence("database", server.ref, works[ref])] if ref in works else []
    return view.workloads[ref], (*said, *does)


def _refused(view: View, ref: str) -> str:
    """Return the last line in which a client is told that a temporary file of its statement found no room."""
    pods = view.workloads[ref].live if ref in view.workloads else ()
    lines = (line for log in view.logs_of(pods) for line in log.lines if TEMPORARY.search(line))
    found = [line for line in lines if tells("disk_full", line)]
    return found[-1][:240] if found else ""


def _working(view: View, server: Workload) -> Iterator[tuple[str, str]]:
    for database in view.databases:
        for session in database.sessions if database.ref == server.ref else ():
            if session.owner and _WRITES.search(f"{session.wait} {session.state}"):
                fact = f"{session.owner} writes temporary files for {session.age_s:.0f} s: {session.query[:120]}"
                yield session.owner, fact
