"""Pods that fail at their start: whose failures those are, who notices them, and of which container they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.test_ready_too_early import APP, BACK, LISTENS, MARKED, PEER, WELL, app, edge, told
from tests.diagnosis.rules.tiny import NOW, Obj, container, figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Series

USUAL = "ERROR cache miss for key {0}, rebuilt"
BESIDE_IT = "ERROR export to localhost:4317 failed: connection refused, try {0}"
BY_JSON = '{{"level":30,"msg":"request","method":"GET","path":"/ready","status":503,"n":{0}}}'
BY_CONSUL = '10.1.9.4 - - "GET /ready-or-not HTTP/1.1" 503 18 "-" "Consul Health Check"'
BY_ENVOY = '10.1.9.4 - - "GET / HTTP/1.1" 503 18 "-" "Envoy/HC"'
BY_PATH = '10.1.9.4 - - "GET /warm HTTP/1.1" 503 18 "-" "okhttp/4.12"'
BY_EDGE = '{{"level":"error","msg":"no answer","asked":"{1}:8080","method":"GET","path":"/ready","status":503,"n":{0}}}'
WARM: Obj = {"readinessProbe": {"httpGet": {"path": "/warm", "port": 8080}}}
METRICS: Obj = {"readinessProbe": {"httpGet": {"path": "/", "port": 9100}}}
CALLED = [alert(service="app")]
FULL = APP, "capacity", "scale_workload"


def beside(objects: list[Obj], name: str = "exporter", port: int = 9100) -> list[Obj]:
    """Put a container into each pod that had a check before the release and has none since."""
    sets = [each["spec"]["template"] for each in objects if each["kind"] == "ReplicaSet"]
    for template in (*sets, objects[0]["spec"]["template"]):
        check = METRICS if template is sets[0] else {}
        spec = template["spec"]
        template["spec"] = {**spec, "containers": [*spec["containers"], container(name, "x:1", port=port, **check)]}
    return objects


def busier(since: float) -> list[tuple[str, Series]]:
    """Return that the load grew fourfold, and that it is too much for the pods' processors."""
    pods = [{"pod": pod("app", n), "container": "app"} for n in range(5)]
    return [
        figure("request_rate", 50, 200, since, component="app"),
        figure("latency_p95", 0.1, 3.0, since, component="app"),
        *(figure("cpu_share", 0.4, 0.98, since, **each) for each in pods),
        *(figure("throttled_share", 0.01, 0.6, since, **each) for each in pods),
    ]


def late() -> list[Any]:
    """Return an alert that fires since the youngest pod is done with its start for minutes."""
    return [each._replace(starts_at=NOW - timedelta(minutes=5)) for each in CALLED]


def starting(line: str, *ages: float) -> list[Any]:
    """Return what each young pod says at its start, when it was ready for so many seconds, and then works."""
    return [
        timed(pod("app", n), *((begin - age, line.format(n)) for age in ages), (begin - 80, WELL), of="app")
        for n, begin in ((2, 2400.0), (3, 1500.0), (4, 600.0))
    ]


HOLDS = [
    Holds(
        "its requests fail since a pod was cold, in lines that bear no status",
        snapshot(app(), logs=told(MARKED), figures=[figure("error_ratio", 0.0, 0.3, 570, component="app")]),
        (APP, *BACK),
    ),
    Holds(
        "the container that lost its check is the one that fails",
        snapshot(beside(app(before=LISTENS), "front", 8081), logs=told(of="front")),
        (APP, *BACK),
    ),
    Holds(
        "the container whose check became looser fails, and another one has none since",
        snapshot(beside(app()), logs=told()),
        (APP, *BACK),
    ),
    Holds(
        "a proxy is refused, and the pods say at their start what is no fault of others",
        snapshot(workload("edge"), app(readinessProbe=None), logs=[edge(), *starting(MARKED, 5, 20, 40)]),
        (APP, *BACK),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"usual errors at the start, and the load is too much since the last one was done with it: {line}",
            snapshot(app(), logs=told(line), figures=busier(500), alerts=CALLED),
            FULL,
            harmful=("rollback_workload",),
        )
        for line in (USUAL, BESIDE_IT)
    ),
    DoesNotHold(
        "usual errors at the start, and people are called minutes later",
        snapshot(app(), logs=told(USUAL), alerts=late()),
    ),
    DoesNotHold(
        "a container beside it lost its check, and what fails was always asked at its port alone",
        snapshot(beside(app(before=LISTENS)), logs=told()),
    ),
    DoesNotHold(
        "a container beside it lost its check, and a proxy is refused at the port of the other one",
        snapshot(workload("edge"), beside(app(before=LISTENS)), logs=[edge()]),
        harmful=("rollback_workload",),
    ),
    *(
        DoesNotHold(f"nobody asks but who checks whether it is there: {line}", snapshot(app(), logs=told(line)))
        for line in (BY_JSON, BY_CONSUL, BY_ENVOY)
    ),
    DoesNotHold(
        "somebody else asks for what its check asked for, under a name of its own",
        snapshot(app(before=WARM), logs=told(BY_PATH)),
    ),
    DoesNotHold(
        "a proxy names the pods whose check of its own fails",
        snapshot(workload("edge"), app(), logs=[edge(BY_EDGE)]),
    ),
    DoesNotHold(
        "young pods are refused by whom they ask, and a proxy names them",
        snapshot(workload("edge"), app(), logs=[*told(PEER), edge()]),
        harmful=("rollback_workload",),
    ),
]
