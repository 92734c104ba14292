"""Those who read a queue were taken down for others, which took over and are far fewer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import autoscaler
from tests.diagnosis.rules.test_scaled_to_zero__queues import RABBIT, waits, worker
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    container,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

NEW, FORMER = "Deployment/render-b", "Deployment/render-a"
MOVED = 1500
TOO_FEW = (NEW, "capacity", "scale_workload")
CELERY = ("celery", "-A", "studio", "worker", "-Q", "renders,previews")
LARAVEL = ("php", "artisan", "queue:work", "--queue=renders")
REFUSED = "ERROR render 7: dial tcp 10.0.0.9:9000: connect: connection refused"
BROKEN = "ERROR render 7: TypeError: cannot read properties of undefined"
SAME = "registry.example/render:8"
OTHERS = ("registry.example/render:7", "registry.example/fallback:3")
LIMITED = "WARN render 7: POST https://api.fonts.example/v1: 429 Too Many Requests"
ASKS_DB, ASKS_FONTS = {"DATABASE_URL": "postgres://postgres:5432/x"}, {"FONTS_URL": "http://fonts:8080"}
FONTS = workload("fonts", pods=1)
BUSY_DB = figure("cpu_share", 0.97, 0.98, MOVED, pod="postgres-0", container="postgres")
CALM_DB = figure("cpu_share", 0.2, 0.15, MOVED, pod="postgres-0", container="postgres")
BUSY_FONTS = figure("cpu_share", 0.97, 0.98, MOVED, pod=pod("fonts"), container="fonts")
CALLS, CALLS_SLOW, CALLS_SLOWER = (
    figure("dependency_latency_p95", *each, 1400, component="render-b", dependency="postgres")
    for each in ((0.01, 0.01), (3.0, 3.0), (0.05, 3.0))
)
BULK: dict[str, Any] = {
    "env": {"QUEUES": "bulk,mails.out", "BROKER_URL": "amqp://rabbitmq:5672"},
    "service": False,
    "pods": 1,
}
HELPED = {
    "containers": [
        container("render-b", SAME, env={"BROKER_URL": "redis://redis:6379/0"}, args=list(CELERY)),
        container("auth-proxy", "registry.example/proxy:2"),
    ]
}
EIGHT = figure("replicas_wanted", 8, 0, 2100, component="mailer")
IN_OTHER_WORDS = "Scaled down replica set render-a-r1 to 0 from 8"
NO_ROOM = (
    'Error creating: pods "render-b-x" is forbidden: exceeded quota: compute-quota, requested: pods=1, used: pods=9'
)


def scaled(number: str = "", *, paused: bool = True, name: str = "render-b") -> Obj:
    """Return the ScaledObject of those who took over; ``number``: at which it is held."""
    made = thing("ScaledObject", name, spec={"scaleTargetRef": {"name": name}, "minReplicaCount": 0})
    notes = {"autoscaling.keda.sh/paused": "true"} if paused and not number else {}
    made["metadata"]["annotations"] = {"autoscaling.keda.sh/paused-replicas": number} if number else notes
    return made


def down(message: str = "Scaled down replica set render-a-r1 from 8 to 0") -> Obj:
    """Return the event of the former readers' end."""
    return event(FORMER, "ScalingReplicaSet", message, kind="Normal", age=MOVED, count=1)


def moved(
    *beside: Any,
    was: float = 8,
    left: int = 0,
    args: tuple[str, ...] = CELERY,
    reads: tuple[str, ...] = (),
    images: tuple[str, str] = ("registry.example/render:7", SAME),
    age: float = 5 * DAY,
    pods: int = 3,
    did: tuple[float, float] | None = (40, 24),
    took: tuple[float, float] | None = (1.2, 1.2),
    used: tuple[float, float] = (0.3, 0.5),
    fails: str = "",
    well: int = 60,
    asks: dict[str, str] | None = None,
    grew: float = 1470,
    stores: tuple[str, str] = ("redis", "redis"),
    told_by: str = "figure",
    figures: tuple[Any, ...] = (),
    **more: Any,
) -> Snapshot:
    """Return readers of a queue that were taken down for fewer others.

    ``left``: so many of them stay. ``reads``: what the former ones were told to read, if it was something else.
    ``did``: jobs a second of the former ones until then, and of the others now; ``took``: seconds for a job.
    ``fails``: what the others repeat; ``well``: how many lines tell of jobs done. ``asks``: whom both ask besides.
    ``stores``: where the former ones read, and the others. ``told_by``: what tells how many there were.
    """
    env = [{"BROKER_URL": f"redis://{each}:6379/0", **(asks or {})} for each in stores]
    counted = [figure("queue_depth", 6, 9000, grew, component="redis", queue="renders"), *figures]
    if told_by == "figure":
        counted.append(figure("replicas_wanted", was, left, MOVED, component="render-a"))
    if did:
        counted.append(figure("job_rate", did[0], 0.001, MOVED - 60, component="render-a"))
        counted.append(figure("job_rate", did[1] / 4, did[1], MOVED, component="render-b"))
    if took:
        counted.append(figure("job_time", took[0], took[0], MOVED, component="render-a"))
        counted.append(figure("job_time", took[1], took[1], MOVED, component="render-b"))
    names = [pod("render-b", number) for number in range(pods)]
    counted += [figure("cpu_share", *used, MOVED, pod=each, container="render-b") for each in names]
    lines = [*["INFO rendered"] * well, *([fails] * 30 if fails else [])]
    return snapshot(
        workload("render-a", images[0], pods=left, service=False, env=env[0], args=list(reads or args), age=30 * DAY),
        workload("render-b", images[1], pods=pods, service=False, env=env[1], args=list(args), age=age, **more),
        *(redis(each) for each in dict.fromkeys(stores)),
        *beside,
        figures=counted,
        logs=[log(each, *lines, since=1400) for each in names],
    )


def crowded(world: Snapshot, taken: int) -> Snapshot:
    """Return a world with a database so many of whose sessions the others use."""
    return replace(world, databases=(database(session(NEW, "active", taken)),))


def flooded(world: Snapshot) -> Snapshot:
    """Return a world whose run tells that it sends messages."""
    said = log("backfill-0", *["INFO published 500 events to renders"] * 20, since=1400)
    return replace(world, logs=(*world.logs, said))


HOLDS = [
    *(
        Holds(
            f"readers were taken down for fewer others: {what}",
            world,
            TOO_FEW,
            excludes=no("rollback_workload", "restart_workload", at=NEW),
            alone=True,
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("their autoscaler is paused", moved(scaled())),
            ("they have none", moved()),
            ("their autoscaler sees nothing", moved(autoscaler("render-b", 3, 12, blind=True))),
            ("an event tells it", moved(down(), told_by="event")),
            ("an event tells it in other words", moved(down(IN_OTHER_WORDS), told_by="event")),
            ("a worker of PHP", moved(args=LARAVEL)),
            ("of the same version, made for other nodes", moved(images=(SAME, SAME), age=DAY)),
            ("nobody counts jobs", moved(did=None, took=None)),
            ("they were released for it", moved(scaled(), before={"env": {"A": "1"}}, released=1700)),
            (
                "their database has nothing to do",
                crowded(moved(postgres(), asks=ASKS_DB, figures=(CALM_DB, CALLS)), 30),
            ),
            ("the autoscaler of the former ones is paused as well", moved(scaled(), scaled(name="render-a"))),
        )
    ),
    Holds(
        "readers were taken down for fewer others, which are held at their number",
        moved(scaled("3")),
        (NEW, "capacity", "page_human"),
        excludes=no("scale_workload", at=NEW),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "readers were taken down for fewer others, and the quota allows no further one",
        moved(scaled(), event(NEW, "FailedCreate", NO_ROOM, age=300)),
        (NEW, "capacity", "page_human"),
        excludes=no("scale_workload", at=NEW),
        harmful=("scale_workload", "restart_workload"),
    ),
]
RELEASED: dict[str, Any] = {"before": {"image": "registry.example/render:7"}, "released": 1700}
UNCOUNTED: dict[str, Any] = {"did": None, "took": None}
QUEUE = ("Deployment/redis", "dependency_failure", "page_human")
HARM = ("scale_workload", "rollback_workload", "restart_workload")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"readers were taken down for others, and {what}", world, QUEUE, harmful=HARM)
        for what, world in (
            ("these are hardly fewer", moved(pods=6, did=(40, 42))),
            ("half of the former ones stay", moved(left=4)),
            ("the queue had grown long before", moved(grew=3300)),
            ("the queue grew much later", moved(grew=60)),
            ("the former ones read of another store", moved(stores=("valkey", "redis"))),
            ("both had read side by side", moved(images=(SAME, SAME), age=30 * DAY)),
            ("both had read side by side, one with a helper", moved(images=(SAME, SAME), age=30 * DAY, spec=HELPED)),
            ("the former ones go to nought by themselves", moved(scaled(paused=False, name="render-a"))),
            ("these take longer for a job", moved(took=(1.2, 4), did=(40, 8))),
            ("these do fewer jobs each", moved(took=None, did=(40, 8))),
            ("these are refused", moved(fails=REFUSED)),
            ("these fail at a third of their jobs", moved(fails=BROKEN)),
            ("these stand still", moved(used=(0.5, 0.01), **UNCOUNTED)),
            ("these do much less than they did", moved(used=(0.6, 0.1), **UNCOUNTED)),
            ("these are released, and nobody counts what they do", moved(**RELEASED, **UNCOUNTED)),
            ("these are slower since their release", moved(**RELEASED, took=(1.2, 4), did=(40, 8))),
            ("their autoscaler sees all", moved(autoscaler("render-b", 3, 12))),
            ("their autoscaler has given all it may", moved(autoscaler("render-b", 3, 3))),
            ("KEDA scales these", moved(scaled(paused=False))),
            ("another program had read beside them", moved(images=OTHERS, age=30 * DAY)),
            ("another program had read beside them, uncounted", moved(images=OTHERS, age=30 * DAY, **UNCOUNTED)),
            ("another program is young", moved(images=OTHERS, age=DAY)),
            ("another version works on others as well", moved(reads=(*CELERY[:-1], "renders"))),
            ("their database is at its limit all the hour", moved(postgres(), asks=ASKS_DB, figures=(BUSY_DB,))),
            (
                "their database is at its limit, and nobody counts",
                moved(postgres(), asks=ASKS_DB, figures=(BUSY_DB,), **UNCOUNTED),
            ),
            ("a Secret leads them to a database at its limit", moved(postgres(), figures=(BUSY_DB,), **UNCOUNTED)),
            (
                "their database is slow all the hour",
                moved(postgres(), asks=ASKS_DB, figures=(CALLS_SLOW,), **UNCOUNTED),
            ),
            ("the database has few connections left", crowded(moved(postgres(), asks=ASKS_DB), 88)),
            ("a service that they ask is at its limit", moved(FONTS, asks=ASKS_FONTS, figures=(BUSY_FONTS,))),
        )
    ),
    DoesNotHold(
        "readers were taken down for others, and the former ones read another queue",
        moved(reads=(*CELERY[:-1], "mails")),
        TOO_FEW,
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "readers were taken down for others, and one of these is not ready",
        moved(ready=2),
        (NEW, "service_crash", "restart_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "readers were taken down for others, and whom they ask lets no more through",
        moved(fails=LIMITED, well=900),
        (NEW, "dependency_failure", "page_human"),
        harmful=HARM,
    ),
    DoesNotHold(
        "readers were taken down for others, and a run fills their queue since",
        flooded(moved(workload("backfill", kind="Job", pods=1, age=MOVED, service=False))),
        ("Job/backfill", "resource_exhaustion", "page_human"),
        harmful=HARM,
    ),
    DoesNotHold(
        "readers were taken down for others, whose database became slow since",
        moved(postgres(), asks=ASKS_DB, figures=(BUSY_DB, CALLS_SLOWER), **UNCOUNTED),
        ("StatefulSet/postgres", "capacity", "page_human"),
        harmful=HARM,
    ),
    *(
        DoesNotHold(
            f"a worker was set to nought by hand, and who helps out reads its queue beside its own: {what}",
            snapshot(RABBIT, worker(scaled=2100), workload("bulk", image, **BULK), figures=[waits(since=2000), *known]),
            ("StatefulSet/rabbitmq", "dependency_failure", "page_human"),
            harmful=HARM,
        )
        for what, image, known in (
            ("nobody knows how many there were", "", ()),
            ("figures tell how many there were", "registry.example/bulk:1", (EIGHT,)),
            ("one image has both programs", "registry.example/mailer:8", (EIGHT,)),
        )
    ),
]
