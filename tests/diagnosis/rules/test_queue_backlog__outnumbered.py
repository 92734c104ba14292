"""Readers that do more than ever, or all they can, while more comes: their calls fail as seldom as ever, or not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import alert, autoscaler, errors, latency, rate
from tests.diagnosis.rules.test_queue_backlog import AMQP, broker
from tests.diagnosis.rules.tiny import NOW, Obj, at, figure, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

RENDER, RUNNER = "Deployment/render-worker", "Deployment/runner"
TIMED_OUT = "WARN render of {n} will be retried: POST http://renderer:3000/pdf: Read timed out"
LATE = (
    '{{"level":"WARN","msg":"task failed, will retry","queue":"tasks","error":"Post \\"https://{host}/cb\\": '
    'context deadline exceeded (Client.Timeout exceeded while awaiting headers)"}}'
)
HARM = ("rollback_workload", "restart_workload", "restart_connection_pool")
APP = "registry.example/shop/backend:7"
CALLS = {"RENDERER_URL": "http://renderer:3000", **AMQP}


def climbs(before: float, now: float, **labels: str) -> tuple[str, Series]:
    """Return a queue that grows all the hour."""
    points = [(NOW.timestamp() - age, now - (now - before) * age / 3600) for age in range(3600, -1, -30)]
    return "queue_depth", Series(labels, tuple(points))


def born(objects: list[Obj], ages: dict[int, float]) -> list[Obj]:
    """Return a workload some of whose pods were made later."""
    for number, age in ages.items():
        pods_of(objects)[number]["metadata"]["creationTimestamp"] = at(age)
        pods_of(objects)[number]["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(age)}}
    return objects


def web(young: int = 3, *, age: float = 7000, image: str = APP, **more: Any) -> list[Obj]:
    """Return who takes requests, and gave up some of its pods' work to render; some pods are ``young``."""
    return born(workload("web", image, pods=5, **more), {4 - n: age for n in range(young)})


def rush(
    *beside: Any,
    queue: tuple[float, float] = (2600, 6200),
    busy: tuple[float, float] = (12, 12),
    done: tuple[float, float] = (2.1, 2.1),
    took: tuple[float, float] = (5.7, 5.6),
    sender: list[Obj] | None = None,
    least: int = 2,
    image: str = APP,
    env: dict[str, Any] | None = None,
    renderer: dict[str, Any] | None = None,
    fails: int = 60,
    objects: Any = (),
    **more: Any,
) -> Snapshot:
    """Return a queue that was long an hour ago, and readers of it that work at all they can."""
    scaler = autoscaler("web", 5, 9)
    scaler["spec"]["minReplicas"] = least
    figures = [
        climbs(*queue, component="render-worker"),
        figure("jobs_in_work", *busy, 1500, component="render-worker"),
        figure("job_rate", *done, 1500, component="render-worker"),
        figure("job_time", *took, 1500, component="render-worker"),
        errors("renderer", 0.002, before=0.002),
        rate("renderer", 2, 2),
        *beside,
    ]
    said = [
        (4000 - 20 * n, TIMED_OUT.format(n=n) if n % fails == 7 else f"INFO page {n} rendered in {5 + n % 2}.2s")
        for n in range(200)
    ]
    return snapshot(
        workload("render-worker", image, **{"env": CALLS if env is None else env, "service": False, **more}),
        web() if sender is None else sender,
        scaler,
        workload("renderer", "gotenberg:8", port=3000, **(renderer or {})),
        broker(),
        *objects,
        figures=figures,
        logs=[timed(pod("render-worker", n), *said) for n in range(2)],
    )


def wave(
    *beside: Any,
    done: tuple[float, float] = (37, 69),
    took: tuple[float, float] = (1.4, 1.38),
    failed: tuple[float, float] | None = (0.037, 0.037),
    slots: tuple[float, float] | None = (52, 96),
    line: str = '{{"level":"INFO","msg":"task done","queue":"tasks","took_ms":{ms}}}',
    ill: str = LATE,
    tells: list[Obj] | None = None,
    objects: Any = (),
    says: str = "ready queue above watermark, queue=tasks",
    **more: Any,
) -> Snapshot:
    """Return a dispatcher that tells of a queue, and a runner that calls the hosts of many customers for it."""
    figures = [figure("queue_depth", 60, 90000, 2800, component="dispatcher", queue="tasks"), *beside]
    counts = {"job_rate": done, "job_time": took, "error_ratio": failed, "jobs_in_work": slots}
    figures += [figure(name, *pair, 2800, component="runner") for name, pair in counts.items() if pair]
    hosts = ("a.ledger.example", "b.parcels.example", "c.notes.example")
    told = [
        (3500 - 17 * n, ill.format(host=hosts[n % 3]) if n % 14 == 5 else line.format(ms=900 + n)) for n in range(200)
    ]
    handed = [(3590 - 60 * n, "INFO batch of 64 handed out") for n in range(59)]
    warned = [(2400 - 80 * n, f"WARN {says}, depth={9000 + n}") for n in range(30)]
    return snapshot(
        workload("runner", env={"REDIS_ADDR": "redis:6379"}, service=False, **more),
        tells or workload("dispatcher", env={"REDIS_ADDR": "redis:6379"}, service=False),
        redis(),
        *objects,
        figures=figures,
        logs=[
            *(timed(pod("runner", n), *told) for n in range(2)),
            timed(pod("dispatcher"), *sorted([*handed, *warned], reverse=True)),
        ],
        alerts=[alert("TasksStartLate", deployment="dispatcher")],
    )


PAGES = workload("pages", before={"image": "registry.example/pages:0"}, released=3395)
SHARES = workload(
    "pages", env={"REDIS_ADDR": "redis:6379"}, before={"image": "registry.example/pages:0"}, released=3395
)
HOLDS = [
    *(
        Holds(
            f"readers have all they can in work, and who sends has more pods since the queue grows: {what}",
            world,
            (RENDER, "capacity", "scale_workload"),
            excludes=no("restart_workload", at=RENDER),
            harmful=HARM,
        )
        for what, world in (
            ("one program sends and reads", rush()),
            ("of another tag", rush(sender=web(image="registry.example/shop/backend:6"))),
            ("of quick jobs", rush(busy=(8, 8), done=(19.8, 20), took=(0.4, 0.41), queue=(9000, 14000))),
            ("the renderer's autoscaler has room", rush(objects=[autoscaler("renderer", 2, 8)])),
            ("nobody tells of a call that fails", rush(fails=1000)),
        )
    ),
    *(
        Holds(
            f"who is handed tasks does many more of them, each as quick, and fails at as few as ever: {what}",
            world,
            (RUNNER, "capacity", "scale_workload"),
            excludes=no("restart_workload", at=RUNNER),
            harmful=HARM,
        )
        for what, world in (
            ("its log is of JSON", wave()),
            ("its log has fields", wave(line='level=info msg="task done" queue=tasks took_ms={ms}')),
            ("nobody counts its slots", wave(slots=None, done=(37, 80))),
            ("other pages were released meanwhile", wave(objects=[PAGES])),
            (
                "other pages were released, and the dispatcher calls it a backlog",
                wave(objects=[PAGES], says="backlog of tasks grows beyond its mark"),
            ),
        )
    ),
    Holds(
        "who is handed tasks is as quick as ever, and pages that may fill its queue were released",
        wave(objects=[SHARES]),
        (RUNNER, "capacity", "scale_workload"),
        believed="new_words_since_a_change",
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "who is handed tasks counts that a larger part of them fails than before",
        wave(failed=(0.005, 0.049)),
        (RUNNER, "dependency_failure", "page_human"),
        harmful=("scale_workload", *HARM),
    ),
    Holds(
        "who is handed tasks takes twice as long for each",
        wave(took=(0.7, 1.38), done=(52, 69)),
        (RUNNER, "dependency_failure", "page_human"),
        harmful=("scale_workload", *HARM),
    ),
    Holds(
        "who is handed tasks does as many as ever, while some hang",
        wave(done=(37, 38)),
        (RUNNER, "dependency_failure", "page_human"),
        harmful=("scale_workload", *HARM),
    ),
    Holds(
        "nobody counts how many tasks fail, and each fourteenth line tells of one",
        wave(failed=None),
        (RUNNER, "dependency_failure", "page_human"),
        believed="outside_dependency_fails",
        harmful=("scale_workload", *HARM),
    ),
    Holds(
        "a count of failed tasks that never counts any says nothing of calls that fail",
        wave(failed=(0.0, 0.0)),
        (RUNNER, "dependency_failure", "page_human"),
        harmful=("scale_workload", *HARM),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a queue that was long an hour ago is twice as long, and its readers may be held up: {what}",
            world,
            harmful=("scale_workload",),
        )
        for what, world in (
            ("who sends has no further pod", rush(sender=web(0))),
            ("who sends got its pods yesterday", rush(sender=web(age=86000))),
            ("who sends got its pods within the hour", rush(sender=web(age=1200))),
            ("who sends has as few as its autoscaler may give", rush(least=5)),
            ("who has more pods is another program", rush(sender=web(image="registry.example/site:3"))),
            ("who has more pods takes no requests", rush(sender=web(service=False))),
            (
                "who sends was released then",
                rush(sender=workload("web", APP, pods=5, before={"env": {}}, released=7000)),
            ),
            (
                "the readers were released then",
                rush(before={"image": "registry.example/shop/backend:6"}, released=8000),
            ),
            ("the readers were started anew then", rush(started=8000)),
            ("the renderer was released then", rush(renderer={"before": {"image": "gotenberg:7"}, "released": 8000})),
            ("the renderer's autoscaler has given all", rush(objects=[autoscaler("renderer", 2, 2)])),
            ("they ask somebody outside", rush(env={**CALLS, "MAIL_URL": "https://api.mail.example"})),
            ("not all have as much in work at all times", rush(busy=(7, 12))),
            ("one of three hangs", rush(done=(1.4, 1.4))),
            ("jobs take longer within the hour", rush(took=(3.0, 5.7), done=(4, 2.1))),
            ("they do fewer", rush(done=(2.6, 2.1), took=(4.7, 5.7))),
            ("each fourth line tells of a call that fails", rush(fails=8)),
        )
    ),
    DoesNotHold(
        "readers have all they can in work, and what they ask has become slow",
        rush(latency("renderer", 0.6, 5.0, 1500)),
        harmful=("scale_workload",),
    ),
    DoesNotHold("no more wait than an hour ago, and readers have all in work", rush(queue=(6200, 6300))),
    DoesNotHold("fewer wait than an hour ago, and readers have all in work", rush(queue=(6200, 2600))),
    DoesNotHold("next to none waits, though twice as many as an hour ago", rush(queue=(20, 45))),
    DoesNotHold(
        "a third of the jobs fails while readers have all in work",
        rush(errors("render-worker", 0.3, 1500)),
        harmful=("scale_workload",),
    ),
]
