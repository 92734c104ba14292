"""A release never closes its connections to a host outside, which grants all of us only so many at once.

Providers of mail, files, directories and databases refuse by then whoever comes next, and that may be another program
that did nothing. What a pod holds open tells who keeps them: ever more from its release on, until the host refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._hosts_outside import TROUBLES, is_outside
from tuheg_ir.diagnosis.rules._opened_since import OPEN, OTHERS, climbs, counts_of, wants_more
from tuheg_ir.diagnosis.rules._sessions import released_before
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, complaints, told
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, works_otherwise
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

_TOO_MANY = late(
    r"\btoo many\b.{0,40}\b(?:connections|sessions|clients|logins|binds)\b"
    r"|\bmax(?:imum)?\b.{0,40}\b(?:connections|sessions)\b"
    r"|\b(?:connections?|sessions?|concurren\w{1,8})\b.{0,30}\b(?:limit|quota)\b"
    r"|\b(?:limit|quota)\b.{0,30}\b(?:connections?|sessions?|concurren\w{1,8})\b"
    r"|max_user_connections|mail_max_userip_connections",
    re.IGNORECASE,
)
"""How a host tells that somebody has all connections that it grants at once."""
LEAST = 10
"""Fewer files than this come and go with the work; a mailbox often grants no more connections at once."""
TIMES = 1.25
"""Of all files that a program has open those of one account are a part."""
SETTLES = timedelta(minutes=5)
"""Connections that fall by themselves make room for the last ones: so long it takes until all of them are kept."""
NEAR_S = 180.0
"""So many seconds after it was told last a count is of nothing that still runs."""
SOON = timedelta(minutes=1)
"""What is late only now comes from the refusals, which may be told a little later than they begin."""


class _Refusing(NamedTuple):
    """A host outside that grants no more connections: who is refused, who asks it, since when."""

    host: str
    said: tuple[Complaint, ...]
    callers: tuple[Workload, ...]
    since: datetime


class _Kept(NamedTuple):
    """Who keeps its connections, how many files its pods had open as they came and as the host refused, since when."""

    by: Workload
    low: float
    high: float
    began: datetime


def when(view: View) -> Iterator[Match]:
    """What all pods of one release hold open climbs from its start on, until a host outside grants no more at once.

    Nobody else who asks the host holds more than before, nor was any released unmeasured; it has no more to do.
    """
    for each in _refusing(view):
        found = [kept for caller in each.callers if (kept := _kept(view, caller, each.since))]
        if len(found) == 1 and not _may_be_another(view, each, found[0]):
            yield _match(view, each, found[0])


def _refusing(view: View) -> Iterator[_Refusing]:
    said: dict[str, list[Complaint]] = {}
    for each in complaints(view, *TROUBLES, "database_full"):
        for host in _hosts(view, each) if not each.about else ():
            if is_outside(view, host):
                said.setdefault(host, []).append(each)
    for host, found in said.items():
        full = [each for each in found if _TOO_MANY.search(each.hit.line)]
        since = oldest(each.hit.first for each in found)
        if since is not None and sum(each.hit.count for each in full) >= OFTEN:
            refused = {each.caller for each in found}
            callers = (w for w in view.workloads.values() if w.ref in refused or _asks(view, w, host))
            yield _Refusing(host, tuple(sorted(found, key=lambda e: e not in full)), tuple(callers), since)


def _hosts(view: View, each: Complaint) -> tuple[str, ...]:
    """Return the hosts that a complaint names, or the one outside that its caller is told to ask, if it is one alone.

    What a server answers is often all that a program tells: `421 Too many connections`.
    """
    caller = view.workloads.get(each.caller)
    if each.hosts or caller is None or not _TOO_MANY.search(each.hit.line):
        return each.hosts
    given = {host for key, value in view.graph.settings(caller) for host in hosts_in(key, value) if foreign(host)}
    return tuple(given) if len(given) == 1 else tuple(host for host in given if host in each.hit.line)


def _asks(view: View, workload: Workload, host: str) -> bool:
    return any(host in hosts_in(key, value) for key, value in view.graph.settings(workload) if host in value)


def _kept(view: View, client: Workload, full: datetime) -> _Kept | None:
    """Return that all pods of a release hold ever more open from their start on, and no more since a host refuses."""
    if client.kind in (*BATCH, "Pod") or client.returned or not works_otherwise(client):
        return None
    if not released_before(view, client, full) or wants_more(view, client, full - SOON):
        return None
    counts = [counts_of(view, pod, full) for pod in client.newest_pods()]
    if not counts or not all(count and climbs(count, TIMES) for count in counts):
        return None
    low, high = (sum(count[end][1] for count in counts) for end in (0, -1))
    if high - low < LEAST or not _stops(view, client, full, high - low):
        return None
    return _Kept(client, low, high, datetime.fromtimestamp(min(count[0][0] for count in counts), UTC))


def _stops(view: View, client: Workload, full: datetime, more: float) -> bool:
    """Tell whether what a client holds open stays as it was soon after it was refused: nothing else opens more."""
    if view.now - full < 2 * SETTLES:
        return False
    pods = client.newest_pods()
    then, now = (_held(view, client, at) for at in (full + SETTLES, view.now))
    return len(then) == len(now) == len(pods) and abs(sum(now) - sum(then)) <= OTHERS * more


def _held(view: View, client: Workload, at: datetime) -> list[float]:
    return [count[-1][1] for pod in client.newest_pods() if (count := counts_of(view, pod, at))]


def _may_be_another(view: View, each: _Refusing, kept: _Kept) -> bool:
    """Tell whether others who ask the host hold more as well, or may want to, or nobody counts what is new of one.

    All pods count that each of them had then and has now: new ones may hold many from their start on.
    """
    others = [caller for caller in each.callers if caller is not kept.by]
    more = 0.0
    for other in others:
        counted = all(counts_of(view, pod, view.now) for pod in other.live)
        new = other.kind in BATCH or (works_otherwise(other) and released_before(view, other, each.since))
        if wants_more(view, other, each.since - SOON) or (other.live and not counted and new):
            return True
        then, full, now = (_total(view, other, at, new=new) for at in (kept.began, each.since, view.now))
        more += max(0.0, full - then, now - then)
    mine = kept.high - kept.low
    return more > max(OTHERS * mine, min(LEAST, mine / 2))


def _total(view: View, other: Workload, moment: datetime, *, new: bool) -> float:
    """Return how many files all pods of a workload held open at a time, also those that are no more.

    Of a pod that is older its first count tells it, and where all were made anew since, each stands for one that held
    as much; not of a release or a run, which is ``new``.
    """
    until, total = moment.timestamp(), 0.0
    older = {pod.name for pod in other.live if pod.created and pod.created <= moment}
    stand = older or (set() if new else {pod.name for pod in other.live})
    for series in view.figures.series(OPEN):
        name = series.labels.get("pod", "")
        if _owner(view, name) == other.ref:
            near = [value for at, value in series.points if until - NEAR_S <= at <= until]
            if not near and name in stand and series.points and series.points[0][0] > until:
                near = [series.points[0][1]]
            total += near[-1] if near else 0.0
    return total


def _owner(view: View, pod: str) -> str:
    """Return the workload of a pod; of a Deployment's that is no more its name tells it."""
    former = f"Deployment/{pod.rsplit('-', 2)[0]}"
    known = view.owner_of(pod)
    return former if known not in view.workloads and former in view.workloads else known


def _match(view: View, each: _Refusing, kept: _Kept) -> Match:
    by = kept.by
    others = tuple(caller.ref for caller in each.callers if caller is not by)
    suffer = behind(view, by.ref, *others, but=by.ref)
    fact = (
        f"its pods held {kept.low:.0f} files and sockets open as they came, and evenly more until {each.host} refused"
        f" others: {kept.high:.0f}"
    )
    return Match(
        component=by.ref,
        evidence=(
            *release_evidence(by)[:2],
            Evidence("metrics", by.ref, fact, kept.began),
            *told(view, each.said, 2),
            *(seen for seen, _ in list(troubles(view, by.ref))[:1]),
        ),
        certainty=0.8,
        root_cause=release_cause(view, by),
        since=each.since,
        explains=suffer,
        excludes=(
            *not_for((by.ref,), f"more pods keep more of what {each.host} grants", ("scale_workload",)),
            *not_for(others, f"{by.name} keeps the connections: nothing done to this one gives them back"),
        ),
    )


RULE = Rule(
    name="connections_kept_outside",
    title="A release never closes its connections to a host outside, until that grants no more",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no release holds ever more open until a host outside tells of too many connections at once",
)
