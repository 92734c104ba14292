"""A worker whom nobody asks multiplies its requests since a release: the access log of who is asked names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, errors, ingress, rate
from tests.diagnosis.rules.tiny import NOW, Obj, figure, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

SYNC = "Deployment/stock-sync"
CAME = 1500.0
ADDRESS = str(workload("stock-sync")[-2]["status"]["podIP"])
FOUND = (SYNC, "code_defect", "rollback_workload")
BARRED = no("restart_workload", "rollback_workload", at=CART)
Line = Callable[[str], str]


def pino(who: str) -> str:
    """Return a line of a program of Node.js, with the headers that it got."""
    asked = f'"req":{{"method":"GET","url":"/v1/items/7","headers":{{"user-agent":"{who}"}}}}'
    return f'{{"level":30,{asked},"res":{{"statusCode":200}},"responseTime":12,"msg":"request completed"}}'


def combined(who: str) -> str:
    """Return a line of the combined format."""
    return f'10.9.9.9 - - [x] "GET /items/7 HTTP/1.1" 200 512 "-" "{who}"'


def fields(who: str) -> str:
    """Return a line of fields."""
    return f'level=info method=GET path=/items/7 status=200 duration=11ms user_agent="{who}"'


def addressed(who: str) -> str:
    """Return a line that tells the address of who asks, and the program that its language brings."""
    return f'{who} - - "GET /items/7 HTTP/1.1" 200 512 "-" "Go-http-client/1.1"'


def told(
    form: Line, after: str = "stock-sync/2.4", before: str = "stock-sync/2.3", *, share: float = 0.9, had: int = 4
) -> list[Log]:
    """Return the access log of a cart whom a shop asks, and now mostly another one."""
    mine = round(40 * share)
    asked = [(CAME + 900 - 40 * n, form(before if n < had else "shop")) for n in range(20)]
    asked += [(CAME - 60 - 30 * n, form(after if n < mine else "shop")) for n in range(40)]
    return [timed(pod("cart"), *sorted(asked, reverse=True))]


def own(before: float, now: float, since: float = CAME - 60) -> list[tuple[str, Series]]:
    """Return how many requests each pod of the cart counts."""
    return [figure("request_rate_by_pod", before, now, since, pod=pod("cart", n)) for n in range(2)]


def world(logs: list[Log], *figures: tuple[str, Series], cart: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """Return a cart that an edge leads to, a shop that asks it, and a worker of a newer image that does so too."""
    given = {"service": False, "env": CALLS_CART, "before": {"image": "stock-sync:1"}, "released": CAME}
    ill = more.pop("ill", errors("cart", 0.3, CAME - 200, before=0.0))
    beside: list[Obj] = more.pop("beside", [])
    users: tuple[float, float] = more.pop("users", (20, 21))
    return snapshot(
        workload("stock-sync", **{**given, **more}),
        workload("shop", env=CALLS_CART),
        workload("cart", **(cart or {})),
        ingress("cart", "cart.example"),
        beside,
        figures=[rate("shop", *users, CAME - 60), rate("cart", 9, 10), ill, *(figures or own(9, 160))],
        logs=logs,
    )


def late(logs: list[Log], *figures: tuple[str, Series], **more: Any) -> Snapshot:
    """Return the same, whose users suffer only so long after that nobody takes the release for it."""
    return world(logs, *figures, **{"ill": errors("cart", 0.3, CAME - 900, before=0.0), **more})


def failed(who: str) -> str:
    """Return a line of what was not found."""
    return pino(who).replace('"statusCode":200', '"statusCode":404')


def from_within(*figures: tuple[str, Series]) -> Snapshot:
    """Return an API that an edge leads to and a front asks, and that was released; the edge brings as much as ever."""
    return snapshot(
        workload("orders", env=CALLS_CART, before={"image": "orders:1"}, released=CAME),
        workload("bff", env={"ORDERS_URL": "http://orders:8080"}),
        workload("shop", env=CALLS_CART),
        workload("cart"),
        *(ingress(each, f"{each}.example") for each in ("cart", "orders")),
        figures=[
            *(rate("orders", 5, 5), rate("cart", 9, 10), errors("cart", 0.3, CAME - 900, before=0.0)),
            *own(9, 160),
            *figures,
        ],
        logs=told(pino, "orders/2.4", "orders/2.3"),
    )


def asked(before: float, now: float) -> list[tuple[str, Series]]:
    """Return what the pods of that API count."""
    return [figure("request_rate_by_pod", before, now, CAME - 60, pod=pod("orders", n)) for n in range(2)]


BUSY = [figure("cpu_share", 0.05, 0.5, CAME - 60, pod=pod("bff", n)) for n in range(2)]


def canary(after: str, form: Line = pino, before: str = "stock-sync/2.3") -> Snapshot:
    """Return a worker and its canary, which was released, behind one Service."""
    stable = workload("stock-sync", env=CALLS_CART)
    newer = workload(
        "stock-sync-canary", env=CALLS_CART, before={"image": "stock-sync:1"}, released=CAME, service=False, pods=1
    )
    for each in (*stable, *newer):
        if each["kind"] == "Pod":
            each["metadata"]["labels"]["team"] = "sync"
        elif each["kind"] == "Service":
            each["spec"]["selector"] = {"team": "sync"}
        elif each["kind"] in ("Deployment", "ReplicaSet"):
            each["spec"]["template"]["metadata"]["labels"]["team"] = "sync"
    figures = [rate("shop", 20, 21), rate("cart", 9, 10), errors("cart", 0.3, CAME - 900, before=0.0), *own(9, 160)]
    return snapshot(
        stable,
        newer,
        workload("shop", env=CALLS_CART),
        workload("cart"),
        ingress("cart", "cart.example"),
        figures=figures,
        logs=told(form, after, before),
    )


CANARY = str(workload("stock-sync-canary", pods=1, service=False)[-1]["status"]["podIP"])


def late_counted(first: tuple[float, float]) -> list[tuple[str, Series]]:
    """Return what a pod of the cart counts, and another that is counted only since a minute after the release."""
    points = tuple((NOW.timestamp() - age, 60.0) for age in range(int(CAME) - 60, -1, -30))
    return [own(*first)[0], ("request_rate_by_pod", Series({"pod": pod("cart", 1)}, points))]


BATCHED: dict[str, Any] = {
    "env": {**CALLS_CART, "SYNC_BATCH": "10"},
    "before": {"env": {**CALLS_CART, "SYNC_BATCH": "20"}},
}
CACHED = {**CALLS_CART, "REDIS_URL": "redis://redis:6379/0"}

HOLDS = [
    *(
        Holds(f"a worker asks far more since its release: {what}", made, FOUND, excludes=BARRED, alone=True)
        for what, made in (
            ("the headers are in the log", world(told(pino))),
            ("the combined format", world(told(combined))),
            ("fields, and the name in one word", world(told(fields, "StockSync/7 (prod)", "StockSync/6 (prod)"))),
            ("users feel it only later", late(told(pino))),
            ("by its address", world(told(addressed, ADDRESS, "10.77.3.4"))),
            ("figures begin with the release", world(told(pino), *own(9, 160, CAME - 30))),
        )
    ),
    Holds(
        "a worker asks many times as often since its release: it takes its work from a broker",
        world(
            told(pino),
            env={**CALLS_CART, "AMQP_URL": "amqp://rabbit:5672"},
            beside=workload("rabbit", "rabbitmq:4", kind="StatefulSet", pods=1, port=5672),
        ),
        (SYNC, "code_defect", "page_human"),
        excludes=BARRED,
    ),
    *(
        Holds(
            f"a worker asks many times as often since its release, and its work may lie in Redis: {what}",
            late(told(pino), *more, env=env, beside=[*redis(), *beside], **given),
            (SYNC, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, env, more, beside, given in (
            ("of Celery", {**CALLS_CART, "CELERY_BROKER_URL": "redis://redis:6379/0"}, (), (), {}),
            (
                "it is known to read a queue",
                CALLS_CART,
                (figure("queue_depth", 10, 9000, CAME - 60, component="stock-sync", queue="default"), *own(9, 160)),
                (),
                {},
            ),
            ("its command is Sidekiq's", CACHED, (), (), {"command": ["bundle", "exec", "sidekiq"]}),
            ("another may lay it down there", CACHED, (), workload("api", env=CACHED), {}),
        )
    ),
    *(
        Holds(f"a caller asks many times as often since its release, {what}", made, (whose, cause, "rollback_workload"))
        for what, made, whose, cause in (
            (
                "and nobody else asks its Redis",
                late(told(pino), env=CACHED, beside=redis()),
                SYNC,
                "code_defect",
            ),
            (
                "and speaks of jobs only in the address of another",
                late(
                    told(pino),
                    env={**CACHED, "JOBS_API": "http://jobs:8080"},
                    beside=[*redis(), *workload("jobs")],
                ),
                SYNC,
                "code_defect",
            ),
            ("and half as many users more came to another", late(told(pino), users=(20, 31)), SYNC, "code_defect"),
            (
                "and its own pods count as many as ever, though who asks it works more",
                from_within(*asked(5, 5), *BUSY),
                "Deployment/orders",
                "code_defect",
            ),
            (
                "and its address tells it from the one that it is a canary of",
                canary(CANARY, addressed, ADDRESS),
                "Deployment/stock-sync-canary",
                "code_defect",
            ),
            (
                "and one of the pods that it asks is counted since",
                late(told(pino), *late_counted((9, 160)), **BATCHED),
                SYNC,
                "configuration_error",
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a service is asked many times as often since a worker's release: {what}", made, (), ("rollback_workload",)
        )
        for what, made in (
            ("others ask for most", late(told(pino, share=0.3))),
            ("its log tells of nobody", late([])),
            ("the log names a program that is nobody's", late(told(pino, "axios/1.7", "axios/1.7"))),
            ("it asked for as much of it before", late(told(pino, had=18), *own(9, 16))),
            ("it failed long before", late(told(pino), ill=errors("cart", 0.3, CAME + 600, before=0.0))),
            ("nobody suffers", late(told(pino), ill=errors("cart", 0.001, before=0.0))),
            ("it came a moment ago, and fetches all once", late(told(pino), released=400.0)),
            ("only the edge brings more", late(told(pino, share=0.3), rate("cart", 9, 300))),
            ("it grew hours later", late(told(pino), *own(9, 160, 300))),
            (
                "it is given its work by a queue outside",
                late(told(pino), env={**CALLS_CART, "SQS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/stock"}),
            ),
            ("its own pods are asked as many times as often from within", from_within(*asked(5, 90), *BUSY)),
            ("who asks it works ten times as much, and only the edge counts it", from_within(*BUSY)),
            (
                "another that asks as well gets many times as many, and only failures are logged",
                late(told(failed), users=(20, 300)),
            ),
            ("all its lines may be of the one that it is a canary of", canary("stock-sync/2.3")),
            ("one of its pods is only counted since", late(told(pino), *late_counted((50, 50)), **BATCHED)),
            (
                "one of its pods is only counted since, and of what the edge brings the other gets a half",
                late(told(pino), *late_counted((13, 21)), **BATCHED),
            ),
            (
                "as many times as many pods of it run",
                late(
                    told(pino),
                    figure("replicas_wanted", 1, 20, CAME - 60, component="stock-sync"),
                    *own(9, 30),
                    pods=20,
                ),
            ),
        )
    ),
    DoesNotHold(
        "a service is asked many times as often since a worker's release: who is asked was released with it",
        late(told(pino), cart={"before": {"env": {"A": "1"}}, "released": CAME + 60}),
        (CART, "configuration_error", "rollback_workload"),
    ),
]
