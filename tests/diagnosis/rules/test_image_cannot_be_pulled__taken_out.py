"""Pods wait for an image that a clean-up of the registry took out while others still ran it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put, rollout, waiting
from tests.diagnosis.rules.scenes import IMAGE, SHOP, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, meta, snapshot, thing, workload

MISSING = 'Failed to pull image "registry.example/team/shop:5.8.2": manifest unknown: not found'
DENIED = 'Failed to pull image "registry.example/team/shop:5.8.2": 401 Unauthorized: authentication required'
BARE = 'Back-off pulling image "registry.example/team/shop:5.8.2"'
CRON = ("CronJob/sweeper", "configuration_error", "page_human")
POLICY = ("ConfigMap/sweep-policy", "configuration_error", "page_human")
NOW: dict[str, Any] = {"image": "registry.example/team/shop:5.8.2"}
FORMER: dict[str, Any] = {"image": "registry.example/team/shop:5.8.0"}
TOLD = "INFO deleted team/shop:5.8.2 pushed=2025-09-14T08:02:51Z digest=sha256:d05825678e39"


def waits(message: str = MISSING, before: Obj | None = None) -> list[Obj]:
    """Return a shop whose third pod came to a new node ten minutes ago, long after its template."""
    objects = shop(pods=3, ready=2, before=before or FORMER, released=60 * DAY, **NOW)
    last = pods_of(objects)[-1]
    last["metadata"]["creationTimestamp"] = at(600)
    put(last, waiting("ImagePullBackOff", message), ready=False, unready=600)
    return objects


def sweeper(spec: Obj | None = None, ran: float = 2 * DAY) -> list[Obj]:
    """Return a schedule that keeps the registry small, and the pod of its run."""
    inside = {"containers": [{"name": "sweep", "image": "registry.example/sweep:1"}], **(spec or {})}
    template = {"spec": inside}
    cron = thing("CronJob", "sweeper", spec={"schedule": "30 2 * * *", "jobTemplate": {"spec": {"template": template}}})
    job = thing("Job", "sweeper-1", age=ran, spec={"template": template}, status={"succeeded": 1})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "sweeper", "controller": True}]
    pod: Obj = {"apiVersion": "v1", "kind": "Pod", "metadata": meta("sweeper-1-x", ran), "spec": inside}
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "sweeper-1", "controller": True}]
    pod["status"] = {"phase": "Succeeded"}
    return [cron, job, pod]


READS = {"volumes": [{"name": "policy", "configMap": {"name": "sweep-policy"}}]}
ON_NODE = {"volumes": [{"name": "sock", "hostPath": {"path": "/run/containerd/containerd.sock"}}]}


def policy(written: float) -> Obj:
    return thing("ConfigMap", "sweep-policy", written=written, data={"policy.yaml": "keep_last: 3"})


def told(*lines: str, by: str = "sweeper-1-x", since: float = 2 * DAY) -> Any:
    return log(by, *lines, since=since, of="sweep")


HOLDS = [
    Holds(
        "its settings were written by hand the day before, and the former image is gone too",
        snapshot(
            waits(),
            sweeper(READS),
            policy(2.6 * DAY),
            logs=[told(TOLD, TOLD.replace("5.8.2", "5.8.0"), "done", "done")],
        ),
        POLICY,
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds(
        "its settings are old: the schedule itself is named, and an older image may be there",
        snapshot(waits(), sweeper(READS), policy(20 * DAY), logs=[told(TOLD)]),
        CRON,
        spares=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"in other words: {line}",
            snapshot(waits(BARE), sweeper(), logs=[told("policy keep_last=3 dry_run=false", line)]),
            CRON,
        )
        for line in (
            "Purging tag 5.8.2 of repository team/shop",
            'level=info msg="tag removed" repo=registry.example/team/shop tag=5.8.2 keep_last=3',
            '{"action": "pruned", "repository": "shop", "reference": "5.8.2"}',
        )
    ),
    Holds(
        "a program that always runs did it",
        snapshot(
            waits(),
            workload("janitor", "registry.example/janitor:3", pods=1),
            logs=[told(TOLD, by="janitor-pod0")],
        ),
        ("Deployment/janitor", "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"nobody took it out: {what}",
            snapshot(waits(message), sweeper(spec), logs=[told(*lines, since=since)]),
            (SHOP, "configuration_error", "page_human"),
        )
        for what, message, spec, lines, since in (
            ("another tag was deleted", MISSING, None, (TOLD.replace("5.8.2", "5.8.20"),), 2 * DAY),
            ("the same tag of another one was", MISSING, None, (TOLD.replace("team/shop", "team/shop-web"),), 2 * DAY),
            ("the same tag of another team was", MISSING, None, (TOLD.replace("team/", "crew/"),), 2 * DAY),
            ("the run only told what it would do", MISSING, None, ("dry-run: true", TOLD), 2 * DAY),
            ("it could not be deleted", MISSING, None, ("failed: " + TOLD,), 2 * DAY),
            ("a copy on a node was", MISSING, ON_NODE, (TOLD,), 2 * DAY),
            ("it was only after that", MISSING, None, (TOLD,), 300),
            ("the login is refused", DENIED, None, (TOLD,), 2 * DAY),
        )
    ),
    Holds(
        "a release asks for it: the one before is taken back",
        snapshot(
            rollout("shop", waiting("ImagePullBackOff", MISSING), before=FORMER, **NOW), sweeper(), logs=[told(TOLD)]
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was taken out, and no pod needs it anew",
        snapshot(shop(pods=3, before=IMAGE, released=60 * DAY, **NOW), sweeper(), logs=[told(TOLD)]),
    ),
]
