"""New pods wait for an image: a release asks for one that is not there, or nobody gets it any more."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import ended, pods_of, put, rollout, waiting
from tests.diagnosis.rules.scenes import API, IMAGE, OLD, SHOP, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, pod, snapshot, thing, workload

NOT_FOUND = 'Back-off pulling image "registry.example/shop:1": manifest unknown: not found'
SILENT = "failed to do request: Head https://registry.example/v2/: dial tcp 10.0.0.9:443: i/o timeout"
TAGGED = 'Failed to pull image "registry.example/shop:1.4.401": unexpected EOF'
DENIED = 'Failed to pull image "registry.example/api:1": 401 Unauthorized: authentication required'


def late(objects: list[Obj], message: str, age: float = 600) -> list[Obj]:
    """Return a workload whose last pod came long after its template and waits."""
    pod_ = pods_of(objects)[-1]
    pod_["metadata"]["creationTimestamp"] = at(age)
    put(pod_, waiting("ImagePullBackOff", message), ready=False, unready=age)
    return objects


def started_again(message: str, before: dict[str, str] = IMAGE) -> list[Obj]:
    """Return a shop of a release of long ago, one of whose first pods ended just now and is to be had anew."""
    objects = shop(pods=3, ready=2, before=before, released=9 * DAY)
    held = waiting("ImagePullBackOff", "Back-off pulling image") | {
        "restartCount": 4,
        "lastState": ended("OOMKilled", 137, age=1800),
    }
    put(pods_of(objects)[-1], held, ready=False, unready=1800)
    return [*objects, event(f"Pod/{pod('shop', 2)}", "Failed", message)]


def third_of_a_set() -> list[Obj]:
    """Return a StatefulSet of three in the midst of a roll-out, whose last pod waits."""
    image = "registry.example/ledger:9"
    objects = workload("ledger", kind="StatefulSet", pods=3, image=image, before=OLD, released=600)
    for each in pods_of(objects)[:2]:
        each["metadata"]["labels"]["controller-revision-hash"] = "ledger-r1"
        each["metadata"]["creationTimestamp"] = at(9 * DAY)
        put(each, {}, ready=True)
    put(pods_of(objects)[2], waiting("ImagePullBackOff", "not found"))
    objects[0]["status"]["readyReplicas"] = 2
    return objects


HOLDS = [
    Holds(
        "a tag that does not exist",
        snapshot(rollout("shop", waiting("ImagePullBackOff", NOT_FOUND), before=IMAGE)),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "a tag that does not exist, of a StatefulSet",
        snapshot(
            third_of_a_set(),
            event("Pod/ledger-2", "Failed", 'Failed to pull image "registry.example/ledger:9": not found'),
        ),
        ("StatefulSet/ledger", "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a registry that does not answer is nothing that a rollback mends",
        snapshot(rollout("shop", waiting("ErrImagePull", SILENT), before=IMAGE)),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "a pod that came later than the release does not blame it",
        snapshot(late(shop(pods=3, ready=2, before=IMAGE, released=9 * DAY), "pull access denied, unauthorized")),
        (SHOP, "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"a pod that ran is started again, and its image is {what}: the release was well with it",
            snapshot(started_again(message)),
            (SHOP, "configuration_error", "page_human"),
            excludes=no("restart_workload", *barred, at=SHOP),
            spares=no(*({"rollback_workload"} - set(barred)), at=SHOP),
            harmful=("rollback_workload", "restart_workload"),
            began=1800,
        )
        for what, message, barred in (
            ("refused", DENIED, ("rollback_workload",)),
            ("gone; an older one may be there", NOT_FOUND, ()),
        )
    ),
    *(
        Holds(
            f"an older image may be had: {what}",
            snapshot(objects),
            (SHOP, "configuration_error", "page_human"),
            spares=no("rollback_workload", at=SHOP),
            harmful=("restart_workload",),
        )
        for what, objects in (
            (
                "no pod of the release ever had its own, and the last of them was made anew long after it",
                late(rollout("shop", waiting("ErrImagePull", DENIED), before=IMAGE, released=3000), DENIED, 300),
            ),
            ("it is in another registry", started_again(DENIED, {"image": "elsewhere.example/shop:0"})),
            ("nobody refuses a login, its tag is 1.4.401", started_again(TAGGED)),
            ("nobody refuses a login, its tag is 403", started_again(TAGGED.replace("1.4.401", "403"))),
        )
    ),
    Holds(
        "the pull secret was written, and the same image is refused",
        snapshot(
            late(
                workload("api", pods=2, ready=1, spec={"imagePullSecrets": [{"name": "regcred"}]}),
                "Back-off pulling image",
                500,
            ),
            thing(
                "Secret",
                "regcred",
                written=7200,
                type="kubernetes.io/dockerconfigjson",
                data={".dockerconfigjson": "sha256:1"},
            ),
            event(f"Pod/{pod('api', 1)}", "Failed", DENIED),
        ),
        (API, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the image is there, and its program is never ready",
        snapshot(rollout("shop", {"ready": False}, before=IMAGE)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a pod that is being made", snapshot(rollout("shop", waiting("ContainerCreating"), before=IMAGE, released=30))
    ),
]
