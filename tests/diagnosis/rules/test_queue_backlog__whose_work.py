"""Readers that do all they can: whom they ask, of which program they are, and whose work it is, are known or not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.test_queue_backlog import AMQP
from tests.diagnosis.rules.test_queue_backlog__outnumbered import APP, CALLS, HARM, RENDER, RUNNER, rush, wave, web
from tests.diagnosis.rules.tiny import Obj, container, figure, postgres, redis, secret_key, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WITH: dict[str, Any] = {**CALLS}
KEPT = {**WITH, "DATABASE_URL": secret_key("postgres-app", "url")}
HIDDEN: dict[str, Any] = {**AMQP} | {f"{of.upper()}_URL": secret_key(of, "url") for of in ("renderer", "mail")}
PUT = "INFO order done, receipt handed on queue=tasks"
UNKNOWN = ("dependency_failure", "page_human")
SITE = "registry.example/site:3"


def beside(name: str, image: str) -> Obj:
    """Return the containers of who works, and of a proxy beside it."""
    return {"containers": [container(name, image, env=CALLS), container("auth-proxy", "registry.example/proxy:2")]}


def another(name: str = "sender", **env: str) -> list[Obj]:
    """Return who has its work from where the runner has it, and says nothing of it."""
    return workload(name, env={"REDIS_ADDR": "redis:6379", **env}, service=False)


def unsure(*, url: str = "redis://redis:6379/0", pods: int = 2, stores: Any = ()) -> Snapshot:
    """Return a queue that only bears its own name, and grows, and two who are told to read it; ``pods``: of one."""
    env = {"JOBS_URL": url, "QUEUES": "mails"}
    told = (workload(f"sender-{n}", env=env, pods=each, service=False) for n, each in ((0, 2), (1, pods)))
    return snapshot(*told, *stores, figures=[figure("queue_depth", 4, 9000, 1500, component="mails")])


HOLDS = [
    *(
        Holds(f"a queue bears but its own name: {what}", world, found, alone=True)
        for what, world, found in (
            ("two read it of one store", unsure(stores=[redis()]), ("Deployment/redis", *UNKNOWN)),
            (
                "two read it of a store elsewhere",
                unsure(url="redis://r.cloud.example"),
                ("Deployment/sender-0", *UNKNOWN),
            ),
            ("one of the two rests", unsure(stores=[redis()], pods=0), ("Deployment/redis", *UNKNOWN)),
            (
                "nobody is known to read it",
                snapshot(workload("web"), figures=[figure("queue_depth", 4, 9000, 1500, component="mails")]),
                ("Namespace/town", *UNKNOWN),
            ),
        )
    ),
    *(
        Holds(
            f"readers have all they can in work, and it is known whom they ask: {what}",
            world,
            (RENDER, "capacity", "scale_workload"),
            excludes=no("restart_workload", at=RENDER),
            harmful=HARM,
        )
        for what, world in (
            (
                "a proxy stands beside both",
                rush(sender=web(spec=beside("web", APP)), spec=beside("render-worker", APP)),
            ),
            ("a database of the namespace, by a Secret", rush(env=KEPT, objects=[postgres()])),
            ("by a Secret only who watches them", rush(env={**WITH, "SENTRY_DSN": secret_key("sentry", "dsn")})),
            ("of a Secret only a password comes", rush(env={**WITH, "REDIS_PASSWORD": secret_key("redis")})),
        )
    ),
    *(
        Holds(
            f"who is handed tasks does many more of them, and nobody else may read them: {what}",
            world,
            (RUNNER, "capacity", "scale_workload"),
            excludes=no("restart_workload", at=RUNNER),
            harmful=HARM,
        )
        for what, world in (
            ("who reads another queue has its work from there", wave(objects=[another(QUEUES="mails")])),
            ("an exporter counts them", wave(objects=[another("redis-exporter")])),
        )
    ),
    *(
        Holds(
            f"a dispatcher tells of a queue, and nobody knows who reads it: {what}",
            world,
            ("Deployment/dispatcher", "dependency_failure", "page_human"),
            harmful=("scale_workload", *HARM),
        )
        for what, world in (
            ("who counts its jobs puts some on it", wave(line=PUT, ill=PUT, objects=[another()])),
            ("another has its work from the same place", wave(ill="INFO task failed", objects=[another()])),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a queue that was long an hour ago is twice as long, and nobody knows what holds it up: {what}",
            world,
            harmful=("scale_workload",),
        )
        for what, world in (
            (
                "who has more pods is another program beside the same proxy",
                rush(sender=web(spec=beside("web", SITE)), spec=beside("render-worker", APP)),
            ),
            (
                "a Secret keeps whom they ask",
                rush(env=HIDDEN),
            ),
            (
                "a Secret of the database keeps whom they ask besides",
                rush(env={**KEPT, "MAIL_URL": secret_key("postgres-app", "mail")}, objects=[postgres()]),
            ),
            ("a Secret keeps a database that nobody knows", rush(env=KEPT)),
            ("they read all of a Secret that nobody knows", rush(envFrom=[{"secretRef": {"name": "render"}}])),
            ("they read all of a ConfigMap that nobody knows", rush(envFrom=[{"configMapRef": {"name": "render"}}])),
            (
                "a database of the namespace, by a Secret, has too few pods",
                rush(env=KEPT, objects=[workload("postgres", "postgres:16", kind="StatefulSet", ready=1)]),
            ),
        )
    ),
]
