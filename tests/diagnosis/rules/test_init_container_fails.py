"""An init container fails, so that no pod of the template starts."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.inits import as_before, failing, fetching, said
from tests.diagnosis.rules.pods import pods_of, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP, ingress, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, secret_key, snapshot, thing, workload


def running() -> list[Obj]:
    """Return a roll-out whose last pod is at its init container, which runs."""
    objects = failing(rollout("shop", None, before=IMAGE, released=40))
    state = {"name": "migrate", "ready": False, "restartCount": 0, "state": {"running": {"startedAt": at(30)}}}
    pods_of(objects)[-1]["status"]["initContainerStatuses"] = [state]
    return objects


OURS, THEIRS = (SHOP, "service_crash", "page_human"), (SHOP, "dependency_failure", "page_human")
SPARED = no("restart_workload", "scale_workload", "rollback_workload", at=SHOP)
FORBIDDEN = (
    "INFO fetching https://tiles.maps.example/v2/de.pack",
    "ERROR giving up: unexpected status 403 Forbidden",
)
REFUSALS = {
    "fields of JSON, the address in a line before": (
        '{"level":"info","msg":"get","url":"https://bundles.geo.example/7/eu.tar"}',
        '{"level":"error","msg":"giving up","status":403,"body":"{\\"code\\":\\"ENTITLEMENT_ENDED\\"}"}',
    ),
    "a trace of Python": (
        "Traceback (most recent call last):",
        '  File "/app/fetch.py", line 31, in main',
        "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://download.geoip.example/city.mmdb",
    ),
    "a trace of Java": (
        'Exception in thread "main" java.io.IOException: Server returned HTTP response code: 402 for URL: '
        "https://feeds.rates.example/latest.csv",
        "\tat com.example.Fetch.main(Fetch.java:12)",
    ),
    "words alone": (
        "INFO POST https://licences.cad.example/v1/checkout",
        "ERROR checkout failed: licence DE-4711 expired on 2026-11-27",
    ),
}
WGET: dict[str, Any] = {"command": ["sh", "-c", "wget -q -O /data/list https://lists.scanner.example/today"]}
LATE = (FORBIDDEN[0], 'ERROR Get "https://tiles.maps.example/v2/de.pack": dial tcp: i/o timeout')
FAILING = (FORBIDDEN[0], "ERROR upstream tiles.maps.example answered 503 Service Unavailable")
CURL: dict[str, Any] = {"command": ["curl", "-f", "-o", "/data/x", "$(PACK_URL)"]}
PACK = [{"name": "PACK_URL", "value": "https://packs.voices.example/de.bin"}]
CURLED = said("curl: (22) The requested URL returned error: 403")


def from_the_start() -> list[Obj]:
    """Return a workload that has never had a ready pod."""
    return fetching(4)


def of_a_secret(written: float) -> list[Obj]:
    """Return a workload whose init container reads a Secret, which was written at an age."""
    env = [{"name": "KEY", "valueFrom": secret_key("supplier")}]
    return [*fetching(env=env), thing("Secret", "supplier", age=90 * DAY, written=written, data={"password": ""})]


def complete_once(reason: str = "NewReplicaSetAvailable") -> list[Obj]:
    """Return a Deployment all whose pods were lost, and whose controller tells how its roll-out went."""
    objects = from_the_start()
    objects[0]["status"]["conditions"] = [{"type": "Progressing", "status": "True", "reason": reason}]
    return objects


def younger() -> list[Obj]:
    """Return a workload one of whose pods came through while the others were refused."""
    objects = fetching()
    pods_of(objects)[0]["metadata"]["creationTimestamp"] = at(300)
    return objects


def pushed_again() -> list[Obj]:
    """Return a workload whose init container is another build in the pods that are refused."""
    objects = fetching()
    for number, each in enumerate(pods_of(objects)):
        held = each["status"].setdefault("initContainerStatuses", [{"name": "fetch", "ready": True}])
        held[0]["imageID"] = f"fetch@sha256:{('a' if number < 2 else 'b') * 64}"
    return objects


def on_its_own_node() -> list[Obj]:
    """Return a workload whose pod that fails is alone on its node."""
    objects = fetching(1)
    pods_of(objects)[-1]["spec"]["nodeName"] = "n9"
    return objects


def beside() -> list[Obj]:
    """Return a workload whose helper, which serves beside the others, ends."""
    return fetching(restartPolicy="Always")


WAIT, MIGRATE = {"name": "wait", "image": "wait:1"}, {"name": "migrate", "image": "migrate:2"}

HOLDS = [
    Holds(
        "since a release",
        snapshot(failing(rollout("shop", None, before=IMAGE))),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "a release left it as it was: the template before has the same",
        snapshot(as_before()),
        (SHOP, "service_crash", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"a release left it as it was, but {what}",
            snapshot(world),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("brought another one before it", as_before(first="wait:1")),
            ("changed what all containers of a pod share", as_before(serviceAccountName="other")),
            ("put it before another one", as_before(inits=[WAIT, MIGRATE], now=[MIGRATE, WAIT])),
            (
                "waits for another one no longer",
                as_before(inits=[WAIT, MIGRATE], now=[{**WAIT, "restartPolicy": "Always"}, MIGRATE]),
            ),
        )
    ),
    Holds(
        "without a release",
        snapshot(failing(shop(pods=2, ready=1))),
        (SHOP, "service_crash", "page_human"),
    ),
    *(
        Holds(
            f"a host outside refuses what it fetches: {how}",
            snapshot(fetching(), logs=said(*lines)),
            THEIRS,
            excludes=SPARED,
        )
        for how, lines in REFUSALS.items()
    ),
    Holds(
        "a host outside refuses a tool that does not name it",
        snapshot(fetching(env=PACK, **CURL), logs=CURLED),
        THEIRS,
        excludes=SPARED,
    ),
    Holds(
        "a host outside refuses wget of a small image",
        snapshot(
            fetching(**WGET),
            logs=said(
                "Connecting to lists.scanner.example (203.0.113.9:443)",
                "wget: server returned error: HTTP/1.1 403 Forbidden",
            ),
        ),
        THEIRS,
    ),
    *(
        Holds(f"a host outside refuses it by a sentence, {how}", snapshot(fetching(), logs=said(*lines)), THEIRS)
        for how, lines in {
            "which calls it a server": (FORBIDDEN[0], "ERROR the server returned 403"),
            "which calls it by a part of its name": (FORBIDDEN[0], "ERROR tiles answered 403"),
            "whose subject is the download": (FORBIDDEN[0], "ERROR download failed with code 403"),
        }.items()
    ),
    Holds(
        "its key was written long before others came through",
        snapshot(of_a_secret(40 * DAY), logs=said(*FORBIDDEN)),
        THEIRS,
    ),
    Holds("all pods are lost that came through", snapshot(complete_once(), logs=said(*FORBIDDEN, failed=4)), THEIRS),
    *(
        Holds(f"a host outside refuses it, but {what}", snapshot(world, logs=said(*FORBIDDEN)), OURS)
        for what, world in (
            ("nobody ever came through", from_the_start()),
            ("its first roll-out is not over", complete_once("ReplicaSetUpdated")),
            ("its key was written since", of_a_secret(1200)),
            ("another pod came through meanwhile", younger()),
            ("it is another build there", pushed_again()),
            ("it is a helper that serves beside", beside()),
            ("users come by that name", [*fetching(), ingress("maps", "tiles.maps.example")]),
        )
    ),
    *(
        Holds(
            f"it is refused, but {what}",
            snapshot(fetching(), workload("vault"), logs=said(*lines)),
            OURS,
            believed=others.get(what, ""),
        )
        for others in ({"by the mesh": "mesh_denies", "it ends by a full disk": "volume_full"},)
        for what, lines in {
            "by a neighbour": ("INFO GET http://vault:8080/v1/secret", "ERROR got status 403"),
            "by our own proxy": (FORBIDDEN[0], "ERROR Tunnel connection failed: 403 Forbidden"),
            "by the mesh": (FORBIDDEN[0], "ERROR status 403: RBAC: access denied"),
            "for a right that its role lacks": (
                FORBIDDEN[0],
                "ERROR status 403: not authorized to perform: s3:GetObject",
            ),
            "for a key that is not right": (FORBIDDEN[0], "ERROR status 403: the key is unknown"),
            "for its address": (FORBIDDEN[0], "ERROR status 403: 198.51.100.7 is not on the allowlist"),
            "it ends by a full disk": (*FORBIDDEN, "ERROR write /data/de.pack: no space left on device"),
            "nobody knows by whom": ("ERROR got status 403",),
            "by whom a word names, after a host outside had answered": (
                "INFO get https://tiles.maps.example/v2 ok",
                "INFO reading token of vault",
                "ERROR vault returned 403",
            ),
            "by whom a word names": (FORBIDDEN[0], "ERROR keeper returned 403"),
            "by whom a word names behind it": (FORBIDDEN[0], "ERROR status 403 from keeper"),
            "by a neighbour whom its line names": (FORBIDDEN[0], "ERROR secrets of vault: unexpected status 403"),
            "the host that was named before had answered": (FORBIDDEN[0], "INFO 200 OK", "ERROR got status 403"),
            "the host answered when asked again": (
                FORBIDDEN[0],
                "WARN got status 403, once more",
                "INFO saved",
                "ERROR got status 403",
            ),
            "the number is that of its own fault": (
                "INFO get https://tiles.maps.example/v2",
                "ERROR migration step failed with code 401: relation exists",
            ),
            "it may be one of two": (
                "ERROR https://a.maps.example/x and https://b.maps.example/x answered with status 403",
            ),
        }.items()
    ),
    *(
        Holds(
            f"a host outside {what}",
            snapshot(fetching(), logs=said(*lines)),
            THEIRS,
            excludes=SPARED,
        )
        for what, lines in {"does not answer": LATE, "answers with errors": FAILING}.items()
    ),
    Holds(
        "a host outside does not answer pods of one node that has no other",
        snapshot(on_its_own_node(), logs=said(*LATE, failed=1)),
        OURS,
    ),
    Holds(
        "one of those that fail tells another thing",
        snapshot(fetching(), logs=[*said(*FORBIDDEN)[:1], *said("ERROR no route in the map")[1:]]),
        OURS,
    ),
]
DOES_NOT_HOLD = [DoesNotHold("it runs still", snapshot(running()), ("unknown", "page_human"))]
