"""Pods that were told to go and finish the work in their hands first, beside those that came for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.diagnosis.rules.pods import node, pods_of
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import Obj, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

ASKED_S, GRACE_S = 2400.0, 7200
STUCK = alert("PodStuckTerminating", pod=pod("sewer"), severity="warning")
HANGS = ("frames done=800 of=1680", "frames done=820 of=1680")


def frames(done: int) -> str:
    """Return a line of a worker that counts what it has done."""
    return f"level=info frames done={done} of=1680 draining=true"


def sewing(
    form: Callable[[int], str] = frames,
    *,
    done: Iterable[int] = range(600, 1500, 30),
    more: Iterable[str] = (),
    since: float = 2300,
    grace: int = GRACE_S,
    ready: int = 2,
    lost: bool = False,
    fires: Alert = STUCK,
) -> Snapshot:
    """Return a worker of which a pod was told to go 40 minutes ago, what that one logs since, and an alert of it."""
    objects: list[Obj] = workload("sewer", pods=3, ready=3, service=False)
    leaving = pods_of(objects)[0]
    leaving["metadata"] |= {"deletionTimestamp": at(ASKED_S - grace), "deletionGracePeriodSeconds": grace}
    leaving["status"]["conditions"][0]["status"] = "False"
    objects[0]["spec"]["replicas"], objects[0]["status"] = 2, {"replicas": 2, "readyReplicas": ready}
    lines = [*map(form, done), *more]
    return snapshot(
        objects,
        node("n1", ready="Unknown" if lost else "True"),
        node("n2"),
        logs=[log(pod("sewer"), *lines, since=since), log(pod("sewer", 1), *["level=info idle"] * 9)],
        alerts=[fires],
    )
