"""A client within some pods stopped for good, and others of their template work; what moves on by itself is another."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, built, pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

REACTOR = "java.lang.IllegalStateException: Request cannot be executed; I/O reactor status: STOPPED"
TRIAL = (
    "WARN call failed: CallNotPermittedException: CircuitBreaker 'bank' is HALF_OPEN and does not permit further calls"
)
OPEN = "WARN call failed: CallNotPermittedException: CircuitBreaker 'bank' is OPEN and does not permit further calls"
SAYINGS = (
    TRIAL,
    "ERROR search failed java.lang.IllegalStateException: Connection pool shut down",
    "ERROR job not taken: RuntimeError: cannot schedule new futures after shutdown",
    "ERROR RuntimeError: Cannot send a request, as the client has been closed.",
    "ERROR java.util.concurrent.RejectedExecutionException: Task a.B$1@1f rejected from "
    "java.util.concurrent.ThreadPoolExecutor@5c[Terminated, pool size = 0]",
    "ERROR ClientClosedError: The client is closed",
    "ERROR query: sql: database is closed",
    "ERROR rpc error: code = Canceled desc = grpc: the client connection is closing",
    "Error: Cannot use a pool after calling end on the pool",
    "ERROR poll failed: java.lang.IllegalStateException: This consumer has already been closed.",
)
OF_OTHERS = (
    "WARN listener: half-open connection rejected, backlog full",
    "INFO socket 17 closed by peer, session is done",
    OPEN,
    "INFO poll done, consumer has been closed",
    "DEBUG Connection pool shut down",
    "INFO transfer refused: the client is closed",
    "INFO bets are no longer taken: pool is closed",
    "RuntimeError: Event loop is closed",
)


def told(*lines: str, since: float = 2400, upto: float = 0, calm: float = 3000, number: int = 0) -> Log:
    """Return the log of a pod that worked for so long, and tells something each few minutes since; until when."""
    works = [(since + calm * n / 20, "INFO request done") for n in range(20, 0, -1)]
    step = (since - upto) / 12
    says = [(since - step * n, line) for n in range(12) for line in lines]
    return Log(pod("shop", number), "shop", tuple(f"{at(age)} {line}" for age, line in [*works, *says]))


def works(number: int = 1, *lines: str) -> Log:
    """Return the log of a pod that works on."""
    return log(pod("shop", number), *(lines or ["INFO request done"]) * 20, since=3000)


NEW_WEB = workload("web", env={"SHOP_URL": "http://shop:8080"}, before={"image": "web:0"}, released=700)
WEB = workload("web", env={"SHOP_URL": "http://shop:8080", "SEARCH_URL": "http://search:8080"})
SEARCH = workload("search")
OF_BANK = {"BANK_URL": "https://api.bank.example/v1"}
FAILS = (errors("web", since=2300),)


def one(
    first: Log | None = None,
    *others: Log,
    objects: Any = None,
    search: Any = SEARCH,
    web: Any = WEB,
    figures: Any = FAILS,
    alerts: Any = (),
) -> Snapshot:
    """Return a shop of two pods, of which one tells of a client of its own; the other one works."""
    return snapshot(
        objects or shop(env={"SEARCH_URL": "http://search:8080"}),
        search,
        web,
        logs=[first or told(REACTOR), *(others or [works()])],
        figures=figures,
        alerts=alerts,
    )


def bare(line: str) -> Log:
    """Return a log whose error stands below the line with the time, as a stack trace does."""
    head = told("ERROR search failed")
    lines = [part for each in head.lines for part in ([each, line] if "failed" in each else [each])]
    return Log(head.pod, head.container, tuple(lines))


def young(age: float) -> Any:
    """Return a shop whose pod that works was made a while ago."""
    objects = shop(env={"SEARCH_URL": "http://search:8080"})
    made = pods_of(objects)[1]
    made["metadata"]["creationTimestamp"] = at(age)
    made["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = at(age)
    return objects


RESTART = (SHOP, "service_crash", "restart_workload")
HOLDS = [
    *(
        Holds(
            f"one of two tells so, and the other works: {line[:70]}",
            one(told(line)),
            RESTART,
            excludes=(
                *no("rollback_workload", "scale_workload", at=SHOP),
                *no("rollback_workload", at="Deployment/web"),
            ),
            harmful=("rollback_workload", "scale_workload"),
            began=2400,
        )
        for line in SAYINGS
    ),
    Holds("it stands in a trace without times", one(bare(REACTOR)), RESTART, began=2400),
    Holds("an alert alone tells that somebody suffers", one(figures=(), alerts=[alert(service="web")]), RESTART),
    Holds(
        "the outage in which it stopped was felt before",
        one(told(TRIAL), figures=[errors("web", since=3300)]),
        RESTART,
    ),
    Holds(
        "a breaker moved on for a while, and stands on trial since",
        one(told(TRIAL, since=1500, calm=900)),
        RESTART,
        began=1500,
    ),
    Holds(
        "it was released an hour before",
        one(
            told(REACTOR, since=1500, calm=900),
            objects=shop(env={"SEARCH_URL": "http://search:8080"}, before=IMAGE, released=1.5 * HOUR),
        ),
        RESTART,
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("restart_workload",))
        for what, world in (
            *((f"it tells of something else: {line[:60]}", one(told(line))) for line in OF_OTHERS),
            ("its breaker opens anew each time: its server fails still", one(told(TRIAL, OPEN))),
            (
                "its breaker moves on",
                one(told(TRIAL, "INFO CircuitBreaker 'bank' changed state from OPEN to HALF_OPEN")),
            ),
            ("it makes a new client each time", one(told(REACTOR, "INFO search client was re-created"))),
            ("it told so for a moment", one(told(REACTOR, since=300))),
            ("it is long over", one(told(REACTOR, since=3000, upto=1800))),
            ("all pods tell so: nobody shows that a new process is well", one(told(TRIAL), told(TRIAL, number=1))),
            ("it told so from its start on", one(objects=shop(started=2500))),
            ("its log begins with it: it may have told so from its start on", one(told(REACTOR, calm=0))),
            (
                "the other one gets no answer either",
                one(told(TRIAL), works(1, "ERROR GET http://search:8080/q: connection refused")),
            ),
            ("whom it asks lacks pods", one(search=workload("search", ready=1))),
            (
                "a neighbour gets no answer of the host that it asks too",
                one(
                    told(TRIAL),
                    works(),
                    log(pod("loans"), *["ERROR GET https://api.bank.example/v1: connection timed out"] * 9),
                    objects=shop(env=OF_BANK),
                    search=workload("loans", env=OF_BANK),
                ),
            ),
            ("the other one has only just started", one(objects=young(200))),
            ("the other one has said nothing of late", one(None, told("INFO bye", upto=1500, number=1))),
            ("it runs another build than the one that works", one(objects=built(shop(), "aa", "bb"))),
            ("nobody suffers", one(figures=[errors("web", 0.001)])),
            ("it is a program of others", one(objects=shop(image="confluentinc/cp-kafka:7.6"))),
        )
    ),
    DoesNotHold(
        "a caller fails since its own release, long after the client stopped",
        one(web=NEW_WEB, figures=[errors("web", since=600)]),
        ("Deployment/web", "code_defect", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it came with its release",
        one(objects=shop(before=IMAGE, released=2500, started=5000)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
