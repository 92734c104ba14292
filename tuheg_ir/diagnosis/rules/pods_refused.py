"""The cluster refuses to make pods: a quota is used up, a limit range or a policy forbids them.

They are those of a workload, or those that a program makes itself: tasks, builds, sessions of users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._refused_makers import Refused, refused_makers
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.view.refusals import refusals
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_QUOTA = late(r"exceeded quota: ([\w.-]+)")
_RANGE = late(r"(?:maximum|minimum) \S+ usage per|limit to request ratio per", re.IGNORECASE)
_HOOK = late(r"failed (?:calling|to call) webhook", re.IGNORECASE)
_ASPECTS = ("limits", "other", "placement", "image", "mounts")


def when(view: View) -> Iterator[Match]:
    """Pods of a workload that lacks some could not be created, or a program is refused the pods that it makes."""
    for workload in view.workloads.values():
        told = refusals(view, workload)
        if any(_HOOK.search(each.fact) for each in told):
            continue  # webhook_fails tells more of it
        if told and len(workload.live) < workload.wanted + _surge(workload):
            yield _match(view, workload, told)
    yield from (_to_makers(view, each) for each in refused_makers(view))


def _to_makers(view: View, refused: Refused) -> Match:
    """Return that a quota refuses pods to programs; a release of such a one may ask for more than the one before."""
    found = [view.workloads[ref] for ref in refused.makers if ref in view.workloads]
    settled = [each.ref for each in found if not releases(view, each, SUSPECT)]
    wrote = "it was written; pods are refused since"
    return Match(
        component=refused.quota,
        evidence=(
            *refused.seen[:3],
            *([Evidence("objects", refused.quota, wrote, refused.edited)] if refused.edited else ()),
        ),
        certainty=0.8 if refused.edited else 0.65,
        root_cause="configuration_error" if refused.edited else "resource_exhaustion",
        since=refused.since,
        explains=behind(view, *refused.makers),
        excludes=(
            *not_for((each.ref for each in found), "new pods of it are refused as many", (*RESTARTS, "scale_workload")),
            *not_for(settled, f"{refused.quota} refuses pods to the template before too", ("rollback_workload",)),
        ),
    )


def _surge(workload: Workload) -> int:
    """Return 1 where an older template still serves: the roll-out wants one pod more than it has."""
    return 1 if workload.older_pods() else 0


def _match(view: View, workload: Workload, told: tuple[Evidence, ...]) -> Match:
    said = " ".join(each.fact for each in told)
    quota = _QUOTA.search(said)
    asks_more = bool(workload.changed(*_ASPECTS)) and releases(view, workload, SUSPECT) and bool(workload.older_pods())
    released = asks_more and (not quota or bool(workload.changed("limits")))
    lacking = Evidence("objects", workload.ref, f"{len(workload.live)} of {workload.wanted} pods exist")
    return Match(
        component=workload.ref if released else _barrier(view, workload, said),
        evidence=(*told[:3], lacking, *(release_evidence(workload, "limits") if released else ())),
        certainty=0.85,
        root_cause="configuration_error" if released else ("resource_exhaustion" if quota else "configuration_error"),
        remedy="rollback_workload" if released else "page_human",
        since=told[0].time,
        explains=(workload.ref,),
        excludes=(
            *excluding(workload.ref, "a pod that ends could not be made again", *RESTARTS),
            *excluding(workload.ref, "no further pod may be made", "scale_workload"),
            *(() if released else excluding(workload.ref, "older pods would be refused too", "rollback_workload")),
        ),
    )


def _barrier(view: View, workload: Workload, said: str) -> str:
    """Return what refuses the pods: the quota that is named, the only LimitRange there is; else who lacks them."""
    if quota := _QUOTA.search(said):
        return f"ResourceQuota/{quota.group(1)}"
    ranges = sorted(view.objects("LimitRange"))
    return f"LimitRange/{ranges[0]}" if len(ranges) == 1 and _RANGE.search(said) else workload.ref


RULE = Rule(
    name="pods_refused",
    title="The cluster refuses to make pods",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no workload or program lacks pods that the cluster refused to make",
)
