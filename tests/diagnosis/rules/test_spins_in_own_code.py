"""One line of a program's own code takes all its processor time: nothing but another line, or other work, helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, alert, busy, errors, rate, shop
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, thing, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

SAME, GROWN = rate("shop", 20, 20), rate("shop", 20, 60)
FROM = 500.0
LIB = "/usr/local/lib/python3.12/site-packages"
ABORT = f'  File "{LIB}/gunicorn/workers/base.py", line 204, in handle_abort'
TRIM = (
    '  File "/app/forum/excerpts.py", line 27, in excerpt',
    '    text = TRIM_RE.sub("", body)',
    "           ^^^^^^^",
)


def gunicorn(*inner: str) -> list[str]:
    """Return how Gunicorn ends a worker for its time, and where that one was."""
    return [
        "[1] [CRITICAL] WORKER TIMEOUT (pid:8)",
        "[8] [ERROR] Error handling request /",
        "Traceback (most recent call last):",
        f'  File "{LIB}/gunicorn/workers/sync.py", line 134, in handle',
        "    self.handle_request(listener, req, client, addr)",
        *inner,
        ABORT,
        "    sys.exit(1)",
        "SystemExit: 1",
    ]


def vertx(*frames: str) -> list[str]:
    return [
        "WARN Thread Thread[vert.x-eventloop-thread-0,5,main] has been blocked for 5012 ms, time limit is 2000 ms",
        "io.vertx.core.VertxException: Thread blocked",
        *(f"\tat {each}" for each in frames),
    ]


def elsewhere(line: int) -> list[str]:
    return gunicorn(f'  File "/app/forum/views.py", line {line}, in home', "    rows = list(map(render, rows))")


PHP = "PHP Fatal error:  Maximum execution time of 30 seconds exceeded in /var/www/src/Slug.php on line 88"
SPY = ['Thread 12 (active+gil): "MainThread"', "    flatten (pricing/rules.py:41)", "    quote (pricing/api.py:12)"]
CELERY = [
    "Traceback (most recent call last):",
    '  File "/srv/reports/layout.py", line 90, in pack',
    "    best = min(candidates, key=cost)",
    f'  File "{LIB}/billiard/pool.py", line 228, in soft_timeout_sighandler',
    "    raise SoftTimeLimitExceeded()",
    "billiard.einfo.ExceptionWithTraceback: SoftTimeLimitExceeded()",
]
RUBY = [
    "Rack::Timeout::RequestTimeoutException (Request ran for longer than 15000ms):",
    "app/models/comment.rb:31:in `gsub'",
    "app/models/comment.rb:31:in `strip_tags'",
]
JAVA = (
    "java.base@17.0.9/java.util.regex.Pattern$GroupCurr.match(Pattern.java:4832)",
    "java.base@17.0.9/java.util.regex.Matcher.matches(Matcher.java:716)",
    "com.acme.shop.Sku.isValid(Sku.java:41)",
)
NO_GSUB = ("app/models/trip.rb:88:in `take_seat'", "app/controllers/trips_controller.rb:12:in `create'")
READS = ("java.base@17.0.9/sun.nio.ch.Net.poll(Native Method)", "com.acme.shop.Client.call(Client.java:77)")


def told(*stacks: Sequence[str], times: int = 4, of: int = 0, since: float = FROM) -> Log:
    """Return the log of a pod of the shop that shows some stacks, again and again."""
    lines = [(since - n * since / (times + 1), line) for n in range(times) for each in stacks for line in each]
    return timed(pod("shop", of), (3000, "ready"), *lines)


def world(*logs: Log, figures: Any = None, objects: Any = (), users: bool = True, **more: Any) -> Snapshot:
    known = busy(SAME) if figures is None else figures
    alerts = [alert("ShopDown", service="shop")] if users else []
    return snapshot([*shop(**more), *objects], logs=logs, figures=known, alerts=alerts)


IDLE = [figure("cpu_share", 0.05, 0.06, pod=pod("shop", n), container="shop") for n in range(2)]
ONE_THREAD = [figure("cpu_share", 0.1, 0.5, pod=pod("shop", n), container="shop") for n in range(2)]
READS_MAP: dict[str, Any] = {"spec": {"volumes": [{"name": "p", "configMap": {"name": "patterns"}}]}}

BCRYPT = ('  File "/app/auth/views.py", line 12, in login', "    ok = bcrypt.checkpw(word, row.hash)")
READ = ('  File "/app/docs/store.py", line 12, in load', "    data = f.read()")
LESS = figure("replicas_available", 6, 2, 550, component="shop")
HOUR = 3600.0


def spun(since: float, heard: float) -> Log:
    """Return a log that begins some time ago and tells since another that workers are ended in one expression."""
    lines = [(since * (1 - n / 40), line) for n in range(40) for line in gunicorn(*TRIM)]
    return timed(pod("shop"), (heard, "ready"), *lines)


GONE = (SHOP, "code_defect", "page_human")
LOAD = ("capacity", "scale_workload")
HARM = ("restart_workload", "rollback_workload", "scale_workload", "no_action")
HOLDS = [
    Holds(
        "Gunicorn ends each worker in the same expression",
        world(told(gunicorn(*TRIM))),
        GONE,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        harmful=HARM,
    ),
    *(
        Holds(what, world(told(stack)), GONE, harmful=HARM)
        for what, stack in (
            ("Vert.x shows a thread that matches an expression", vertx(*JAVA)),
            ("PHP counts what a script has computed", [PHP]),
            ("somebody took samples", SPY),
            ("Celery ends a task", CELERY),
            ("Rack ends a request", RUBY),
        )
    ),
    Holds("one in five stands elsewhere", world(told(gunicorn(*TRIM)), told(elsewhere(58), times=1, of=1)), GONE),
    Holds("one thread spins, of two processors", world(told(RUBY), figures=[*ONE_THREAD, errors("shop")]), GONE),
    Holds("nobody measures, and it matches an expression", world(told([PHP]), figures=[]), GONE, harmful=HARM),
    Holds(
        "the release of hours ago stands, and long after it the first worker was ended",
        world(spun(0.8 * HOUR, 4 * HOUR), before=OLD, released=4.5 * HOUR),
        GONE,
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "the release of hours ago may have brought it: the log begins with the first worker that was ended",
        world(spun(0.8 * HOUR, 0.8 * HOUR), before=OLD, released=4.5 * HOUR),
        GONE,
        excludes=no("scale_workload", at=SHOP),
        spares=no("rollback_workload", at=SHOP),
    ),
    Holds("it does one thing for all who ask, as often as ever", world(told(gunicorn(*BCRYPT))), GONE),
    Holds(
        "it does one thing for all who ask, and nobody counts them",
        world(told(gunicorn(*BCRYPT)), figures=busy()),
        GONE,
        believed="cpu_saturated",
        spares=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
    ),
    Holds("the release of a week ago stands", world(told([PHP]), before=OLD, released=7 * DAY), GONE, harmful=HARM),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"no line of its own code is at fault: {what}", where, instead)
    for what, where, instead in (
        (
            "they wait for another one",
            world(told(gunicorn('  File "/usr/lib/python3/ssl.py", line 1, in read'))),
            LOAD,
        ),
        ("a thread waits for an answer", world(told(vertx(*READS))), LOAD),
        ("a line of its own sleeps", world(told(gunicorn(TRIM[0], "    time.sleep(30)"))), LOAD),
        ("each stands elsewhere", world(*(told(elsewhere(n), times=1, of=n % 2) for n in range(6))), LOAD),
        ("it is asked for three times as much", world(told(gunicorn(*TRIM)), figures=busy(GROWN)), LOAD),
        (
            "its release brought it",
            world(told(gunicorn(*TRIM)), before=OLD, released=FROM + 60),
            ("code_defect", "rollback_workload"),
        ),
        (
            "its release of hours ago brought it",
            world(spun(4.4 * HOUR, 4.6 * HOUR), before=OLD, released=4.5 * HOUR, figures=[errors("shop")]),
            (),
        ),
        ("somebody took replicas away", world(told(gunicorn(*TRIM)), figures=busy(SAME, LESS)), LOAD),
        ("a line of its own reads a file", world(told(gunicorn(*READ))), LOAD),
        ("Rails tells of a line that asks a database", world(told([RUBY[0], *NO_GSUB])), LOAD),
        ("once is no rule", world(told(gunicorn(*TRIM), times=1)), LOAD),
        (
            "it has the time that it needs",
            world(told(SPY), figures=[*IDLE, errors("shop")]),
            (),
        ),
        ("it is over", world(told(gunicorn(*TRIM), since=6000), figures=IDLE), ()),
        (
            "a pattern that it reads was edited",
            world(
                told(gunicorn(*TRIM)),
                objects=[thing("ConfigMap", "patterns", written=FROM + 120, data={"a": "b"})],
                **READS_MAP,
            ),
            (),
        ),
        (
            "an error that it tells at once is no place where it stays",
            world(told(["Traceback (most recent call last):", *TRIM[:2], "ValueError: bad text"])),
            LOAD,
        ),
    )
]
