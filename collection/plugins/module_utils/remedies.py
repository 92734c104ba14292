# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the remedy roles write and what they say they did.

Every maker of a result returns {changed, before, after, undo, temporary, skipped, reason, next}
and, where a patch ran, `generation`: what the roll-out must be watched for. `undo` is {what:
a sentence, command: the exact text to type or '', data: the figures}. A patch may be a
registered result, a skipped one, one of check mode, or {}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .hpa import MIN_BEFORE, hpa_decision, scale_guard
from .quota import quota_decision
from .sessions import parse_ended
from .templates import PREFIX, RESTARTED_BY
from .workloads import slim_workload

Result = dict[str, Any]

ALTERNATIVES = (
    "a single-primary database is never given a second replica, which would corrupt its volume; more room comes "
    "from a higher max_connections, from a connection pooler, or from read replicas through an operator that "
    "supports them"
)


def place(workload: Mapping[str, Any]) -> str:
    """Return how kubectl names the workload, its namespace before it: `-n NS deployment/NAME`."""
    meta = workload["metadata"]
    return f"-n {meta['namespace']} {workload['kind'].lower()}/{meta['name']}"


def target(workload: Mapping[str, Any]) -> str:
    """Return the workload as results name it: `Deployment/NAME`."""
    return f"{workload['kind']}/{workload['metadata']['name']}"


def _definition(thing: Mapping[str, Any], api_version: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    meta = thing["metadata"]
    return {
        "apiVersion": api_version,
        "kind": thing["kind"],
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "annotations": dict(annotations)},
    }


def mark_patch(workload: Mapping[str, Any], rung: str, key: str) -> dict[str, Any]:
    """Return the patch that leaves the key of an act on the workload, and changes nothing else."""
    return _definition(workload, "apps/v1", {PREFIX + rung: key})


def restart_patch(workload: Mapping[str, Any], rung: str, key: str) -> dict[str, Any]:
    """Return the patch that replaces every pod once for this key.

    The key stands on the workload too: a later rollback puts another template in place, and
    the rung would run again.
    """
    template = {"metadata": {"annotations": {RESTARTED_BY: key}}}
    return {**mark_patch(workload, rung, key), "spec": {"template": template}}


def scale_decision(
    seen: Mapping[str, Any], service: Mapping[str, Any], wanted: int, rung: str, key: str
) -> dict[str, Any]:
    """Decide how a workload gets to `wanted` replicas: hpa_decision's words, after all guards.

    seen: {workload, hpa, quotas} as read. An autoscaler that carries this key already was raised
    by a run that did not live to mark the workload: that run's act is finished, not skipped.
    """
    workload, hpa = seen["workload"], seen.get("hpa") or {}
    meta = workload["metadata"]
    for guard in (scale_guard(workload, service), quota_decision(workload, seen.get("quotas") or [], wanted)):
        if not guard["allowed"]:
            return {"action": "refuse", "wanted": wanted, **guard, "undo": undo("Nothing was changed.")}
    decision = hpa_decision(
        hpa,
        replicas=int((workload.get("spec") or {}).get("replicas", 1)),
        wanted=wanted,
        floor=int((service.get("replicas") or {}).get("floor", 0)),
        kind=workload["kind"],
        name=meta["name"],
        namespace=meta["namespace"],
    )
    marks = ((hpa.get("metadata") or {}).get("annotations")) or {}
    if decision["action"] == "none" and marks.get(PREFIX + rung) == key:
        return {**decision, "action": "scale"}
    return decision


def scale_patch(workload: Mapping[str, Any], decision: Mapping[str, Any], rung: str, key: str) -> dict[str, Any]:
    """Return the patch that gives a workload its replicas and the key of the act, both or none."""
    return {**mark_patch(workload, rung, key), "spec": {"replicas": decision["wanted"]}}


def min_replicas_patch(hpa: Mapping[str, Any], decision: Mapping[str, Any], rung: str, key: str) -> dict[str, Any]:
    """Return the patch that raises an autoscaler's minimum and keeps the old one beside it."""
    thing = {**hpa, "kind": "HorizontalPodAutoscaler"}
    marks = {MIN_BEFORE: str(decision["min_before"]), PREFIX + rung: key}
    return {**_definition(thing, "autoscaling/v2", marks), "spec": {"minReplicas": decision["wanted"]}}


def _changed(patch: Mapping[str, Any]) -> bool:
    return bool(patch.get("changed"))


def _after(workload: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the slim workload as the patch left it; as it was, where none ran."""
    got = patch.get("result") or {}
    if not got.get("metadata"):
        return slim_workload(workload)
    return slim_workload({**got, "kind": workload["kind"]})


def _result(workload: Mapping[str, Any], patch: Mapping[str, Any], **more: Any) -> Result:
    after = _after(workload, patch)
    made: Result = {
        "changed": _changed(patch),
        "before": slim_workload(workload),
        "after": after,
        "undo": undo("Nothing was changed."),
        "temporary": False,
        "skipped": False,
        "reason": "",
        "next": "",
    }
    if (patch.get("result") or {}).get("metadata"):
        made["generation"] = after["generation"]
    return {**made, **more}


def undo(what: str, command: str = "", **data: Any) -> dict[str, Any]:
    """Return the record of how an act is taken back."""
    return {"what": what, "command": command, "data": data}


def skipped(workload: Mapping[str, Any], reason: str, next_step: str = "") -> Result:
    """Return the result of a remedy whose own check said no."""
    return _result(workload, {}, skipped=True, reason=reason, next=next_step)


def _paused(workload: Mapping[str, Any]) -> Result:
    return skipped(
        workload,
        f"{target(workload)} is paused: it would take the change and replace no pod",
        f"find out who paused it, then: kubectl rollout resume {place(workload)}",
    )


def restart_result(workload: Mapping[str, Any], patch: Mapping[str, Any], temporary: bool = False) -> Result:
    """Return what a restart did."""
    if (workload.get("spec") or {}).get("paused"):
        return _paused(workload)
    return _result(
        workload,
        patch,
        temporary=bool(temporary),
        undo=undo("Nothing to take back: the pods run the template that they ran before."),
    )


def rollback_result(workload: Mapping[str, Any], decision: Mapping[str, Any], patch: Mapping[str, Any]) -> Result:
    """Return what a rollback did. `decision` is rollback_target's."""
    if decision["action"] != "rollback":
        return skipped(workload, decision["reason"], decision.get("next", ""))
    return _result(workload, patch, undo=decision["undo"], reason=decision["reason"])


def scale_result(
    workload: Mapping[str, Any], decision: Mapping[str, Any], raised: Mapping[str, Any], patch: Mapping[str, Any]
) -> Result:
    """Return what a scaling did: to the autoscaler's minimum, and to the workload."""
    if decision["action"] not in ("scale", "raise_min"):
        return skipped(workload, decision["reason"], decision.get("next", ""))
    made = _result(workload, patch, undo=decision["undo"], reason=decision["reason"])
    made["changed"] = made["changed"] or _changed(raised)
    return made


def ended(answer: Mapping[str, Any]) -> int:
    """Return how many sessions a command's answer says it ended; 0 where none ran."""
    text = str(answer.get("stdout") or "")
    return parse_ended(text)["ended"] if text else 0


def pool_result(
    workload: Mapping[str, Any],
    decision: Mapping[str, Any],
    answer: Mapping[str, Any],
    patch: Mapping[str, Any],
) -> Result:
    """Return what the restart of a pool did. `decision` is sessions_decision's."""
    lost = decision["holder"] == "lost"
    if decision["holder"] not in ("own", "lost", "nobody"):
        return skipped(workload, decision["reason"])
    if (workload.get("spec") or {}).get("paused") and not lost:  # whose pods are lost is not restarted
        return _paused(workload)
    count = ended(answer)
    open_only = "ended sessions had only open, unsaved transactions, and their client connects anew"
    nobodys = "ended sessions were of pods that are lost with their node, and no pod was restarted"
    made = _result(
        workload,
        patch,
        reason=decision["reason"],
        undo=undo(f"Nothing to take back: {nobodys if lost else open_only}.", sessions_ended=count),
    )
    made["changed"] = made["changed"] or count > 0
    return made


def database_result(
    workload: Mapping[str, Any],
    decision: Mapping[str, Any],
    answer: Mapping[str, Any],
    marked: Mapping[str, Any],
) -> Result:
    """Return what making room in a database did, and what else could be done."""
    if not decision["sql"]:
        return skipped(workload, f"{decision['reason']}; {ALTERNATIVES}")
    count = ended(answer)
    made = _result(
        workload,
        marked,
        reason=f"{decision['reason']}; {ALTERNATIVES}",
        undo=undo(
            "Cannot be taken back: what the ended sessions had open is lost; their clients connect anew.",
            sessions_ended=count,
            clients=list(decision.get("clients") or []),
        ),
    )
    made["changed"] = made["changed"] or count > 0
    return made


def database_of(services: Mapping[str, Mapping[str, Any]], service: str) -> dict[str, Any]:
    """Return the database among a service and what it depends on, its defaults filled; {} if none.

    {name, kind, exec_pod, exec_container, user, database, single_primary}.
    """
    for name in (service, *((services.get(service) or {}).get("depends_on") or [])):
        spec = services.get(name) or {}
        if spec.get("database"):
            defaults = {
                "exec_pod": f"{name}-0",
                "exec_container": name,
                "user": "postgres",
                "database": "postgres",
                "single_primary": True,
            }
            return {"name": name, "kind": spec["kind"], **defaults, **spec["database"]}
    return {}
