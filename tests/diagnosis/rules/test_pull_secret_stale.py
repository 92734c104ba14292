"""The token by which images are fetched is no longer good: no release is to blame, and pods that run go on."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, pods_of, put, rollout, waiting
from tests.diagnosis.rules.runs import cron_job, run
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, WELL
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, pod, snapshot, thing, workload

DENIED = "failed to resolve reference: unexpected status from HEAD request to https://registry.example: 403 Forbidden"
ENDED = "failed to authorize: denied: Your authorization token has expired. Reauthenticate and try again."
BY: dict[str, Any] = {"spec": {"imagePullSecrets": [{"name": "registry-pull"}]}}
FOUND = ("Secret/registry-pull", "configuration_error", "page_human")
BACK_OFF = "Back-off pulling image"
FORBIDDEN = (
    'Error from server (Forbidden): secrets "registry-pull" is forbidden: User "system:serviceaccount:town:renewer" '
    'cannot patch resource "secrets" in API group "" in the namespace "town"'
)


def grown(name: str = "api", message: str = DENIED, **more: Any) -> list[Obj]:
    """Return a workload of long ago whose last pod came a while ago and is refused its image."""
    objects = workload(name, pods=3, ready=2, **{**BY, **more})
    last = pods_of(objects)[-1]
    last["metadata"]["creationTimestamp"] = at(1200)
    put(last, waiting("ImagePullBackOff", message), ready=False, unready=1200)
    return objects


def released(message: str = DENIED, **more: Any) -> list[Obj]:
    """Return a shop in the midst of a roll-out whose new pod is refused its image."""
    return rollout("shop", waiting("ImagePullBackOff", message), before=IMAGE, **{**BY, **more})


def renewer(*, well: float = DAY) -> list[Obj]:
    """Return a CronJob whose run of three hours ago failed."""
    ran = thing("Pod", "report-1-a", age=3 * HOUR, spec={}) | {"status": {"phase": "Failed"}}
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-1", "controller": True}]
    return [cron_job(well=well), run(failed=3 * HOUR), ran]


def by_script(secret: str) -> list[Obj]:
    """Return a CronJob that a script in a ConfigMap tells what to renew, and whose last run failed."""
    made = renewer()
    script = f'T=$(curl -fsS "$REGISTRY/token")\nkubectl create secret docker-registry {secret} --docker-password="$T"'
    volumes = [{"name": "s", "configMap": {"name": "renewal"}}]
    template = made[0]["spec"]["jobTemplate"]["spec"]["template"]
    spec = template["spec"] | {"volumes": volumes}
    made[0]["spec"]["jobTemplate"] = {"spec": {"template": {"spec": spec}}}
    return [*made, thing("ConfigMap", "renewal", data={"renew.sh": script})]


def not_run(name: str) -> Obj:
    """Return the event of a container whose image was there, and which could not be started."""
    return event(f"Pod/{pod(name, 2)}", "Failed", 'failed to create task: exec: "/app": permission denied: unknown')


def silently(name: str = "api") -> list[Obj]:
    """Return a workload whose last pod backs off without a reason; the kubelet told it in an event before."""
    told = event(f"Pod/{pod(name, 2)}", "Failed", f'Failed to pull image "registry.example/{name}:1": {ENDED}')
    return [*grown(name, BACK_OFF), told]


def told(line: str = FORBIDDEN) -> list[Any]:
    return [log("report-1-a", line, of="report", since=3 * HOUR)]


HOLDS = [
    Holds(
        "two services are refused, one of them without a release",
        snapshot(released(), grown(), thing("Secret", "registry-pull", age=90 * DAY), figures=[WELL]),
        FOUND,
        excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *no("restart_workload", at=API)),
        alone=True,
    ),
    Holds(
        "two that grew, by the words of another registry", snapshot(grown(message=ENDED), grown("cart", ENDED)), FOUND
    ),
    Holds(
        "a release is refused, and who renews the token may not", snapshot(released(), renewer(), logs=told()), FOUND
    ),
    Holds(
        "one is refused, as an event tells, and a script that renews the token fails",
        snapshot(silently(), by_script("registry-pull")),
        FOUND,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=API),
        alone=True,
    ),
    Holds("two are refused, as events tell", snapshot(silently(), silently("cart")), FOUND),
    Holds(
        "two whose account has the Secret",
        snapshot(
            grown(spec={"serviceAccountName": "runner"}),
            grown("cart", spec={"serviceAccountName": "runner"}),
            thing("ServiceAccount", "runner", imagePullSecrets=[{"name": "registry-pull"}]),
        ),
        FOUND,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "two wait for an image, nobody says why, and what was refused before is no login",
        snapshot(*(each for name in ("api", "cart") for each in (grown(name, BACK_OFF), not_run(name)))),
        ("configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "one is refused, and the script that fails renews another Secret",
        snapshot(silently(), by_script("registry-pull-of-others")),
        (API, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "one release is refused: it may ask where it never did",
        snapshot(released()),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "two releases ask for what is not there",
        snapshot(released("manifest unknown: not found"), grown(message="manifest unknown: not found")),
        harmful=("restart_workload", "no_action"),
        instead=("configuration_error", "page_human"),
    ),
    DoesNotHold(
        "two are refused that use different Secrets",
        snapshot(released(), grown(spec={"imagePullSecrets": [{"name": "other"}]})),
        harmful=("restart_workload", "no_action"),
        instead=("configuration_error", "page_human"),
    ),
    DoesNotHold(
        "a release is refused, and who renews the token was well since",
        snapshot(released(), renewer(well=600), logs=told()),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
