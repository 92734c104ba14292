"""Whether pods are odd because all connections of their own pools hang, while their like are well with the database.

A pool waits for ever for answers of sessions that the database dropped, as it does when a node was cut off for a
while: no timeout ends that, and nothing but a new pool helps. More room on either side, or another release, does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._memory import LOADED
from tuheg_ir.diagnosis.view.changes import reads, words_of
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, complaints
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.odd import CLEARLY, odd_since, well_before
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.trouble import of_pods
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NO_CONNECTION = (
    *("database_authentication", "outside_authentication", "login_kind_refused", "login_lookup_failed", "role_missing"),
    *("account_locked", "host_blocked", "database_full", "certificate", "dns"),
    *("connection_refused", "connection_timeout", "connection_reset", "upstream_failure"),
)
"""Who is told these cannot open a connection, or waits for somebody else: a new pool would fare no better."""
_BUSY_OTHERWISE = ("slow_statement", "stuck", "workers_busy", "process_exhausted", "out_of_memory")
"""Who tells of these keeps connections for another reason than that nobody answers on them."""
_OF_OTHERS = late(
    r"httpx|httpcore|aiohttp|apache\.http|ConnectionPoolTimeoutException|Timeout waiting for connection from pool"
    r"|Acquire operation took|Pending acquire queue|reactor\.netty|jedis|lettuce|redis|memcache|amqp|rabbit|ldap|smtp",
    re.IGNORECASE,
)
"""Pools of connections to a web server, a cache or a broker tell of it in words much like a database's."""
_TOTAL = late(r"\(total=(\d{1,6})\b")
_USUAL = 10
"""A pool that tells its total has so many connections at most where its settings say nothing else."""
_SIZE = late(r"pool[\w.-]*?(?:size|max|limit)[\w.-]*[\s=:]+[\"']?(\d{1,6})\b", re.IGNORECASE)
_YOUNG_S = 60
_LATELY = timedelta(minutes=5)
"""Who waits for a pool goes on telling so; what else was told longer ago came at the onset, and is over."""


def pool_hangs(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return what each odd pod repeats of its pool, if nothing but hanging connections is a reason of it; () else.

    They were well before, with the same pool. Not where the database works for them, or somebody waits for a lock
    there; nor where they have more to do than their like, or no processor time.
    """
    told = [
        each for each in complaints(view, "pool_exhausted") if each.caller == workload.ref and not each.hit.previous
    ]
    # One line is told once for each database that it may mean.
    hits = {(each.hit.pod, each.hit.container, each.hit.line): each.hit for each in told if _of_database(view, each)}
    counts = Counter({pod.name: 0 for pod in workload.live})
    for hit in hits.values():
        counts[hit.pod] += hit.count if view.recent(hit.last, _LATELY) else 0
    least, most = min(counts[pod] for pod in odd), max(counts[p.name] for p in workload.live if p.name not in odd)
    if least < max(OFTEN, CLEARLY * most) or _else_kept(view, workload, odd):
        return ()
    began, pods = odd_since(view, odd), [pod for pod in workload.live if pod.name in odd]
    if began is None or len(pods) < len(odd) or not well_before(view, pods, began):
        return ()  # a pool that never was well may be set otherwise than theirs
    return tuple(view.hit_evidence(hit) for hit in hits.values() if hit.pod in odd)


def _of_database(view: View, each: Complaint) -> bool:
    """Tell whether it is a pool for a database that has connections."""
    if _OF_OTHERS.search(each.hit.line) or not _grown_up(view, each):
        return False
    about = view.workloads.get(each.about)
    return about is None or role(about) in ("database", "pooler")


def _grown_up(view: View, each: Complaint) -> bool:
    """Tell whether a pool that tells how many connections it has has as many as it may.

    One that has fewer could not open another: nobody hangs for that. What it may have is told in its settings.
    """
    total = _TOTAL.search(each.hit.line)
    if total is None or int(total[1]) >= _USUAL:
        return True
    workload = view.workloads.get(each.caller)
    told = _settings(view, workload) if workload and int(total[1]) else ()
    return any(size[1] == total[1] for word in told for size in _SIZE.finditer(word))


def _settings(view: View, workload: Workload) -> Iterator[str]:
    yield from words_of(workload.template)
    for kind, label in sorted(reads(workload.template)):
        data = mapping(view.objects(kind).get(label), "data") if kind == "ConfigMap" else {}
        yield from (f"{key}={value}" for key, value in data.items())


def _else_kept(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether something else keeps the connections of odd pods taken, or lets them open none."""
    near = {workload.ref, *view.graph.needs(workload.ref)}
    if any({each.caller, each.about} & near for each in complaints(view, "lock_wait")):
        return True
    told = Counter[tuple[str, str]]()
    for hit in view.hits_of(workload.ref, *_NO_CONNECTION, *_BUSY_OTHERWISE):
        if hit.trouble == "connection_timeout" and tells("pool_exhausted", hit.line):
            continue  # many a pool tells how it gave up waiting in the words of a deadline
        if hit.pod in odd and not hit.previous and (hit.last is None or view.recent(hit.last, _LATELY)):
            told[hit.pod, hit.trouble] += hit.count
    return any(count >= OFTEN for count in told.values()) or _works(view, workload, odd) or _loaded(view, workload, odd)


def _works(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether a database works for odd pods, or lets some wait for a lock; or a pool is measured with room."""
    addresses = {pod.address for pod in workload.live if pod.name in odd} - {""}
    sessions = [session for each in view.databases for session in each.sessions]
    working = sum(s.count for s in sessions if s.client in addresses and s.state == "active")
    if working >= OFTEN or any(session.locked_out for session in sessions):
        return True
    began = [s for s in sessions if s.client in addresses and s.state.startswith("idle in transaction")]
    if any(s.age_s <= _YOUNG_S for s in began):
        return True  # who was answered a moment ago does not hang
    taken = of_pods(view, workload.ref, "pool_in_use")
    usual = max((count for pod, count in taken.items() if pod not in odd), default=0.0)
    return any(taken.get(pod, usual + 1) <= usual for pod in odd)


def _loaded(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether odd pods are asked more than their like, or all more than before, or lack processor time."""
    rates = of_pods(view, workload.ref, "request_rate_by_pod")
    usual = max((rate for pod, rate in rates.items() if pod not in odd), default=None)
    if usual is not None and any(rates.get(pod, 0.0) > LOADED * usual for pod in odd):
        return True
    if (traffic_growth(view, workload.ref) or 1.0) >= LOADED:
        return True
    return any(
        share > limit
        for signal, limit in (("cpu_share", BUSY), ("throttled_share", THROTTLED))
        for pod in odd
        for share in view.figures.latest(signal, "container", pod=pod).values()
    )
