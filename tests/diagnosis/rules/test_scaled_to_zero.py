"""Somebody took away all replicas of what is needed: giving them back is the whole cure."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.colours import NEW, at_nought, led, slot
from tests.diagnosis.rules.scenes import SHOP, alert, autoscaler, errors, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, event, figure, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series

TAKEN = event(SHOP, "ScalingReplicaSet", "Scaled down replica set shop-r1 to 0 from 3", kind="Normal")


def gone() -> list[Obj]:
    """Return a shop of no pods."""
    objects = shop(pods=1, before={}, released=20 * DAY)
    objects[0]["spec"]["replicas"] = 0
    objects[0]["status"] = {"replicas": 0}
    return [each for each in objects if each["kind"] != "Pod"]


def rests(name: str, serves: str, image: str = "registry.example/shop:2", **more: Any) -> list[Obj]:
    """Return a workload of no pods, and another whose container has the same name; ``more``: of the first."""
    gone = workload(name, "registry.example/shop:1", pods=1, service=False, **more)
    other = workload(serves, image, pods=3, service=False)
    for each in (gone[0], other[0], gone[1], other[1]):
        each["spec"]["template"]["spec"]["containers"][0]["name"] = "app"
    gone[0]["spec"]["replicas"] = 0
    gone[0]["status"] = {"replicas": 0}
    return [*(each for each in gone if each["kind"] != "Pod"), *other]


def taken(name: str) -> Obj:
    return event(f"Deployment/{name}", "ScalingReplicaSet", f"Scaled down replica set {name}-r1 to 0", kind="Normal")


def worker(name: str = "mailer", *, scaled: float = 2400, note: str = "", **more: Any) -> list[Obj]:
    """Return a worker of a queue that somebody scaled to nought, and what it is told; ``note``: written on it."""
    told = {"env": {"QUEUE": "mails.out", "BROKER_URL": "amqp://rabbitmq:5672"}, "service": False, **more}
    made = workload(name, pods=0, **told)
    made[0]["metadata"]["managedFields"] = [{"manager": "kubectl", "subresource": "scale", "time": at(scaled)}]
    made[0]["metadata"]["annotations"] = {"team.example/note": note} if note else {}
    return made


def kept(name: str, least: int = 2) -> Obj:
    """Return an autoscaler that does nothing, as there are no pods."""
    made = autoscaler(name, 0, 6)
    made["spec"]["minReplicas"] = least
    made["status"]["conditions"] = [{"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}]
    return made


def lag(before: float, now: float, since: float, group: str = "mailer") -> Any:
    return figure("queue_depth", before, now, since, consumergroup=group, queue="mails")


def waits(before: float = 3, now: float = 4000, since: float = 2000, queue: str = "mails.out") -> Any:
    return figure("queue_depth", before, now, since, component=queue)


def rising_queue(low: float, high: float) -> Series:
    """Return a queue that grows evenly over the hour."""
    points = tuple((NOW.timestamp() - age, low + (high - low) * (3600 - age) / 3600) for age in range(3600, -1, -30))
    return Series({"component": "mails.out"}, points)


def counted(before: float, now: float = 0, since: float = 2400, queue: str = "mails.out") -> Any:
    return figure("queue_consumers", before, now, since, component=queue)


MAILER = "Deployment/mailer"
GIVE = (MAILER, "configuration_error", "scale_workload")
RABBIT = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
SENDER = workload(
    "orders", env={"ROUTING_KEY": "mails.out", "HOST": "rabbitmq"}, before={"image": "orders:0"}, released=1200
)
LONG = alert("MailsLate", queue="mails.out", service="orders")
SEEN = [errors("web", 0.0, before=0.0)]
CALLER = workload("web", env={"SHOP_URL": "http://shop:8080"})
HOLDS = [
    Holds(
        "a caller misses them",
        snapshot(gone(), TAKEN, workload("web", env={"SHOP_URL": "http://shop:8080"})),
        (SHOP, "configuration_error", "scale_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "what stands behind its name is another program",
        snapshot(
            rests("shop", "holding-page", "registry.example/holding-page:1"),
            service_for("shop", selector={"app": "holding-page"}),
            service_for("shop-internal", selector={"app": "shop"}),
            taken("shop"),
            CALLER,
            figures=SEEN,
        ),
        (SHOP, "configuration_error", "scale_workload"),
    ),
    Holds(
        "the other colour serves, and a caller that is told to ask this one misses it",
        snapshot(
            at_nought(),
            slot("green", NEW),
            led(),
            workload("web", env={"URL": "http://shop-blue:8080"}),
            figures=[errors("web")],
        ),
        ("Deployment/shop-blue", "configuration_error", "scale_workload"),
    ),
    *(
        Holds(
            f"what a Service selects by one other label is no stand-in: {what}",
            snapshot(at_nought("worker", **worker), slot("web", NEW, **web), led("web"), CALLER, figures=SEEN),
            ("Deployment/shop-worker", "configuration_error", "scale_workload"),
        )
        for what, worker, web in (
            ("another image", {"image": "registry.example/worker:7"}, {}),
            ("another command", {"command": ["celery", "worker"]}, {}),
            ("another port", {"port": 9100}, {}),
            (
                "another module",
                {"command": ["python", "-m", "shop.worker"]},
                {"command": ["python", "-m", "shop.web"]},
            ),
            (
                "another line for the shell",
                {"command": ["sh", "-c"], "args": ["exec shop-worker"]},
                {"command": ["sh", "-c"], "args": ["exec shop-web"]},
            ),
            ("another variable", {"env": {"PROCESS": "worker"}}, {"env": {"PROCESS": "web"}}),
        )
    ),
    *(
        Holds(
            f"what differs by the label {key} is another part, and no slot",
            snapshot(
                at_nought("worker", key=key), slot("web", NEW, key=key), led("web", key=key), CALLER, figures=SEEN
            ),
            ("Deployment/shop-worker", "configuration_error", "scale_workload"),
        )
        for key in ("component", "app.kubernetes.io/component", "tier")
    ),
    Holds(
        "its container is named as that behind its name, and starts another program",
        snapshot(
            rests("shop-worker", "shop-web", args=["--worker"]),
            service_for("shop", selector={"app": "shop-web"}),
            service_for("shop-worker"),
            taken("shop-worker"),
            CALLER,
            figures=SEEN,
        ),
        ("Deployment/shop-worker", "configuration_error", "scale_workload"),
    ),
    Holds(
        "a worker has no Service, nobody fails, and its queue grows since; who sends was released",
        snapshot(worker(), RABBIT, SENDER, figures=[waits(), counted(2)], alerts=[LONG]),
        GIVE,
        excludes=no("restart_workload", "rollback_workload", at=MAILER),
        alone=True,
        harmful=("rollback_workload",),
    ),
    Holds(
        "its queue was long and unread before figures begin, and its autoscaler is to keep two",
        snapshot(
            worker(scaled=9000),
            kept("mailer"),
            RABBIT,
            SENDER,
            figures=[("queue_depth", rising_queue(467, 779)), counted(0)],
            alerts=[LONG],
        ),
        GIVE,
        alone=True,
        harmful=("rollback_workload",),
        sure=(0.75, 1.0),
    ),
    Holds(
        "a group of a log has no member",
        snapshot(
            worker("mailer", env={"KAFKA_GROUP_ID": "mailer", "BROKERS": "kafka:9092"}),
            workload("kafka", "kafka:3", kind="StatefulSet", pods=3, port=9092),
            figures=[lag(20, 90000, 2000), figure("queue_consumers", 3, 0, 2400, consumergroup="mailer")],
        ),
        GIVE,
    ),
    Holds(
        "there are no figures, and an alert names its queue",
        snapshot(worker(env={}, command=["celery", "-A", "hub", "worker", "-Q", "mails.out"]), RABBIT, alerts=[LONG]),
        GIVE,
        harmful=("rollback_workload",),
    ),
    Holds(
        "a note says until when it was to rest, and that is over",
        snapshot(worker(note="paused for the move, 11:20-11:40 UTC"), RABBIT, figures=[waits(), counted(2)]),
        GIVE,
    ),
    *(
        Holds(
            f"a note says that it rests on purpose: {note}",
            snapshot(worker(note=note), RABBIT, figures=[waits(), counted(2)]),
            (MAILER, "configuration_error", "page_human"),
            excludes=no("scale_workload", "restart_workload", at=MAILER),
            harmful=("scale_workload",),
        )
        for note in (
            "paused for the move, 11:20-12:40 UTC",
            "do not start before the templates are mended (kim)",
            "scaled to 0 until 2026-03-05 06:00 UTC",
            "on hold 23:00-01:30 UTC",
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            what, snapshot(worker(**told), RABBIT, *more, figures=figures), instead, harmful=("scale_workload",)
        )
        for what, told, more, figures, instead in (
            ("the broker counts readers of its queue", {}, (), [waits(), counted(2, 2)], ()),
            (
                "another is told to read its queue",
                {},
                workload("mailer-eu", env={"QUEUE": "mails.out", "HOST": "rabbitmq"}, service=False),
                [waits(now=50)],
                (),
            ),
            ("its queue is no longer than ever", {}, (), [waits(3, 3), counted(0)], ()),
            ("its queue grew before: who took it down knew why", {"scaled": 600}, (), [waits(), counted(2)], ()),
            ("it rests for weeks", {"scaled": 20 * DAY}, (), [waits(), counted(0)], ()),
        )
    ),
    DoesNotHold(
        "its autoscaler takes the last pod away as well",
        snapshot(
            worker(),
            thing("ScaledObject", "mailer", spec={"scaleTargetRef": {"name": "mailer"}, "minReplicaCount": 0}),
            RABBIT,
            figures=[waits(), counted(2)],
        ),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "an alert names its queue, and figures show that nothing waits in it",
        snapshot(worker(), RABBIT, figures=[waits(3, 3)], alerts=[LONG]),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "nobody misses them", snapshot(gone(), workload("web"), figures=[errors("web", 0.0, before=0.0)]), HEALTHY
    ),
    DoesNotHold(
        "a canary's controller serves by a copy under its name",
        snapshot(
            rests("shop", "shop-primary"),
            service_for("shop", selector={"app": "shop-primary"}),
            service_for("shop-primary"),
            service_for("shop-canary", selector={"app": "shop"}),
            taken("shop"),
            CALLER,
            figures=SEEN,
        ),
        HEALTHY,
    ),
    DoesNotHold(
        "the other color serves",
        snapshot(
            rests("shop-blue", "shop-green"),
            service_for("shop", selector={"app": "shop-green"}),
            service_for("shop-blue"),
            taken("shop-blue"),
            CALLER,
            figures=SEEN,
        ),
        HEALTHY,
    ),
    DoesNotHold(
        "the other colour serves, and each container is named as its colour",
        snapshot(at_nought(), slot("green", NEW), led(), CALLER, figures=SEEN),
        HEALTHY,
        harmful=("scale_workload",),
    ),
]
