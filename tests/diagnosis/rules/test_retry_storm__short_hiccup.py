"""A lock or one long statement, that is gone, set tries out; and a caller names whom it asks by names of its own."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Answer, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, DB, SHOP, URL, rate
from tests.diagnosis.rules.test_retry_storm__after_trouble import JAVA, SINCE
from tests.diagnosis.rules.test_retry_storm__left_a_moment import SPRING, caller
from tests.diagnosis.rules.test_retry_storm__left_a_moment import world as short_of_a_pod
from tests.diagnosis.rules.test_retry_storm__stood_still import PAUSE, still, world
from tests.diagnosis.rules.tiny import pod, timed, workload
from tuheg_ir.diagnosis.model import Log

SET: Answer = (SHOP, "configuration_error", "rollback_workload")
ECHO: Answer = (CART, "dependency_failure", "page_human")
HARM = ("scale_workload", "restart_workload", "restart_connection_pool", "scale_database")
GOT = "[91] cart@shop LOG:  process 91 acquired AccessShareLock on relation 18 of database 16 after %s ms"
WAITS = (
    "[91] cart@shop LOG:  process 91 still waiting for AccessShareLock on relation 18 of database 16 after 1000.1 ms"
)
LATER = WAITS.replace("91", "95")
LONG, SHORT = GOT % "31250.114", GOT % "1204.310"
ALTER = "[77] dba@shop LOG:  duration: 31251.902 ms  statement: ALTER TABLE items ALTER COLUMN note TYPE text"
QUICK = "[77] dba@shop LOG:  duration: 812.902 ms  statement: SELECT count(*) FROM items"
METADATA = "# Query_time: 22.104311  Lock_time: 22.101007 Rows_sent: 1  Rows_examined: 1"
DUMP = METADATA.replace("22.101007", "0.000004")
UNLOCKED = "# Query_time: 1.204311  Lock_time: 0.000007 Rows_sent: 1  Rows_examined: 1"
MONGO = (
    '"s":"I","c":"COMMAND","msg":"Slow query","attr":{"type":"command","ns":"shop.items","planSummary":"COLLSCAN",'
    '"durationMillis":%d}}'
)
COPY = "COPY public.orders (id, note) TO stdout;"
ANEW = "VACUUM (FULL, ANALYZE) items"
INDEX = "CREATE INDEX items_at ON items (at)"
BUILT = '{"s":"I","c":"INDEX","msg":"Index build: done building","attr":{"durationMillis":9120}}'
BUILDS = MONGO.replace('"planSummary":"COLLSCAN"', '"command":{"createIndexes":"items"}')
EXPORT = '{"level":"info","msg":"nightly export of carts done","durationMillis":41233}'
TOOK = "[77] dba@shop LOG:  duration: %d.902 ms  statement: %s"
ADVISORY = GOT.replace("AccessShareLock on relation 18 of database 16", "ExclusiveLock on advisory lock [16,0,42,1]")
UPKEEP = GOT.replace("AccessShareLock", "ShareUpdateExclusiveLock")
SLEEPS = "    at java.lang.Thread.sleep(Native Method)"
GAVE_UP = "ERROR items: (1205, 'Lock wait timeout exceeded; try restarting transaction')"
OUTSIDE = {**CALLS_CART, "PRICES_URL": "https://api.prices.example"}
OF_PRICES = {**CALLS_CART, "PRICES_URL": "http://cart:8080"}
RESILIENCE4J = "WARN c.e.Prices : Retry '{}', waiting PT0S until attempt '%d'. Last attempt failed with exception "
RESILIENCE4J += "'java.net.SocketTimeoutException: Read timed out'"
POLLY = "warn: Polly[3] Execution attempt. Source: '{}/Standard-Retry', Result: 'The request was canceled due to the "
POLLY += "configured HttpClient.Timeout of 0.8 seconds elapsing.', Handled: 'True', Attempt: '%d'"
ZAP = '{{"level":"warn","msg":"call failed","client":"{}","attempt":%d,"error":"context deadline exceeded"}}'
AXIOS = "{}: attempt %d/6 failed: timeout of 800ms exceeded"
OF_ORDER = "WARN delivery for cart 4711, attempt %d: Read timed out"
FEIGN = "WARN c.e.{}Client : attempt %d of 6: Read timed out executing GET"
PRICES = {"name": "PRICES_RETRY_MAX_ATTEMPTS", "was": "2", "now": "6"}


def lock(*lines: tuple[float, str]) -> Log:
    """Return what a database tells of a lock that made others wait as the storm began, and ended."""
    return still(*(lines or ((SINCE + 45, WAITS), (SINCE + 15, LONG))))


def gave_up(until: float) -> Log:
    """Return what the cart tells of waits for locks that it gave up."""
    return timed(pod("cart"), *((SINCE + 30 - n * (SINCE + 30 - until) / 5, GAVE_UP) for n in range(6)))


def called(
    line: str, own: str = "prices", by: dict[str, str] = PRICES, env: dict[str, str] = OF_PRICES, **more: Any
) -> Any:
    """Return a storm by a caller that has a name of its own for the cart."""
    now, was = ({**env, by["name"]: by[each]} for each in ("now", "was"))
    given = {**caller(by), "env": now, "before": {"env": was}, **more}
    return short_of_a_pod(by, line.format(own) if "{}" in line else line, **given)


HOLDS = [
    *(
        Holds(f"a moment that is over let tries loose: {what}", found, SET, harmful=HARM, alone=True)
        for what, found in (
            ("a table was locked", world(said=lock())),
            ("a statement that locks a table took long", world(said=still((SINCE + 15, ALTER), (60, QUICK)))),
            ("MySQL had its metadata locked", world(said=still((SINCE + 15, METADATA), (60, UNLOCKED)))),
            ("MongoDB read a whole collection", world(said=still((SINCE + 15, MONGO % 24310), (60, MONGO % 210)))),
            (
                "a table was locked, and a leader was elected since",
                world(said=lock((SINCE + 15, LONG), (60, ADVISORY % "86400000.1"))),
            ),
            (
                "a table was written anew",
                world(said=still((SINCE + 15, TOOK % (31251, ANEW)))),
            ),
            (
                "a statement that locks a table took long, and the database is dumped each ten minutes",
                world(said=still((SINCE + 15, ALTER), *((600 * n, TOOK % (9000, COPY)) for n in range(3)))),
            ),
            ("an index was built that keeps writers out", world(said=still((SINCE + 15, TOOK % (31251, INDEX))))),
            (
                "its virtual machine stood still while a thread slept",
                world(said=timed(pod("cart"), (SINCE + 20, PAUSE % (11023, 11003)), (SINCE + 19, SLEEPS))),
            ),
            ("the service gave up waiting for locks", world(said=gave_up(SINCE - 60))),
        )
    ),
    *(
        Holds(f"a caller has a name of its own for whom it asks: {what}", found, SET, harmful=HARM)
        for what, found in (
            ("Resilience4j", called(RESILIENCE4J)),
            ("Polly", called(POLLY)),
            ("a field of its log", called(ZAP)),
            ("before its words", called(AXIOS)),
            ("the name of a class", called(FEIGN, "Prices")),
            ("what is left of the Service's name", called(RESILIENCE4J, "cart", SPRING, CALLS_CART)),
            ("only its settings have that name", called(JAVA)),
        )
    ),
    Holds(
        "a lock that is gone leaves nothing to be done at the database",
        world(said=lock()),
        SET,
        excludes=(*no("restart_workload", at=CART), *no("restart_workload", "scale_database", at=DB)),
    ),
    Holds(
        "a lock that is gone, and no release lets it try more often",
        world(said=lock(), by={**SPRING, "was": "9"}),
        (SHOP, "configuration_error", "page_human"),
        harmful=("rollback_workload", *HARM),
    ),
    *(
        Holds(f"no moment that is over: {what}", found, ECHO, believed="cpu_saturated", harmful=("rollback_workload",))
        for what, found in (
            ("somebody waited for a lock for a second", world(said=lock((SINCE + 15, SHORT)))),
            (
                "somebody waits for the lock still",
                world(said=lock((SINCE + 15, LONG), (400, LATER))),
            ),
            ("a lock an hour before", world(said=lock((SINCE + 3600, LONG)))),
            ("locks make others wait until now", world(said=lock((SINCE + 15, LONG), (60, LONG)))),
            ("statements take long at all times", world(said=still((SINCE + 2400, ALTER), (SINCE + 15, ALTER)))),
            ("statements take long since then", world(said=still((SINCE + 15, MONGO % 24310), (60, MONGO % 24310)))),
            ("statements take seconds since", world(said=still((SINCE + 15, MONGO % 24310), (60, MONGO % 4310)))),
            (
                "locks make others wait for seconds until now",
                world(said=lock((SINCE + 15, LONG), (60, GOT % "4204.310"))),
            ),
            ("a statement as short as ever", world(said=still((SINCE + 15, QUICK)))),
            ("the service gives up waiting for locks still", world(said=gave_up(60))),
        )
    ),
    *(
        Holds(f"ordinary work: {what}", found, ECHO, believed="cpu_saturated", harmful=("rollback_workload",))
        for what, found in (
            *(
                (f"{said} in {ms} ms", world(said=still((SINCE + 15, TOOK % (ms, said)))))
                for ms, said in (
                    (2460000, COPY),
                    (41000, COPY),
                    (41000, "COPY (SELECT * FROM orders) TO STDOUT (FORMAT csv)"),
                    (3600000, "CREATE INDEX CONCURRENTLY items_at ON items (at)"),
                    (41000, "CREATE UNIQUE INDEX CONCURRENTLY items_at ON items (at)"),
                    (41000, "REINDEX INDEX CONCURRENTLY items_at"),
                    (41000, "REFRESH MATERIALIZED VIEW CONCURRENTLY monthly"),
                    (900000, "VACUUM ANALYZE items"),
                    (41000, "VACUUM (ANALYZE) items"),
                    (41000, "ANALYZE items"),
                    (6000, "SELECT pg_sleep(6)"),
                    (41000, "SELECT pg_advisory_lock(42)"),
                )
            ),
            (
                "a statement in lines of its own",
                world(said=still((SINCE + 15, TOOK % (41000, "CREATE INDEX")), (SINCE + 14, "CONCURRENTLY items_at"))),
            ),
            ("longer than any moment", world(said=still((SINCE + 15, ALTER.replace("31251.902", "2460000.902"))))),
            ("a lock for longer than any moment", world(said=lock((SINCE + 15, GOT % "2460000.1")))),
            ("a leader is elected after a day", world(said=lock((SINCE + 15, ADVISORY % "86400000.1")))),
            ("a leader is elected after seconds", world(said=lock((SINCE + 15, ADVISORY % "31250.1")))),
            ("a vacuum waited for another one", world(said=lock((SINCE + 15, UPKEEP % "31250.1")))),
            (
                "a dump of MySQL",
                world(
                    said=still(
                        (SINCE + 15, DUMP),
                        (SINCE + 15, "SET timestamp=1795606568;"),
                        (SINCE + 15, "SELECT /*!40001 SQL_NO_CACHE */ * FROM `items`;"),
                    )
                ),
            ),
            ("MongoDB built an index", world(said=still((SINCE + 60, BUILT)))),
            ("MongoDB was told to build an index", world(said=still((SINCE + 60, BUILDS % 9120)))),
            ("a service tells how long its own work took", world(said=timed(pod("cart"), (SINCE + 200, EXPORT)))),
            ("a service repeats a line of a database", world(said=timed(pod("cart"), (SINCE + 15, ALTER)))),
        )
    ),
    *(
        Holds(f"another is meant: {what}", found, ECHO, believed="cpu_saturated", harmful=("rollback_workload",))
        for what, found in (
            (
                "its name is that of a host outside",
                called(AXIOS, env=OUTSIDE),
            ),
            (
                "its settings are of a host outside",
                called(JAVA, env=OUTSIDE),
            ),
            (
                "its settings are of another Service",
                called(
                    JAVA,
                    by={**PRICES, "name": "CART_LEDGER_RETRIES"},
                    env={**CALLS_CART, "CART_LEDGER_URL": "http://ledger:8080"},
                    also=[workload("ledger", env=URL)],
                ),
            ),
            ("nobody knows whom", called(AXIOS, "bonus")),
            (
                "an order's number is no name",
                called(OF_ORDER, by=SPRING),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a lock that is gone, and as many more users",
        world(said=lock(), mine=[rate("shop", 50, 210, SINCE)]),
        (CART, "capacity", "scale_workload"),
        harmful=("rollback_workload",),
    ),
]
