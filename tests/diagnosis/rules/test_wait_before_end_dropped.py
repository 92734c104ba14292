"""Requests that fail as pods are taken away, since a release took or broke their wait before the end."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import ingress
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, pod, service_for, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series

APP, EDGE, WEB = "Deployment/app", "Deployment/edge", "Deployment/web"
BACK = "configuration_error", "rollback_workload"
REFUSED = (
    "2026/03/01 08:00:00 [error] 31#31: *42 connect() failed (111: Connection refused) while connecting to upstream, "
    'client: 192.0.2.7, server: _, request: "GET /v1/items HTTP/1.1", upstream: "http://10.1.7.{}:8080/v1/items"'
)
RESET = '{{"level":50,"msg":"GET http://app:8080/v1/items failed: read ECONNRESET","code":"ECONNRESET","try":{}}}'
GATEWAY = "ERROR c.s.Client - GET https://app.example.org/v1/items: 502 Bad Gateway from upstream, item {}"
ACCESS = (
    '{{"ClientAddr":"10.1.68.1:53412","DownstreamStatus":502,"OriginStatus":502,"RequestMethod":"GET",'
    '"RequestPath":"/v1/items","ServiceName":"default-app@kubernetes","ServiceURL":"http://10.1.7.{}:8080"}}'
)
SLEEPS: Obj = {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 15"]}}}}
OLDER: Obj = {"image": "registry.example/app:0"}
BARELY: Obj = {"lifecycle": {"preStop": {"sleep": {"seconds": 2}}}}
ASKS_DRAIN: Obj = {"lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": 9000}}}}
QUITS: Obj = {"lifecycle": {"preStop": {"exec": {"command": ["/usr/local/bin/leave.sh", "--wait", "20"]}}}}
BARE = "gcr.io/shop/app:2.0-distroless"
NO_SHELL = (
    'Exec lifecycle hook ([sh -c sleep 15]) for Container "app" in Pod "app-6c9f7d8b54-x0000" failed - error: command '
    "'sh -c sleep 15' exited with 126: exec: \"sh\": executable file not found in $PATH"
)
NO_PAGE = 'HTTP lifecycle hook (/drain) for Container "app" failed - error: dial tcp 10.1.7.4:9000: connection refused'
ENDS = (2400.0, 1500.0, 600.0)


def app(before: Obj | None = None, *, released: float = 3400, **more: Any) -> list[Obj]:
    """Return a workload that was released, and had this before (its container too)."""
    return workload("app", **{"before": SLEEPS if before is None else before, "released": released, **more})


def grace(objects: list[Obj], *seconds: int) -> list[Obj]:
    """Return a released Deployment whose templates give so many seconds to end, the older one first."""
    sets = [each["spec"]["template"] for each in objects if each["kind"] == "ReplicaSet"]
    for template, given in (
        (sets[0], seconds[0]),
        (sets[-1], seconds[-1]),
        (objects[0]["spec"]["template"], seconds[-1]),
    ):
        template["spec"] = {**template["spec"], "terminationGracePeriodSeconds": given}
    return objects


def renamed(objects: list[Obj]) -> list[Obj]:
    """Return a released Deployment whose container had another name before."""
    first = next(each for each in objects if each["kind"] == "ReplicaSet")["spec"]["template"]
    first["spec"] = {**first["spec"], "containers": [{**each, "name": "main"} for each in first["spec"]["containers"]]}
    return objects


def killed(*ages: float) -> list[Obj]:
    return [
        event(f"Pod/app-6c9f7d8b54-x{n:04}", "Killing", "Stopping container app", age=a) for n, a in enumerate(ages)
    ]


def failed(*ages: float, says: str = NO_SHELL, later: float = 0, former: int = 0) -> list[Obj]:
    """Return pods that are told to end, and how their hooks fail; ``former``: so many of the first do not fail."""
    told = [
        event(f"Pod/app-6c9f7d8b54-x{n:04}", "FailedPreStopHook", says, age=a - later)
        for n, a in enumerate(ages)
        if n >= former
    ]
    return [*killed(*ages), *told]


def broken(before: Obj | None = None, **more: Any) -> list[Obj]:
    """Return a workload that was released with a hook as ever, and has an image without a shell since."""
    return app(**{"before": before or {"image": "gcr.io/shop/app:1.9"}, "image": BARE, **SLEEPS, **more})


def scaled_in(*ages: float) -> list[Obj]:
    made = [event(APP, "ScalingReplicaSet", "Scaled down replica set app-r2 from 4 to 3", age=a) for a in ages]
    for n, each in enumerate(made):
        each["metadata"]["name"] += str(n)
    return made


def told(line: str, *ages: float, of: str = "edge", times: int = 3) -> Log:
    """Return a log that tells of failures within seconds of these ages, and of work at other times."""
    fails = [(age - n, line.format(n)) for age in ages for n in range(times)]
    works = [(float(age), "INFO GET /v1/items 200") for age in range(3590, 0, -60)]
    return timed(pod(of), *sorted(fails + works, reverse=True))


def rises(*ages: float, of: str = "app") -> tuple[str, Series]:
    """Return errors that are seen for a minute after each of these ages."""
    points = [
        (NOW.timestamp() - age, 0.03 if any(0 <= at - age <= 90 for at in ages) else 0.0)
        for age in range(3600, -1, -30)
    ]
    return "error_ratio", Series({"component": of}, tuple(points))


FAILS = told(REFUSED, *(age - 1 for age in ENDS))

HOLDS = [
    Holds(
        "a proxy is refused by pods that are gone, each time some are taken away",
        snapshot(workload("edge"), app(), killed(*ENDS), logs=[FAILS]),
        (APP, *BACK),
        excludes=[*no("restart_workload", "scale_workload", at=APP), *no("restart_workload", at=EDGE)],
        spares=no("rollback_workload", at=APP),
        alone=True,
        began=2399,
    ),
    Holds(
        "a caller names the Service, the wait was cut to two seconds, and the pods' own events are forgotten",
        snapshot(
            workload("web", env={"APP_URL": "http://app:8080"}),
            app(before=SLEEPS, image="registry.example/app:1", **BARELY),
            service_for("app"),
            scaled_in(*ENDS),
            logs=[told(RESET, *ENDS, of="web")],
        ),
        (APP, *BACK),
        excludes=no("rollback_workload", at=WEB),
    ),
    Holds(
        "a caller asks by the host of its way in; the hook asked for a page, and the container has another name",
        snapshot(
            workload("web"),
            renamed(app(before=ASKS_DRAIN)),
            service_for("app"),
            ingress("app", "app.example.org"),
            killed(*ENDS),
            logs=[told(GATEWAY, *ENDS, of="web")],
        ),
        (APP, *BACK),
    ),
    Holds(
        "nobody's logs tell of it, and its figures rise at each end",
        snapshot(app(), killed(*ENDS), figures=[rises(*ENDS)]),
        (APP, *BACK),
    ),
    Holds(
        "a proxy's access log names who asks too: a pod of another workload",
        snapshot(workload("edge"), workload("web"), app(), killed(*ENDS), logs=[told(ACCESS, *ENDS)]),
        (APP, *BACK),
    ),
    Holds(
        "the time to end is shorter than the wait",
        snapshot(
            workload("edge"),
            grace(app(before={"env": {"A": "1"}, **SLEEPS}, **SLEEPS), 60, 5),
            killed(*ENDS),
            logs=[FAILS],
        ),
        (APP, *BACK),
    ),
    *(
        Holds(
            f"its hook is as ever and fails at once since {what}",
            world,
            (APP, *BACK),
            excludes=no("restart_workload", "scale_workload", at=APP),
            spares=no("rollback_workload", at=APP),
            began=2399,
        )
        for what, world in (
            ("its image has no shell", snapshot(workload("edge"), broken(), failed(*ENDS), logs=[FAILS])),
            (
                "its image has no shell, and nobody saw how pods of before ended",
                snapshot(workload("edge"), broken(released=2 * DAY), failed(*ENDS), logs=[FAILS]),
            ),
            (
                "the program that it asks is not in the new image; pods of before ended without a word",
                snapshot(
                    workload("edge"),
                    broken(image="registry.example/app:2", before=OLDER, **QUITS),
                    failed(3350, 3300, *ENDS, former=2, says="PreStopHook failed"),
                    logs=[FAILS],
                ),
            ),
            (
                "the command changed, and nobody answers the page it asks for",
                snapshot(
                    workload("edge"),
                    broken(before={"args": ["--admin=:9000"]}, args=["--admin="], **ASKS_DRAIN),
                    failed(*ENDS, says=NO_PAGE),
                    logs=[FAILS],
                ),
            ),
        )
    ),
    Holds(
        "its hook is as ever and fails at once; figures alone rise at each end, and not as pods of before ended",
        snapshot(broken(), failed(*ENDS), figures=[rises(*ENDS)]),
        (APP, *BACK),
    ),
    Holds(
        "its hook is as ever and fails at once, it was released days ago, and nobody saw how pods of before ended",
        snapshot(
            workload("edge"),
            broken(image="registry.example/app:2", released=2 * DAY),
            failed(*ENDS),
            logs=[FAILS],
        ),
        (APP, "configuration_error", "page_human"),
    ),
    Holds(
        "its hook is as ever and fails at once, and its image of two days is one for looking into it, with a shell",
        snapshot(workload("edge"), broken(image=f"{BARE}-debug", released=2 * DAY), failed(*ENDS), logs=[FAILS]),
        (APP, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"its hook is as ever, and {what}", world)
        for what, world in (
            ("does what it is to do", snapshot(workload("edge"), broken(), killed(*ENDS), logs=[FAILS])),
            (
                "is stopped when its time is up",
                snapshot(workload("edge"), broken(), failed(*ENDS, later=30), logs=[FAILS]),
            ),
            (
                "failed for pods of before too",
                snapshot(workload("edge"), broken(), failed(3380, *ENDS), logs=[FAILS]),
            ),
            (
                "pods of before were missed as they ended",
                snapshot(
                    workload("edge"),
                    broken(),
                    failed(*ENDS),
                    logs=[told(REFUSED, 3300, *(age - 1 for age in ENDS))],
                ),
            ),
            (
                "figures rose as pods of before ended",
                snapshot(broken(), failed(*ENDS), figures=[rises(3300, *ENDS)]),
            ),
            (
                "fails for one pod of three",
                snapshot(workload("edge"), broken(), failed(*ENDS, former=2), logs=[FAILS]),
            ),
            ("fails, and nobody misses it", snapshot(workload("edge"), broken(), failed(*ENDS), logs=[told(REFUSED)])),
            (
                "fails, and requests fail at other times as well",
                snapshot(workload("edge"), broken(), failed(*ENDS), logs=[told(REFUSED, *ENDS, 2100, 1900, 1100, 900)]),
            ),
            (
                "fails, and the release gave it no more than another variable",
                snapshot(
                    workload("edge"),
                    broken(before={"env": {"A": "1"}}, image=""),
                    failed(*ENDS),
                    logs=[FAILS],
                ),
            ),
        )
    ),
    DoesNotHold(
        "a hook fails that is not of its template: that of a container put in beside it",
        snapshot(workload("edge"), app(before=OLDER), failed(*ENDS), logs=[FAILS]),
    ),
    DoesNotHold(
        "a hook fails that the release brought: there was none before",
        snapshot(
            workload("edge"), app(before={**OLDER, "lifecycle": {}}, image=BARE, **SLEEPS), failed(*ENDS), logs=[FAILS]
        ),
    ),
    DoesNotHold(
        "it waits as it always did",
        snapshot(workload("edge"), app(before={**OLDER, **SLEEPS}, **SLEEPS), killed(*ENDS), logs=[FAILS]),
    ),
    DoesNotHold(
        "it never waited",
        snapshot(workload("edge"), app(before=OLDER), killed(*ENDS), logs=[FAILS]),
    ),
    DoesNotHold(
        "requests fail between the ends as well",
        snapshot(workload("edge"), app(), killed(*ENDS), logs=[told(REFUSED, *ENDS, 2100, 1900, 1100, 900)]),
    ),
    DoesNotHold(
        "requests failed at ends before it too",
        snapshot(
            workload("edge"),
            app(released=2800),
            killed(*ENDS),
            logs=[told(REFUSED, 3500, 3300, *(age - 1 for age in ENDS))],
        ),
    ),
    DoesNotHold(
        "pods were taken away once, as by a roll-out",
        snapshot(workload("edge"), app(), killed(600), logs=[told(REFUSED, 599, times=9)]),
    ),
    DoesNotHold(
        "pods end all the time: nobody can tell what fails at an end",
        snapshot(workload("edge"), app(), killed(*range(2400, 0, -90)), logs=[FAILS]),
    ),
    DoesNotHold(
        "it was released a week ago",
        snapshot(workload("edge"), app(released=7 * DAY), killed(*ENDS), logs=[FAILS]),
    ),
    DoesNotHold(
        "it is a pod of another that refuses",
        snapshot(
            workload("edge"),
            app(),
            workload("cart"),
            killed(*ENDS),
            logs=[told(REFUSED.replace("10.1.7.{}", "10.1.176.1"), *ENDS)],
        ),
        ("Deployment/cart", "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "figures rise at other times too",
        snapshot(app(), killed(*ENDS), figures=[rises(*ENDS, 2000, 1100)]),
    ),
    DoesNotHold("pods go, and nothing fails", snapshot(workload("edge"), app(), killed(*ENDS), logs=[told(REFUSED)])),
]
