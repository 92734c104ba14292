"""Pods of different nodes lose their large packets: their network was told a size that the way between nodes lacks.

A pod keeps the size that it was born with, and two pods agree on the smaller one of theirs. So only those that were
both made since meet it, as soon as the next release or node makes them anew; whoever is older, or on the node of whom
it asks, is well. Connections are taken and small answers come, large ones never do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._packet_size import Resized, packets_resized
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import OFTEN, complaints, fresh
from tuheg_ir.diagnosis.view.odd import ill_since
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TROUBLES = ("connection_timeout", "cache_busy")
"""How logs tell of answers that do not come; who reads from a cache in vain calls that busy."""
AT_ONCE = timedelta(minutes=15)
"""The first large answer is lost so soon after the younger of two pods was made."""
_NO_WAY = late(
    r"dial tcp|connect(?:ion)? ?time(?:d ?)?out|ConnectTimeout|No route to host|refused|unreachable", re.IGNORECASE
)
"""No connection was taken: that needs no large packet."""


class Lost(NamedTuple):
    """Who waits since when, for whom on another node, and who of its like is well."""

    workload: Workload
    ill: dict[str, datetime | None]
    asked: Workload
    well: tuple[Pod, ...]


def when(view: View) -> Iterator[Match]:
    """Just those pods wait for answers that were made since the packets grew, on other nodes than whom they ask.

    Where nobody knows whether they grew, or which of its neighbours a pod asks, some of its like have to be well.
    """
    resized = packets_resized(view)
    found = [lost for w in view.serving if (lost := _lost(view, w, resized))] if resized else []
    if resized and found:
        yield _match(view, resized, found)


def _lost(view: View, workload: Workload, resized: Resized) -> Lost | None:
    ill = _waiting(view, workload)
    pods = [pod for pod in workload.live if pod.name in ill]
    well = tuple(pod for pod in workload.live if pod.name not in ill)
    if not pods or not all(_since(pod, resized) for pod in pods):
        return None
    asked = [each for each in _asked(view, workload, certain=not (well and resized.grown)) if each is not workload]
    for other in asked if well or resized.grown else ():
        nodes = {pod.node for pod in other.live}
        apart = len(nodes) == 1 and all(_since(pod, resized) for pod in other.live)
        spared = all(pod.node in nodes or not _since(pod, resized) for pod in well)
        lost = Lost(workload, ill, other, well)
        if apart and spared and not any(pod.node in nodes for pod in pods) and _from_birth(view, lost, pods):
            return lost
    return None


def _from_birth(view: View, lost: Lost, pods: list[Pod]) -> bool:
    """Tell whether pods are ill since they and whom they ask were there; a log may begin later, beside some well."""
    born = newest((oldest(pod.created for pod in pods), newest(pod.created for pod in lost.asked.live)))
    began = oldest(lost.ill.values())
    if born is None or began is None or began <= born + AT_ONCE:
        return True
    told = oldest(stamp(log.lines[0]) for log in view.logs_of(pods, previous=False) if log.lines)
    return bool(lost.well) and told is not None and told > born + AT_ONCE


def _since(pod: Pod, resized: Resized) -> bool:
    return pod.created is not None and pod.created > resized.since and bool(pod.node)


def _waiting(view: View, workload: Workload) -> dict[str, datetime | None]:
    """Return pod -> since when its answers are late, or it waits in vain for those of others."""
    *_, slow = ill_since(view, workload)
    hits = [h for h in view.hits_of(workload.ref, *TROUBLES) if fresh(view, h) and not h.previous]
    told = {h.pod: h.first for h in hits if h.count >= OFTEN and not _NO_WAY.search(h.line)}
    live = {pod.name for pod in workload.live}
    return {pod: oldest((slow.get(pod), told.get(pod))) for pod in sorted({*slow, *told} & live)}


def _asked(view: View, workload: Workload, *, certain: bool) -> list[Workload]:
    """Return whom a workload asks; any store as well, unless it has to be certain."""
    named = {each.about for each in complaints(view, *TROUBLES) if each.caller == workload.ref}
    sure = {w.ref for w in view.called(workload.ref)} | named
    return [w for w in view.serving if w.ref in sure or (not certain and (is_store(w) or keeps_data(view, w)))]


def _match(view: View, resized: Resized, found: list[Lost]) -> Match:
    twins = any(lost.well for lost in found)
    since = oldest(at for lost in found for at in lost.ill.values())
    refs = [lost.workload.ref for lost in found]
    return Match(
        component=resized.component,
        evidence=(
            *resized.seen,
            *(_told(lost, resized) for lost in found[:2]),
            *(view.hit_evidence(hit) for ref in refs for hit in view.hits_of(ref, *TROUBLES)[:1]),
            *[seen for ref in refs for seen, _ in troubles(view, ref)][:1],
        ),
        certainty=0.8 if twins and resized.grown else 0.65 if twins else 0.6,
        since=since,
        explains=tuple(ref for ref in behind(view, *refs) if ref != resized.component),
        excludes=(
            *not_for(refs, "each new pod is born with the size that does not pass between nodes"),
            *not_for(dict.fromkeys(lost.asked.ref for lost in found), "its answers are sent and lost on the way"),
        ),
    )


def _told(lost: Lost, resized: Resized) -> Evidence:
    node = lost.asked.live[0].node
    spared = f"; the {len(lost.well)} that are there, or older, are well" if lost.well else ""
    fact = f"all {len(lost.ill)} pods made since wait that are not on {node} with {lost.asked.ref}{spared}"
    return Evidence("objects", lost.workload.ref, fact, oldest(lost.ill.values()) or resized.since)


RULE = Rule(
    name="large_answers_lost",
    title="Large answers are lost between nodes since the network was told another packet size",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="the packets of the pods' network were given no other size, or who is ill is not who would lose them",
)
