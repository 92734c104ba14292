"""A worker that does not take what is handed to it; not where who hands it over is newer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import NOW, Obj, container, log, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

RUBY = "WARN: ArgumentError: wrong number of arguments (given 1, expected 2)"
CELERY = "ERROR Task confirm[8c1f] raised: TypeError(\"confirm() missing 1 required positional argument: 'x'\")"
PHP = "ERROR Too few arguments to function App\\Jobs\\Confirm::handle(), 1 passed and exactly 2 expected"
HANGFIRE = "fail: Hangfire[0] The type `Mails.Confirm` does not contain a method with signature `Run(Int32)`"
UNNAMED = "ERROR Received unregistered task of type 'mail.confirm'. The message has been ignored and discarded."
FIELD = "ERROR TypeError: Order.__init__() got an unexpected keyword argument 'discount'"
WORKER = "Deployment/worker"
CODE = (WORKER, "code_defect", "rollback_workload")
QUEUE = {"REDIS_URL": "redis://redis:6379/0"}
AMQP = {"AMQP_URL": "amqp://rabbitmq:5672/"}
OUTSIDE: tuple[dict[str, Any], ...] = (
    {"AMQP_URL": "amqps://user@mq-7.cloudamqp.com:5671/x"},
    {"QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/jobs"},
    {"AMQP_URL": secret_key("broker", "url")},
)
FAILS = alert("JobsFail", service="worker")
NEW: dict[str, Any] = {"before": {"image": "registry.example/worker:0"}, "released": 900}
MISSED = alert("ConfirmationsMissing", service="web")


def told(line: str, *numbers: int, done: int = 9, since: float = 840) -> list[Log]:
    """Return the logs of some pods (both) of a worker that repeat a line and get other work done."""
    return [log(pod("worker", n), *["INFO import done", line] * done, since=since) for n in numbers or (0, 1)]


def world(
    line: str = RUBY,
    *beside: Any,
    env: dict[str, Any] = QUEUE,
    web: dict[str, Any] | None = None,
    worker: dict[str, Any] | None = None,
    logs: list[Log] | None = None,
    **more: Any,
) -> Snapshot:
    """Return a web that hands work to a released worker by way of a queue."""
    return snapshot(
        workload("web", env=env, **(web or {})),
        workload("worker", env=env, service=False, **(NEW if worker is None else worker)),
        workload("redis", "redis:7", pods=1, port=6379),
        workload("rabbitmq", "rabbitmq:3.13", pods=1, port=5672),
        *beside,
        logs=told(line) if logs is None else logs,
        **{"alerts": [MISSED], **more},
    )


def also(name: str, released: float) -> list[Obj]:
    return workload(name, before={"image": f"registry.example/{name}:0"}, released=released)


def fired(name: str, ago: float, service: str) -> Alert:
    """Return an alert about a service that fires for so many seconds."""
    return alert(name, service=service)._replace(starts_at=NOW - timedelta(seconds=ago))


def schedule(edited: float | None = None) -> Obj:
    """Return a CronJob that hands work over as well."""
    made = {"containers": [container("enqueue", "registry.example/enqueue:2", env=QUEUE)]}
    spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": {"spec": made}}}}
    return thing("CronJob", "enqueue", written=edited, spec=spec)


def flags(written: float | None = None) -> Obj:
    return thing("ConfigMap", "web-flags", written=written, data={"new_confirm": "true"})


MOUNTS = {"spec": {"volumes": [{"name": "f", "configMap": {"name": "web-flags"}}]}}
HOLDS = [
    Holds(
        "a web enqueues one argument as before, and the new job wants two",
        world(),
        CODE,
        excludes=[*no("restart_workload", "scale_workload", at=WORKER), *no("rollback_workload", at="Deployment/web")],
    ),
    Holds("a task of Celery, by way of a broker", world(CELERY, env=AMQP), CODE),
    Holds("a job of Laravel, beside the release of a stranger", world(PHP, also("resizer", 900)), CODE),
    Holds("Hangfire finds no such method", world(HANGFIRE), CODE),
    Holds("a task has another name since", world(UNNAMED, env=AMQP), CODE),
    Holds("an alert is about the worker itself", world(alerts=[alert("JobsFail", service="worker")]), CODE),
    Holds("nobody knows whom an alert is about", world(alerts=[alert("RetriesGrow")]), CODE),
    *(Holds(f"an old web, by way of {env}", world(env=env), CODE) for env in OUTSIDE),
    Holds("a schedule hands work over too, as it always did", world(HANGFIRE, schedule(), alerts=[FAILS]), CODE),
    Holds("the web's flags were written long before", world(RUBY, flags(9000), web=MOUNTS), CODE),
    Holds("a disk of the web has filled for long", world(alerts=[fired("DiskFills", 9000, "web"), MISSED]), CODE),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the web was released after it, and hands over in another form",
        world(web={"before": {"image": "registry.example/web:0"}, "released": 850}),
        harmful=["restart_workload"],
    ),
    DoesNotHold("the worker was not released", world(worker={})),
    DoesNotHold("it was released long before", world(worker={**NEW, "released": 9000})),
    DoesNotHold("few jobs fail so", world(logs=told(RUBY, done=2))),
    DoesNotHold("one of two new pods alone tells so", world(logs=told(RUBY, 0))),
    DoesNotHold("a message has a field that it does not know", world(FIELD)),
    DoesNotHold("nobody misses anything", world(alerts=[]), ()),
    *(
        DoesNotHold(
            f"it has told so for long, and the only alert is {each.name}", world(UNNAMED, env=AMQP, alerts=[each])
        )
        for each in (
            alert("DiskFills", service="web"),
            alert("CertificateExpiresSoon", service="web"),
            alert("LatencyHigh", service="web"),
        )
    ),
    DoesNotHold(
        "it has told so for long, and an alert about nobody is of no work: only the new words are left to guess by",
        world(UNNAMED, env=AMQP, alerts=[alert("NodeClockSkew")]),
        CODE,
    ),
    *(
        DoesNotHold(
            f"{early.name} has fired since the web's release, long before its own",
            world(
                web={"before": {"image": "registry.example/web:0"}, "released": 2400},
                alerts=[early, alert("RetriesGrow")],
            ),
        )
        for early in (fired("ConfirmationsMissing", 2300, "web"), fired("JobsFail", 2300, "worker"))
    ),
    *(
        DoesNotHold(
            f"the web was released with it, by way of {env}",
            world(env=env, web={"before": {"image": "registry.example/web:0"}, "released": 900}, alerts=[FAILS]),
        )
        for env in OUTSIDE
    ),
    DoesNotHold(
        "a schedule was edited since: new words are left to guess by",
        world(HANGFIRE, schedule(880), alerts=[FAILS]),
        CODE,
    ),
    DoesNotHold("flags that the web reads were written since", world(RUBY, flags(860), web=MOUNTS)),
]
