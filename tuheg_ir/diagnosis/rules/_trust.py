"""Who trusts no more what a server shows, by its own doing: it started with older roots, or its release is strict."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match
from tuheg_ir.diagnosis.rules._credentials import younger
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._own_certificate import own
from tuheg_ir.diagnosis.rules.younger_pods_well import unasked
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import keys_of, refs_read
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL, Complaint, began, told
from tuheg_ir.diagnosis.view.logs import Hit, tells, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import mapping, newest, oldest
from tuheg_ir.diagnosis.view.releases import never_ready, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_ROOTS = late(r"(?:^|[^a-z])(?:root_?)?ca(?:[^a-z]|$)|trust|\broots?\b|bundle", re.IGNORECASE)
"""How keys, and Secrets and ConfigMaps, are called that hold whom a client trusts."""
SOON = timedelta(minutes=30)
"""So soon after new roots were written the first server shows a certificate that they vouch for."""
_IPV4 = late(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-])")
_IPV6 = late(r"(?<![\w.:-])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:-])")
"""How the address of a pod stands in a line."""
AT_ONCE = timedelta(minutes=5)
"""A release that does not trust a server tells it with its first requests."""
SLACK = timedelta(minutes=10)
"""What is written for a release is written so near to it."""
DAY = timedelta(days=1)


_Place = tuple[str, str, bool]
"""A log: its pod and container, and whether it is of the run before."""


class Distrust(NamedTuple):
    """What a client that distrusts a server means, and the complaints that this explains."""

    match: Match
    complaints: tuple[Complaint, ...]


def distrust(view: View, found: Sequence[Complaint], alerts: Sequence[Complaint] = ()) -> Iterator[Distrust]:
    """Yield who distrusts a server by its own doing; ``found`` speaks of no certificate that has ended.

    ``alerts``: what servers tell of who refuses them.
    """
    for ref in dict.fromkeys(each.caller for each in found):
        workload = view.workloads.get(ref)
        mine = tuple(each for each in found if each.caller == ref)
        if workload is None or is_store(workload):
            continue
        match = _old_roots(view, workload, mine, found, alerts) or _strict_release(view, workload, mine, found)
        if match is not None:
            yield Distrust(match, mine)


def other_side(view: View, each: Distrust, alerts: Sequence[Complaint]) -> list[Complaint]:
    """Return how servers tell of what a client refuses: by its address, or of nobody where it names nobody either."""
    client, first = each.match.component, began(each.complaints)
    asked = set() if any(c.about or c.hosts for c in each.complaints) else view.graph.calls.get(client, set())
    return [c for c in alerts if c.about == client or (c.caller in asked and _may_mean(view, c, client, first))]


def _may_mean(view: View, each: Complaint, client: str, first: datetime | None) -> bool:
    """Tell whether a server that names no workload may mean a client that refuses somebody since a moment."""
    if each.about or each.hosts or (first and each.hit.first and each.hit.first < first - AT_ONCE):
        return False
    return all(pod.owner in (client, each.caller) for pod in _named(view, [each]))


def _named(view: View, alerts: Sequence[Complaint]) -> list[Pod]:
    """Return the pods of which servers tell by their addresses, whatever else is in those lines.

    Lately, and since the pod started: before that another one had its address.
    """
    found = dict[str, Pod]()
    for place in dict.fromkeys(_place(each.hit) for each in alerts):
        for address, last in _addresses(view).get(place, {}).items():
            for pod in _by_address(view).get(address, ()):
                if last is None or (view.recent(last, STILL) and (pod.started is None or pod.started <= last)):
                    found[pod.name] = pod
    return list(found.values())


def _place(hit: Hit | Log) -> _Place:
    return hit.pod, hit.container, hit.previous


@once_a_view
def _by_address(view: View) -> dict[str, list[Pod]]:
    found: dict[str, list[Pod]] = {}
    for _, pod in view.pods():
        if pod.address:
            found.setdefault(pod.address, []).append(pod)
    return found


@once_a_view
def _addresses(view: View) -> dict[_Place, dict[str, datetime | None]]:
    """Return log -> address in its lines of certificates -> when it was told last (None: nobody knows)."""
    places = {_place(hit) for hit in view.hits if hit.trouble == "certificate"}
    return {_place(log): _in_lines(log.lines, _by_address(view)) for log in view.snapshot.logs if _place(log) in places}


def _in_lines(lines: Sequence[str], known: Container[str]) -> dict[str, datetime | None]:
    found: dict[str, datetime | None] = {}
    times = times_near(lines)
    for line, at in zip(lines, times, strict=True):
        if tells("certificate", line):
            named = {each for pattern in (_IPV4, _IPV6) for each in pattern.findall(line) if each in known}
            found.update({each: newest((found.get(each), at)) for each in named})
    return found


def _old_roots(
    view: View,
    workload: Workload,
    mine: Sequence[Complaint],
    found: Sequence[Complaint],
    alerts: Sequence[Complaint],
) -> Match | None:
    """Return that only pods distrust a server that started before the roots for it were there."""
    refused = [*_pods(workload, mine), *(pod for pod in _named(view, alerts) if pod.owner == workload.ref)]
    last, first = newest(pod.started for pod in refused), began(mine)
    if last is None or first is None or any(pod.started is None for pod in refused):
        return None
    fresh = tuple(pod for pod in younger(view, workload, list(mine)) if _has_asked(view, pod, refused, mine))
    if fresh and unasked(view, refused, fresh):
        fresh = ()  # who is asked for nothing asks no server
    until = oldest(pod.started for pod in fresh)
    edits = [
        (ref, at)
        for ref, at in outside_changes(view, workload)
        if last < at
        and (_taken_at_start(workload, ref) or (until and _of_roots(view, ref)))
        and (at < until if until else at <= first <= at + SOON)
    ]
    if not edits or (not fresh and _as_new(view, edits[0], found)):
        return None
    well = f"{fresh[0].name} of the same template started after all that refuse it, and trusts it" if fresh else ""
    servers = tuple(dict.fromkeys(each.about for each in mine if each.about))
    return Match(
        component=workload.ref,
        evidence=(
            *told(view, mine),
            *((Evidence("objects", workload.ref, well, until),) if well else ()),
            *(
                Evidence("objects", ref, f"it was written after all pods of {workload.name} that refuse started", at)
                for ref, at in edits[:1]
            ),
        ),
        certainty=0.8 if fresh else 0.7,
        remedy="restart_workload",
        since=first,
        explains=(*behind(view, workload.ref, but=workload.ref), *(ref for ref, _ in edits)),
        excludes=(
            *not_for((workload.ref,), "an older template reads the same roots", ("rollback_workload",)),
            *not_for(servers, f"it shows a certificate that {workload.name} trusts once it has started anew"),
        ),
    )


def _has_asked(view: View, pod: Pod, refused: Sequence[Pod], mine: Sequence[Complaint]) -> bool:
    """Tell whether a pod is so old that it has asked the server as well: as late as the last of the refused did.

    One that has not asked yet tells of work too, and of no refusal.
    """
    first = began(mine)
    waits = [
        heard - max(other.started, first)
        for other in refused
        if other.started and first and (heard := began(c for c in mine if c.hit.pod == other.name))
    ]
    return pod.started is not None and view.now - pod.started >= max(waits, default=timedelta()) + STILL


def _of_roots(view: View, ref: str) -> bool:
    """Tell whether an object holds whom a client trusts: its name says so, or one of its keys."""
    kind, _, name = ref.partition("/")
    held = view.objects(kind).get(name)
    return any(_ROOTS.search(word) for word in (name, *mapping(held, "data"), *mapping(held, "binaryData")))


def _pods(workload: Workload, mine: Sequence[Complaint]) -> list[Pod]:
    return [pod for pod in workload.live if pod.name in {each.hit.pod for each in mine}]


def _taken_at_start(workload: Workload, ref: str) -> bool:
    """Tell whether a program gets roots from an object by its environment: what it holds now it cannot see."""
    taken = [(name, key) for kind, name, key, _ in keys_of(workload.template) if f"{kind}/{name}" == ref]
    return any(_ROOTS.search(key or name) for name, key in taken)


def _as_new(view: View, edit: tuple[str, datetime], found: Sequence[Complaint]) -> bool:
    """Tell whether a pod of anybody that took new roots distrusts a server all the same."""
    ref, at = edit
    readers = [w for w in view.serving if ref in refs_read(w.template)]
    return any(pod.started and pod.started >= at for reader in readers for pod in _pods(reader, found))


def _strict_release(
    view: View, workload: Workload, mine: Sequence[Complaint], found: Sequence[Complaint]
) -> Match | None:
    """Return that all new pods of a release distrust a server from the first minute, and nothing else is new."""
    first = _since_birth(view, workload, mine) or began(mine)
    if first is None or workload.returned or not since_release(workload, first, AT_ONCE):
        return None
    refused, heard = {each.hit.pod for each in mine}, {log.pod for log in view.logs_of(workload.live, previous=False)}
    ours = {pod.name for pod in workload.newest_pods()}
    if refused != heard & ours or sum(each.hit.count for each in mine) < OFTEN:
        return None
    others = [w for each in found if (w := view.workloads.get(each.caller)) is not None and w is not workload]
    if any(not since_release(other, began(c for c in found if c.caller == other.ref), AT_ONCE) for other in others):
        return None  # who was not released distrusts somebody too
    if _roots_rewritten(view, workload) or _shows_another(view, workload, mine, first):
        return None
    return Match(
        component=workload.ref,
        evidence=(*told(view, mine), *release_evidence(workload)),
        certainty=0.7,
        root_cause=release_cause(view, workload),
        remedy="rollback_workload",
        since=first,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=not_for((workload.ref,), "each process of this release refuses it", (*RESTARTS, "scale_workload")),
    )


def _since_birth(view: View, workload: Workload, mine: Sequence[Complaint]) -> datetime | None:
    """Return when pods started that distrust a server for as long as they live; None if they may have trusted it.

    A log is kept for a while only: what is told from its first lines on, by pods that were never ready, was so before.
    """
    pods = _pods(workload, mine)
    for pod in pods:
        lines = [line for log in view.logs_of([pod], previous=False) for line in log.lines]
        heard, told = oldest(map(stamp, lines)), began(c for c in mine if c.hit.pod == pod.name)
        if not never_ready(pod) or heard is None or told is None or told - heard > AT_ONCE:
            return None
    return newest(pod.started for pod in pods)


def _roots_rewritten(view: View, workload: Workload) -> bool:
    """Tell whether what a template reads was written while the one before ran: its own pods would read it anew too."""
    before = workload.revisions[1].created if len(workload.revisions) > 1 else None
    return before is None or any(at > before + SLACK for _, at in outside_changes(view, workload))


def _shows_another(view: View, workload: Workload, mine: Sequence[Complaint], first: datetime) -> bool:
    """Tell whether one that it asks began anew, or got another certificate, shortly before it was refused, or since.

    Who is refused for as long as anybody knows may have been so only since then.
    """
    asked = {*(each.about for each in mine), *view.graph.calls.get(workload.ref, ())}
    servers = [view.workloads[ref] for ref in sorted(asked) if ref in view.workloads]
    given = [at for server in servers if (at := own(view, server)[1]) is not None]
    started = [pod.started for server in servers for pod in server.live if pod.started]
    heard = began(mine) or first
    return any(first - DAY <= at <= heard for at in given) or any(first - SOON <= at <= heard for at in started)
