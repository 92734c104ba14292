"""What came first, who only shows it, and two faults at once: the answers of all rules together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import Answers
from tests.diagnosis.rules.mesh import IDENTITY, mesh
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import (
    CALLS_CART,
    CART,
    OLD,
    SHOP,
    URL,
    WORKING,
    alert,
    down,
    errors,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import (
    DAY,
    at,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    series,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Series, Session, Snapshot

RELEASED = ("code_defect", "rollback_workload")
RISING = series({"pod": pod("mail"), "container": "mail"}, *((3600 - 60 * n, 0.5 + 0.0078 * n) for n in range(60)))
NULL = "NullReferenceException: Object reference not set"

MINED = (" * POOL #1      stratum+tcp://pool.example:3333 algo auto", "+ chmod +x /tmp/kdevtmpfsi")
OUTDATED = ("configuration_error", "page_human")
OWN = thing("Secret", "cart-tls", type="kubernetes.io/tls", data={"tls.crt": "sha256:00"})
SERVES = {"volumes": [{"name": "tls", "secret": {"secretName": "cart-tls"}}]}

READ_ONLY = "ERROR: cannot execute INSERT in a read-only transaction"


SET = {**OLD, "args": ["--old"]}
"""An older image that was called with another setting."""


def beside(name: str = "web", since: float = 610, released: float = 1500, **more: Any) -> Snapshot:
    """Return a shop whose writes are refused since a minute, and a page released before, whose calls nobody names."""
    told = [*logs("shop", READ_ONLY, 0, 1, since=590), log("postgres-0", "LOG:  received promote request", since=600)]
    return snapshot(
        shop(env=URL),
        postgres(),
        redis(),
        workload(name, before=SET, released=released, **more),
        figures=[errors("shop", 0.4, 600), errors(name, 0.2, since)],
        logs=told,
    )


def unmeasured(
    *figures: tuple[str, Series],
    times: int = 9,
    since: float = 590,
    released: float = 1500,
    told: Sequence[Log] = (),
    **of_shop: Any,
) -> Snapshot:
    """Return the same where nobody measures: a shop that repeats that its writes are refused, and a page's answers.

    ``told``: what the shop's logs tell instead.
    """
    answered = ['"GET / HTTP/1.1" 200 12'] * 10 + ['"POST /book HTTP/1.1" 500 12'] * 10
    return snapshot(
        shop(env=URL, **of_shop),
        postgres(),
        workload("web", before=SET, released=released),
        figures=figures,
        logs=[
            *(told or logs("shop", READ_ONLY, 0, 1, times=times, since=since)),
            log("postgres-0", "LOG:  received promote request", since=600),
            *(log(pod("web", n), *answered, since=1200) for n in (0, 1)),
        ],
    )


REFUSED = tuple(f"{at(age)} {READ_ONLY}" for age in range(590, 200, -30))
ENDED_SINCE = [
    *(Log(pod("shop", n), "shop", REFUSED, previous=True) for n in (0, 1)),
    *(log(pod("shop", n), *["INFO order stored"] * 9, since=190) for n in (0, 1)),
]
UNDATED = [Log(pod("shop"), "shop", (READ_ONLY,) * 9), *logs("shop", READ_ONLY, 1, times=2, since=590)]


SEARCHES = (
    "# Query_time: 9.4  Lock_time: 0.000010 Rows_sent: 24  Rows_examined: 4815595",
    "SELECT * FROM fares WHERE zone = 'A' ORDER BY seen;",
)
NO_LOCK = "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction"
MYSQL = "StatefulSet/mysql"


LOCKED_OUT = session(SHOP, "active", 30, wait="Lock", age_s=60)
BY_HAND = session("", "idle in transaction", 1, application="psql", age_s=900, query="ALTER TABLE orders ...")


def searching(*sessions: Session, busy: float = 0.99, **of_page: Any) -> Snapshot:
    """Return a MySQL with slow statements and no processor left, of whose users one gets no lock, and a page."""
    url = {"DB_HOST": "mysql"}
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        shop(env=url, before=OLD, released=20 * DAY),
        workload("web", env=url, **of_page),
        databases=[database(*sessions, ref=MYSQL)] if sessions else [],
        figures=[
            *(errors("shop", 0.4, 580), errors("web", 0.1, 580)),
            figure("cpu_share", 0.2, busy, pod="mysql-0"),
            figure("db_locks_waiting", 0, 25, component="mysql"),
        ],
        logs=[*logs("shop", NO_LOCK, 0, 1, since=590), log("mysql-0", *SEARCHES * 9, since=600)],
    )


def slowly(label: str, *steps: float, late: float = 0) -> tuple[str, Series]:
    """Return a share of failed requests that rises by steps of five minutes."""
    ages = (900.0 - 300 * n - late for n in range(len(steps)))
    return "error_ratio", series({"component": label}, (3600.0, 0.001), *zip(ages, steps, strict=True))


def leaking(*of_page: float, late: float = 0, released: float = 1700, told: bool = True) -> Snapshot:
    """Return a shop whose pool tells of connections lost since its release, and a page released before it fails."""
    leak, waits = "java.lang.Exception: Apparent connection leak detected", "HikariPool-1 - Connection is not available"
    said = [*logs("shop", leak, 0, 1, since=1500), *logs("shop", waits, 0, 1, since=900)] if told else []
    return snapshot(
        shop(before=SET, released=2000),
        workload("web", before=SET, released=released),
        figures=[slowly("shop", 0.1, 0.3, 0.6), slowly("web", *of_page, late=late)],
        logs=said,
    )


def killed_beside(first: float) -> Snapshot:
    """Return a shop that misses what the release of a cart took away, and another caller that is killed at each start.

    ``first``: since so many seconds.
    """
    mail = workload("mail", env=CALLS_CART, before=OLD, released=30 * DAY)
    told = event(f"Pod/{pod('mail')}", "BackOff", "Back-off restarting failed container mail", count=600)
    return snapshot(
        shop(env=CALLS_CART),
        workload("cart", before=OLD, released=640),
        down(mail, looping("OOMKilled", 137, restarts=30, lived=20), unready=first),
        {**told, "firstTimestamp": at(first)},
        figures=[errors("shop", 0.5), errors("cart", 0.0)],
        logs=logs("shop", "GET http://cart:8080/v1 returned 404", 0, 1, since=590),
    )


OLD_SESSIONS = (SHOP, "database_connection", "restart_workload")
ANSWERS = [
    Answers(
        "a release took away what its callers need, and one of them had no memory for hours before",
        killed_beside(3 * 3600),
        [(CART, *RELEASED)],
        also=("Deployment/mail",),
    ),
    Answers(
        "a release took away what its callers need, and one of them has no memory since",
        killed_beside(540),
        [(CART, *RELEASED)],
        also=(),
    ),
    Answers(
        "a page keeps the database busy since its release, so that another one waits for locks: who holds them waits",
        searching(before=OLD, released=700),
        [("Deployment/web", *RELEASED)],
        also=(),
        harmful=("restart_workload", "restart_connection_pool"),
    ),
    *(
        Answers(
            f"somebody waits for locks of a database with slow statements, {what}",
            world,
            [(MYSQL, "database_connection", "page_human"), (MYSQL, "capacity", "page_human")],
            also=(),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("and nobody was released", searching()),
            ("and a page was released a day ago", searching(before=OLD, released=DAY)),
            ("and time left for more", searching(busy=0.3)),
            (
                "which somebody holds by hand, beside a release",
                searching(LOCKED_OUT, BY_HAND, before=OLD, released=700),
            ),
        )
    ),
    Answers(
        "a page that was released a while before fails since the minute in which a stated cause began elsewhere",
        beside(),
        [OLD_SESSIONS],
        also=(),
        harmful=("rollback_workload",),
    ),
    Answers(
        "a page's own log tells that it fails since the minute in which a service began to repeat its stated cause",
        unmeasured(),
        [OLD_SESSIONS],
        also=(),
        harmful=("rollback_workload",),
    ),
    *(
        Answers(
            f"a page's own log tells that it fails since its release, {what}",
            world,
            [("Deployment/web", *RELEASED)],
            also=(SHOP,),
        )
        for what, world in (
            ("and a stated cause was told elsewhere in that minute, but hardly ever", unmeasured(times=2)),
            ("and a stated cause came elsewhere later", unmeasured(since=400)),
            ("at once, and what has a stated cause of its own began then", unmeasured(released=640)),
            ("and what has a stated cause is measured, and well", unmeasured(errors("shop", 0.001))),
            ("and what has a stated cause serves nobody", unmeasured(service=False)),
            ("and a stated cause was told by containers that ended, and serve again", unmeasured(told=ENDED_SINCE)),
            ("and a stated cause was told twice, and nobody knows when by another", unmeasured(told=UNDATED)),
        )
    ),
    Answers(
        "a page that was released a while before fails ever more, as what lost its connections does",
        leaking(0.03, 0.1, 0.2),
        [(SHOP, *RELEASED)],
        also=(),
    ),
    *(
        Answers(
            f"a page fails ever more since its release, {what}", world, [(SHOP, *RELEASED)], also=("Deployment/web",)
        )
        for what, world in (
            ("and not as what lost its connections does", leaking(0.2, 0.2, 0.2)),
            ("and later than what lost its connections does", leaking(0.03, 0.1, 0.2, late=240)),
            ("and at once", leaking(0.03, 0.1, 0.2, released=1000)),
            ("as another does that nobody knows the cause of", leaking(0.03, 0.1, 0.2, told=False)),
        )
    ),
    *(
        Answers(f"a page fails since its release {what}", world, [("Deployment/web", *RELEASED)], also=(SHOP,))
        for what, world in (
            ("minutes before a stated cause began elsewhere", beside(since=900)),
            ("which came with what began elsewhere", beside(released=640)),
            ("as another does, and what it calls is known and well", beside(env={"CACHE": "redis://redis:6379"})),
        )
    ),
    Answers(
        "a caller was released minutes before what it asks, as only the words of its errors tell",
        snapshot(
            shop(before=OLD, released=900),
            workload("cart", before=OLD, released=640),
            figures=[errors("cart", 0.5, 620), errors("shop", 0.3, 600)],
            logs=logs("shop", "ERROR cart: 502 Bad Gateway", 0, 1, since=590),
        ),
        [(CART, *RELEASED)],
    ),
    Answers(
        "a mesh can sign no more, and who has a certificate in a Secret of its own got that from elsewhere",
        mesh(OWN, spec=SERVES),
        [("Secret/cart-tls", *OUTDATED)],
        also=(IDENTITY,),
    ),
    Answers(
        "a mesh can sign no more, and what was refused long before has another reason",
        mesh(since=3000),
        [(IDENTITY, *OUTDATED)],
        also=(CART,),
    ),
    Answers(
        "nobody says that it signs: clients that pass on an answer are no signers",
        mesh(signer="caches synced"),
        [(CART, *OUTDATED), ("Deployment/new", *OUTDATED)],
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    ),
    Answers(
        "an intruder who runs programs in a caller and in what it calls is at both places",
        snapshot(
            shop(env={"CART_URL": "http://cart:8080"}),
            workload("cart"),
            logs=[*logs("cart", MINED[0], times=1), *logs("shop", MINED[1], times=1)],
            alerts=[alert("FalcoCryptoMinerFound", pod=pod("shop"))],
        ),
        [(SHOP, "security_incident", "isolate_workload")],
        also=("Deployment/cart",),
    ),
    Answers(
        "a release that failed long before a report took the sessions of the database",
        snapshot(
            shop(env=URL, before=OLD, released=1300),
            postgres(),
            workload("report", env=URL, pods=1, service=False),
            databases=[database(session("Deployment/report", "idle in transaction", 80, age_s=200), WORKING)],
            figures=[
                errors("shop", since=1200),
                figure("db_connections", 20, 98, 240, component="postgres"),
                figure("db_max_connections", 100, 100, component="postgres"),
            ],
        ),
        [("Deployment/report", "database_connection", "scale_database")],
        also=(SHOP,),
    ),
    Answers(
        "the release in the middle of a chain, not that of its caller hours ago",
        snapshot(
            workload("pay", before=OLD, released=640),
            workload("shop", env={"PAY_URL": "http://pay:8080"}, before=OLD, released=5 * 3600),
            figures=[errors("pay", 0.5), errors("shop", 0.4)],
            alerts=[alert(service="shop")],
            logs=[*logs("shop", "POST http://pay:8080/charge 500", times=8), *logs("pay", NULL, times=8)],
        ),
        [("Deployment/pay", *RELEASED)],
        also=(),
    ),
    Answers(
        "the release in the middle of a chain, by logs alone",
        snapshot(
            workload("pay", before=OLD, released=640),
            workload("shop", env={"PAY_URL": "http://pay:8080"}),
            alerts=[alert(service="shop")],
            logs=[
                *logs("shop", "POST http://pay:8080/charge 500", times=8, since=600),
                *logs("pay", f"System.{NULL}", times=8, since=600),
            ],
        ),
        [("Deployment/pay", *RELEASED)],
        also=(),
    ),
    Answers(
        "a caller that was released too, long before",
        snapshot(
            workload("auth", before=OLD, released=900),
            workload("web", before=OLD, released=2400, env={"AUTH_URL": "http://auth:8080"}),
            figures=[errors("auth", 0.4, 880), errors("web", 0.4, 870)],
            alerts=[alert(service="web")],
        ),
        [("Deployment/auth", *RELEASED)],
        also=(),
        harmful=("restart_workload",),
    ),
    Answers(
        "a release that fails, and elsewhere a leak",
        snapshot(
            workload("cart", before=OLD, released=900),
            workload("mail", before=OLD, released=30 * DAY),
            figures=[errors("cart", 0.4, 880), ("memory_share", RISING), rate("mail")],
        ),
        [("Deployment/cart", *RELEASED)],
        also=("Deployment/mail",),
    ),
]
