"""A caller's tries keep all workers of a service busy below its processor limit; or its lines name nobody it tries."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP
from tests.diagnosis.rules.test_retry_storm__after_trouble import JAVA, SINCE, spent, storm, tries
from tests.diagnosis.rules.tiny import DAY, figure, pod, redis, secret_key, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

SET = (SHOP, "configuration_error", "rollback_workload")
ECHO = (CART, "dependency_failure", "page_human")
HARM = ("scale_workload", "restart_workload", "restart_connection_pool")
RETRIES = {**CALLS_CART, "UPSTREAM_RETRIES": "8"}
NAMELESS = "WARN upstream timeout, trying again at once attempt=%d of=8 err=ESOCKETTIMEDOUT"
GO = 'level=warn msg="backend request failed" attempt=%d err="context deadline exceeded (Client.Timeout exceeded)"'
PYTHON = "WARNING shop.client dependency timed out (attempt %d/8): ReadTimeout: read timeout=2.0"
OTHERS = "WARN upstream payments timed out, attempt %d: Read timed out"
TOMCAT = "WARN GET /v1/items took 5279 ms (queued 5226 ms, work 53 ms); busy 200/200, queue 95/100"
PUMA = "status: threads_busy=16/16 backlog=41"
GUNICORN = 'level=info msg=request wait=3.1s work=0.05s workers_busy="8/8"'
LEFT = "client closed the connection before the answer"
IDLE = "INFO GET /v1/items took 52 ms; busy 31/200, queue 0/100"
POOL = "INFO HikariPool-1 stats: pool busy 10/10, waiting 3"
CONNS = "INFO stats connections in use 20/20"


def full(line: str, since: float = SINCE - 60, until: float = 20, pods: int = 2) -> list[Log]:
    """Return what pods of the cart tell of how many of their workers are busy."""
    ages = [since - n * (since - until) / 9 for n in range(10)]
    return [timed(pod("cart", n), *((age, line) for age in ages)) for n in range(pods)]


def counted(share: float, before: float = 0.1, pods: int = 2) -> list[tuple[str, Series]]:
    return [figure("workers_busy_share", before, share, SINCE, pod=pod("cart", n)) for n in range(pods)]


def world(
    line: str = JAVA,
    *more: tuple[str, Series],
    said: list[Log] | None = None,
    use: tuple[float, float] = (0.75, 0.2),
    until: float = 10,
    **mine: Any,
) -> Snapshot:
    """Return a cart below its limit that gets many times its requests, by a shop released the day before."""
    mine = {"env": RETRIES, "before": {"env": {**RETRIES, "UPSTREAM_RETRIES": "1"}}, "released": DAY, **mine}
    told = tries(line, 8, until=until)
    return storm(*more, told=told, use=spent(*use), said=tuple(full(TOMCAT) if said is None else said), **mine)


def echo(what: str, found: Snapshot, believed: str = "retry_storm") -> Holds:
    return Holds(what, found, ECHO, believed=believed)


HOLDS = [
    *(
        Holds(f"all workers are busy with more than ever: {what}", found, SET, harmful=HARM)
        for what, found in (
            ("Tomcat tells it with a request", world()),
            ("Puma tells it now and then", world(said=full(PUMA))),
            ("Gunicorn", world(said=full(GUNICORN))),
            ("Tomcat, where its clients left", world(said=full(TOMCAT.replace("; busy", f"; {LEFT}; busy")))),
            ("a pool of threads", world(said=full("INFO exec thread-pool busy 16/16, queue 40"))),
            ("workers, by their name, beside a pool", world(said=full("INFO pool of db 3/10; workers busy 8/8"))),
            ("its server counts them", world(JAVA, *counted(0.98), said=[])),
        )
    ),
    *(
        Holds(f"its lines speak of whom it calls alone, without a name: {what}", found, SET, harmful=HARM)
        for what, found in (
            ("Node", world(NAMELESS)),
            ("Go", world(GO)),
            ("Python, at its processor limit", world(PYTHON, said=[], use=(0.97, 0.2))),
        )
    ),
    Holds(
        "it tells of few of its tries, and of nothing since the last one eleven minutes ago",
        world(until=660),
        SET,
        harmful=HARM,
    ),
    *(
        echo(f"workers are not known to be short: {what}", found)
        for what, found in (
            ("most of them are idle", world(said=full(IDLE))),
            ("it is a pool of connections that is full", world(said=full(POOL))),
            ("connections of its own are all in use", world(said=full(CONNS))),
            ("a pool of pgx is in use", world(said=full("INFO pgxpool: in_use=20/20 idle=0"))),
            ("a pool is in use, told some words before", world(said=full("INFO db pool stats busy 10/10, waiting 3"))),
            ("connections of JDBC are in use", world(said=full("INFO jdbc connections: in_use=20/20"))),
            ("permits are in use", world(said=full("INFO semaphore permits in use 5/5"))),
            ("what is in use are connections, told behind it", world(said=full("INFO stats in use 20/20 connections"))),
            ("it does hardly more than before, and waits for somebody", world(use=(0.3, 0.2))),
            ("it told so long before as well", world(said=full(TOMCAT, since=3500))),
            ("it tells so no more", world(said=full(TOMCAT, until=1000))),
            ("one of its pods does", world(said=full(TOMCAT, pods=1))),
            ("they were all busy before as well", world(JAVA, *counted(0.98, 0.97), said=[])),
            ("nobody tells of them", world(said=[])),
        )
    ),
    *(
        echo(f"nobody can tell whom it tries: {what}", found)
        for what, found in (
            ("it has another one to call", world(PYTHON, env={**RETRIES, "STOCK_URL": "http://stock:8080"},
                                                 also=(workload("stock"),))),
            ("it asks a host outside too", world(PYTHON, env={**RETRIES, "PAY_URL": "https://api.pay.example"})),
            ("a Secret holds where else it leads", world(PYTHON, env={**RETRIES, "PAY_URL": secret_key("p", "url")})),
            ("it has a cache of its own", world(PYTHON, env={**RETRIES, "CACHE": "redis://redis:6379"},
                                                also=(redis(),))),
            ("the line names another one", world(OTHERS)),
            ("the line names one of no setting", world("WARN dhl backend request failed attempt %d: Read timed out")),
        )
    ),
    echo(
        "it tells of other work since its last try eleven minutes ago",
        storm(
            told=[
                *(log._replace(lines=(*log.lines, *now.lines)) for log, now in zip(
                    tries(JAVA, 8, until=660),
                    [timed(pod("shop", n), (300, "INFO order placed"), (40, "INFO order placed")) for n in (0, 1)],
                    strict=True,
                ))
            ],
            said=tuple(full(TOMCAT)),
            env=RETRIES,
        ),
        "cpu_saturated",
    ),
]  # fmt: skip
