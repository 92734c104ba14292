"""A program refuses requests for bearing the very name under which its own users reach it.

Frameworks compare the host, the origin or the referer of a request with what they take for their own. Since a stricter
version behind an edge that speaks TLS for them, a shorter list of names or a new way in, that is no longer the name
which browsers know: pages load, pods are ready, and whoever sends a form or opens a socket is turned away. That
strangers ask under other names is the noise of every day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._helping import behind, names
from tuheg_ir.diagnosis.rules._in_force import Edit, edits
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._own_names import inner_names, led_by, refuses, refusing, said_to_be
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.rules.edge_released import is_edge
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, all_told
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_READ, _WAYS = ("ConfigMap", "Secret"), ("Ingress", "HTTPRoute", "Service")
"""What a program may take for its own name is in the first, and what it is told of who asks comes by the others."""


def when(view: View) -> Iterator[Match]:
    """A program that serves refuses a name of its own, often and lately, since its release or the one edit beside it.

    Somebody has to suffer. Of a program with several names each is refused, or an alert tells of the one that is: an
    old name may have been refused all along.
    """
    for workload in view.serving:
        felt = all_told(view, workload.ref)
        told = _told(view, workload) if felt else None  # it reads all of a log
        if told is None or not _meant(view, workload):
            continue
        of_edits = {each.ref: each for each in edits(view) if each.on == workload.ref and _fits(each, told.since)}
        if _others(view, workload, told.since):
            continue  # what an edge passes on may be what is refused
        if _of_its_release(view, workload, told):
            if not of_edits:
                yield _match_release(view, workload, told, felt)
        elif len(of_edits) == 1 and not since_release(workload, told.since):
            (edit,) = of_edits.values()
            if not called_before(view, edit.at):
                yield _match_edit(view, workload, edit, told, felt)


def _told(view: View, workload: Workload) -> Repeated | None:
    """Return the lines in which a program tells that it refuses one of its own names."""
    if not refuses(view, workload):
        return None
    outer = led_by(view, workload) or led_by(view) or said_to_be(view, workload)
    own = (*sorted(outer), *sorted(inner_names(view, workload)))
    return repeated(view, workload, refusing(own), own, OFTEN) if own else None


def _meant(view: View, workload: Workload) -> bool:
    """Tell whether each name under which users come to a workload is refused, or an alert tells of one that is."""
    hosts = led_by(view, workload)
    lines = [*view.lines_of(workload)] if len(hosts) > 1 else []
    refused = {host for host in hosts if any(map(refusing((host,)).search, lines))}
    said = (" ".join((alert.said, *map(str, alert.labels.values()))) for alert in view.alerts)
    return not lines or not refused or refused == hosts or any(names(each, host) for each in said for host in refused)


def _fits(edit: Edit, began: datetime) -> bool:
    """Tell whether an edit came into force as it began: settings may with the next start, a way in does at once."""
    kind = edit.ref.partition("/")[0]
    return any(near(at, began) for at in (edit.times if kind in _READ else (edit.at,) if kind in _WAYS else ()))


def _others(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether an edge was released as it began."""
    rolled = (each for each in view.workloads.values() if each is not workload and near(each.released_at, began))
    return any(each.changes and is_edge(view, each) for each in rolled)


def _of_its_release(view: View, workload: Workload, told: Repeated) -> bool:
    """Tell whether all pods of a release that say anything refuse it since it came, and no older one does."""
    newest = workload.newest_pods()
    heard = {log.pod for log in view.logs_of(newest, previous=False) if log.lines}
    if not workload.changes or workload.returned or called_before(view, workload.released_at):
        return False
    return told.pods == heard and since_release(workload, told.since)


def _ways(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return the first route that leads users to a workload, as evidence that the name is its own."""
    led = (route for route in view.routes if route.host.lower() in led_by(view, workload))
    return tuple(Evidence("objects", each.ref, f"it leads users of {each.host} to {workload.ref}") for each in led)[:1]


def _match_release(view: View, workload: Workload, told: Repeated, felt: list[Evidence]) -> Match:
    return Match(
        component=workload.ref,
        evidence=(told.told(), *release_evidence(workload)[:2], *_ways(view, workload), *felt[:2]),
        certainty=0.65,
        root_cause=release_cause(view, workload),
        remedy="rollback_workload",
        since=told.since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=excluding(workload.ref, "new and further pods refuse the same", *RESTARTS, "scale_workload"),
    )


def _match_edit(view: View, workload: Workload, edit: Edit, told: Repeated, felt: list[Evidence]) -> Match:
    why = "it refuses by what stands in its settings, or by what it is told of who asks"
    return Match(
        component=edit.ref,
        evidence=(told.told(), Evidence("objects", edit.ref, "it was written, and nothing else", edit.at), *felt[:2]),
        certainty=0.5,
        since=told.since,
        explains=behind(view, workload.ref),
        excludes=excluding(workload.ref, why, *RESTARTS, "scale_workload", "rollback_workload"),
    )


RULE = Rule(
    name="own_name_refused",
    title="A program refuses requests that bear the name under which its own users reach it",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody refuses a name of its own again and again since a release or an edit",
)
