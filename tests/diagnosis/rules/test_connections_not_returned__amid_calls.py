"""A pool that takes connections for lost which are kept amid calls of others."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, URL, errors, shop
from tests.diagnosis.rules.test_connections_not_returned import BACK, LEAK, WAITS
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, postgres, snapshot, timed, workload
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
    measured: Any = (),
    **made: Any,
) -> Snapshot:
    """Return a shop whose pool takes connections for lost since four minutes, and whom it asks is slow since ten."""
    slow = [figure("dependency_latency_p95", was, lasts, since, component="shop", dependency=whom)]
    return snapshot(
        shop(**({"env": PAYS} | made)),
        postgres(),
        *beside,
        logs=[log(pod("shop"), *lines * 9), *more],
        figures=[errors("shop", since=200), *(slow if figures else []), *measured],
    )


TOMCAT = "WARN Connection has been abandoned PooledConnection[org.postgresql.jdbc.PgConnection@1b]"
C3P0 = "INFO A checked-out resource is overdue, and will be destroyed: NewPooledConnection@1b"
TIMED_OUT = f"ERROR I/O error on POST request for https://{PAY}/v3/quotes: Read timed out"
UNDICI = f"ERROR HeadersTimeoutError: Headers Timeout Error calling https://{PAY}/v3/quotes"
NO_ANSWER = f'level=ERROR msg="Post https://{PAY}/v3/quotes: context deadline exceeded"'


def told_late(line: str, since: float = 900, times: int = 9) -> Any:
    return log(pod("shop", 1), *[line] * times, since=since)


HOUR = 3600.0
REMEDY = "restart_connection_pool"
LATELY: dict[str, Any] = {"before": IMAGE, "released": 1500}
SELDOM = timed(
    pod("shop", 1),
    *((hours * HOUR, TIMED_OUT) for hours in (30, 22, 13, 7, 3)),
    (600, TIMED_OUT),
    *((age, "INFO stored") for age in (500, 400, 300, 200, 100, 50)),
)
EARLY = timed(pod("shop", 1), *((float(age), TIMED_OUT) for age in range(3000, 30, -100)))
OVER = timed(pod("shop", 1), *((float(age), TIMED_OUT) for age in range(780, 660, -10)), (50, "INFO stored"))
AGAIN = timed(
    pod("shop", 1),
    *((hours * HOUR, TIMED_OUT) for hours in (30, 22, 13, 7, 3)),
    *((float(age), TIMED_OUT) for age in range(600, 30, -40)),
)
SLOWLY = told_late(TIMED_OUT, times=4)
OF_DATABASE = "ERROR dial tcp: db.corp.example:5432: i/o timeout"
MOSTLY_OF_DATABASE = log(pod("shop", 1), TIMED_OUT, *[OF_DATABASE] * 9, TIMED_OUT, since=900)


def leads_to(host: str, key: str = "DATABASE_URL", value: str = "jdbc:postgresql://%s/shop", whom: str = "") -> Any:
    """Return a shop that measures its own database, which is outside and which a setting names."""
    return amid_calls(whom=whom or host, env={key: value.replace("%s", host)})


CRM = workload("crm", env={"PAY_URL": f"https://{PAY}/v3"})


def compared(*said: Any, now: float = 0.2, **rest: Any) -> Snapshot:
    """Return a shop whose calls are slow, and another service that measures the same host."""
    theirs = figure("dependency_latency_p95", 0.2, now, 1400, component="crm", dependency=PAY)
    return amid_calls(*said, beside=[CRM], measured=[theirs], **rest)


CLUSTER = "prod-main.cluster-c1x.eu-west-1.rds.amazonaws.com"
FILE = "pay: https://api.pay.example/v3\nurl: jdbc:sqlserver://%s;databaseName=shop\n"

HOLDS = [
    *(
        Holds(f"whom it asks is its database outside: {what}", world, (SHOP, "database_connection", REMEDY))
        for what, world in (
            ("its URL has the scheme of one", leads_to(CLUSTER)),
            ("its URL has the scheme of one, among others in a file", leads_to("main.corp.example", "APP_YML", FILE)),
            ("its address has the port of one", leads_to("main.corp.example", "MAIN", "%s:3306")),
            ("a variable of databases has its name alone", leads_to("main.corp.example", "DB_HOST", "%s")),
            ("figures name it with its port", leads_to("main.corp.example", "X", "", "main.corp.example:5432")),
            ("it is a cache by its URL", leads_to("main.corp.example", "STATE", "rediss://:pw@%s:7000/0")),
            ("its name says so, and a Secret keeps its URL", amid_calls(whom="orders-db.example.com")),
            ("figures have the name of a source of data", leads_to(CLUSTER, whom="default")),
            ("figures have the name of its variable", leads_to(CLUSTER, "PRIMARY_URL", whom="primary")),
        )
    ),
    *(
        Holds(
            f"answers did not come, but {what}", amid_calls(told, figures=False), (SHOP, "database_connection", REMEDY)
        )
        for what, told in (
            ("six times in thirty hours", SELDOM),
            ("as often as for most of an hour", EARLY),
            ("seldom, also of late", SLOWLY),
            ("not any more when connections were missed", OVER),
            ("those of its database, and two of another one", MOSTLY_OF_DATABASE),
        )
    ),
    *(
        Holds(f"a release keeps its connections, and {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("answers failed to come six times in thirty hours", amid_calls(SELDOM, figures=False, **LATELY)),
            ("a host outside was slow for a quarter of an hour then", amid_calls(since=2400, **LATELY)),
            ("a host outside takes less than any pool waits", amid_calls(was=0.9, lasts=3.1, **LATELY)),
            ("a host is slow for it since then, and for nobody else", compared(since=1440, **LATELY)),
            ("a host is slow for it some time later, and for nobody else", compared(since=1000, **LATELY)),
            (
                "a host times out for it, and for nobody else",
                compared(told_late(TIMED_OUT), figures=False, **LATELY),
            ),
        )
    ),
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
            ("it is measured by the name of its variable", amid_calls(whom="pay")),
            ("a variable calls it as a database is called", amid_calls(env={**URL, "PG_URL": f"https://{PAY}/v3"})),
            ("a pool of Tomcat tells of it", amid_calls(lines=(TOMCAT, WAITS))),
            ("a pool of c3p0 tells of it", amid_calls(lines=(C3P0, WAITS))),
            ("a host outside times out", amid_calls(told_late(TIMED_OUT), figures=False)),
            ("a host outside times out, as seldom before", amid_calls(AGAIN, figures=False)),
            ("a release came days before", amid_calls(before=IMAGE, released=2 * DAY)),
            ("a release came a minute before it was slow, and nobody compares", amid_calls(since=1440, **LATELY)),
            ("a release came, and the host is slow for others too", compared(now=23.0, since=1440, **LATELY)),
            ("no release came, and others find it quick", compared()),
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
