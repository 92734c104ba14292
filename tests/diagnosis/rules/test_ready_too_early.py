"""Pods that are asked before they are done with their start, since a release made their checks looser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put
from tests.diagnosis.rules.scenes import alert, taken_back
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log

APP, EDGE = "Deployment/app", "Deployment/edge"
BACK = "configuration_error", "rollback_workload"
ASKED: Obj = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}
ALONE: Obj = {**ASKED, "startupProbe": None}
LISTENS: Obj = {"readinessProbe": {"tcpSocket": {"port": 8080}}}
LIVES: Obj = {"readinessProbe": {"httpGet": {"path": "/live", "port": 8080}}}
WAITS: Obj = {"readinessProbe": {"tcpSocket": {"port": 8080}, "initialDelaySeconds": 90}}
STARTS: Obj = {"startupProbe": {"exec": {"command": ["/bin/warm", "--check"]}}, **LISTENS}
SHORTLY: Obj = {"readinessProbe": {"tcpSocket": {"port": 8080}, "initialDelaySeconds": 8}}
BRIEFLY: Obj = {"readinessProbe": {"tcpSocket": {"port": 8080}, "initialDelaySeconds": 20}}
NAMED: Obj = {
    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
    "ports": [{"name": "http", "containerPort": 8080}],
}
STRONG: Obj = {"httpGet": {"path": "/ready", "port": 8080}}
OLDER: Obj = {"image": "registry.example/app:0"}
AGES = (2400.0, 1500.0, 600.0)
TOGETHER = (602.0, 601.0, 600.0)
LASTS = 70.0
COLD = '{{"level":50,"msg":"no such page yet","method":"GET","path":"/v1/{0}","status":503}}'
JAVA = '10.1.9.4 - - "GET /v1/scores/{0} HTTP/1.1" 503 18 "-" "okhttp/4.12"'
MARKED = "ERROR [worker] model scorer is not loaded, request {0} given up"
PEER = "ERROR GET /v1/items/{0} 500 could not connect to db:5432: connection refused"
ITSELF = (
    '2026/03/04 [error] 31#31: *{0} connect() failed (111: Connection refused), upstream: "fastcgi://127.0.0.1:9000"'
)
EDGES = '2026/03/04 [error] 31#31: *{0} connect() failed (111: Connection refused), upstream: "http://{1}:8080/"'
PROBED = '10.1.0.1 - - "GET /ready HTTP/1.1" 503 2 "-" "kube-probe/1.31"'
BESIDE = [(0, 2380), (1, 1450), (0, 1460), (1, 570), (0, 575), (1, 2370)]
WELL = "INFO GET /v1/items 200"


def app(before: Obj | None = None, *, young: Sequence[float] = AGES, old: int = 2, **more: Any) -> list[Obj]:
    """Return a workload that was released, of which so many pods are as old as that and the others younger."""
    was = ASKED if before is None else before
    made = workload("app", **{"before": was, "released": 2 * DAY, "pods": old + len(young), **LISTENS, **more})
    for each, age in zip(pods_of(made)[old:], young, strict=True):
        each["metadata"]["creationTimestamp"] = at(age + 5)
        put(each, {"state": {"running": {"startedAt": at(age + 3)}}}, ready=True)
        each["status"]["conditions"][0]["lastTransitionTime"] = at(age)
    return made


def told(
    line: str = COLD,
    *,
    young: Sequence[float] = AGES,
    old: int = 2,
    lasts: float = LASTS,
    also: Sequence[tuple[int, float]] = (),
    of: str = "app",
) -> list[Log]:
    """Return the logs of all pods: a young one fails for some seconds; ``also``: failures at an age, by pod."""
    begins = [*[3600.0] * old, *young]
    logs = []
    for number, begin in enumerate(begins):
        fails = [(begin - 4 - n * (lasts - 4) / 8, line.format(n)) for n in range(9)] if number >= old else []
        fails += [(age, line.format(f"{age:.0f}")) for which, age in also if which == number]
        works = [(float(age), WELL) for age in range(int(begin - lasts) - 5, 0, -30)]
        begun = [(begin + 2, "INFO started")]
        lines = sorted([*begun, *(f for f in fails if f[0] > 0), *works], reverse=True)
        logs.append(timed(pod("app", number), *lines, of=of))
    return logs


def serving(number: int, begin: float) -> Log:
    """Return the log of a pod that answers well since it is there."""
    return timed(
        pod("app", number), (begin + 2, "INFO started"), *((begin - n, WELL) for n in range(3, 500, 7)), of="app"
    )


def address(number: int) -> str:
    """Return the address of one of the workload's pods."""
    return str(pods_of(app())[number]["status"]["podIP"])


def edge(line: str = EDGES, *, young: Sequence[float] = AGES, old: int = 2, lasts: float = LASTS) -> Log:
    """Return the log of a proxy that names by its address the pod that it asked when it failed."""
    begins = [(number + old, begin) for number, begin in enumerate(young)]
    fails = [
        (begin - 2 - k * (lasts - 4) / 8, line.format(k, address(number))) for number, begin in begins for k in range(9)
    ]
    return timed(pod("edge"), *sorted([*fails, *((float(age), WELL) for age in range(3590, 0, -60))], reverse=True))


def unready(age: float, lasts: float) -> Obj:
    """Return that a pod which is gone failed its readiness check for some seconds, the last time at an age."""
    made = event(
        "Pod/app-6c9f7d8b54-x0001", "Unhealthy", "Readiness probe failed: HTTP status code: 503", age=age, count=90
    )
    return {**made, "firstTimestamp": at(age + lasts)}


HOLDS = [
    Holds(
        "a check of the program became one of the port, days ago, and each pod that is added answers 503 at first",
        snapshot(app(), logs=told()),
        (APP, *BACK),
        excludes=no("restart_workload", "scale_workload", at=APP),
        spares=no("rollback_workload", at=APP),
        alone=True,
        began=2396,
    ),
    Holds(
        "the check is gone, and a proxy that names the pods is refused until they listen",
        snapshot(workload("edge"), app(readinessProbe=None), logs=[edge()]),
        (APP, *BACK),
        excludes=[*no("scale_workload", at=APP), *no("restart_workload", "rollback_workload", at=EDGE)],
    ),
    Holds(
        "it asks another page than before, which says nothing of the start, in an access log",
        snapshot(app(**LIVES), logs=told(JAVA)),
        (APP, *BACK),
    ),
    Holds(
        "the check at the start is gone; errors without a status, and people were called for it",
        snapshot(
            app(before=STARTS, startupProbe=None),
            logs=told(MARKED),
            alerts=[alert(service="app")],
        ),
        (APP, *BACK),
    ),
    Holds(
        "the wait before the check was cut from 90 seconds to none",
        snapshot(app(before=WAITS), logs=told()),
        (APP, *BACK),
    ),
    Holds(
        "what stands beside it in the pod does not listen yet",
        snapshot(app(), logs=told(ITSELF), alerts=[alert(service="app")]),
        (APP, *BACK),
    ),
    Holds(
        "the last pods are in the midst of it",
        snapshot(app(young=(*AGES, 30.0)), logs=told(young=(*AGES, 30.0))),
        (APP, *BACK),
    ),
    Holds(
        "the release of yesterday brought another image too",
        snapshot(app(before={**OLDER, **ASKED}, released=DAY), logs=told()),
        (APP, *BACK),
        sure=(0.0, 0.9),
    ),
    Holds(
        "the checks of before failed until the release came",
        snapshot(app(released=7000.0), unready(7100, 1800), logs=told()),
        (APP, "configuration_error", "page_human"),
    ),
    Holds(
        "the checks of before failed for as long as a pod started",
        snapshot(app(released=7000.0), unready(7100, 60), logs=told()),
        (APP, *BACK),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, snapshot(app(before=before, **now), logs=told(), alerts=[alert(service="app")]))
        for what, before, now in (
            ("it always asked for the port alone", OLDER, LISTENS),
            ("a check of the port became one of the program", LISTENS, ASKED),
            ("the same page is asked at a port that has a name now", {**ASKED, **OLDER}, NAMED),
            ("what changed is the check that ends pods", {"livenessProbe": ASKED["readinessProbe"]}, {**ASKED}),
            ("the wait was cut by some seconds", SHORTLY, LISTENS),
            (
                "a check at the start came and takes the place of the page",
                {**ASKED, "startupProbe": None},
                {**LISTENS, "startupProbe": STRONG},
            ),
        )
    ),
    *(
        DoesNotHold(what, snapshot(app(), logs=logs, alerts=[alert(service="app")]))
        for what, logs in (
            ("those that are there for longer fail as well then", told(also=BESIDE)),
            ("young pods are refused by whom they ask", told(PEER)),
            ("it is the check itself that is answered so", told(PROBED)),
            ("nothing fails", told(WELL)),
        )
    ),
    DoesNotHold(
        "the wait that was cut was shorter by far than what the pods need",
        snapshot(app(before=BRIEFLY), logs=told(lasts=200)),
    ),
    DoesNotHold("errors at the start of each that nobody notices", snapshot(app(), logs=told(MARKED))),
    DoesNotHold("it went back to a template of before", snapshot(taken_back(app()), logs=told())),
    DoesNotHold("the checks were changed months ago", snapshot(app(age=90 * DAY, released=60 * DAY), logs=told())),
    DoesNotHold(
        "the image that came with other checks is a week old",
        snapshot(app(before={**OLDER, **ASKED}, released=7 * DAY), logs=told()),
    ),
    DoesNotHold(
        "a proxy is refused by those that are there for longer as well",
        snapshot(
            workload("edge"),
            app(readinessProbe=None),
            logs=[edge(old=0, young=(2400.0, 1500.0, *AGES))],
        ),
    ),
    DoesNotHold(
        "all pods came at one time: nobody shows that it is not what all of them need",
        snapshot(app(young=TOGETHER, old=0), logs=told(young=TOGETHER, old=0)),
    ),
    DoesNotHold(
        "as many of the young answer well from their first moment on",
        snapshot(
            app(young=(2400, 1500, 900, 600)),
            logs=[*told(young=(2400, 1500)), *(serving(n, age) for n, age in ((4, 900), (5, 600)))],
        ),
    ),
    DoesNotHold(
        "all pods fail at one time, whenever they came",
        snapshot(app(), logs=told(young=(), old=5, also=[(n, 500.0 - k) for n in range(5) for k in range(9)])),
    ),
]
