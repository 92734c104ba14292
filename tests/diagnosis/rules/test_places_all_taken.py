"""A worker that has no place left for what waits, and one that has, or whose places hold what never ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import alert, autoscaler
from tests.diagnosis.rules.tiny import NOW, at, figure, pod, postgres, redis, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Alert, Series, Snapshot, Source

TRIGGERER, ENCODER = "StatefulSet/triggerer", "Deployment/encoder"
FIRED = "[{n}] INFO - Trigger load/wait_for_file/{n} fired: TriggerEvent<success>"
LATE = alert("DatasetStale", severity="critical", dataset="ledger")
HARM = ("restart_workload", "rollback_workload", "no_action")
AWAY = "ERROR GET https://bucket.example/list: dial tcp 10.0.0.9:443: connect: connection refused"


def line(before: float, now: float, **labels: str) -> tuple[str, Series]:
    """Return what waits, which changes evenly all the hour."""
    points = [(NOW.timestamp() - age, now - (now - before) * age / 3600) for age in range(3600, -1, -30)]
    return "queue_depth", Series(labels, tuple(points))


def deferred(
    *objects: Any,
    left: tuple[tuple[float, float], ...] = ((3600, 0),),
    waits: tuple[float, float] | None = (489, 435),
    ends: tuple[float, float] | None = (0.23, 0.15),
    fires: list[Alert] | None = None,
    said: str = FIRED,
    **more: Any,
) -> Snapshot:
    """Return a triggerer, how many places it has left since some ages, how many tasks wait for one, and its log."""
    figures: list[Any] = [("places_left", series({"component": "triggerer"}, *left))]
    figures += [line(*waits, component="triggerer")] if waits else []
    figures += [figure("job_rate", *ends, 1800, component="triggerer")] if ends else []
    told = timed("triggerer-0", *((3500 - 17 * n, said.format(n=n)) for n in range(200)))
    own = workload("triggerer", "apache/airflow:2.10.4", **{"kind": "StatefulSet", "pods": 1, "service": False, **more})
    return snapshot(own, *objects, figures=figures, logs=[told], alerts=[LATE] if fires is None else fires)


def encoders(
    *objects: Any,
    queue: str = "videos",
    fires: Alert | None = None,
    left: tuple[float, float] = (9, 0),
    waits: tuple[float, float] = (310, 620),
    ends: tuple[float, float] = (1.1, 1.4),
    counts: tuple[Any, ...] = (),
    said: Callable[[int], str] = "video {} encoded".format,
    **more: Any,
) -> Snapshot:
    """Return workers, how many slots they had left until half an hour ago and since, and what waits in their queue."""
    env = {"REDIS": "redis", "DATABASE_URL": "postgres://a@postgres:5432/x"}
    own = workload(
        "encoder", **{"pods": 3, "service": False, "command": ["encode", "--queue", "videos"], "env": env, **more}
    )
    figures = [
        figure("places_left", *left, 1900, component="encoder"),
        line(*waits, component="redis", queue=queue),
        figure("job_rate", *ends, 1900, component="encoder"),
        *counts,
    ]
    told = [timed(pod("encoder", n), *((3500 - 35 * i, said(i)) for i in range(100))) for n in range(3)]
    stores = (redis(), postgres(resources={"limits": {"cpu": "2"}}))
    return snapshot(own, *stores, *objects, figures=figures, logs=told, alerts=[fires or alert("EncodingQueueLong")])


def take(before: float, now: float) -> tuple[str, Series]:
    """Return how long a job of encoders took until half an hour ago, and takes."""
    return figure("job_time", before, now, 1900, component="encoder")


def at_work(before: float, now: float) -> tuple[str, Series]:
    """Return how many jobs encoders had in work until half an hour ago, and have."""
    return figure("jobs_in_work", before, now, 1900, component="encoder")


def of_kinds(number: int) -> str:
    """Return how a log tells of a job: every fifth was a film until half an hour ago, now three of five are."""
    film = number % 5 < (1 if number < 50 else 3)
    return f"class={'Film' if film else 'Clip'} done in {9.0 if film else 1.5} s"


def unheard(world: Snapshot) -> Snapshot:
    """Return a world of which no log could be read."""
    return replace(world, logs=(), sources=(*world.sources, Source("logs", ok=False, note="no", kind="forbidden")))


SHOP = workload("shop")
SENDS = workload("uploads", env={"REDIS": "redis"})
WRITES = workload("shop", env={"DATABASE_URL": "postgres://a@postgres:5432/x"})
POSTGRES_BUSY = figure("cpu_share", 0.4, 0.99, 1900, pod="postgres-0", container="postgres")
AS_EVER: dict[str, Any] = {"left": (0, 0), "waits": (300, 300), "ends": (1.2, 1.2)}

HOLDS = [
    Holds(
        "the only triggerer runs as many triggers as it may, and more are deferred",
        deferred(),
        (TRIGGERER, "capacity", "scale_workload"),
        excludes=[("restart_workload", TRIGGERER), ("rollback_workload", TRIGGERER)],
        harmful=HARM,
        alone=True,
    ),
    Holds(
        "a place is left for a moment between two triggers",
        deferred(left=((3600, 900), (1500, 0), (600, 1), (570, 0)), waits=(900, 700), ends=(0.1, 0.3)),
        (TRIGGERER, "capacity", "scale_workload"),
        harmful=HARM,
    ),
    Holds(
        "all slots of encoders are busy for half an hour, and videos wait",
        encoders(),
        (ENCODER, "capacity", "scale_workload"),
        harmful=HARM,
        began=1890,
    ),
    Holds(
        "an autoscaler has given all encoders that it may",
        encoders(autoscaler("encoder", 3, 3)),
        (ENCODER, "capacity", "page_human"),
        excludes=[("scale_workload", ENCODER)],
    ),
    Holds(
        "no log could be read: a person decides",
        unheard(deferred(said=AWAY)),
        (TRIGGERER, "capacity", "scale_workload"),
        believed="places_all_taken",
        harmful=(*HARM, "scale_workload"),
    ),
    *(
        Holds(what, world, (ENCODER, "capacity", "scale_workload"), harmful=HARM)
        for what, world in (
            ("each job takes as long as before", encoders(counts=(take(3, 3.2),))),
            ("more of them are of a kind that always took longer", encoders(counts=(take(3, 7),), said=of_kinds)),
            ("as many more are in work as end", encoders(ends=(1.2, 1.3), counts=(at_work(39, 42), take(32, 32)))),
            ("no slot was left all hour, and ever more wait", encoders(left=(0, 0), ends=(1.2, 1.2))),
            (
                "the alert is of the broker and names that queue",
                encoders(fires=alert("Lag", app="redis", queue="videos")),
            ),
            ("the alert is about who sends the videos", encoders(SENDS, fires=alert("UploadsWait", service="uploads"))),
            ("the alert tells how late the encoders come", encoders(fires=alert("LatencyHigh", service="encoder"))),
        )
    ),
]

CONF = thing("ConfigMap", "conf", data={"AIRFLOW__TRIGGERER__DEFAULT_CAPACITY": "100"}, age=90_000_000)
CONF["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "operation": "Update", "time": at(9000)}]
READS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "conf"}}]}

DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("scale_workload",))
        for what, world in (
            ("it has places left, and what waits is counted by another clock", deferred(left=((3600, 0), (600, 40)))),
            ("it has no place left for five minutes only", deferred(left=((3600, 900), (300, 0)))),
            ("nothing waits for a place", deferred(waits=(0, 0))),
            ("nobody counts what waits", deferred(waits=None)),
            ("a few wait from one count to the next", deferred(waits=(4, 6))),
            ("what waits is worked off in minutes", deferred(waits=(900, 30))),
            ("hardly any trigger ends since the files do not come", deferred(ends=(0.23, 0.03))),
            ("none ends at all", deferred(ends=(0, 0))),
            ("nobody counts what ends", deferred(ends=None)),
            ("most fail, for whom they ask is away", deferred(said=AWAY)),
            ("no alert fires: it is well used", deferred(fires=[])),
            ("the alert is of a certificate", deferred(fires=[alert("CertificateExpires", severity="warning")])),
            ("it was released this morning", deferred(before={"image": "apache/airflow:2.10.3"}, released=20000)),
            ("its settings were edited some hours ago", deferred(CONF, **READS)),
            ("encoders have slots left", encoders(left=(9, 3))),
            ("each job takes three times as long", encoders(ends=(1.1, 1.4), counts=(take(3, 9),))),
            ("each job takes five times as long, and fewer end", encoders(ends=(1.1, 0.5), counts=(take(3, 15),))),
            ("the slots filled up though no more jobs end", encoders(ends=(1.1, 1.1))),
            ("more are in work than those that end tell of", encoders(counts=(at_work(20, 48),))),
            ("the database behind them has no processor left", encoders(counts=(POSTGRES_BUSY,))),
            ("as many wait as an hour ago, when no slot was left either", encoders(**AS_EVER)),
            ("the alert names another's queue", encoders(fires=alert("QueueLong", queue="mails"))),
            ("the alert is of the latency of nobody knows whom", encoders(fires=alert("LatencyHigh"))),
            ("the alert is of another's latency", encoders(SHOP, fires=alert("CheckoutLatencyHigh", service="shop"))),
            ("the alert is of another's pod", encoders(SHOP, fires=alert("KubePodPendingTooLong", pod=pod("shop")))),
            ("the alert is of another's certificate", encoders(SHOP, fires=alert("RenewalPending", service="shop"))),
            ("the alert is of who shares their database", encoders(WRITES, fires=alert("OrdersWait", service="shop"))),
            ("another's queue is long", encoders(workload("mailer", service=False), queue="mails")),
        )
    ),
    DoesNotHold(
        "one of its pods does not come up",
        encoders(ready=2, fires=alert("KubePodPendingTooLong", pod=pod("encoder"))),
        ("service_crash", "restart_workload"),
        harmful=("scale_workload",),
    ),
]
