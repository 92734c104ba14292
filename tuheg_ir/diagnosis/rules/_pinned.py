"""Clients that keep to the server that was there when they began: added replicas of a database, or poolers, idle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.programs import image_name, role
from tuheg_ir.diagnosis.view.reading import items, labels, oldest, selects, text
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Pod, Workload

_BY_SESSION = late(
    r"postg|pgvector|spilo|timescale|mysql|mariadb|percona(?!-\w+-mongo)|pgbouncer|pgcat|odyssey|pgpool|proxysql"
)
"""Servers with which a client stays for as long as its session lasts. Clients of others learn of all members by
themselves, and choose by key or role: there idle ones have another reason."""
LATELY = timedelta(hours=6)
"""Who was released within that time may ask for more since."""


def pinned(view: View, store: Workload, idle: Sequence[str]) -> tuple[Workload, list[Pod]] | None:
    """Return the one client whose sessions are older than the idle members of a store, and its pods that are.

    They are dealt out by the address of a Service that leads to all members, when they begin. Which of them is written
    to is asked of no such address: the client has another database for that, or poolers take both.
    """
    members = [pod for pod in store.live if pod.ready]
    callers = [
        view.workloads[ref]
        for ref, called in sorted(view.graph.calls.items())
        if store.ref in called and ref in view.workloads and _asks(view.workloads[ref])
    ]
    if not _by_session(store) or not _dealt_out(view, store, members) or len(callers) != 1:
        return None
    (caller,) = callers
    came = oldest(pod.ready_since or pod.started for pod in members if pod.name in idle)
    older = [pod for pod in caller.live if came and pod.started and pod.started < came]
    if is_store(caller) or releases(view, caller, LATELY):
        return None
    if 2 * len(older) <= len(caller.live) or _names_one(view, caller, members):
        return None
    return (caller, older) if role(store) == "pooler" or _writes_elsewhere(view, caller, store) else None


def _asks(caller: Workload) -> bool:
    """Tell whether somebody has sessions at all: a batch that is over, or not due, has none."""
    return caller.kind not in BATCH or bool(caller.live)


def _by_session(store: Workload) -> bool:
    images = [image_name(text(each, "image")) for each in items(store.template, "spec", "containers")]
    return any(_BY_SESSION.search(image) for image in images)


def _dealt_out(view: View, store: Workload, members: Sequence[Pod]) -> bool:
    """Tell whether each Service with an address of its own that leads to a member leads to all, whoever asks."""
    leading = [each for each in view.services.values() if each.address and store.ref in each.backends]
    if any(text(each.obj, "spec", "sessionAffinity") == "ClientIP" for each in leading):
        return False
    return bool(leading) and all(selects(each.selector, labels(pod.obj)) for each in leading for pod in members)


def _names_one(view: View, caller: Workload, members: Sequence[Pod]) -> bool:
    """Tell whether a client is told a member's own name: then it asks that one, however often it begins anew."""
    told = [value for _, value in view.graph.settings(caller)]
    return any(pod.name in value for pod in members for value in told)


def _writes_elsewhere(view: View, caller: Workload, store: Workload) -> bool:
    return any(each.ref != store.ref and role(each) in ("database", "pooler") for each in view.called(caller.ref))
