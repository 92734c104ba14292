"""A task ended in one pod at an error that nothing calls an end; what it held was as good as anybody's for days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tests.diagnosis.rules import test_task_ended_in_few as stated
from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, pod, snapshot, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

JAVA = (
    "ERROR [rates-refresh] c.e.RatesRefresher : refresh failed",
    "java.lang.IllegalStateException: Unexpected end of stream",
    "\tat c.e.RatesRefresher.refresh(RatesRefresher.java:61)",
)
PYTHON = (
    "ERROR rates: read failed",
    "Traceback (most recent call last):",
    '  File "/app/rates.py", line 40, in read_rates',
    "KeyError: 'zone'",
)
NODE = ('{"level":"error","msg":"rates: cannot read","err":{"stack":"TypeError: no zone at /app/rates.js:8"}}',)
HANDLED = ("ERROR rates: 502 from publisher",)
WAITS = ("ERROR rates: java.net.ConnectException: refused, retry in 6h",)
OF_OTHERS = ("ERROR mail: java.net.ConnectException: refused",)
BROKEN_PIPE = (
    "ERROR [http-nio-8080-exec-7] rates stream: org.apache.catalina.connector.ClientAbortException: Broken pipe",
)
CUT_NAME = ("ERROR [io-8080-exec-12] rates stream failed: java.lang.IllegalStateException: closed",)
RESET = ('{"level":"error","msg":"rates stream","err":{"stack":"Error: ECONNRESET, client gone at /app/rates.js:8"}}',)
HANDLER = (
    "ERROR handle_request /rates failed for client",
    "Traceback (most recent call last):",
    '  File "/app/rates.py", line 40, in get_rates',
    "KeyError: 'zone'",
)
SERVLET = (
    "ERROR c.e.RatesController : rates failed",
    "java.lang.IllegalStateException: no zone",
    *("\tat c.e.RatesController.show(RatesController.java:61)",) * 20,
    "\tat jakarta.servlet.http.HttpServlet.service(HttpServlet.java:590)",
)
OPENED = ("ERROR rates: circuit open after com.example.RatesException: 502",)


def days(
    *complaints: str,
    ends: Collection[str] = JAVA,
    who: Collection[int] = (0,),
    age: float = 900,
    goes_on: bool = False,
    times: int = 8,
    kept: bool = True,
    **more: Any,
) -> Snapshot:
    """Return a shop whose first pod lost a task three days ago; of these days but the beginning little was kept.

    ``complaints``: what pods (``who``) repeat since an ``age``. ``kept``: False where the others refresh no more.
    """
    logs = [
        _of_days(n, ends if n == 0 else (), complaints if n in who else (), age, goes_on or (n > 0 and kept), times)
        for n in range(3)
    ]
    return snapshot(
        more.pop("objects", None) or shop(pods=3),
        logs=logs,
        alerts=more.pop("alerts", (alert("Unauthorised", service="shop"),)),
        figures=more.pop("figures", ()),
    )


def _of_days(
    number: int, ends: Collection[str], complaints: Sequence[str], age: float, goes_on: bool, times: int
) -> Log:
    """Return the log of a pod: keys refreshed each ten minutes three days ago, an end then, and the last hour."""
    keys = "INFO [keys-refresh] c.e.KeysRefresher : signing keys refreshed: kids=[{}]"
    told = [(3 * DAY + 600 * n, keys.format("k-20")) for n in range(1, 5)]
    told += [(3 * DAY, line.replace("rates", "keys").replace("Rates", "Keys")) for line in ends]
    told += [] if ends else [(3 * DAY, keys.format("k-20"))]
    told += [(float(each), keys.format("k-20, k-27")) for each in range(3605, 0, -600)] if goes_on else []
    told += [(float(each), "INFO sitting 81 opened") for each in range(3500, 20, -120)]
    told += [(age - 80 * n, complaints[n % len(complaints)]) for n in range(times if complaints else 0)]
    return timed(pod("shop", number), *sorted(told, key=lambda each: -each[0]))


def streams(ends: Collection[str]) -> Snapshot:
    """Return a shop each pod of which pushes rates to a client of its own; that of the first one left at an error."""
    logs = []
    for n, ages in enumerate((stated.BEFORE_IT, range(3310, 20, -300), range(3310, 20, -300))):
        told = [(float(age), f"INFO rates stream: snapshot pushed to desk-{n}") for age in ages]
        told += [(float(age), stated.SERVED) for age in range(3500, 20, -60)]
        told += [(2400.0, line) for line in ends if n == 0]
        logs.append(timed(pod("shop", n), *sorted(told, key=lambda each: -each[0])))
    return snapshot(shop(pods=3), logs=logs, alerts=(stated.FIRES,), figures=())


def each_throws() -> Snapshot:
    """Return a shop whose first pod lost a task at an error; the others throw too, each at other work of its own."""
    others = [
        (n, (f"ERROR {what}: java.lang.IllegalStateException: bad",)) for n, what in ((1, "mail"), (2, "picture"))
    ]
    logs = [stated.one(0, JAVA, reads=stated.BEFORE_IT), *(stated.one(n, ends) for n, ends in others)]
    return snapshot(shop(pods=3), logs=logs, alerts=(stated.FIRES,), figures=())


def many(pods: int = 24, tasks: int = 60) -> Snapshot:
    """Return a shop of many pods with many tasks, all of which ceased, and each pod tells of an error of its own."""
    names = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(tasks)]
    logs = []
    for number in range(pods):
        told = [
            (age - n / 2, f"INFO job{each} rates done")
            for n, each in enumerate(names)
            for age in range(3600, 1800, -200)
        ]
        told += [(1769.0, f"ERROR rates job{names[number]} java.lang.IllegalStateException: bad")]
        told += [(float(age), "INFO served") for age in range(1700, 20, -10)]
        logs.append(timed(pod("shop", number), *sorted(told, key=lambda each: -each[0])))
    return snapshot(shop(pods=pods), logs=logs, alerts=(stated.FIRES,), figures=())


REJECTS = "WARN c.e.TokenFilter : 401 token rejected: no signing key k-27 among [k-20]"
OTHER = "WARN c.e.Upload : 413 picture of 81 MB rejected"
RESTART = (SHOP, "service_crash", "restart_workload")
HARMFUL = ("rollback_workload", "scale_workload")
HOLDS = [
    *(
        Holds(
            f"an error was thrown, and it reads no rates since: {what}",
            stated.stands(ends),
            RESTART,
            excludes=no("rollback_workload", at=SHOP),
            harmful=HARMFUL,
            began=2400,
        )
        for what, ends in (
            ("the runtime prints where", JAVA),
            ("the exception is at the end", PYTHON),
            ("all is in one line", NODE),
            ("while it serves others", (*JAVA, "INFO [http-nio-8080-exec-3] GET /quote 200 in 4 ms")),
            ("where in the program it was bears any words", (*JAVA, "\tat c.e.Paused.until(Paused.java:8)")),
            ("it waited in vain", ("ERROR rates: java.util.concurrent.TimeoutException: timed out waiting 30 s",)),
        )
    ),
    Holds("each of the others throws at other work, and goes on", each_throws(), RESTART),
    Holds(
        "days ago, and it alone refuses what the others have learnt since",
        days(REJECTS),
        RESTART,
        harmful=HARMFUL,
        began=900,
    ),
    Holds(
        "days ago, and a log that is called an end tells of it",
        days(REJECTS, ends=("WARN keys watcher thread has died",)),
        RESTART,
        harmful=HARMFUL,
    ),
    Holds(
        "days ago, as Python tells it",
        days("ERROR login refused: signing key unknown: k-27", ends=PYTHON),
        RESTART,
        harmful=HARMFUL,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("another server answered with an error, and it was dealt with", stated.stands(HANDLED)),
            ("it means to try again in hours", stated.stands(WAITS)),
            *(
                (f"it means to go on later: {what}", stated.stands((f"ERROR rates: {what}",)))
                for what in (
                    "java.net.ConnectException: refused, sleeping 2h",
                    "QuotaException: daily quota used up until 00:00 UTC",
                    "QuotaException: rescheduled for 18:00",
                    "RatesException: 429 Retry-After: 21600",
                    "HttpException: 503, skipping until tomorrow",
                    "java.net.ConnectException: refused, will wait 7200 s",
                )
            ),
            (
                "it tells after a long trace when it will go on",
                stated.stands((*JAVA, *JAVA[2:] * 20, "INFO rates: next run at 18:00")),
            ),
            ("its only client left, and asks another pod", streams(BROKEN_PIPE)),
            ("its only client left, and the thread's name is cut", streams(CUT_NAME)),
            ("its only client left, as Node tells", streams(RESET)),
            ("what failed answered a request", stated.stands(HANDLER)),
            ("what failed answered a request, as the end of the trace tells", stated.stands(SERVLET)),
            ("many pods with many tasks, each with an error of its own", many()),
            ("it opened a circuit", stated.stands(OPENED)),
            ("the error is of another task", stated.stands(OF_OTHERS)),
            ("all have thrown it", stated.stands(JAVA, all_end=True)),
            ("it threw, and reads again", stated.stands(JAVA, reads=(*stated.BEFORE_IT, 1200, 900, 600, 300))),
            ("it threw long after it read last", stated.stands(JAVA, reads=(3400, 3300, 3200), ended=1000)),
            ("it threw, and the others read none since either", stated.stands(JAVA, others=stated.BEFORE_IT)),
            (
                "it threw just now, and the next time is not due",
                stated.stands(JAVA, reads=(1800, 1500, 1200), ended=900),
            ),
            ("it told of its work only twice before", stated.stands(JAVA, reads=(3000, 2700))),
            ("nobody feels it", stated.stands(JAVA, alerts=(), figures=[errors("shop", 0.001)])),
            ("days ago, and no pod complains of it", days()),
            ("days ago, and it complains of something else", days(OTHER)),
            *(
                (f"days ago, and it fails at other work: {what}", days(what, ends=ends))
                for what, ends in (
                    ("ERROR picture upload failed: 413 too large", JAVA),
                    ("WARN c.e.Upload : upload failed: quota of bucket exceeded", JAVA),
                    ("ERROR mail to customer could not be read: smtp 550", PYTHON),
                    ("ERROR basket could not be refreshed: 409", JAVA),
                )
            ),
            ("days ago, and its like complain of the same", days(REJECTS, who=(0, 1, 2))),
            ("days ago, and it goes on with it", days(REJECTS, goes_on=True)),
            ("days ago, and nobody does it any more", days(REJECTS, kept=False)),
            ("days ago, and it complains seldom", days(REJECTS, times=2)),
            ("days ago, and nobody is called", days(REJECTS, alerts=())),
            (
                "days ago, and it was released before it complained",
                days(REJECTS, objects=shop(pods=3, before=IMAGE, released=1500)),
            ),
        )
    ),
]
