"""What leads Services to pods learns of no new pods: the cluster does not tell it, and it keeps to those it knows.

kube-proxy, and whatever stands in its place, asks the cluster which pods are behind a Service. One that is older than
the cluster asks in a version that is gone since the control plane was upgraded; one that lost a right is told nothing.
All goes well until pods are made anew. Then their callers ask addresses that no pod has, on all nodes alike, and the
release or the drain that made the new pods looks like the reason: going back makes others again. A start anew asks the
same, and then knows no pod at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules._unreachable import no_way_to
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.view.complaints import Complaint, began, fresh, told
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import Hit, heard_since
from tuheg_ir.diagnosis.view.reading import oldest, text
from tuheg_ir.diagnosis.view.releases import SOON, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TROUBLE = "pods_not_listed"
_AGENT = late(r"kube-?proxy|cilium(?!-operator)|kube-router|antrea-agent|ovnkube-node")
"""What leads Services to pods on each node is called so."""
_LONG = timedelta(minutes=5)
"""Who asks in vain for so long does so for good: a control plane that is started anew answers before that."""


def when(view: View) -> Iterator[Match]:
    """An agent on the nodes says that it is not told; or nobody on any node reaches pods since all of them are new."""
    heard = list(_told(view))
    yield from heard
    if not heard:
        yield from _felt(view)


def _told(view: View) -> Iterator[Match]:
    """Yield which agent repeats that the cluster does not tell it which pods there are, and does not stop to."""
    for agent in view.serving:
        hits = [h for h in view.hits_of(agent.ref, TROUBLE) if fresh(view, h) and not h.previous]
        first = oldest(h.first for h in hits)
        leads = _AGENT.search(agent.name) or is_proxy(agent)  # who only collects from pods lists them as well
        if agent.kind != "DaemonSet" or not leads or sum(h.count for h in hits) < OFTEN:
            continue
        if first is not None and view.recent(first, _LONG):
            continue
        renewed = [each for each in view.serving if each is not agent and _renewed(each, first)]
        yield _of_agent(view, agent, hits, first, renewed)


def _renewed(workload: Workload, since: datetime | None) -> bool:
    return any(pod.created is not None and (since is None or pod.created > since) for pod in workload.live)


def _of_agent(
    view: View, agent: Workload, hits: Sequence[Hit], first: datetime | None, renewed: Sequence[Workload]
) -> Match:
    """Return that an agent is not told: since its own release, which asks for more than there is, or by the cluster."""
    pods = {hit.pod for hit in hits}
    own = bool(agent.changes) and since_release(agent, first) and pods >= {pod.name for pod in agent.newest_pods()}
    fact = f"{len(pods)} of its {len(agent.live)} pods ask in vain, and know of no pod that came since"
    unheard = "pods of it came since, of which it has not heard"
    new = [Evidence("objects", each.ref, unheard, _came(each, first)) for each in renewed]
    return Match(
        component=agent.ref,
        evidence=(
            *(view.hit_evidence(hit) for hit in hits[:2]),
            Evidence("objects", agent.ref, fact, first),
            *new[:2],
            *(release_evidence(agent, "image") if own else ()),
        ),
        certainty=0.8 if renewed and first is not None else 0.6,
        root_cause="configuration_error",
        remedy="rollback_workload" if own else "",
        since=oldest(_came(each, first) for each in renewed) or first,
        explains=_suffer(view, renewed, agent.ref),
        excludes=(
            *not_for((agent.ref,), "one that is started anew asks the same, and knows no pod at all", RESTARTS),
            *_not_for_new_ones(view, renewed, f"whatever new pods come, {agent.ref} does not hear of them"),
        ),
    )


def _felt(view: View) -> Iterator[Match]:
    """Yield whom no pod of any caller reaches any more since all its pods are new, though all of them are well."""
    found = {each.ref: said for each in view.serving if (said := _in_vain(view, each))}
    renewed = [view.workloads[ref] for ref in found]
    agents = [each for each in view.serving if each.kind == "DaemonSet" and _AGENT.search(each.name)]
    if not renewed:
        return
    said = [each for some in found.values() for each in some]
    component = agents[0].ref if len(agents) == 1 else next(iter(view.leading_to(renewed[0].ref))).ref
    fact = "all its pods came just before, and are ready"
    facts = (Evidence("objects", each.ref, fact, _came(each)) for each in renewed)
    why = "its callers ask addresses that no pod has any more: new pods would have others again"
    yield Match(
        component=component,
        evidence=(*told(view, said, 2), *facts),
        certainty=0.6,
        root_cause="network_fault",
        since=began(said),
        explains=_suffer(view, renewed, component),
        excludes=_not_for_new_ones(view, renewed, why),
    )


def _in_vain(view: View, called: Workload) -> list[Complaint]:
    """Return what tells that there is no way to anybody at a Service's address since all its pods are new.

    Not where the new pods are all on one node, or something on the way was changed: then that may be the reason.
    """
    said = no_way_to(view, called)
    first, callers = began(said), sorted({each.caller for each in said})
    services = view.leading_to(called.ref)
    if first is None or not services or not all(is_address(text(each.obj, "spec", "clusterIP")) for each in services):
        return []
    new = all(pod.created and first - SOON <= pod.created <= first + MINUTE for pod in called.live)
    if not new or len({pod.node for pod in called.live}) < 2:
        return []
    if any(way_changed(view, view.workloads[ref], called, first) for ref in callers):
        return []
    asking = [pod for ref in callers for pod in view.workloads[ref].live]
    all_tell = {each.hit.pod for each in said} >= {pod.name for pod in asking}
    heard = heard_since(view.logs_of(asking, previous=False))
    older = all(pod.started is not None and pod.started < first - MINUTE for pod in asking)
    return said if all_tell and older and heard is not None and heard < first - MINUTE else []


def _came(workload: Workload, since: datetime | None = None) -> datetime | None:
    """Return when the first of a workload's pods came that came after a time."""
    return oldest(at for pod in workload.live if (at := pod.created) and (since is None or at > since))


def _suffer(view: View, renewed: Iterable[Workload], but: str) -> tuple[str, ...]:
    return behind(view, *(each.ref for each in renewed), but=but)


def _not_for_new_ones(view: View, renewed: Sequence[Workload], why: str) -> tuple[Excluded, ...]:
    refs = sorted(each.ref for each in renewed)
    callers = [ref for ref in behind(view, *refs) if ref not in refs]
    return (
        *not_for(refs, why, (*RESTARTS, "rollback_workload", "scale_workload")),
        *not_for(callers, why, ON_CALLERS),
    )


RULE = Rule(
    name="new_pods_not_learnt",
    title="What leads Services to pods learns of no new pods",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nothing that leads Services to pods says that it is not told of them, and nobody asks pods that are gone",
)
