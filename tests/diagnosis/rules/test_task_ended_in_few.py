"""A task in the background ended in one pod of several, and the others go on with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

KEPT = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}]}
FIRES = alert("PricesDiffer")
READ = "INFO rates: 812 rates read, version 4711"
SERVED = "INFO GET /quote 200 in 4 ms"
RUST = ("ERROR thread 'tokio-runtime-worker' panicked at src/rates.rs:88:41:", "index out of bounds: the len is 3")
TOKIO = ('ERROR background task "rates" ended: JoinError::Panic(Id(14), ...)',)
PYTHON = ("Exception in thread Thread-3 (refresh_rates):", "Traceback (most recent call last):", "KeyError: 'zone'")
ASYNCIO = ("ERROR:asyncio:Task exception was never retrieved", "future: <Task finished coro=<Rates.poll() done>>")
JAVA = ('Exception in thread "rates-refresher" java.lang.NullPointerException: zone is null',)
RUBY = ("#<Thread:0x00007f1 /app/rates.rb:12 run> terminated with exception (report_on_exception is true):",)
GO = ('level=error msg="goroutine rates.Poll exited: recovered panic: nil map"',)
RECOVERED = ('level=ERROR msg="recovered from panic in rates refresher" panic="index out of range"',)
LOOP = ('{"level":"INFO","msg":"rates refresher loop ended"}',)
REJECTED = ("error: unhandled rejection in job rates-sync: TypeError: zone is undefined",)
DIED = ("WARN rates watcher thread has died",)
CLOSED = ("INFO watch on rates closed",)
RECOVERED_HANDLER = ('level=ERROR msg="recovered from panic in http handler" panic="nil map"',)
SERVING = ("http: panic serving 10.1.0.7:41022: recovered panic: nil map",)
LED = ("INFO rates scheduler stopped: lost the lease",)
SHUT = ("INFO rates refresher loop stopped: graceful shutdown",)
HANDLER = ("Exception in thread Thread-3 (process_request_thread):", "ValueError: no such partner")
TOMCAT = ('Exception in thread "http-nio-8080-exec-7" java.lang.NullPointerException: zone is null',)
CLIENT = (ASYNCIO[0], "future: <Task finished coro=<export() done> exception=ConnectionResetError('client went away')>")
PIPE = ("Exception in thread Thread-3 (send):", "BrokenPipeError: [Errno 32] Broken pipe")
REBALANCED = (ASYNCIO[0], "INFO rates: revoked partitions [2], assigned []")
NAMELESS = ("ERROR thread 'worker-3' panicked at src/lib.rs:8:4:",)


def one(
    number: int,
    ends: Collection[str] = (),
    *,
    ended: float = 2400,
    reads: Collection[float] = range(3300, 20, -300),
    serves: Collection[float] = range(3500, 20, -60),
) -> Log:
    """Return the log of a pod: the ages at which it read rates, and served; ``ends``: what it told as a task ended."""
    told = [*((age, READ) for age in reads), *((age, SERVED) for age in serves), *((ended, line) for line in ends)]
    return timed(pod("shop", number), *sorted(told, key=lambda each: -each[0]))


BEFORE_IT, SELDOM = (3300, 3000, 2700), (2690, 1990, 1290, 590)


def stands(
    ends: Collection[str] = RUST,
    *,
    reads: Collection[float] = BEFORE_IT,
    others: Collection[float] = range(3310, 20, -300),
    objects: Any = None,
    alerts: Any = (FIRES,),
    figures: Any = (),
    beside: Any = (),
    all_end: bool = False,
    ended: float = 2400,
    more: Collection[Log] = (),
    **ill: Any,
) -> Snapshot:
    """Return a shop of three pods, of which the first tells of an end, in a namespace that an alert speaks of."""
    logs = [one(0, ends, reads=reads, ended=ended, **ill)]
    logs += [one(n, ends if all_end else (), reads=others, ended=ended) for n in (1, 2)]
    return snapshot(objects or shop(pods=3), beside, logs=[*logs, *more], figures=figures, alerts=alerts)


def asks(*lines: str, released: float | None = 1500, well: str = "INFO POST /basket 201") -> Snapshot:
    """Return the same with who asks the shop, was released since, and complains so, and what it tells else."""
    more: dict[str, Any] = (
        {} if released is None else {"before": {"image": "registry.example/basket:0"}, "released": released}
    )
    basket = workload("basket", env={"SHOP": "http://shop:8080"}, **more)
    told = [(900 - 40 * n, lines[n % len(lines)]) for n in range(20)] + [(1300 - 20 * n, well) for n in range(8)]
    log = timed(pod("basket"), *sorted(told, key=lambda each: -each[0]))
    return stands(beside=basket, more=(log,), alerts=(alert("Conflicts", service="basket"),))


def started_again() -> Snapshot:
    """Return the shop of which the first pod's container told of the end, and another one runs there since."""
    objects = shop(pods=3)
    put(pods_of(objects)[0], again("Error", 143, age=200))
    former = one(0, RUST, reads=BEFORE_IT)._replace(previous=True)
    logs = [former, one(0, reads=(150,), serves=range(180, 20, -20)), one(1), one(2)]
    return snapshot(objects, logs=logs, alerts=(FIRES,))


def of_two_templates() -> Any:
    """Return the shop of which the first pod has another template."""
    objects = shop(pods=3)
    pods_of(objects)[0]["metadata"]["labels"]["pod-template-hash"] = "canary"
    return objects


def address(number: int) -> str:
    """Return the address of a pod of the shop."""
    return str(pods_of(shop(pods=3))[number]["status"]["podIP"])


RESTART = (SHOP, "service_crash", "restart_workload")
HARMFUL = ("rollback_workload", "scale_workload")
DIFFERS = "WARN POST /basket 409 price changed, quoted by {} and verified by {}"

HOLDS = [
    *(
        Holds(
            f"it reads no rates since: {what}",
            stands(ends),
            RESTART,
            excludes=no("rollback_workload", at=SHOP),
            harmful=HARMFUL,
            began=2400,
        )
        for what, ends in (
            ("a thread of Rust panicked", RUST),
            ("tokio joined a task that panicked", TOKIO),
            ("a thread of Python", PYTHON),
            ("a task of asyncio", ASYNCIO),
            ("a thread of Java", JAVA),
            ("a thread of Ruby", RUBY),
            ("a goroutine", GO),
            ("a panic was recovered outside of a loop", RECOVERED),
            ("a loop ended, and nothing tells of what", LOOP),
            ("a rejection that nobody handled, in a job", REJECTED),
            ("a thread is called dead", DIED),
            ("a watch was closed", CLOSED),
            ("a thread that is not called by its work, which each other pod did often since", NAMELESS),
        )
    ),
    Holds(
        "nobody is alerted, and a caller's requests fail since",
        stands(
            alerts=(),
            figures=[errors("web", since=1500)],
            beside=workload("web", env={"SHOP": "http://shop:8080"}),
        ),
        RESTART,
        harmful=HARMFUL,
    ),
    Holds(
        "who asks it was released since, and each of his complaints names that pod",
        asks(DIFFERS.format(address(0), address(1)), DIFFERS.format(address(2), address(0))),
        RESTART,
        harmful=HARMFUL,
    ),
    Holds("many ended there before", stands(RUST * 40), RESTART),
    Holds(
        "who asks it fails since, and one who does not was released since",
        stands(
            alerts=(),
            figures=[errors("web", since=1500), errors("blog", since=1400)],
            beside=[
                *workload("web", env={"SHOP": "http://shop:8080"}),
                *workload("blog", before={"image": "blog:0"}, released=1450),
            ],
        ),
        RESTART,
    ),
    Holds("it told of its work only once before", stands(reads=(2700,), others=SELDOM), RESTART),
    Holds(
        "all read every two hours, and tell nothing else at night",
        stands(
            reads=[2 * HOUR * n + 100 for n in range(8, 2, -1)],
            others=[2 * HOUR * n + 100 for n in range(8, -1, -1)],
            ended=6 * HOUR + 98,
            serves=range(1500, 20, -60),
        ),
        RESTART,
    ),
    Holds("it was released days before", stands(objects=shop(pods=3, before=IMAGE, released=50 * HOUR)), RESTART),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("it reads rates again", stands(reads=(*BEFORE_IT, 1200, 100))),
            ("the others read none since either", stands(others=BEFORE_IT)),
            ("the others have ceased since", stands(others=(*BEFORE_IT, 2100, 1900, 1700))),
            ("all have met it", stands(all_end=True)),
            ("the others read only since it ended, as the next leader does", stands(others=range(2300, 20, -300))),
            ("it never did so, as one that does not lead", stands(reads=())),
            ("it ceased long before", stands(reads=(3400, 3350), ended=1000, others=range(3310, 20, -100))),
            ("nothing tells of an end", stands(("ERROR rates: 502 from publisher",))),
            ("its main thread ended", stands(("thread 'main' panicked at src/main.rs:8:4:",))),
            ("the process told nothing more", stands(serves=range(3500, 2400, -60))),
            ("a task that was cancelled", stands(("INFO task rates ended: cancelled at shutdown",))),
            ("so few of others that it may be chance", stands(NAMELESS, reads=(2700,), others=SELDOM)),
            ("what ended served a request", stands(HANDLER)),
            ("what ended served a request, as Java tells", stands(TOMCAT)),
            ("a panic was recovered in what served a request", stands(RECOVERED_HANDLER)),
            ("a panic was recovered in what served a client", stands(SERVING)),
            ("it does so no more as another one leads", stands(LED)),
            ("it was to end", stands(SHUT)),
            ("what ended served a client that went away", stands(CLIENT)),
            ("what ended served a client that closed", stands(PIPE)),
            ("a broker gave its partitions to others", stands(REBALANCED)),
            ("it did so at no even pace, as clients come", stands(reads=(3300, 3290, 2700))),
            (
                "its like do so at no even pace, as clients come",
                stands(reads=(2700,), others=(2690, 2300, 2290, 1600, 1100, 1090, 590)),
            ),
            ("it has another template", stands(objects=of_two_templates())),
            ("soon after a release", stands(objects=shop(pods=3, before=IMAGE, released=2 * HOUR))),
            ("nothing is wrong anywhere", stands(alerts=(), figures=[errors("shop", 0.001)])),
            (
                "something was wrong before it alone",
                stands(
                    alerts=(),
                    figures=[errors("web", since=3400)],
                    beside=workload("web", env={"SHOP": "http://shop:8080"}),
                ),
            ),
            (
                "others fail who do not ask it",
                stands(alerts=(), figures=[errors("web", since=1500)], beside=workload("web")),
            ),
            ("it keeps data", stands(objects=shop(pods=3, spec=KEPT))),
            ("it is a program of others", stands(objects=shop(pods=3, image="confluentinc/cp-kafka:7.6"))),
            (
                "who asks it was released since, and complains of what names no pod",
                asks("WARN POST /basket 409 price changed"),
            ),
            (
                "who asks it was released since, and complains of its like as well",
                asks(DIFFERS.format(address(0), address(1)), DIFFERS.format(address(2), address(1))),
            ),
            (
                "who asks it was released since, and names that pod in whatever he tells",
                asks(DIFFERS.format(address(0), address(1)), well=f"INFO POST /basket 201 by {address(0)}"),
            ),
        )
    ),
    DoesNotHold("its container was started again since", started_again()),
]
