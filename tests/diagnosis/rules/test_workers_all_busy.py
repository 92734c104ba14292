"""No worker is free: more replicas where traffic grew, a person where it did not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import API, OLD, autoscaler, latency, logs, rate
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

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


def in_line(
    *,
    asked: float = 150,
    busy: tuple[float, float] = (0.7, 1.0),
    served: tuple[float, float] = (20, 26),
    took: tuple[float, float] = (0.4, 0.42),
    peak: float = 0.0,
    released: float = 9 * DAY,
    known: float = 3600,
    beside: Any = (),
    **more: Any,
) -> Snapshot:
    """Return a service whose workers are all busy and serve what they can, behind one that is asked for more."""
    figures = [rate("web", 50, asked), rate("api", 2 * served[0], 2 * served[1]), latency("web", 0.5, 9.0)]
    figures += [figure("cpu_share", 0.1, 0.1, pod=pod("web", n)) for n in range(2)]
    counts: list[Any] = []
    for name in (pod("api", n) for n in range(2)):
        counts += [
            figure("workers_busy_share", *busy, pod=name),
            figure("request_rate_by_pod", *served, pod=name),
            figure("latency_p95_by_pod", *took, pod=name),
            figure("cpu_usage", 0.2, 0.25, pod=name),
        ]
    if peak:
        counts.append(figure("workers_busy_share", peak, busy[1], pod=pod("api")))
    since = NOW.timestamp() - known
    counts = [(name, Series(one.labels, tuple(p for p in one.points if p[0] >= since))) for name, one in counts]
    objects: list[Any] = [
        workload("api", before=OLD, released=released, env={"DB_HOST": "postgres", "CART_URL": "http://cart:8080"}),
        workload("web", env={"API_URL": "http://api:8080"}),
        workload("cart"),
        *postgres(),
        *more.pop("objects", ()),
    ]
    return snapshot(*objects, figures=[*figures, *counts, *beside], **more)


def sessions(taken: float, most: float = 200) -> list[Any]:
    """Return how many sessions of the database are taken, of how many."""
    return [
        figure("db_connections", taken, taken, component="postgres"),
        figure("db_max_connections", most, most, component="postgres"),
    ]


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


IN_VAIN = "ERROR connect to http://cart:8080: connection timed out"
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
IN_LINE = (API, "capacity", "scale_workload")
HOLDS += [
    Holds(
        "who asks it is asked three times as much, and each request is as quick as before once a worker has it",
        in_line(),
        IN_LINE,
        excludes=(*no("rollback_workload", at=API), *no("restart_workload", at=API)),
    ),
    Holds(
        "many workers were busy before as well, and it serves as many as they can",
        in_line(asked=80, busy=(0.95, 1.0), served=(180, 184), took=(0.03, 0.03)),
        IN_LINE,
    ),
    Holds("those wait in line, and the database has room", in_line(beside=sessions(30)), IN_LINE),
    Holds(
        "those wait in line, and the database has no session for further replicas",
        in_line(beside=sessions(197)),
        (API, "capacity", "page_human"),
        excludes=no("scale_workload", at=API),
        harmful=("scale_workload",),
    ),
    Holds(
        "those wait in line, and the autoscaler may make no more",
        in_line(objects=[autoscaler("api", 2, 2)]),
        (API, "capacity", "page_human"),
        excludes=no("scale_workload", at=API),
        harmful=("scale_workload",),
    ),
    Holds(
        "those wait in line, and the quota allows no more",
        in_line(objects=[event("ReplicaSet/api-1", "FailedCreate", "pods is forbidden: exceeded quota: compute")]),
        (API, "capacity", "page_human"),
        harmful=("scale_workload",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"all wait in line, but {why}", scene, (), harmful=("scale_workload",))
        for why, scene in (
            ("each request takes longer", in_line(took=(0.4, 1.2), served=(20, 20))),
            ("fewer are served: workers hang", in_line(served=(20, 12))),
            ("so few were busy before that more requests do not explain it", in_line(busy=(0.3, 1.0), served=(20, 21))),
            ("nobody is asked for more", in_line(asked=52)),
            ("since its own release", in_line(released=660)),
            (
                "what it asks is slow",
                in_line(beside=[calls_of_cart(2.5)]),
            ),
            (
                "it waits in vain for what it asks",
                in_line(logs=logs("api", IN_VAIN)),
            ),
            ("nobody knows how it was before", in_line(known=500)),
            ("a worker has several requests in work at once", in_line(peak=1.75)),
            ("some of its workers are free", in_line(busy=(0.5, 0.7))),
        )
    ),
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
        counted(1.0, 1.0, logs=logs("api", IN_VAIN)),
    ),
    DoesNotHold("its caller multiplies the requests that it gets", counted(1.0, 1.0, web=50)),
    DoesNotHold("they were busy, and are free again", counted(0.2, 0.2, was=1.0)),
    DoesNotHold("it was counted since its release", counted(1.0, 1.0, released=660)),
    DoesNotHold("it was told once", taken(times=1), (API, "unknown", "page_human")),
    DoesNotHold("a release brought it", taken(released=660), (API, "code_defect", "rollback_workload")),
]
