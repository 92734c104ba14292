"""A pool that takes connections for lost which are kept amid calls of others."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, SHOP, URL, errors, shop
from tests.diagnosis.rules.test_connections_not_returned import BACK, LEAK, WAITS
from tests.diagnosis.rules.tiny import figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

PAY = "api.pay.example"
PAYS = {**URL, "PAY_URL": f"https://{PAY}/v3"}


def amid_calls(
    *more: Any,
    whom: str = PAY,
    was: float = 0.2,
    lasts: float = 23.0,
    since: float = 600,
    figures: bool = True,
    lines: tuple[str, ...] = (LEAK, WAITS),
    beside: Any = (),
    **made: Any,
) -> Snapshot:
    """Return a shop whose pool takes connections for lost since four minutes, and whom it asks is slow since ten."""
    slow = [figure("dependency_latency_p95", was, lasts, since, component="shop", dependency=whom)]
    return snapshot(
        shop(**({"env": PAYS} | made)),
        postgres(),
        *beside,
        logs=[log(pod("shop"), *lines * 9), *more],
        figures=[errors("shop", since=200), *(slow if figures else [])],
    )


TOMCAT = "WARN Connection has been abandoned PooledConnection[org.postgresql.jdbc.PgConnection@1b]"
C3P0 = "INFO A checked-out resource is overdue, and will be destroyed: NewPooledConnection@1b"
TIMED_OUT = f"ERROR I/O error on POST request for https://{PAY}/v3/quotes: Read timed out"
UNDICI = f"ERROR HeadersTimeoutError: Headers Timeout Error calling https://{PAY}/v3/quotes"
NO_ANSWER = f'level=ERROR msg="Post https://{PAY}/v3/quotes: context deadline exceeded"'


def told_late(line: str, since: float = 900, times: int = 9) -> Any:
    return log(pod("shop", 1), *[line] * times, since=since)


HOLDS = [
    *(
        Holds(f"whom it asks {what}", world, (SHOP, "database_connection", "restart_connection_pool"))
        for what, world in (
            ("is as slow as ever", amid_calls(was=23.0)),
            ("is slower than it was, by far less than a pool waits", amid_calls(lasts=0.9)),
            ("became slow after it had lost connections", amid_calls(since=60)),
            ("is its database, whose answers wait for a connection as well", amid_calls(whom="postgres")),
            ("is a database outside", amid_calls(whom="postgresql")),
            ("did not answer once", amid_calls(told_late(TIMED_OUT, times=1), figures=False)),
            ("did not answer after it had lost connections", amid_calls(told_late(TIMED_OUT, 90), figures=False)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"connections are kept amid calls: {what}",
            world,
            (SHOP, "dependency_failure", "page_human"),
            harmful=("restart_connection_pool", "restart_workload", "rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("a host outside is slow", amid_calls()),
            ("a host outside is slow, and the pool tells of nobody who waits", amid_calls(lines=(LEAK,))),
            (
                "a host outside is slow, and a few came back",
                amid_calls(lines=(LEAK, "java.lang.Exception: Apparent connection leak detected", BACK, WAITS)),
            ),
            ("a pool of Tomcat tells of it", amid_calls(lines=(TOMCAT, WAITS))),
            ("a pool of c3p0 tells of it", amid_calls(lines=(C3P0, WAITS))),
            ("a host outside times out", amid_calls(told_late(TIMED_OUT), figures=False)),
            ("a host outside gives no answer (Go)", amid_calls(told_late(NO_ANSWER), figures=False)),
            ("a host outside gives no answer (undici)", amid_calls(told_late(UNDICI), figures=False)),
        )
    ),
    DoesNotHold(
        "connections are kept amid calls: another service is slow",
        amid_calls(whom="cart", beside=[workload("cart")], env={**URL, **CALLS_CART}),
        harmful=("restart_connection_pool", "restart_workload", "rollback_workload", "scale_workload"),
    ),
]
