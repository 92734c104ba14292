"""A task ended in one pod before its log tells of any work, and it refuses what its like take; what looks so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.tiny import at, pod, snapshot, workload
from tuheg_ir.diagnosis.folder.logs import kept_lines
from tuheg_ir.diagnosis.model import Log, Snapshot

JAVA = (
    'Exception in thread "keys-refresh-1" java.lang.IllegalStateException: unexpected end of stream',
    "\tat c.e.KeyCache.refresh(KeyCache.java:71)",
)
PYTHON = ("Exception in thread Thread-3 (refresh_tariffs):", "Traceback (most recent call last):", "KeyError: 'kid'")
CALLED = (alert("Unauthorised"),)
RUST = ("thread 'keys-refresh' panicked at src/keys.rs:88:41:", "called `Option::unwrap()` on a `None` value")
GO = ("goroutine tariffs.Refresh exited: recovered panic: nil map",)
HANDLER = (*JAVA, "\tat jakarta.servlet.http.HttpServlet.service(HttpServlet.java:590)")
POOLED = ('Exception in thread "pool-4-thread-1" java.lang.NullPointerException: zone is null',)
STOPPED = ("keys-refresh loop stopped",)
CANCELLED = ("keys-refresh loop stopped: graceful shutdown",)
NEWS = "INFO 1 --- [{}] c.e.KeyCache : keys [k-20, k-27]"
UNKNOWN = "DEBUG 1 --- [exec-{n}] c.e.BearerFilter : 401 kid=k-27 not among [k-19, k-20], user={n}"
TARIFF = "INFO order o-{n} rejected: tariff t-27 unknown, have t-19..t-20"
PUSHES = (
    'Exception in thread "metrics-push-1" java.lang.IllegalStateException: closed',
    "\tat c.e.Metrics.push(M.java:1)",
)
OLD_KEY = "WARN 1 --- [exec-{n}] c.e.ApiKeys : partner acme forbidden: api key expired, req={n}"
VOUCHER = "INFO order o-{n} rejected: voucher expired"
NOT_MINE = "DEBUG lease held by other, lock denied: not mine, turn {n}"
SERVED = "INFO 1 --- [exec-{n}] c.e.Orders : order o-{n} taken"
PUSHED = "INFO 1 --- [exec-{n}] c.e.Push : sent to {n}"


def cut(
    ends: Sequence[str] = JAVA,
    *,
    name: str = "keys-refresh-1",
    says: str | None = UNKNOWN,
    refuse: Collection[int] = (0,),
    own: Collection[float] = (),
    others: Collection[float] = range(3900, 20, -600),
    keep: Collection[int] = (1, 2),
    known: float | None = None,
    age: float = 2000,
    pods: int = 3,
    tail: int = 0,
    until: int = 0,
    alerts: Any = CALLED,
    objects: Any = None,
    beside: Any = (),
) -> Snapshot:
    """Return a shop whose first pod's log begins with an end, and refuses what others take.

    ``known``: when it ended, where a line tells; ``own``: when it tells of that work after all; ``tail``, ``until``:
    when it told something, and refused, last.
    """
    logs = [
        _of(
            n,
            ends if n == 0 else (),
            known,
            [(float(each), NEWS.format(name)) for each in (own if n == 0 else others if n in keep else ())],
            (says if n in refuse else None, age, until),
            tail if n == 0 else 0,
        )
        for n in range(pods)
    ]
    return snapshot(objects or shop(pods=pods), beside, logs=logs, alerts=alerts)


def _of(
    number: int,
    ends: Sequence[str],
    known: float | None,
    news: Sequence[tuple[float, str]],
    says: tuple[str | None, float, int],
    tail: int,
) -> Log:
    told = [(float(each), SERVED.format(n=each)) for each in range(3500, tail + 20, -120)]
    told += news
    told += (
        [(float(each), says[0].format(n=each)) for each in range(int(says[1]), max(tail, says[2]), -100)]
        if says[0]
        else []
    )
    first = [line if known is None else f"{at(known)} ERROR {line}" for line in ends]
    lines = [*first, *(f"{at(age)} {line}" for age, line in sorted(told, key=lambda each: -each[0]))]
    return Log(pod("shop", number), "shop", kept_lines("\n".join(lines)))


RESTART = (SHOP, "service_crash", "restart_workload")
HARMFUL = ("rollback_workload", "scale_workload")

HOLDS = [
    *(
        Holds(
            f"its log begins with the end of a task, and it alone refuses: {what}",
            world,
            RESTART,
            excludes=no("rollback_workload", at=SHOP),
            harmful=HARMFUL,
            began=2000,
        )
        for what, world in (
            ("a thread of Java, and keys", cut()),
            ("one of Python, and tariffs", cut(PYTHON, name="refresh_tariffs", says=TARIFF)),
            ("one of Rust", cut(RUST, name="keys-refresh")),
            ("a goroutine", cut(GO, name="tariffs.Refresh", says=TARIFF)),
            ("a loop whose name stands before", cut(STOPPED, name="keys-refresh")),
            ("a day before, by the line's own time", cut(known=90_000)),
            ("somebody it is asked by is alerted for", cut(alerts=[alert(service="shop")])),
            (
                "another program was released since, and is well",
                cut(beside=workload("mail", before={"image": "mail:0"}, released=2300)),
            ),
        )
    ),
    *(
        Holds(
            f"its log begins with the end of a task, and what it alone refuses is none of it: {what}",
            world,
            (SHOP, "unknown", "page_human"),
            harmful=("restart_workload", *HARMFUL),
        )
        for what, world in (
            ("one partner's key is too old", cut(PUSHES, name="metrics-push-1", says=OLD_KEY)),
            ("so it is where keys are no more fetched", cut(says=OLD_KEY)),
            ("somebody's vouchers are too old", cut(PUSHES, name="metrics-push-1", says=VOUCHER)),
            ("another one leads", cut(says=NOT_MINE)),
            ("a new key, where figures are no more sent", cut(PUSHES, name="metrics-push-1")),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a pod's log begins with the end of a task, and {what}", world, (), harmful=("restart_workload",))
    for what, world in (
        ("it refuses nothing", cut(says=None)),
        ("it refuses no more", cut(age=3400, until=1200)),
        ("each of them refuses", cut(refuse=(0, 1, 2))),
        ("another one refuses as well", cut(refuse=(0, 1))),
        ("what it alone tells is no refusal", cut(says=PUSHED)),
        ("a new thread does its work", cut(own=(2900, 1700, 500), name="keys-refresh-2")),
        ("it does it again", cut(own=(900,))),
        ("one of the others does not do it", cut(keep=(1,))),
        ("the others ceased as well", cut(others=(3900, 3300, 2700, 2100))),
        ("the others do it as it comes", cut(others=(3900, 3890, 2700, 1200, 1190, 300))),
        ("there is only one other, which may lead", cut(pods=2)),
        ("what ended served a request", cut(HANDLER)),
        ("its name tells nothing of its work", cut(POOLED, name="pool-4-thread-1")),
        ("it was told to end", cut(CANCELLED, name="keys-refresh")),
        ("nobody is called", cut(alerts=())),
        ("it tells nothing any more", cut(tail=1500)),
        (
            "it was released an hour before it refused",
            cut(objects=shop(pods=3, before=IMAGE, released=3700)),
        ),
    )
]
