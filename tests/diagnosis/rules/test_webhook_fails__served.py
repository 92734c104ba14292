"""A webhook that nobody answers: what ails who answers for it is the cause, whatever that is."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import Answers, Holds, no
from tests.diagnosis.rules.pods import again, looping, pending, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP, down, shop
from tests.diagnosis.rules.test_webhook_fails import CALLING, MUTATING, elsewhere, hook, told
from tests.diagnosis.rules.tiny import DAY, Obj, event, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

SERVER, HOOK = "Deployment/injector", f"{MUTATING}/mesh-injector"
POST = 'Post "https://injector.mesh.svc:443/inject?timeout=10s"'
AWAY = f'{CALLING} "inject.mesh.example": failed to call webhook: {POST}: '
NOBODY = f'{AWAY}no endpoints available for service "injector"'
REFUSED = f"{AWAY}dial tcp 10.96.9.9:443: connect: connection refused"
KILLED = looping("OOMKilled", 137, restarts=9, lived=20)
FULL = "0/3 nodes are available: 3 Insufficient memory."
SILENT = (HOOK, "dependency_failure", "page_human")


def server(**more: object) -> list[Obj]:
    return workload("injector", **{"age": 90 * DAY, **more})  # type: ignore[arg-type]


def released(ago: float) -> list[Obj]:
    """Return who answers for a webhook, whose pods end since its release."""
    return down(server(before={"image": "injector:0"}, released=ago), looping("Error", 1, restarts=9), unready=ago - 20)


def unplaced() -> list[Obj]:
    made = server(ready=0)
    for each in pods_of(made):
        pending(each, FULL)
    return made


def one_ended() -> list[Obj]:
    """Return who answers for a webhook by two pods, of which one was killed for memory."""
    made = server()
    put(pods_of(made)[0], again("OOMKilled", 137, age=300, restarts=4))
    return made


def flapping() -> list[Obj]:
    """Return who answers for a webhook by one pod, which is up for a moment just now."""
    made = server(pods=1)
    put(pods_of(made)[0], again("OOMKilled", 137, age=60, restarts=9, lived=20), unready=30)
    return made


def town(
    made: Sequence[Obj], said: str = NOBODY, *more: Obj, config: Obj | None = None, space: str = "mesh"
) -> Snapshot:
    """Return a shop that gets no pods, and who answers for the webhook that they have to pass."""
    return snapshot(shop(ready=1), elsewhere(list(made), space=space), config or hook(), told(said), *more)


HOLDS = [
    Holds(
        "who answers for it is well, as far as anybody can tell",
        town(server(), REFUSED),
        SILENT,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds("one pod of two was killed, the other answers", town(one_ended(), REFUSED), SILENT),
    Holds("nobody is wanted to answer for it", town(server(pods=0)), SILENT),
    Holds("who answers for it was not read", snapshot(shop(ready=1), hook(), told(NOBODY)), SILENT),
    Holds(
        "its own pods are refused by it: whatever ended the last one, nothing comes up",
        town(down(server(), KILLED), NOBODY, event("ReplicaSet/injector-r1", "FailedCreate", NOBODY), space="town"),
        SILENT,
        harmful=("restart_workload", "rollback_workload"),
    ),
]
ANSWERS = [
    *(
        Answers(what, town(made, said), [(where, cause, "page_human")], also=(), sure=(0.7, 0.9), tells="webhook")
        for what, made, said, where, cause in (
            ("it is killed for memory after each start", down(server(), KILLED), NOBODY, SERVER, "resource_exhaustion"),
            ("it is killed so, and up for a moment", flapping(), REFUSED, SERVER, "resource_exhaustion"),
            ("it ends after each start", down(server(), looping("Error", 1)), NOBODY, SERVER, "service_crash"),
            ("no node has room for it", unplaced(), NOBODY, SERVER, "capacity"),
            (
                "its image is not there",
                down(server(), waiting("ImagePullBackOff", "manifest unknown")),
                REFUSED,
                SERVER,
                "configuration_error",
            ),
            (
                "what it reads is missing",
                down(server(), waiting("CreateContainerConfigError", 'configmap "rules" not found')),
                NOBODY,
                "ConfigMap/rules",
                "configuration_error",
            ),
        )
    ),
    Answers(
        "it ends since its release, and its own pods need not pass it",
        town(released(900)),
        [(SERVER, "code_defect", "rollback_workload")],
        also=(),
        sure=(0.5, 0.75),
    ),
    Answers(
        "it ends since its release, and its own older pods would not pass it either",
        town(released(900), config=hook(None)),
        [(SERVER, "code_defect", "page_human")],
        harmful=("restart_workload", "rollback_workload"),
    ),
    Answers("it was released after nobody answered any more", town(released(60)), [SILENT]),
]
