"""The cluster refuses to make pods: a person gives more, or what a release asks for is taken back."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, reown, rollout
from tests.diagnosis.rules.scenes import API, MORE, OLD, QUOTA, ROOM, SHOP, WELL, alert, shop, without_pods
from tests.diagnosis.rules.tiny import DAY, Obj, event, snapshot, thing, workload

RANGE = 'Error creating: pods "shop-x" is forbidden: maximum cpu usage per Container is 1, but limit is 2'
PODS = 'Error creating: pods "api-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2'
MEMORY = (
    'Error creating: pods "api-x" is forbidden: exceeded quota: compute, requested: '
    "limits.memory=1Gi, used: limits.memory=4Gi, limited: limits.memory=4Gi"
)
ROLLED_BACK = (SHOP, "configuration_error", "rollback_workload")


def refused(message: str, revision: str = "shop-r1") -> Obj:
    return event(f"ReplicaSet/{revision}", "FailedCreate", message)


def without_a_new_pod() -> list[Obj]:
    """Return a released service all of whose pods are of the older template."""
    objects = workload("api", before=OLD, released=600)
    for each in pods_of(objects):
        reown(each, "api-r1", 9 * DAY)
    return objects


HOLDS = [
    Holds(
        "a quota is used up",
        snapshot(without_pods(shop(pods=3, ready=2), 2), refused(QUOTA)),
        ("ResourceQuota/team", "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "scale_workload", "restart_connection_pool", at=SHOP),
    ),
    Holds(
        "a release asks for more than the quota has",
        snapshot(rollout("shop", None, before=ROOM, old=2, new=0, **MORE), refused(QUOTA, "shop-r2")),
        ROLLED_BACK,
    ),
    Holds(
        "a release breaks a limit range",
        snapshot(rollout("shop", None, before=ROOM, old=2, new=0, **MORE), refused(RANGE, "shop-r2")),
        ROLLED_BACK,
    ),
    Holds(
        "a quota was cut",
        snapshot(
            without_pods(workload("api", pods=4, ready=2), 2, 3),
            thing(
                "ResourceQuota",
                "q",
                written=900,
                spec={"hard": {"pods": "2"}},
                status={"hard": {"pods": "2"}, "used": {"pods": "2"}},
            ),
            refused(PODS, "api-r1"),
        ),
        ("ResourceQuota/q", "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "scale_workload", "rollback_workload"),
    ),
    Holds(
        "a roll-out that gets no pod, of a release that asks for no more",
        snapshot(
            without_a_new_pod(),
            refused(MEMORY, "api-r2"),
            thing(
                "ResourceQuota", "compute", status={"hard": {"limits.memory": "4Gi"}, "used": {"limits.memory": "4Gi"}}
            ),
            alerts=[alert("KubeDeploymentRolloutStuck", deployment="api")],
        ),
        ("ResourceQuota/compute", "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", at=API),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the workload is complete by now", snapshot(shop(), refused(QUOTA), figures=[WELL]), HEALTHY),
]
