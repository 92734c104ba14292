"""Since somebody wrote a way in, or what its edge reads, who asks is sent in circles: nothing fails, nobody is served.

So it is where HTTPS is forced at an edge before which TLS ends already, or where the edge no longer believes what the
balancer tells of it. What is behind the edge hears nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._edge_limit import maps_of
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._sent_round import Sent, sent_round
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.view.network import Route
from tuheg_ir.diagnosis.view.reading import last_write, moment, ref, writers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.diagnosis.writers import fields

_WAYS = ("Ingress", "HTTPRoute")
_OF_SCHEME = late(r"ssl|https|tls|scheme|proto|redirect|forwarded|entry.?point|middleware", re.IGNORECASE)
"""Names of settings by which an edge sends requests on to HTTPS, or knows that they came by it."""
HELD = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool", "switch_traffic")


def when(view: View) -> Iterator[Match]:
    """All requests of a way in are sent on, and come again, since one thing was written by which its edge leads them.

    It is the way itself, or a ConfigMap or Service of the edge; of several that were written then, the one of which a
    setting of HTTPS was. Not where a program was released in those minutes: it may send on by itself. Where the edge
    tells that it asked nobody, no program has.
    """
    for edge in view.serving:
        if not leads_from_outside(view, edge):
            continue
        found = [(obj, sent) for obj in leading(view, edge) if (sent := _sent(view, edge, obj)) is not None]
        chosen = found if len(found) == 1 else [each for each in found if _of_scheme(each[0])]
        if len(chosen) == 1 and not _released(view, edge, *chosen[0]):
            yield _match(view, edge, *chosen[0])


def leading(view: View, edge: Workload) -> Iterator[Obj]:
    """Yield the ways in, and what an edge reads or is found by, that were edited of late."""
    own = {ref(obj): obj for obj in maps_of(view, edge)}
    for obj in (*view.snapshot.of(*_WAYS), *own.values(), *(service.obj for service in view.leading_to(edge.ref))):
        at = edited(obj)
        if at is not None and view.recent(at, HOURS):
            yield obj


def _sent(view: View, edge: Workload, obj: Obj) -> Sent | None:
    """Return that requests of an object's way in, or all of an edge, go round since it was written."""
    at = edited(obj)
    found = sent_round(view, edge, _led(view, ref(obj)), at) if at is not None else None
    return found if found is not None and near(at, found.since) else None


def _led(view: View, named: str) -> Sequence[Route] | None:
    """Return the ways of an object; None for what is no way in: all that its edge leads are of it."""
    if named.split("/", maxsplit=1)[0] not in _WAYS:
        return None
    return [way for way in view.routes if way.ref == named]


def _of_scheme(obj: Obj) -> bool:
    """Tell whether what was written last of an object is a setting of HTTPS."""
    last = (each for each in writers(obj) if moment(each, "time") == last_write(obj))
    return any(_OF_SCHEME.search(each) for entry in last for each in fields(entry))


def _released(view: View, edge: Workload, obj: Obj, sent: Sent) -> bool:
    """Tell whether a release may be what sends requests on: of the edge, or of who answers behind it."""
    if edge.changes and near(edge.released_at, sent.since):
        return True
    led = [view.workloads[each] for each in _ends(view, ref(obj)) if each in view.workloads]
    return sent.by_edge is not True and any(each.changes and near(each.released_at, sent.since) for each in led)


def _ends(view: View, named: str) -> tuple[str, ...]:
    """Return the workloads to which a way in leads; all ways for what is none."""
    way = named.split("/", maxsplit=1)[0] in _WAYS
    services = (view.services.get(route.service) for route in view.routes if not way or route.ref == named)
    return tuple(dict.fromkeys(each for service in services if service for each in service.backends))


def _match(view: View, edge: Workload, obj: Obj, sent: Sent) -> Match:
    named, ends = ref(obj), _ends(view, ref(obj))
    suffer = tuple(dict.fromkeys((edge.ref, *behind(view, *ends))))
    return Match(
        component=named,
        evidence=(sent.evidence(edge.ref), _shown(named, edited(obj))),
        certainty=0.8 if _of_scheme(obj) else 0.65,
        since=sent.since,
        explains=suffer,
        excludes=(
            *not_for(suffer, f"since {named} was written who asks is sent in circles, and never served", HELD),
            *excluding(named, "these are no more users: each goes round", *RESTARTS, "scale_workload"),
        ),
    )


def _shown(named: str, at: datetime | None) -> Evidence:
    return Evidence("objects", named, "it was written then", at)


RULE = Rule(
    name="redirected_in_circles",
    title="Since a way in or its edge's settings were written, whoever asks is redirected in circles",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no requests of a way in are all redirected, again and again, since something of it was written",
)
