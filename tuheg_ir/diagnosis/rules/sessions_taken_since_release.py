"""A database is full, and one client has most of its sessions since its own release, whatever it does with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._holders import held_by, owners_told
from tuheg_ir.diagnosis.rules._sessions import Full, clients, full, label_of, sufferers
from tuheg_ir.diagnosis.view.demand import requests_grew
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.releases import release_evidence, since_release, works_otherwise
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_BY_CLIENT = "db_connections_by_client"
TIMES = 2.5
"""So many times the sessions of before are more than a rush of a moment takes, or than those of gone pods that linger.

A database keeps for hours what nobody took leave of: twice as many are those of the pods before and after any release.
"""
SAME = 1.3
"""So many times the sessions, or the requests, of before are about the same."""
RISING = 0.25
"""At so large a part of a rise it has begun."""


class Rise(NamedTuple):
    """How many sessions somebody had when a release came, and has now; since when it has more."""

    before: float
    now: float
    since: datetime


def when(view: View) -> Iterator[Match]:
    """One client's sessions multiplied since its release, to most of a full database, while the others' did not."""
    for each in full(view):
        held = held_by(view, each)
        client = view.workloads.get(held[0].ref) if held else None
        if client is None or not works_otherwise(client) or client.returned:
            continue
        if 2 * held[0].count <= sum(holder.count for holder in held) or any(s.locked_out for s in held[0].sessions):
            continue
        rise = _rise(view, each, client)
        if rise is None or _asked_more(view, client) or _slow_before(view, each, rise):
            continue
        if not _another(view, each, client, rise):
            yield _match(view, each, client, rise)


def _rise(view: View, each: Full, client: Workload) -> Rise | None:
    """Return how a client's sessions rose since its release; None if they did not, others' did, or nobody knows."""
    label = label_of(view, _BY_CLIENT, each.ref)
    series = view.figures.series(_BY_CLIENT, component=label) if label else ()
    owners = owners_told(view, each.ref, [one.labels for one in series])
    mine: Counter[float] = Counter()
    others: Counter[float] = Counter()
    for one, owner in zip(series, owners, strict=True):
        (mine if owner == client.ref else others).update(dict(one.points))
    rise, beside = _since(mine, client), _since(others, client)
    if rise is None or rise.now < TIMES * max(1.0, rise.before) or not since_release(client, rise.since):
        return None
    return None if beside is not None and beside.now > SAME * max(1.0, beside.before) else rise


def _since(counts: Mapping[float, float], client: Workload) -> Rise | None:
    """Return what a count was when a release came, and is now; None where it does not reach back so far."""
    came = client.released_at.timestamp() if client.released_at else None
    earlier = [at for at in sorted(counts) if came is not None and at <= came]
    if not earlier:
        return None
    before, now = counts[earlier[-1]], counts[max(counts)]
    beyond = (at for at in sorted(counts) if at > earlier[-1] and counts[at] >= before + RISING * (now - before))
    return Rise(before, now, datetime.fromtimestamp(next(beyond, max(counts)), UTC))


def _asked_more(view: View, client: Workload) -> bool:
    """Tell whether a client, or who calls it, has more to do than before its release, or it has more replicas."""
    above = (client.ref, *view.graph.callers(client.ref))
    more = any((requests_grew(view, ref, client.released_at) or 1.0) >= SAME for ref in above)
    return more or grown(view, client) is not None


def _slow_before(view: View, each: Full, rise: Rise) -> bool:
    """Tell whether a database told often of locks or slow statements before a client's sessions rose: it keeps them."""
    told = (hit for hit in view.hits_of(each.ref, "lock_wait", "slow_statement") if hit.count >= OFTEN)
    return any(hit.first is None or hit.first <= rise.since for hit in told)


def _another(view: View, each: Full, client: Workload, rise: Rise) -> bool:
    """Tell whether the database itself was released in the same minutes: it may keep what it is given for longer."""
    server = view.workloads.get(each.ref)
    return server is not None and server is not client and since_release(server, rise.since)


def _match(view: View, each: Full, client: Workload, rise: Rise) -> Match:
    others = tuple(ref for ref in clients(view, each.ref) if ref != client.ref)
    fact = (
        f"{client.name} held {rise.before:.0f} sessions when it was released, and holds {rise.now:.0f}; others no more"
    )
    return Match(
        component=client.ref,
        evidence=(Evidence("metrics", each.ref, fact, rise.since), *release_evidence(client), *each.evidence),
        certainty=0.6,
        since=each.since or rise.since,
        explains=sufferers(view, each, but=client.ref),
        excludes=(
            *not_for((client.ref,), "the same release takes as many sessions again", (*RESTARTS, "scale_workload")),
            *not_for(others, f"{client.name} holds the sessions: nothing done to this client gives them back"),
            *not_for((each.ref,), "a restart ends everybody's work, and it is filled again", ("restart_workload",)),
        ),
    )


RULE = Rule(
    name="sessions_taken_since_release",
    title="A client has most of a full database's sessions since its release",
    root_cause="database_connection",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no full database has a client whose sessions multiplied with its release",
    follows=True,
)
