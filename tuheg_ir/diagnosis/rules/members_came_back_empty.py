"""Members of a store were made anew without what they held, and nobody serves their part of the data since.

A store that spreads its data over members keeps a copy of each part on few of them. If all of these go at once (a node
is drained that had them both, a claim is deleted), and what they held was not on a volume that outlives the pod, the
pods that come back are ready and know nothing: the others wait for members that will never come. Starting more of them
anew loses more; a person joins the new ones, or takes what is lost out of the book.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._drained import sent_away
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._leaderless import leaderless
from tuheg_ir.diagnosis.view.claims import claims_of_pod
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import created, items, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ELDER = timedelta(hours=1)
"""Members of a store that is no older than this were never joined, or it is filled just now."""
CAME = timedelta(minutes=10)
"""So long before the first word of it a member may have been made anew: clients may look at its part later."""
AWAY = timedelta(minutes=30)
"""So long after it: a pod may find no place while its node is away."""
_PASSING = {"emptyDir", "ephemeral"}
_GIVEN = {"configMap", "secret", "projected", "downwardAPI"}
"""Volumes that hold what a pod is given, and nothing of its own."""
PART = "what it held is gone, and nobody serves that part"


def when(view: View) -> Iterator[Match]:
    """Users of a store miss a leader since members of it came back, ready and without what they had held."""
    for store in of_role(view.workloads, "broker", "cache", "database", "search"):
        if len(store.live) < 2 or store.ready < store.wanted:
            continue  # who is not there may come back with what it holds
        told = [each for ref in behind(view, store.ref) if (each := leaderless(view, ref)) is not None]
        began = oldest(each.since for each in told)
        empty = _empty(view, store, began) if began is not None else []
        if not empty:
            continue
        suffer = not_their_own(view, behind(view, store.ref, but=store.ref), began)
        gone = [view.event_evidence(sent.event) for sent in sent_away(view, store)]
        yield Match(
            component=store.ref,
            evidence=(*(each.told() for each in told[:2]), *empty[:2], *gone[:2]),
            certainty=0.75,
            since=began,
            explains=suffer,
            excludes=(
                *not_for(suffer, f"what they ask for is with nobody at {store.ref}", ON_CALLERS),
                *not_for(
                    (store.ref,),
                    "each further member that is made anew loses what it holds, and joins nothing",
                    (*RESTARTS, "rollback_workload", "scale_workload", "scale_database"),
                ),
            ),
        )


def _empty(view: View, store: Workload, began: datetime) -> list[Evidence]:
    """Return the members that were made anew as it began, on nothing that outlives a pod."""
    first = created(store.obj)
    found = []
    for pod in store.live:
        if pod.created is None or first is None or pod.created - first < ELDER:
            continue
        if pod.ready and began - CAME <= pod.created <= began + AWAY and (why := _without(view, store, pod)):
            found.append(Evidence("objects", f"Pod/{pod.name}", f"it was made anew: {why}; {PART}", pod.created))
    return found


def _without(view: View, store: Workload, pod: Pod) -> str:
    """Return how one sees that a pod has nothing of what the one before it held; "" if it may have that still."""
    claims = [each for each in claims_of_pod(pod) if each]
    if claims:
        made = [created(view.objects("PersistentVolumeClaim").get(each)) for each in claims]
        return f"so was its claim {claims[0]}" if all(_made_with(at, store, pod) for at in made) else ""
    kinds = {key for each in items(pod.obj, "spec", "volumes") for key in each if key != "name"}
    if kinds - _GIVEN - _PASSING or items(store.obj, "spec", "volumeClaimTemplates"):
        return ""
    passing = sorted(kinds & _PASSING)
    return f"its volumes ({', '.join(passing)}) end with their pod" if passing else "it has no volume"


def _made_with(at: datetime | None, store: Workload, pod: Pod) -> bool:
    """Tell whether a claim was made with its pod, or just before it, long after its store."""
    first = created(store.obj)
    if at is None or first is None or pod.created is None:
        return False
    return at - first >= ELDER and at >= pod.created - CAME


RULE = Rule(
    name="members_came_back_empty",
    title="Members of a store came back without what they held, and nobody serves their part",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody misses a leader since members of a store came back empty",
)
