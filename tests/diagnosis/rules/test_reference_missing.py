"""Something that a container refers to is not there: a release asks for it, or somebody deleted it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put, rollout, waiting
from tests.diagnosis.rules.scenes import IMAGE, SHOP, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, pod, secret_key, snapshot, thing, workload

ERROR = "CreateContainerConfigError"
LEVEL: dict[str, Any] = {"env": {"LEVEL": {"configMapKeyRef": {"name": "shop-config", "key": "LEVEL"}}}}
KEY: dict[str, Any] = {"env": {"KEY": secret_key("shop-auth", "key")}}
TOLD = ('configmap "shop-config" not found', "couldn't find key LEVEL in ConfigMap town/shop-config")
DELETED = ("Secret/shop-auth", "configuration_error", "page_human")
RENAMED = "couldn't find key password in Secret town/db-cred"


def without_its_secret() -> list[Obj]:
    """Return a shop whose newest pod waits for a Secret that the first ones had."""
    objects = shop(pods=2, ready=1, before={**IMAGE, **KEY}, released=20 * DAY, **KEY)
    late = pods_of(objects)[1]
    late["metadata"]["creationTimestamp"] = at(500)
    put(late, waiting(ERROR, 'secret "shop-auth" not found'))
    return objects


def without_its_key() -> list[Obj]:
    objects = workload("api", env={"PW": secret_key("db-cred", "password")})
    put(pods_of(objects)[0], waiting(ERROR, RENAMED), ready=False, unready=300)
    objects[0]["status"]["readyReplicas"] = 1
    return objects


HOLDS = [
    *(
        Holds(
            f"a release asks for it: {told}",
            snapshot(
                rollout("shop", waiting(ERROR, told), before={"env": {}}, **LEVEL), thing("ConfigMap", "other", data={})
            ),
            (SHOP, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", "restart_connection_pool", "scale_workload", at=SHOP),
        )
        for told in TOLD
    ),
    Holds(
        "a Secret was deleted",
        snapshot(without_its_secret(), thing("Secret", "other", data={})),
        DELETED,
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "the older template needs the Secret too: no reason to go back",
        snapshot(
            rollout("shop", waiting(ERROR, 'secret "shop-auth" not found'), before={**IMAGE, **KEY}, **KEY),
        ),
        DELETED,
    ),
    Holds(
        "a key of a Secret was renamed",
        snapshot(
            without_its_key(),
            thing("Secret", "db-cred", written=900, data={"DB_PASSWORD": "sha256:00"}),
            event(f"Pod/{pod('api')}", "Failed", f"Error: {RENAMED}"),
        ),
        ("Secret/db-cred", "configuration_error", "page_human"),
    ),
    Holds(
        "a volume's ConfigMap: an event alone says so",
        snapshot(
            rollout(
                "shop",
                waiting("ContainerCreating"),
                before=IMAGE,
                spec={"volumes": [{"name": "c", "configMap": {"name": "gone"}}]},
            ),
            event(
                f"Pod/{pod('shop', 2)}",
                "FailedMount",
                'MountVolume.SetUp failed for volume "c" : configmap "gone" not found',
            ),
        ),
        ("ConfigMap/gone", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a volume is not mounted for another reason",
        snapshot(
            rollout("shop", waiting("ContainerCreating"), before=IMAGE),
            event(f"Pod/{pod('shop', 2)}", "FailedMount", 'MountVolume.SetUp failed for volume "d": timed out waiting'),
        ),
        (SHOP, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "all that it refers to is there", snapshot(shop(**KEY), thing("Secret", "shop-auth", data={"key": "x"}))
    ),
]
