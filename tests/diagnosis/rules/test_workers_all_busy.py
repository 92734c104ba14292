"""No worker is free: more replicas where traffic grew, a person where it did not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import API, OLD, autoscaler, latency, logs, rate
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

FPM = "WARNING: [pool www] server reached pm.max_children setting (20), consider raising it"


def taken(*more: Obj, requests: float = 50, times: int = 9, slow: float = 3.0, released: float = 9 * DAY) -> Snapshot:
    """Return a service whose log repeats that no worker is free."""
    return snapshot(
        workload("api", before=OLD, released=released),
        *more,
        figures=[latency("api", 0.1, slow), rate("api", 50, requests)],
        logs=logs("api", FPM, times=times),
    )


def counted(
    *shares: float,
    was: float = 0.2,
    requests: float = 200,
    web: float = 200,
    released: float = 9 * DAY,
    **more: Any,
) -> Snapshot:
    """Return a service whose server counts how many of its workers are busy, behind one that sends it requests."""
    beside = more.pop("figures", ())
    return snapshot(
        workload("api", before=OLD, released=released, env={"CART_URL": "http://cart:8080"}),
        workload("web", env={"API_URL": "http://api:8080"}),
        workload("cart"),
        figures=[
            *(figure("workers_busy_share", was, share, pod=pod("api", n)) for n, share in enumerate(shares)),
            *(figure("cpu_share", 0.1, 0.1, pod=pod(name, n)) for name in ("api", "web") for n in range(2)),
            rate("web", 50, web),
            rate("api", 50, requests),
            latency("web", 0.1, 3.0),
            *beside,
        ],
        **more,
    )


def calls_of_cart(now: float) -> Any:
    return figure("dependency_latency_p95", 0.05, now, component="api", dependency="cart")


def worked(**of_web: Any) -> Snapshot:
    """Return a service that works twice as much, behind one whose users suffer."""
    return snapshot(
        workload("api"),
        workload("web", env={"API_URL": "http://api:8080"}, **of_web),
        figures=[latency("web", 0.1, 3.0), *(figure("cpu_share", 0.1, 0.22, pod=pod("api", n)) for n in range(2))],
        logs=logs("api", FPM),
    )


REFUSED = (
    "[error] 26#26: *75533 connect() to unix:/run/{}.sock failed ({}) while connecting to upstream, client: 10.0.0.7, "
    'server: _, request: "GET / HTTP/1.1", upstream: "http://unix:/run/{}.sock:/", host: "api"'
)
FULL = "11: Resource temporarily unavailable"
GONE = "2: No such file or directory"


def behind_a_socket(
    why: str = FULL, *, of: str = "gunicorn", grown: float = 0.22, times: int = 9, **more: Any
) -> Snapshot:
    """Return a service whose own proxy finds its program's socket so; nobody measures or tells of its requests."""
    used = [figure("cpu_share", 0.1, grown, pod=pod("api", n)) for n in range(2)]
    return snapshot(workload("api", **more), figures=used, logs=logs("api", REFUSED.format(of, why, of), times=times))


def edge(*names: str, line: str = FPM, released: float = 9 * DAY) -> Snapshot:
    """Return a service that works twice as much behind one that asks others too and fails at pods of some of them."""
    objects = {name: workload(name) for name in ("api", "cart")}
    asked = [each for name in names for each in pods_of(objects[name])]
    failed = [f'9.9.9.9 "GET /p HTTP/1.1" 504 167 ua={each["status"]["podIP"]}:8080' for each in asked]
    calls = {"API_URL": "http://api:8080", "CART_URL": "http://cart:8080"}
    return snapshot(
        *objects.values(),
        workload("web", env=calls, before=OLD, released=released),
        figures=[figure("cpu_share", 0.1, 0.22, pod=pod("api", n)) for n in range(2)],
        logs=[*logs("api", line), log(pod("web"), *(failed * 12)[:12])],
    )


HOLDS = [
    Holds(
        "its server counts that all are busy, and requests grew",
        counted(1.0, 1.0),
        (API, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=API),
    ),
    Holds(
        "as before none was ever busy when it was looked at",
        counted(1.0, 1.0, was=0),
        (API, "capacity", "scale_workload"),
    ),
    Holds(
        "what it asks of others is as fast as ever",
        counted(1.0, 1.0, figures=[calls_of_cart(0.06)]),
        (API, "capacity", "scale_workload"),
    ),
    Holds(
        "traffic grew",
        taken(requests=90),
        (API, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=API),
    ),
    Holds(
        "traffic grew, and the autoscaler may make no more",
        taken(autoscaler("api", 2, 2), requests=90),
        (API, "capacity", "page_human"),
        excludes=no("scale_workload", at=API),
    ),
    Holds("traffic is as before", taken(), (API, "capacity", "page_human"), harmful=("scale_workload",)),
]
HOLDS += [
    Holds(
        "nobody counts its requests: its processors work twice as much, and users suffer before it",
        worked(),
        (API, "capacity", "scale_workload"),
    ),
]
HOLDS += [
    Holds(
        f"nobody but its own proxy tells of its requests: no room in the socket of {of}, and it works twice as much",
        behind_a_socket(of=of),
        (API, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=API),
    )
    for of in ("gunicorn", "php-fpm", "puma")
]
HOLDS += [
    Holds(
        "its own proxy finds no room in its socket, and it works as much as ever: something holds its workers",
        behind_a_socket(grown=0.1),
        (API, "capacity", "page_human"),
        harmful=("scale_workload",),
    ),
    Holds(
        "who asks it and others fails at its pods alone, and it works twice as much",
        edge("api"),
        (API, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=API),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("what listens at its socket is not there", behind_a_socket(GONE), (), harmful=("scale_workload",)),
    DoesNotHold("a few of its requests found no room", behind_a_socket(times=3), ("unknown", "page_human")),
    DoesNotHold(
        "who asks it and others fails at the others",
        edge("cart"),
        ("Deployment/web", "unknown", "page_human"),
        harmful=("scale_workload",),
    ),
    DoesNotHold("who asks it and others fails at all of them", edge("api", "cart"), (), harmful=("scale_workload",)),
    DoesNotHold(
        "who asks it fails at its pods since its own release: that may ask for more",
        edge("api", released=300),
        (),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "nobody counts its requests, and users suffer since a release before it: that may send more of them",
        worked(before=OLD, released=660),
        ("Deployment/web", "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold("nobody is slow", taken(slow=0.1)),
    DoesNotHold("one pod has workers that are free", counted(1.0, 0.3)),
    DoesNotHold(
        "requests are as before: whatever holds the workers, it is not their number",
        counted(1.0, 1.0, requests=52, web=50),
    ),
    DoesNotHold(
        "each request holds its worker many times as long: something holds it up",
        counted(1.0, 1.0, was=0.02, requests=110),
    ),
    DoesNotHold("what it asks has become slow", counted(1.0, 1.0, figures=[calls_of_cart(2.5)])),
    DoesNotHold(
        "it waits in vain for what it asks",
        counted(1.0, 1.0, logs=logs("api", "ERROR connect to http://cart:8080: connection timed out")),
    ),
    DoesNotHold("its caller multiplies the requests that it gets", counted(1.0, 1.0, web=50)),
    DoesNotHold("they were busy, and are free again", counted(0.2, 0.2, was=1.0)),
    DoesNotHold("it was counted since its release", counted(1.0, 1.0, released=660)),
    DoesNotHold("it was told once", taken(times=1), (API, "unknown", "page_human")),
    DoesNotHold("a release brought it", taken(released=660), (API, "code_defect", "rollback_workload")),
]
