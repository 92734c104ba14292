"""A worker that has no place left for what waits, and one that has, or whose places hold what never ends."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import alert, autoscaler
from tests.diagnosis.rules.tiny import NOW, at, figure, pod, redis, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Alert, Series, Snapshot

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


def encoders(*objects: Any, queue: str = "videos", fires: Alert | None = None, left: float = 0) -> Snapshot:
    """Return workers with so many slots each, all of them busy since half an hour, and what waits in their queue."""
    own = workload("encoder", pods=3, service=False, command=["encode", "--queue", "videos"], env={"REDIS": "redis"})
    figures = [
        figure("places_left", 9, left, 1900, component="encoder"),
        line(310, 620, component="redis", queue=queue),
        figure("job_rate", 1.1, 1.4, 1900, component="encoder"),
    ]
    told = [timed(pod("encoder", n), *((3500 - 35 * i, f"video {i} encoded") for i in range(100))) for n in range(3)]
    return snapshot(own, redis(), *objects, figures=figures, logs=told, alerts=[fires or alert("EncodingQueueLong")])


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
]

CONF = thing("ConfigMap", "conf", data={"AIRFLOW__TRIGGERER__DEFAULT_CAPACITY": "100"}, age=90_000_000)
CONF["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "operation": "Update", "time": at(9000)}]
READS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "conf"}}]}

DOES_NOT_HOLD = [
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
        ("encoders have slots left", encoders(left=3)),
        ("another's queue is long", encoders(workload("mailer", service=False), queue="mails")),
    )
]
