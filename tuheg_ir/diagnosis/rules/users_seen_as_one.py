"""A Service or an edge's settings hide from whom requests come since an edit, and a limit for each holds for all.

A balancer that leads requests on over another node leaves the node's address in the place of the user's; an edge that
is told no more whom to believe takes the balancer before it for all its users, or a CDN's nodes, which lie outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._edge_limit import maps_of
from tuheg_ir.diagnosis.rules._helping import HOURS, ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._seen_users import (
    OF_USERS,
    PERHAPS_OF_USERS,
    REFUSED,
    became_few,
    led,
    parted,
    refused_more,
    refused_yet,
    seen,
    shown,
    stand_before,
)
from tuheg_ir.diagnosis.view.reading import last_write, mapping, moment, ref, text, writers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.diagnosis.writers import fields
from tuheg_ir.named import NamedTuple


class _Edit(NamedTuple):
    """What was written, when, and whose users it may hide; ``hides``: what was written is whom to believe of that."""

    obj: Obj
    at: datetime
    workloads: tuple[str, ...]
    hides: bool = False


def when(view: View) -> Iterator[Match]:
    """Since a Service from outside, or settings, were edited, users come from few addresses, and are refused.

    That is seen where they come in, or behind it. Of several that were edited then it is the one that hides who asks.
    """
    edits = list(_edits(view))
    for edit in edits:
        others = (each for each in edits if each is not edit and {*each.workloads} & {*edit.workloads})
        if not edit.hides and any(each.hides and near(each.at, edit.at) for each in others):
            continue
        for ref_ in edit.workloads:
            found = _told(view, view.workloads[ref_], edit)
            if found is not None:
                yield _match(view, edit, ref_, found)


def _edits(view: View) -> Iterator[_Edit]:
    """Yield the Services from outside that were written within hours, and the settings of those behind them."""
    for service in view.services.values():
        at = edited(service.obj) if text(service.obj, "spec", "type") in ("LoadBalancer", "NodePort") else None
        if at is not None and view.recent(at, HOURS):
            hides = text(service.obj, "spec", "externalTrafficPolicy") == "Cluster"
            yield _Edit(service.obj, at, service.backends, hides)
    for workload in view.serving:
        for obj in maps_of(view, workload):
            at, of_users = edited(obj), _of_users(obj)
            if at is not None and of_users is not False and view.recent(at, HOURS):
                yield _Edit(obj, at, (workload.ref,), bool(of_users))


def _of_users(obj: Obj) -> bool | None:
    """Tell whether the last edit of settings was of whom to believe from where a request comes; None: nobody can tell.

    Who holds all of them may have taken one away, which he holds no more.
    """
    data = mapping(obj, "data")
    keys = {
        each.removeprefix("data.")
        for writer in writers(obj)
        if moment(writer, "time") == last_write(obj)
        for each in fields(writer)
        if each.startswith("data.")
    }
    whole = {key for key in keys if "\n" in str(data.get(key, ""))}
    if any(OF_USERS.search(key if key in whole else f"{key}={data.get(key, '')}") for key in keys):
        return True
    return None if whole or not keys or keys >= data.keys() or any(map(PERHAPS_OF_USERS.search, keys)) else False


def _told(view: View, workload: Workload, edit: _Edit) -> Evidence | None:
    """Return what a program, or else one to which it leads, tells of its users around an edit.

    What one believes of who asks may have changed with a release of its own in those minutes. A Service hides who asks
    behind nodes of the cluster; settings do behind whatever is before the edge.
    """
    at, anywhere = edit.at, edit.obj["kind"] == "ConfigMap"
    tellers = [view.workloads[each] for each in dict.fromkeys((workload.ref, *led(view, workload)))]
    tellers = [each for each in tellers if not (each.changes and near(each.released_at, at))]
    if workload not in tellers:
        return None
    return next(filter(None, (_as_one(view, each, at, anywhere) for each in tellers)), None)


def _as_one(view: View, workload: Workload, at: datetime, anywhere: bool) -> Evidence | None:
    """Return that a program's users had addresses of their own before a time, and share those of a few nodes since.

    ``anywhere``: these may lie outside.

    What a later release of it sees may be the release's: they have to share them before that.
    """
    until = workload.released_at if workload.changes and workload.released_at else view.now
    told = list(seen(view, workload, at))
    before, after = parted(told, at, until)
    few = became_few(before, after) or (anywhere and stand_before(before, after))
    if not few or not refused_yet(view, told) or not refused_more(before, after):
        return None
    return shown(workload.ref, before, after, min(a.at for a in after if a.status == REFUSED))


def _match(view: View, edit: _Edit, of: str, found: Evidence) -> Match:
    component = ref(edit.obj)
    events = [e for e in view.events if e.about == component and e.reason == "ExternalTrafficPolicy"]
    told = "it was written; who asks is not seen since"
    if edit.hides:
        told = "whom to believe from where a request comes was written"
        if text(edit.obj, "spec", "externalTrafficPolicy"):
            told = "it was written; its policy for traffic from outside is Cluster, which hides who asks"
    suffer = not_their_own(view, behind(view, of), edit.at)
    called = not_their_own(view, led(view, view.workloads[of]), edit.at)
    return Match(
        component=component,
        evidence=(
            Evidence("objects", component, told, edit.at),
            *(view.event_evidence(event) for event in events[:1]),
            found,
        ),
        certainty=0.8 if edit.hides or events else 0.6,
        since=found.time,
        explains=tuple(dict.fromkeys((of, *suffer))),  # it refuses by its limits since before any later release
        excludes=not_for(
            sorted({*suffer, *called}),
            f"{component} hides its users from {of}: whichever pods there are, they take all for a few",
            ON_CALLERS,
        ),
    )


RULE = Rule(
    name="users_seen_as_one",
    title="A Service or setting hides its users' addresses since an edit, and a limit for each holds for all together",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no Service or setting was edited since which users share few addresses and are refused",
)
