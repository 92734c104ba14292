"""Whether who fails since a release of nothing but an image blames somebody else in its errors."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._fed_by import OF_A_STORE
from tuheg_ir.diagnosis.rules._kept_by_calls import kept_by_calls
from tuheg_ir.diagnosis.rules._waits_in_traces import waited_in_traces
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import Hit, heard_since, tells
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import of_code_alone, since_release
from tuheg_ir.diagnosis.view.stores import is_store, of_a_store
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OTHERS = (
    *("dns", "connection_refused", "connection_reset", "upstream_failure"),
    *("database_authentication", "outside_authentication", "account_locked"),
    *("database_writes_refused", "read_only_database", "cache_full", "broker_alarm", "store_limit", "disk_full"),
    *("store_quota", "cluster_split"),
)
"""Troubles that a program has with somebody else, and an image seldom brings.

Not that others are slow, give no session or tell it to ask less: a release that asks for too much makes these itself.
Nor that a certificate is not believed: an image brings the authorities that it trusts.
"""
_TIMEOUT = late(r"time[ds]?.?out|deadline|time limit", re.IGNORECASE)
"""Words of who waited for an answer in vain."""
ITS_OWN = (
    *("code_crash", "schema", "configuration_missing", "field_unknown", "answer_misread", "date_misread"),
    "value_malformed",
    *("row_refused", "statement_lost", "out_of_memory", "connection_leak", "process_exhausted"),
    "undecryptable",
)
"""Troubles that a program makes itself."""
_LATE = "connection_leak"
"""What a pool tells of each connection that it has not got back for long."""
_ITSELF = late(r"\b(?:localhost|127\.\d+\.\d+\.\d+)\b|\[?::1\]?:")
"""Where a program asks in its own pod."""
_WRAPPED = ("connection_refused", "connection_reset", "database_full", "dns")
"""Troubles with others that programs tell within an exception of their own, as a trace or what a framework catches."""
FAILED = 500
"""How a program answers that stumbles by itself: whose upstream fails answers 502 to 504."""
_ADDRESS = late(r"(?:^|_)(?:url|uri|host(?:name)?|addr(?:ess)?|endpoint|server)$", re.IGNORECASE)
"""How a variable ends that tells where somebody is."""
MOSTLY = 0.5
"""So large a share of its errors tells of the same, where there are errors of more kinds."""


def blames_another(view: View, teller: Workload, released: Workload) -> tuple[Hit, ...]:
    """Return the errors by which a workload mostly blames others than what was released, since it was.

    () where the release changed settings as well: a wrong host or time limit makes the same words. Nor does a store
    that was asked in another way speak of others: it tells of its clients.
    """
    if not of_code_alone(released) or role(teller) in DATA:
        return ()
    if blames_itself(view, teller) or blames_itself(view, released):
        return ()
    pods = {pod.name for pod in (teller.newest_pods() if teller is released else teller.live)}
    told = (c for c in _of_others(view).get(teller.ref, ()) if c.hit.pod in pods)
    found = {c.hit: None for c in told if _of_another(view, c, teller, released) and _since(view, c.hit, released)}
    return tuple(found) if sum(hit.count for hit in found) >= OFTEN and mostly(view, teller, OTHERS) else ()


@once_a_view
def _of_others(view: View) -> dict[str, list[Complaint]]:
    """Return each workload's complaints of others."""
    found: dict[str, list[Complaint]] = {}
    for each in complaints(view, *OTHERS):
        found.setdefault(each.caller, []).append(each)
    return found


@once
def blames_itself(view: View, workload: Workload) -> bool:
    """Tell whether a workload's logs tell of a trouble that it makes itself, other than as the wrapper of another's.

    Nor is it its own memory that a store has not got, or its own fault that it waited for somebody in vain, or gives
    connections back late as others answer it late.
    """
    hits = [hit for hit in view.hits_of(workload.ref, *ITS_OWN) if not _refused_for_memory(workload, hit)]
    if any(hit.trouble == _LATE for hit in hits) and keeps_for_others(view, workload):
        hits = [hit for hit in hits if hit.trouble != _LATE]
    own = [hit for hit in hits if hit.trouble != "code_crash" or not waited_in_traces(view, hit)]
    return any(not any(tells(trouble, hit.line) for trouble in _WRAPPED) for hit in own)


@once
def keeps_for_others(view: View, workload: Workload) -> bool:
    """Tell whether others answered a program late before it missed connections, which it keeps for so long."""
    return kept_by_calls(
        view, workload, oldest(hit.first for hit in view.hits_of(workload.ref, "pool_exhausted", _LATE))
    )


def blameless_code(view: View, workload: Workload) -> bool:
    """Tell whether a release brought other code alone, which blames itself for nothing."""
    return of_code_alone(workload) and not blames_itself(view, workload)


def _refused_for_memory(workload: Workload, hit: Hit) -> bool:
    return hit.trouble == "out_of_memory" and not is_store(workload) and of_a_store(hit.line)


def _of_another(view: View, found: Complaint, teller: Workload, released: Workload) -> bool:
    """Tell whether a complaint is of who was not released; who does not find a name has not come as far as that."""
    hit = found.hit
    if hit.previous or _TIMEOUT.search(hit.line):
        return False
    if teller is released and not hit.hosts and status_of(hit.line) == FAILED and _needs_nobody(view, teller):
        return False  # so it answers itself, names nobody, and nobody is known that it needs
    if hit.trouble == "dns":
        return True
    if any(_ITSELF.match(host) or view.graph.resolve(host) == released.ref for host in hit.hosts):
        return False
    if teller is released:
        return not _ITSELF.search(hit.line)
    return found.about != released.ref and bool(found.about or found.hosts)


@once
def _needs_nobody(view: View, workload: Workload) -> bool:
    """Tell whether nobody is known whom a workload asks: of the namespace, or outside, by its settings or its log.

    Where a variable takes an address from elsewhere, as a Secret, somebody is behind it; stores tell of themselves.
    """
    if view.graph.needs(workload.ref) or view.graph.outside.get(workload.ref):
        return False
    settings = [*view.graph.settings(workload)]
    if any(not value and _ADDRESS.search(key) and not OF_A_STORE.search(key) for key, value in settings):
        return False
    hosts = {host for key, value in settings for host in hosts_in(key, value)}
    lines = (line for log in view.logs_of(workload.live, previous=False) for line in log.lines)
    return not any(map(view.graph.is_away, hosts.union(hosts_named(lines))))


def _since(view: View, hit: Hit, released: Workload) -> bool:
    """Tell whether an error came with a release, as far as anybody knows: a log may have been cut since."""
    if hit.first is None or since_release(released, hit.first):
        return True
    mine = (
        log for log in view.snapshot.logs if (log.pod, log.container, log.previous) == (hit.pod, hit.container, False)
    )
    first = heard_since(mine)
    after = released.released_at is not None and hit.first > released.released_at
    return after and first is not None and hit.first - first <= MINUTE


def mostly(view: View, teller: Workload, troubles: Iterable[str]) -> bool:
    """Tell whether most errors of a workload tell of some troubles; that others are slow says neither."""
    told = [each for each in marked(view, teller) if not _TIMEOUT.search(each.line)]
    meant = sum(each.count for each in told if any(tells(trouble, each.line) for trouble in troubles))
    return not told or meant > MOSTLY * sum(each.count for each in told)
