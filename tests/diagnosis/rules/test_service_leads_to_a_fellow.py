"""A Service of one pod of a set was edited and leads to another one of its pods."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WELL, errors, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, service_for, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

NAME, INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"
SET = "StatefulSet/shard"
EDITED = 600.0
CALLS = {"SHARDS": "http://shard-0:8080,http://shard-1:8080,http://shard-2:8080"}
PATTERN = {"SHARD_URL": "http://shard-%d:8080"}
SPRING = (
    "o.s.web.reactive.function.client.WebClientResponseException: 421 Misdirected Request from GET http://{}:8080/h"
)
GO = (
    'level=error msg="read failed" err="Get \\"http://{}:8080/h\\": unexpected status 409: not the owner of this range"'
)
ASKED = "GET /h 421 1ms"
FAILS = (errors("shop", 0.25, since=560), errors("shard", 0.0))


def pods(count: int = 3, away: int = -1, **more: Any) -> list[Obj]:
    """Return a set of pods that are labelled as a cluster does it, and one of them may not be ready."""
    made = workload("shard", kind="StatefulSet", pods=count, service=False, **more)
    for each in made:
        name, _, number = each["metadata"]["name"].rpartition("-")
        if each["kind"] == "Pod":
            each["metadata"]["labels"] |= {NAME: f"{name}-{number}", INDEX: number}
            if number == str(away):
                each["status"]["conditions"][0]["status"] = "False"
                each["status"]["containerStatuses"][0]["ready"] = False
    return made


def of_one(name: str, *, written: float | None = None, field: str = "selector", **label: Any) -> Obj:
    """Return a Service of one pod of the set, and which field of it somebody wrote."""
    label = {NAME: label["pod"]} if "pod" in label else {INDEX: label["index"]}
    made = service_for(name, selector={"app": "shard", **label}, written=written)
    if written is not None:
        wrote = {"fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {f"f:{field}": {}}}}
        made["metadata"]["managedFields"][0] |= wrote
    return made


def services(
    name: str = "shard-2", to: str = "shard-1", written: float | None = EDITED, field: str = "selector"
) -> Any:
    """Return the Services of three pods, the last of which was edited."""
    return [of_one(f"shard-{n}", pod=f"shard-{n}") for n in (0, 1)] + [
        of_one(name, written=written, field=field, pod=to)
    ]


def numbered(form: str, *ways: str, first: int = 0) -> list[Obj]:
    """Return Services that are numbered in names of their own, each with the pod to which it leads; the last edited."""
    last = len(ways) - 1
    return [
        of_one(form.format(n + first), index=way, written=EDITED if n == last else None) for n, way in enumerate(ways)
    ]


def asked(*, gone: float = 0.0, since: float = 580) -> list[Any]:
    """Return how many requests the pods get: the one that was meant, and the one that has them now."""
    return [
        figure("request_rate_by_pod", 5, gone, since, pod="shard-2"),
        figure("request_rate_by_pod", 5, 10 - gone, since, pod="shard-1"),
    ]


def told(line: str = SPRING, host: str = "shard-2", since: float = 560, quiet: int = 20) -> Any:
    """Return the log of a shop that served well, and fails since then."""
    well = [(since + 30 * n, "INFO served 3 histories") for n in range(quiet, 0, -1)]
    return timed(pod("shop"), *well, *[(since - 40 * n, line.format(host)) for n in range(12)])


def world(*more: Any, logs: Any = (), figures: Any = (), env: Any = CALLS, **caller: Any) -> Snapshot:
    return snapshot(shop(env=env, **caller), *more, logs=logs, figures=[*FAILS, *figures])


FOUND = ("Service/shard-2", "configuration_error", "page_human")
HOLDS = [
    Holds(
        "requests are counted: the pod that it is called after gets none since, and its caller was released before",
        world(pods(), services(), figures=asked(), before=IMAGE, released=1500),
        FOUND,
        excludes=(
            *no("restart_workload", "rollback_workload", "scale_workload", at=SET),
            *no("restart_workload", "rollback_workload", at=SHOP),
        ),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        alone=True,
        began=540,
    ),
    Holds(
        "its caller's errors name it, the number is put into the name at run time, and nothing is counted",
        snapshot(shop(env=PATTERN, before=IMAGE, released=1500), pods(), services(), logs=[told()]),
        FOUND,
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "its caller's errors name it in another form, by its whole name",
        world(pods(), services(), logs=[told(GO, "shard-2.shop.svc.cluster.local")]),
        FOUND,
    ),
    Holds(
        "the pod that has the requests now answers that it is not for them, as nobody did before",
        world(
            pods(),
            services(),
            logs=[log("shard-1", *["GET /h 200 2ms"] * 70, *[ASKED, "GET /h 200 2ms"] * 60, since=918)],
        ),
        FOUND,
    ),
    Holds(
        "its caller was released as it was edited, and may have a fault of its own",
        world(pods(), services(), figures=asked(), before=IMAGE, released=570),
        FOUND,
        excludes=no("restart_workload", at=SHOP),
        spares=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "Services are numbered from one, pods from nought",
        world(
            pods(),
            numbered("range-{}-read", "0", "1", "1", first=1),
            figures=asked(),
            env={"RANGES": "http://range-1-read:8080,http://range-2-read:8080,http://range-3-read:8080"},
        ),
        ("Service/range-3-read", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, scene, harmful=("restart_connection_pool",))
    for what, scene in (
        ("it leads to the pod after which it is called", world(pods(), services(to="shard-2"), logs=[told()])),
        ("another field of it was edited", world(pods(), services(field="ports"), figures=asked())),
        ("it was edited days ago", world(pods(), services(written=90000), logs=[told()])),
        ("it was never edited", world(pods(), services(written=None), figures=asked())),
        ("it was edited after the trouble began", world(pods(), services(written=200), figures=asked(since=190))),
        (
            "the pod after which it is called is not ready: another one stands in for it",
            world(pods(away=2), services(), figures=asked()),
        ),
        ("the pod after which it is called is gone", world(pods(2), services(), figures=asked())),
        ("that pod gets as many requests as before", world(pods(), services(), figures=asked(gone=5), logs=[told()])),
        ("nobody tells that requests go elsewhere", world(pods(), services())),
        ("its caller's errors name another one", world(pods(), services(), logs=[told(host="shard-0")])),
        (
            "its caller's errors name the pod itself, by the Service of the whole set",
            world(
                pods(),
                services(),
                service_for("all", selector={"app": "shard"}, headless=True),
                logs=[told(host="shard-2.all")],
            ),
        ),
        (
            "its caller's errors name it all along",
            snapshot(shop(env=CALLS), pods(), services(), logs=[told(since=3000)]),
        ),
        (
            "it is called after what the pod does, and no number of it",
            world(pods(), services(name="shard-leader"), figures=asked(), env={"LEADER": "http://shard-leader:8080"}),
        ),
        (
            "its number means something else than those of the others",
            world(
                pods(),
                numbered("range-{}", "2", "0", "1"),
                figures=asked(),
                env={"RANGES": "http://range-0:8080,http://range-2:8080"},
            ),
        ),
        (
            "it selects the whole set",
            world(pods(), service_for("shard-2", selector={"app": "shard"}, written=EDITED), figures=asked()),
        ),
        ("nobody suffers by it", snapshot(shop(env=CALLS), pods(), services(), figures=[WELL, *asked()])),
    )
]
