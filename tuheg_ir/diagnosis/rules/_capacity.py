"""What the rules of load share: whether more replicas can be had, who has to be asked, and who took them away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.harm import harms
from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._brought_beside import brought_beside
from tuheg_ir.diagnosis.rules._figures import said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._measuring import (
    asked_in_vain,
    blind_as_ever,
    cause_of_source,
    lost_source,
    told_of_source,
)
from tuheg_ir.diagnosis.rules._named_backends import always_names, named
from tuheg_ir.diagnosis.rules._strangers import reached_from_outside
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import (
    BEFORE,
    release_evidence,
    releases,
    since_release,
    soon_after,
)
from tuheg_ir.diagnosis.view.scaling import Autoscaler, autoscaler
from tuheg_ir.diagnosis.view.trouble import labels_of, suffering, troubles
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

IDLE = 0.25
"""Who uses less of its processor limit than this, while its like are at theirs, gets none of the load."""
MULTIPLIED = 5.0
"""So many requests for each that a caller gets are asked by no users."""
GROWN = 1.3
"""Traffic that grew so many times is more than before."""
PEAK = timedelta(hours=24)
"""Load has its hours: what a release took away in the calm is missed at the next peak, once a day."""
LATELY = timedelta(hours=2)
"""Where nobody knows since when a caller is unwell, a release of it so young is the reason."""
WEEKLY = timedelta(days=8)
"""Some loads come once a week; so long a release may be taken back that changed nothing but what blinds.

That is the one request, or a container beside a program that is as it was.
"""
SURE = 0.65
"""So sure a load has to be to be told of another one, who may then have no finding of its own any more."""
FROM_BEHIND = (
    "connection_refused",
    "connection_timeout",
    "connection_reset",
    "upstream_failure",
    "database_full",
    "dns",
)
"""Troubles that come from behind: more of the caller would make them worse."""
_NO_REQUEST = late(r"missing request for (\S+)(?: in container (\S+))?")
"""Why an autoscaler cannot count, since Kubernetes 1.23 with the container."""
_YES = ("true", "enabled", "yes", "1")
_TO_ITS_OWN = late(
    r"\bupstream: \"\w+://(?:unix:|localhost\b|127\.|\[::1\])|\bfcgi://(?:localhost\b|127\.|\[::1\])"
    r"|\bremote server (?:localhost\b|127\.|\[::1\])"
)
"""How nginx and Apache say in their logs of errors that it is their own pod where they lead a request to."""
_PUT_IN = late(r"(?:annotation|label) \S*(?:inject|/enabled)\S*")
"""What has a container put into the pods of a template that does not name it."""


def remedy_for_load(view: View, workload: Workload) -> tuple[str, tuple[Evidence, ...], tuple[Excluded, ...]]:
    """Return what helps a workload that has too much to do, how one sees it, and what it rules out."""
    scaler = autoscaler(view, workload.ref)
    barred = [each for each in harms(view, workload.ref) if each.remedy == "scale_workload"]
    if scaler and scaler.blind and not barred:
        told = Evidence("objects", scaler.ref, f"the autoscaler sees nothing: {scaler.blind}", scaler.blind_since)
        return "scale_workload", (told,), ()
    if scaler and not scaler.blind and (scaler.at_most or scaler.limited):
        told = Evidence("objects", scaler.ref, f"the autoscaler has given all it may: {scaler.now} of {scaler.most}")
        reason = "the autoscaler is at its maximum and takes further replicas back; a person has to raise it"
        return "page_human", (told,), excluding(workload.ref, reason, "scale_workload")
    if idle := _idle(view, workload):
        told = Evidence(
            "metrics", workload.ref, f"pods are at their limit, and idle beside them: {', '.join(idle[:3])}"
        )
        return (
            "page_human",
            (told,),
            excluding(workload.ref, "further replicas may get no load either", "scale_workload"),
        )
    if barred:
        return "page_human", (Evidence("objects", workload.ref, barred[0].reason),), tuple(barred)
    if multiplied := _multiplied(view, workload):
        return "page_human", (multiplied,), ()
    return "scale_workload", (), ()


def _multiplied(view: View, workload: Workload) -> Evidence | None:
    """Return that many times as much is asked of a workload as the requests to its callers tell, whoever does that.

    More replicas may carry it, or pass it on to what is behind them: a person has to see what it is.
    """
    callers = view.graph.asked_by(workload.ref)
    grown, times = traffic_growth(view, workload.ref), callers_grew(view, workload)
    if grown is None or not callers or set(times) < set(callers) or reached_from_outside(view, workload):
        return None
    if grown < MULTIPLIED * max(1.0, *times.values()):
        return None
    return Evidence("metrics", workload.ref, f"{grown:.3g} times as much is asked of it, of no caller as much")


def _idle(view: View, workload: Workload) -> list[str]:
    """Return the pods that have next to nothing to do while as many others are at their limit or less; [] if few do."""
    share = usage(view.figures, workload, "cpu_share")
    idle = sorted(pod for pod, value in share.by_pod.items() if value < IDLE)
    return idle if share.beyond(BUSY) and 2 * len(idle) >= len(share.by_pod) else []


def asked_more(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that who asks a workload is asked for more itself: what is at its limit serves no more than it did."""
    grown = ((each, times) for each, times in callers_grew(view, workload).items() if times >= GROWN)
    found = tuple(Evidence("metrics", each, f"its requests have grown {times:.1f} times") for each, times in grown)
    return found[:1]


def callers_grew(view: View, workload: Workload) -> dict[str, float]:
    """Return how many times its former traffic each of those gets now who ask a workload, as far as it is known."""
    callers = view.graph.asked_by(workload.ref)
    return {each: times for each in callers if (times := traffic_growth(view, each)) is not None}


def from_behind(view: View, workload: Workload, *, quick: bool = False) -> bool:
    """Tell whether a workload, or what it measures of others, says that something behind it is slow, full or away.

    ``quick``: it is known to take no longer for a request than ever. That a proxy in its own pod waits for it in vain
    comes then of how many wait for it, and not of anything behind.
    """
    told = (hit for hit in view.hits_of(workload.ref, *FROM_BEHIND) if not (quick and _of_own_proxy(hit)))
    return any(told) or slow_behind(view, workload)


def _of_own_proxy(hit: Hit) -> bool:
    """Tell whether a proxy says that whom it leads requests to in its own pod does not answer, and names no other."""
    return _TO_ITS_OWN.search(hit.line) is not None and not any(map(_elsewhere, hit.hosts))


def _elsewhere(host: str) -> bool:
    return host not in ("localhost", "::1") and not host.startswith("127.")


def slow_behind(view: View, workload: Workload) -> bool:
    """Tell whether a workload measures that something behind it is slow, or fails."""
    behind = view.graph.calls.get(workload.ref, ())
    return any(by == workload.ref for ref in behind for by, _ in said_by_callers(view, ref))


def felt_before(view: View, workload: Workload) -> list[tuple[Evidence, datetime | None]]:
    """Return what users of a workload's callers feel, if the workload is all that one of them calls, or fails at.

    Not of who was just released: that may be its own trouble, and it may send more than before.
    """
    above = [ref for ref, calls in view.graph.calls.items() if calls == {workload.ref} and not _released(view, ref)]
    felt = [seen for ref in above for seen in (*troubles(view, ref), *((e, None) for e in suffering(view, ref)))]
    return [*felt, *failed_at(view, workload)]


def failed_at(view: View, workload: Workload) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield the callers whose failures name the pods of a workload and hardly any other, but for who was released."""
    for ref in sorted(view.graph.callers(workload.ref)):
        caller = view.workloads.get(ref)
        if caller is None or always_names(view, caller) != workload.ref or _released(view, ref):
            continue
        told = named(view, caller)
        fact = f"{sum(told.pods.values())} failures name pods of {workload.name}: {told.line}"
        yield Evidence("logs", ref, fact, told.first), told.first


def _released(view: View, ref: str) -> bool:
    """Tell whether what ails a workload began with its own release, or it was released of late if nobody knows when."""
    workload = view.workloads.get(ref)
    if workload is None or not workload.changes:
        return False
    began = oldest(since for _, since in troubles(view, ref))
    return since_release(workload, began) if began is not None else releases(view, workload, LATELY)


def blinded_by_release(view: View, workload: Workload, scaler: Autoscaler) -> bool:
    """Tell whether the container that an autoscaler cannot count for lack of a request came so with the last release.

    A release of some hours ago is blamed where the autoscaler itself tells that it is blind since then; one of some
    days ago as well, where nothing else would be taken back with it.
    """
    at, since = workload.released_at, scaler.blind_since
    resource, container = _uncounted(workload, scaler)
    if not container or at is None or (since is not None and since < at + BEFORE):
        return False  # it was blind under the template before as well
    put_in = _put_in(view, workload, container)
    mine = (c.field for c in workload.changes if c.container == container)
    if not put_in and not any(field == "container" or field.endswith(f".{resource}") for field in mine):
        return False
    if not soon_after(since, at):
        return releases(view, workload, SUSPECT)
    alone = all(c in put_in or (c.container, c.field) == (container, f"requests.{resource}") for c in workload.changes)
    return releases(view, workload, WEEKLY if alone or brought_beside(workload, container) else PEAK)


def _uncounted(workload: Workload, scaler: Autoscaler) -> tuple[str, str]:
    """Return of which resource which container requests nothing, as an autoscaler tells; ("", "") if nobody knows.

    Where it names no container it is the one of the pods that requests nothing of it, if there is one only.
    """
    told = _NO_REQUEST.search(scaler.blind)
    if told is None or told[2]:
        return (told[1], told[2]) if told else ("", "")
    held = (each for pod in workload.live for each in items(pod.obj, "spec", "containers"))
    asked = ((text(each, "name"), mapping(each, "resources")) for each in held)
    # Who has a limit alone requests as much.
    lacking = {name for name, of in asked if all(told[1] not in mapping(of, side) for side in ("requests", "limits"))}
    return (told[1], lacking.pop()) if len(lacking) == 1 else ("", "")


def _put_in(view: View, workload: Workload, container: str) -> tuple[Change, ...]:
    """Return what a release set by which a container is put into its pods that its template does not name.

    Where policies of a mesh say who may call whom, going back without its proxy may lock the workload out.
    """
    if view.snapshot.of("AuthorizationPolicy", "PeerAuthentication"):
        return ()
    if any(text(each, "name") == container for each in items(workload.template, "spec", "containers")):
        return ()
    said = (c for c in workload.changes if not c.container and _PUT_IN.fullmatch(c.field))
    return tuple(c for c in said if c.after.lower() in _YES and c.before.lower() not in _YES)


def unblinded(view: View, workload: Workload, match: Match) -> Match:
    """Return a match of load; as one of the release that blinded the autoscaler, where one did.

    The template before lets the autoscaler give what the load needs, now and at the next peak. It may be that of who
    measures for the autoscaler: then all others are blind too.
    """
    scaler = autoscaler(view, workload.ref)
    if scaler is None or not scaler.blind:
        return match
    if blinded_by_release(view, workload, scaler):
        return match._replace(
            evidence=(*match.evidence, *release_evidence(workload, "limits")),
            root_cause="configuration_error",
            remedy="rollback_workload",
        )
    source = lost_source(view, scaler, PEAK) if _for_want_of_replicas(workload, scaler, match) else None
    return _of_source(view, workload, scaler, source, match) if source else match


def _for_want_of_replicas(workload: Workload, scaler: Autoscaler, match: Match) -> bool:
    """Tell whether it is load for sure that a workload suffers of, felt only since its autoscaler sees nothing."""
    if match.remedy != "scale_workload" or match.certainty < SURE or scaler.at_most:
        return False
    blind, began = scaler.blind_since, match.since
    return blind is not None and began is not None and began >= blind and not since_release(workload, began)


def _of_source(view: View, workload: Workload, scaler: Autoscaler, source: Workload, match: Match) -> Match:
    """Return a match of load as one of the release of who measures for the autoscaler, with how much that has to do."""
    few = "the template is well: its autoscaler gives no replicas"
    return match._replace(
        component=source.ref,
        target=source.ref,
        evidence=(*told_of_source(view, scaler, source), *match.evidence),
        root_cause=cause_of_source(view, source),
        remedy="rollback_workload",
        explains=(
            *match.explains,
            scaler.ref,
            *asked_in_vain(view, source),
            *behind(view, workload.ref, but=source.ref),
        ),
        excludes=(
            *match.excludes,
            *excluding(workload.ref, few, *RESTARTS, "rollback_workload"),
            *blind_as_ever(source),
        ),
    )


def fewer(view: View, workload: Workload) -> Evidence | None:
    """Return that a workload has lost replicas within the hour, though it is complete."""
    for label in labels_of(view, workload.ref, "replicas_available"):
        was, now = (ask("replicas_available", component=label) for ask in (view.figures.first, view.figures.now))
        if was and now and now < 0.7 * was and workload.ready >= workload.wanted:
            return Evidence("metrics", workload.ref, f"it had {was:.0f} replicas and has {now:.0f}")
    return None
