"""Who owns a pod, what was released when, and what was only restarted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, snapshot, thing, workload
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SHOP = "Deployment/shop"
OLD: dict[str, Any] = {"image": "shop:0"}


def shop(objects: list[Obj]) -> Workload:
    return View(snapshot(objects)).workloads[SHOP]


def replicaset(objects: list[Obj], number: int) -> Obj:
    return next(o for o in objects if o["kind"] == "ReplicaSet" and o["metadata"]["name"] == f"shop-r{number}")


def test_a_release_is_when_its_template_came() -> None:
    held = shop(workload("shop", before=OLD, released=600))
    assert held.released_at == NOW - timedelta(seconds=600)
    assert [change.field for change in held.changes] == ["image"]


def test_a_template_alone_is_no_release() -> None:
    held = shop(workload("shop"))
    assert held.changes == ()
    assert held.released_at is None


def other_uids(objects: list[Obj], age: float) -> list[Obj]:
    """Return objects in which the owner of revisions has another uid than the workload that has its name now."""
    for each in objects:
        each["metadata"]["uid"] = f"uid-{each['metadata']['name']}"
        for owner in each["metadata"].get("ownerReferences", ()):
            owner["uid"] = "another"
    objects[0]["metadata"]["creationTimestamp"] = at(age)
    return objects


def test_revisions_from_while_a_workload_was_there_are_its_own_whatever_their_owner_s_uid() -> None:
    held = shop(other_uids(workload("shop", before=OLD, released=600), 10 * DAY))
    assert held.released_at == NOW - timedelta(seconds=600)
    assert [change.field for change in held.changes] == ["image"]


def test_revisions_of_a_former_workload_of_the_name_are_not_its_own() -> None:
    held = shop(other_uids(workload("shop", before=OLD, released=600), 300))
    assert (held.changes, held.released_at, held.revisions) == ((), None, ())


def test_a_restart_after_a_release_does_not_move_it() -> None:
    objects = workload("shop", before=OLD, released=2 * DAY)
    again = {**replicaset(objects, 2)}
    template = again["spec"]["template"]
    again = thing("ReplicaSet", "shop-r3", age=300, spec={"template": {**template, "metadata": {
        "annotations": {"kubectl.kubernetes.io/restartedAt": at(300)}}}})  # fmt: skip
    again["metadata"] |= {
        "annotations": {"deployment.kubernetes.io/revision": "3"},
        "ownerReferences": replicaset(objects, 2)["metadata"]["ownerReferences"],
    }
    held = shop([*objects, again])
    assert held.released_at == NOW - timedelta(days=2)
    assert [change.field for change in held.changes] == ["image"]


def test_a_template_that_was_taken_back_is_released_when_its_pods_came() -> None:
    objects = workload("shop", before=OLD, released=5 * DAY)
    newest = replicaset(objects, 1)
    newest["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "3"
    for each in pods_of(objects):
        each["metadata"]["ownerReferences"][0]["name"] = "shop-r1"
        each["metadata"]["creationTimestamp"] = at(400)
    assert shop(objects).released_at == NOW - timedelta(seconds=400)


def test_a_pod_without_owner_is_its_own_workload() -> None:
    held = View(snapshot(thing("Pod", "debug", spec={}, status={"phase": "Running"}))).workloads
    assert list(held) == ["Pod/debug"]


def test_a_replicaset_that_was_not_read_is_told_by_its_name() -> None:
    pod = thing("Pod", "shop-abc12-xyz", spec={})
    pod["metadata"] |= {
        "labels": {"pod-template-hash": "abc12"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "shop-abc12", "controller": True}],
    }
    assert View(snapshot(pod)).owner_of("shop-abc12-xyz") == SHOP


def test_what_was_put_back_from_a_copy_all_at_once_tells_no_release() -> None:
    held = shop(other_uids(workload("shop", before=OLD, released=590), 600))
    assert held.released_at is None
    assert not held.changes


def test_uids_that_are_missing_mix_nobody_up() -> None:
    job = thing("Job", "report", spec={})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "nightly", "controller": True}]
    view = View(snapshot(job, workload("shop")))
    assert {view.owner_of(pod.name) for pod in view.workloads[SHOP].pods} == {SHOP}
    assert len(view.workloads[SHOP].pods) == 2


def test_ready_pods_are_counted_where_the_status_is_silent() -> None:
    objects = workload("shop", pods=3, ready=2)
    objects[0].pop("status")
    assert shop(objects).ready == 2
