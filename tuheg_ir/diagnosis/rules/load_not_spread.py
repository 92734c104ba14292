"""Old pods are at their limit and younger ones idle beside them: callers keep the connections that they have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import IDLE
from tuheg_ir.diagnosis.rules._figures import felt, said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._not_of_its_own import strangers_words
from tuheg_ir.diagnosis.rules._pinned import pinned
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SETTLED = timedelta(minutes=5)
"""Who came later than this may get its share yet."""
_HELD = "the pods that were added idle: further ones get no connection either"


def when(view: View) -> Iterator[Match]:
    """All pods that are at the limit are older than all that have nothing to do, and there are as many of those.

    Members of a store only where their one client, which writes elsewhere, began before those were there.
    """
    for workload in view.serving:
        if not view.leading_to(workload.ref):
            continue  # work is dealt out to it by a key or a partition, and not by connections
        hot, idle = _split(view, workload)
        if not hot or len(idle) < max(2, len(hot) // 2):
            continue
        if strangers_words(view, workload, hot):
            continue  # what keeps them busy is nobody's request
        hurts = (*felt(view, workload.ref), *(e for _, e in said_by_callers(view, workload.ref)))
        if not is_store(workload):
            if hurts:
                yield _match(view, workload, hot, idle, hurts)
        elif found := pinned(view, workload, idle):
            client, older = found
            if hurts := (*hurts, *felt(view, client.ref)):
                yield _of_store(view, workload, client, (_told(workload, hot, idle), _older(client, older), *hurts[:3]))


def _split(view: View, workload: Workload) -> tuple[list[str], list[str]]:
    """Return the pods at their limit and those that have nothing to do; ([], []) where age does not tell them apart."""
    share = usage(view.figures, workload, "cpu_share")
    hot = sorted(share.beyond(BUSY))
    idle = sorted(pod for pod, value in share.by_pod.items() if value < IDLE)
    born = {pod.name: pod.created for pod in workload.live if pod.ready}
    old, young = [born.get(pod) for pod in hot], [born.get(pod) for pod in idle]
    if not hot or not idle or len(hot) + len(idle) < len(share.by_pod):
        return [], []
    known = [t for t in old if t], [t for t in young if t]
    whole = len(known[0]) == len(old) and len(known[1]) == len(young)
    if not whole or max(known[0]) >= min(known[1]) or view.now - max(known[1]) < SETTLED:
        return [], []
    return hot, idle


def _match(view: View, workload: Workload, hot: list[str], idle: list[str], hurts: tuple[Evidence, ...]) -> Match:
    callers = sorted(ref for ref in view.workloads if workload.ref in view.graph.calls.get(ref, ()))
    component = callers[0] if len(callers) == 1 else workload.ref
    return Match(
        component=component,
        evidence=(_told(workload, hot, idle), *hurts[:3]),
        certainty=0.8,
        explains=behind(view, workload.ref, but=component),
        excludes=excluding(workload.ref, _HELD, "scale_workload"),
    )


def _of_store(view: View, store: Workload, client: Workload, seen: tuple[Evidence, ...]) -> Match:
    """Return that a client keeps the sessions that it has: with fresh ones it asks all members of a store."""
    return Match(
        component=client.ref,
        evidence=seen,
        certainty=0.7,
        explains=behind(view, store.ref, but=client.ref),
        excludes=excluding(store.ref, _HELD, "scale_workload", "scale_database"),
    )


def _told(workload: Workload, hot: list[str], idle: list[str]) -> Evidence:
    told = f"{len(hot)} pods are at their processor limit; {len(idle)} younger ones, {idle[0]} among them, idle"
    return Evidence("metrics", workload.ref, told)


def _older(client: Workload, older: list[Pod]) -> Evidence:
    told = f"{len(older)} of its {len(client.live)} pods were started before the members that idle were there"
    return Evidence("objects", client.ref, told, newest(pod.started for pod in older))


RULE = Rule(
    name="load_not_spread",
    title="Callers keep to the old pods, and new ones idle",
    root_cause="configuration_error",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no workload has younger pods that idle while its older ones are at their limit",
    heard=True,
)
