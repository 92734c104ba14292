"""A release of a gRPC server limits its connections more tightly, and its clients tell of just that limit since."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.logs import heard_since, lines_told, speaks_of, times_near
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=24)
"""A release longer ago has seen the busiest hour of a day."""
STILL = timedelta(minutes=30)
"""Who asks seldom is cut off seldom."""
OFTEN = 5
HEADED = 2
"""Of an error there are so many marked lines at most beside its words: what failed, and a wrapping of it."""
HALF = 0.5
MOSTLY = 0.8
"""A call that waited in the client for so much of its time was hardly sent."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_PART = late(r"(\d+(?:\.\d+)?)\s*(ms|[smhd]?)", re.IGNORECASE)
_AMOUNT = late(r"[\s=:\"']*(?:PT)?((?:\d+(?:\.\d+)?\s*(?:ms|[smhd])?){1,4})(?:\D.*)?", re.IGNORECASE | re.DOTALL)
_WAITED = late(r"deadline exceeded after (\d+(?:\.\d+)?)(ns|s).{0,300}\bbuffered_nanos=(\d+)", re.IGNORECASE)


class _Limit(NamedTuple):
    """A limit: how settings name it, how clients tell of it, a word of such lines; more: a greater one is tighter."""

    setting: re.Pattern[str]
    told: Callable[[str], bool]
    hint: str
    more: bool = False


def _waited(line: str) -> bool:
    """Tell whether a call ran out of time in its client, as no stream was free on the connection."""
    found = _WAITED.search(line)
    if found is None:
        return False
    whole = float(found[1]) * (1 if found[2] == "ns" else 1e9)
    return int(found[3]) >= MOSTLY * whole


_AGE = late(r"go.?away.{0,160}\bmax_age\b", re.IGNORECASE)
_PINGS = late(r"\btoo_many_pings\b", re.IGNORECASE)
LIMITS = (
    _Limit(late(r"max.?conn(?:ection)?s?.?age", re.IGNORECASE), lambda line: bool(_AGE.search(line)), "max_age"),
    _Limit(late(r"max.?concurrent.?(?:streams|calls)", re.IGNORECASE), _waited, "buffered_nanos"),
    _Limit(
        late(
            r"keep.?alive.{0,24}min.?time|min.?(?:keep.?alive|ping|recv.?ping).{0,12}(?:time|interval)", re.IGNORECASE
        ),
        lambda line: bool(_PINGS.search(line)),
        "too_many_pings",
        more=True,
    ),
)


class _Told(NamedTuple):
    """What one client tells of a limit: how often, and how many other errors since; in which line of which pod.

    heard: since when anything is heard of it.
    """

    client: Workload
    times: int
    others: int
    first: datetime
    last: datetime
    line: str
    pod: str
    heard: datetime


def when(view: View) -> Iterator[Match]:
    """Clients of a server tell of a limit of its connections that its release set or tightened, and only since."""
    for server in view.serving:
        came = server.released_at
        if came is None or server.returned or not view.recent(came, LATELY):
            continue
        for limit in LIMITS:
            change = next((each for each in server.changes if _tightened(limit, each)), None)
            if change is None:
                continue
            callers = sorted(view.graph.callers(server.ref) - {server.ref})
            told = [said for ref in callers for said in _told(view, ref, limit)]
            sure = _since(told, came, change)
            often = sum(each.times for each in told) >= OFTEN
            if sure and often and _felt(view, told) and not _another(view, server, limit):
                yield _match(view, server, change, told, sure)


def _tightened(limit: _Limit, change: Change) -> bool:
    """Tell whether a change sets a limit where none was, or a tighter one."""
    if change.aspect not in ("env", "command") or not limit.setting.search(f"{change.field} {change.after}"):
        return False
    before, after = _amount(limit, change.field, change.before), _amount(limit, change.field, change.after)
    if after is None or after == 0:
        return False
    return before is None or (after > before if limit.more else after < before)


def _amount(limit: _Limit, field: str, value: str) -> float | None:
    """Return the amount that a setting has: seconds, or a number; None where it has none."""
    said = f"{field}={value}"
    named = limit.setting.search(said)
    behind_it = said[named.end() :] if named else ""
    if named and named.end() <= len(field):
        behind_it = value
    found = _AMOUNT.match(behind_it)
    return sum(float(n) * _UNITS[unit.lower()] for n, unit in _PART.findall(found[1])) if found else None


def _told(view: View, ref: str, limit: _Limit) -> Iterator[_Told]:
    client = view.workloads.get(ref)
    logs = [log for log in view.logs_of(client.live) if log.lines] if client else []
    heard = heard_since(logs)
    lines = [each for log in logs for each in _lines(log)] if any(speaks_of(log, (limit.hint,)) for log in logs) else []
    said = sorted(each for each in lines if limit.told(each[1]))
    if client is None or heard is None or not said:
        return
    first, (last, line, pod) = said[0][0], said[-1]
    others = sum(is_marked(each) and not limit.told(each) for at, each, _ in lines if at >= first)
    if view.recent(last, STILL):
        yield _Told(client, len(said), others, first, last, line, pod, heard)


def _lines(log: Log) -> Iterator[tuple[datetime, str, str]]:
    for line, at in zip(log.lines, times_near(log.lines), strict=True):
        if at is not None:
            yield at, line, log.pod


def _since(told: Sequence[_Told], came: datetime, change: Change) -> float:
    """Return how sure it is that clients tell of a limit since a release only; 0: it is not.

    Sure is what a client tells that was heard before and told nothing of it. Where all logs begin later the limit has
    to be another one by far, and no client's own release may have brought it.
    """
    if not told or any(each.first < came + BEFORE for each in told):
        return 0.0
    if any(each.heard < came for each in told):
        return 0.8
    own = any(since_release(each.client, each.first) or each.first - each.heard < SOON for each in told)
    return 0.0 if own or not _by_far(change) else 0.65


def _by_far(change: Change) -> bool:
    before, after = (
        next((value for limit in LIMITS if (value := _amount(limit, change.field, said)) is not None), None)
        for said in (change.before, change.after)
    )
    return before is not None and after is not None and min(before, after) <= HALF * max(before, after)


def _felt(view: View, told: Sequence[_Told]) -> bool:
    """Tell whether a client's users suffer, and most of its errors are those of the limit.

    A client that asks again has its answer, whatever it tells of a connection: its users may suffer of something else.
    """
    fails = (each.client.ref for each in told if each.others <= HEADED * each.times)
    return any(any(troubles(view, ref)) or any(suffering(view, ref)) for ref in fails)


def _another(view: View, server: Workload, limit: _Limit) -> bool:
    """Tell whether another server was released with such a limit: nobody knows whose it is that clients tell of."""
    others = (each for each in view.serving if each is not server and each.changes)
    return any(_tightened(limit, change) for each in others for change in each.changes)


def _match(view: View, server: Workload, change: Change, told: Sequence[_Told], sure: float) -> Match:
    callers = behind(view, server.ref, but=server.ref)
    first = min(each.first for each in told)
    why = f"the release of {server.ref} limits the connections of its clients: {change.told()}"
    said = (lines_told(each.pod, each.times, each.line.strip(), each.first) for each in told)
    others = tuple(each for each in release_evidence(server, change.aspect) if change.told() not in each.fact)
    return Match(
        component=server.ref,
        evidence=(
            Evidence("objects", server.ref, f"released: {change.told()}", server.released_at),
            *tuple(said)[:3],
            *others[:1],
        ),
        certainty=sure,
        since=first,
        explains=callers,
        excludes=(
            *not_for(callers, why),
            *excluding(server.ref, "new pods have the same limit", *RESTARTS),
        ),
    )


RULE = Rule(
    name="grpc_limit_tightened",
    title="A release of a gRPC server limits its connections more tightly, and its clients tell of it",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no client tells of a limit of connections that a server's release tightened",
)
