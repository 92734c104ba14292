"""A proxy keeps idle connections for longer than the servers behind it do since its settings were edited.

A server closes what nobody uses after a time of its own. A proxy that keeps it for longer sends a request into a
connection that is just being closed. What may be sent twice is tried again; a POST is lost, with 502 for an answer. It
meets who is asked seldom, each server is well and knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._closing_time import closes_after
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._kept_idle import Kept, kept_idle
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import OFTEN, fresh
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OWN = ("code_crash", "out_of_memory")
"""What a server tells that ends connections by its own fault."""
_FOR_NOTHING = (*ON_CALLERS, "scale_database", "switch_traffic")


def when(view: View) -> Iterator[Match]:
    """A proxy is cut off by whole, untouched servers since an edit of for how long it keeps what it does not use.

    The edit says more seconds than the servers who cut it off keep a connection, as far as they tell. Others behind
    the proxy that are asked less and close no later would be met as well.
    """
    for edge in view.serving:
        hits = [h for h in view.hits_of(edge.ref, "connection_reset") if not h.previous and fresh(view, h)]
        began = oldest(h.first for h in hits)
        if began is None or sum(h.count for h in hits) < OFTEN or since_release(edge, began):
            continue
        kept = kept_idle(view, edge, began)
        met = _met(view, hits)
        if kept is None or not met or not _well_before(view, edge, met, kept.at):
            continue
        times = {each.ref: closes_after(view, each) for each in met}
        whole = all(_whole(view, each, kept.at, began) for each in met)
        if whole and _closed_earlier(kept, times) and not _busy_ones(view, edge, met, times):
            yield _match(view, edge, met, hits, kept, times, began)


def _met(view: View, hits: list[Hit]) -> list[Workload]:
    """Return the servers that a proxy names; nothing where nobody knows one of them, or where all are of one node."""
    hosts = {host for hit in hits for host in hit.hosts}
    found = {ref for host in hosts if (ref := view.graph.resolve(host))}
    met = [each for each in view.serving if each.ref in found]
    if not all(view.graph.resolve(host) in view.workloads for host in hosts):
        return []
    pods = [pod for each in met for pod in each.live]
    named = {pod.node for pod in pods if pod.address in hosts}
    return [] if len(named) == 1 and len({pod.node for pod in pods}) > 1 else met


def _well_before(view: View, edge: Workload, met: list[Workload], at: datetime) -> bool:
    """Tell whether it is known that nothing was cut off before an edit: by a log that begins earlier, or by figures."""
    firsts = [next((t for line in log.lines if (t := stamp(line))), None) for log in view.logs_of(edge.live)]
    if any(first is not None and first < at for first in firsts):
        return True
    return any(soon_after(since, at) for each in met for _, since in troubles(view, each.ref))


def _whole(view: View, server: Workload, at: datetime, began: datetime) -> bool:
    """Tell whether a server is as it was before an edit: what ends or starts cuts its connections by itself."""
    if server.ready < server.wanted or since_release(server, began) or crashes(view, server):
        return False
    if any(pod.created is None or pod.started is None or max(pod.created, pod.started) > at for pod in server.live):
        return False
    return not any(fresh(view, hit) for hit in view.hits_of(server.ref, *_OWN))


def _closed_earlier(kept: Kept, times: dict[str, float | None]) -> bool:
    """Tell whether servers close before a proxy does, or nobody can tell and nothing else was written."""
    known = [time for time in times.values() if time is not None]
    if kept.seconds is None or not known:
        return kept.alone
    return all(time < kept.seconds for time in known)


def _busy_ones(view: View, edge: Workload, met: list[Workload], times: dict[str, float | None]) -> bool:
    """Tell whether one who is not met is asked less than all who are, though it closes no later as far as is known."""
    asked = [rate for each in met if (rate := _asked(view, each)) is not None]
    latest = max((time for time in times.values() if time is not None), default=None)
    reached = view.graph.calls.get(edge.ref, set()) | {
        ref for route in view.routes if (service := view.services.get(route.service)) for ref in service.backends
    }
    for other in (each for each in view.serving if each.ref in reached and each not in met and each is not edge):
        rate, closes = _asked(view, other), closes_after(view, other)
        alike = closes is None if latest is None else closes is not None and closes <= latest
        if rate and asked and alike and rate < min(asked):
            return True
    return False


def _asked(view: View, server: Workload) -> float | None:
    """Return how many requests a second each pod of a server gets; None where nobody measures it."""
    found = [view.figures.now("request_rate", component=label) for label in labels_of(view, server.ref, "request_rate")]
    known = [rate for rate in found if rate is not None]
    return max(known) / max(1, len(server.live)) if known else None


def _match(
    view: View,
    edge: Workload,
    met: list[Workload],
    hits: list[Hit],
    kept: Kept,
    times: dict[str, float | None],
    began: datetime,
) -> Match:
    known = [f"{ref} closes them after {time:g} s" for ref, time in times.items() if time is not None]
    told = f"{kept.label} was written" + (f": {kept.seconds:g} s" if kept.seconds is not None else "")
    suffer = behind(view, edge.ref, *(each.ref for each in met))
    reason = f"it is well: {edge.ref} keeps idle connections for longer than it, as {kept.ref} says"
    return Match(
        component=kept.ref,
        evidence=(
            Evidence("objects", kept.ref, f"{told}; {edge.ref} keeps idle connections so long since", kept.at),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *((Evidence("objects", met[0].ref, "; ".join(known[:3])),) if known else ()),
            *(seen for each in met for seen, _ in list(troubles(view, each.ref))[:1]),
        ),
        certainty=0.75 if known and kept.seconds is not None else 0.6,
        since=began,
        explains=suffer,
        excludes=(
            *not_for([each.ref for each in met], reason, _FOR_NOTHING),
            *not_for((edge.ref,), f"each start reads {kept.ref} as it is now"),
        ),
    )


RULE = Rule(
    name="reuses_closed_connections",
    title="A proxy keeps idle connections for longer than the servers behind it, since an edit of its settings",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no proxy is cut off by servers that are well since an edit of for how long it keeps idle connections",
)
