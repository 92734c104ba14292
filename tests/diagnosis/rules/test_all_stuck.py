"""All processes of a service say that they are stuck: new ones work again."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import (
    API,
    EMPTY,
    IMAGE,
    OLD,
    SHOP,
    UNREAD,
    URL,
    busy,
    errors,
    latency,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, figure, pod, postgres, redis, secret_key, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BLOCKED = "event loop is blocked for more than 30000 ms"
STARVED = "the heartbeat has been running for 00:00:03. This could be caused by thread pool starvation."


def stuck(*more: Any, released: float = 9 * DAY, times: int = 5, ratio: float = 0.7) -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=released),
        figures=[
            latency("api", 0.1, 30.0 if ratio > 0.1 else 0.1, 700),
            errors("api", ratio, 700),
            *more,
            *(figure("cpu_share", 0.4, 0.01, 700, pod=pod("api", n), container="api") for n in range(2)),
        ],
        logs=logs("api", BLOCKED, 0, 1, times=times),
    )


def on_full_nodes(*, nodes: float = 0.99, waits: float = 0.8) -> Snapshot:
    """Return a shop that tells that its threads come too late, on nodes of which nobody else is known."""
    return snapshot(
        shop(before=IMAGE, released=20 * DAY),
        figures=[
            errors("shop"),
            *(figure("node_cpu_share", 0.4, nodes, 700, node=f"n{n}") for n in (1, 2)),
            *(figure("cpu_waiting", 0.01, waits, 690, pod=pod("shop", n), container="shop") for n in range(2)),
        ],
        logs=logs("shop", STARVED, 0, 1),
    )


def pushed_aside(
    *more: Any, takes: float = 6.0, ago: float = 900, nodes: float = 0.99, pods: int = 2, works: float = 0.38, **of: str
) -> Snapshot:
    """Return a shop that tells so on nodes that somebody else took up, where nobody measures its waits."""
    return snapshot(
        shop(before=IMAGE, released=20 * DAY),
        workload("agent", kind="DaemonSet", pods=pods),
        *(thing("Node", f"n{n}", status={"capacity": {"cpu": "8"}}) for n in (1, 2)),
        figures=[
            latency("shop", 0.05, 0.4, 700),
            *(figure("node_cpu_share", 0.3, nodes, ago, node=f"n{n}") for n in (1, 2)),
            *(figure("cpu_usage", 0.1, takes, ago, pod=f"agent-{n}", container="agent") for n in range(pods)),
            *(figure("cpu_usage", 0.4, works, 700, pod=pod("shop", n), container="shop") for n in range(2)),
            *more,
        ],
        logs=logs("shop", of.get("line", STARVED), 0, 1),
    )


def of_three(*shares: float) -> Snapshot:
    """Return a shop of three that tells that it is stuck, and how busy each is since."""
    spent = [figure("cpu_share", 0.4, share, pod=pod("shop", n), container="shop") for n, share in enumerate(shares)]
    return snapshot(
        shop(pods=3, before=IMAGE, released=20 * DAY),
        figures=[errors("shop"), *spent],
        logs=logs("shop", STARVED, 0, 1, 2),
    )


ASKS = {"TIER_URL": "http://tier:8080", "REDIS": "redis:6379"}
TIER = {"TIER_URL": "http://tier:8080"}
NOBODY = "TaskCanceledException: HttpClient.Timeout of 10 s elapsing"
LOOP = "WARN Thread[vert.x-eventloop-thread-1] event loop blocked for 4012 ms, time limit is 2000 ms"


def blocking(
    *figures: Any,
    said: str = STARVED,
    beside: str = UNREAD,
    last: str = "",
    lasts: int = 1,
    pods: tuple[int, ...] = (0, 1),
    since: float = 700,
    released: float = 900,
    env: Any = None,
    tier: tuple[Any, ...] = (latency("tier", 0.05, 0.05),),
) -> Snapshot:
    """Return a service that tells that it lacks threads since its release, and whom it asks."""
    told = [*logs("api", said, *pods, since=since), *logs("api", beside, *pods, since=since - 60)]
    told += logs("api", last, *pods, times=lasts, since=60 if lasts == 1 else since) if last else []
    return snapshot(
        workload("api", before=OLD, released=released, env=env or ASKS),
        workload("tier"),
        redis(),
        *([postgres()] if "DATABASE_URL" in (env or ()) else []),
        figures=[errors("api", 0.4, since - 60), latency("api", 0.1, 20.0, since - 60), *tier, *figures],
        logs=[
            Log(pod("api", n), "api", tuple(line for one in told if one.pod == pod("api", n) for line in one.lines))
            for n in pods
        ],
    )


LATE = "ERROR GET http://tier:8080/tiers/7: timeout of 9000ms exceeded"
FAILS = "ERROR GET http://tier:8080/tiers/7: 503 Service Unavailable"
WAITING = "   at System.Runtime.CompilerServices.TaskAwaiter`1.GetResult()"


def unmeasured(
    *more: Log, web: str = "ERROR GET http://api:8080/x: timeout of 12000ms exceeded", heard: float = 3000, **given: Any
) -> Snapshot:
    """Return a service that lacks threads since its release, of which nobody measures anything: logs alone tell."""
    world = blocking(**{"beside": EMPTY, "since": 700, **given})
    asks = [*workload("web", env={"API_URL": "http://api:8080"}), *workload("offers", env={"REDIS": "redis:6379"})]
    caller = timed(pod("web"), (heard, "INFO started"), *((650 - 60 * n, web) for n in range(11)))
    beside = [*logs("tier", "GET /tiers/7 200 19ms"), *logs("offers", "GET /offers 200 7ms"), caller, *more]
    kinds = {kind: [dict(each) for each in found] for kind, found in world.objects.items()}
    return snapshot(asks, *kinds.values(), logs=[*world.logs, *beside])


HIDDEN = {"RATES_URL": secret_key("rates")}
RESTART = (API, "service_crash", "restart_workload")

HOLDS = [
    *(
        Holds(f"beside others that are busy: {what}", world, (SHOP, "service_crash", "restart_workload"))
        for what, world in (
            ("its threads wait for one another", pushed_aside(line="Found one Java-level deadlock: 2 threads")),
            ("its nodes have processors left", pushed_aside(nodes=0.5)),
            ("on one of its nodes alone", pushed_aside(pods=1)),
            ("they take little of a node", pushed_aside(takes=1.2)),
            ("they came long before, and it was well beside them", pushed_aside(ago=3500)),
            ("they take no more than ever", pushed_aside(ago=3600)),
            ("it does no work at all", pushed_aside(works=0.02)),
            (
                "it is known to wait for no processor",
                pushed_aside(*(figure("cpu_waiting", 0.0, 0.01, pod=pod("shop", n), container="shop") for n in (0, 1))),
            ),
        )
    ),
    Holds(
        "its nodes have processors left",
        on_full_nodes(nodes=0.5),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "its nodes have none left, and it waits for something else",
        on_full_nodes(waits=0.01),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "they say so, use no processor time, and users wait",
        stuck(),
        RESTART,
        excludes=no("rollback_workload", at=API),
        harmful=("rollback_workload",),
    ),
    Holds(
        "they use no processor time, and those who wait for them try again and again",
        stuck(rate("api", 20, 60, 690)),
        RESTART,
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "traffic grew only since they say so",
        snapshot(
            shop(before=IMAGE, released=20 * DAY),
            figures=[errors("shop"), rate("shop", 20, 60, 500)],
            logs=logs("shop", STARVED, 0, 1, since=590),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    *(
        Holds(
            f"its release takes up its own threads, and all that it asks is well: {what}",
            world,
            (API, "code_defect", "rollback_workload"),
            excludes=no("restart_workload", "scale_workload", at=API),
            harmful=("restart_workload",),
            alone=True,
        )
        for what, world in (
            ("answers lie there unread", blocking()),
            ("a timeout of nobody", blocking(beside=NOBODY, env=TIER)),
            ("its loops", blocking(said=LOOP, beside="ERROR request 7 took 4012 ms", env=TIER)),
        )
    ),
    *(
        Holds(f"nobody measures it, and logs alone tell: {what}", world, (API, "code_defect", "rollback_workload"))
        for what, world in (
            ("its caller's, and those of whom it asks and of who asks them too", unmeasured()),
            ("a trace shows how its threads wait", unmeasured(last=WAITING, env=ASKS | HIDDEN, lasts=3)),
        )
    ),
    Holds("one of them spins", of_three(0.97, 0.4, 0.4), (SHOP, "service_crash", "restart_workload")),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"somebody else took up its nodes before, and it is late: {what}", world, ASK)
        for what, world in (
            ("it does as much as it did", pushed_aside()),
            ("it does a little less", pushed_aside(works=0.35)),
            ("that was half an hour before", pushed_aside(ago=2400)),
        )
    ),
    DoesNotHold("its threads come too late as its nodes have no processor left", on_full_nodes()),
    DoesNotHold("a release came with it", stuck(released=900), (API, "code_defect", "rollback_workload")),
    *(
        DoesNotHold(f"a release lacks threads, and {what}", world)
        for what, world in (
            ("no answer of the cache has come", blocking(beside=EMPTY)),
            ("what it asks fails as well", blocking(errors("tier", 0.4, 720))),
            ("what it asks is slow as well", blocking(tier=(latency("tier", 0.1, 4.0, 720),))),
            ("some answers of the cache have not come", blocking(beside=EMPTY, last=UNREAD)),
            ("no work waits for threads", blocking(beside=UNREAD.replace("QueuedItems=85", "QueuedItems=0"))),
        )
    ),
    *(
        DoesNotHold(f"a release lacks threads, and {what}", world, (API, "code_defect", "rollback_workload"))
        for what, world in (
            ("nobody measures what it asks", blocking(tier=())),
            ("nobody tells of a database that it asks", blocking(beside="INFO", env=URL | TIER)),
            ("its timeouts may be of who stands in a Secret", blocking(beside=NOBODY, env=TIER | HIDDEN)),
            ("it asks somebody outside", blocking(env={**ASKS, "RATES_URL": "https://api.rates.example/v1"})),
            ("it lacks sessions", blocking(beside="Npgsql: The connection pool has been exhausted")),
            ("its pods are new", blocking(since=400, released=500)),
        )
    ),
    *(
        DoesNotHold(f"a release lacks threads, nobody measures it, and {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("who calls it had failed before", unmeasured(heard=600)),
            ("whom it asks takes seconds", unmeasured(*logs("tier", "GET /tiers/7 200 9019ms"), last=LATE, lasts=9)),
            ("whom it asks fails", unmeasured(*logs("tier", "GET /tiers/7 503 19ms"), last=FAILS, lasts=9)),
            ("another one waits for the cache too", unmeasured(*logs("offers", EMPTY))),
        )
    ),
    DoesNotHold(
        "a release lacks threads, nobody measures it, and a Secret may name whom it waits for",
        unmeasured(env=ASKS | HIDDEN),
        (API, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a release lacks threads, and one of its pods tells of it",
        blocking(pods=(0,)),
        (API, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("they said so once", stuck(times=1), (API, "unknown", "page_human")),
    DoesNotHold(
        "they use all the processor time that they get: threads come late of that",
        snapshot(shop(before=IMAGE, released=20 * DAY), figures=busy(errors("shop")), logs=logs("shop", STARVED, 0, 1)),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "they have three times as much to do",
        snapshot(
            shop(before=IMAGE, released=20 * DAY),
            figures=[errors("shop"), rate("shop", 20, 60)],
            logs=logs("shop", STARVED, 0, 1),
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "most of them use all the processor time that they get",
        of_three(0.97, 0.97, 0.4),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold("users feel nothing", stuck(ratio=0.001), (API, "no_fault", "no_action")),
]
