"""A database was started again; a client that still uses the sessions it had before is restarted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.cutting import CLOSED, ENDED, LONG_UNUSED, TRACE, USED, proxied
from tests.diagnosis.rules.pods import looping, younger
from tests.diagnosis.rules.scenes import API, IMAGE, URL, alert, down, errors
from tests.diagnosis.rules.tiny import Obj, at, log, pod, postgres, redis, secret_key, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules import _deaf, sessions_to_a_former_process
from tuheg_ir.diagnosis.view.counted import Counts
from tuheg_ir.diagnosis.view.view import View

PUSH = "Deployment/push"
READY = "LOG:  database system is ready to accept connections"


def restarted(ago: float, *, client: float = 10 * 86400, ratio: float = 0.6) -> Snapshot:
    """Return a database started ``ago`` seconds ago, and a client of an age that tells of closed sessions since."""
    return snapshot(
        postgres(started=ago),
        workload("api", env=URL, started=client),
        figures=[errors("api", ratio, ago - 20)],
        logs=[log("postgres-0", READY, of="postgres", since=ago - 20), log(pod("api"), *CLOSED * 6, since=ago - 40)],
    )


def listening(
    *counts: tuple[int, int],
    young: int = 1,
    name: str = "delivered",
    back: float = 1800,
    old: float = 10 * 86400,
    alarm: bool = True,
    beside: Sequence[Obj] = (),
    **more: Any,
) -> Snapshot:
    """Return pods that count each minute what comes from a cache that was away for five minutes, until ``back`` ago.

    counts: of each pod, before and since. young: so many of them were started meanwhile.
    """
    went = back + 300
    pods = workload("push", pods=len(counts), env={"REDIS_URL": "redis://redis:6379/0"}, started=old)
    said = []
    for n, (before, since) in enumerate(counts):
        ages = range(3600 if n < len(counts) - young else int(back) - 30, -1, -60)
        told = [f'{at(age)} {{"clients":90,"{name}":{before if age > went else since}}}' for age in ages]
        said.append(Log(pod("push", n), "push", tuple(told), False))
    return snapshot(
        younger(pods, young, age=back + 120) if young else pods,
        redis(started=back),
        *beside,
        logs=said,
        alerts=[alert("ScreensStale", team="shop")] if alarm else [],
        **more,
    )


DIED = "psycopg2.errors.AdminShutdown: terminating connection due to administrator command"
DEAD = "ERROR consume failed, pushed back: connection already closed"
NODE = "error: Client has encountered a connection error and is not queryable (pg, postgres)"
QUEUE = "Deployment/consumer"
VALIDATED = (
    "WARN HikariPool-1 - Failed to validate connection org.postgresql.jdbc.PgConnection@5a (This connection has been "
    "closed.). Possibly consider using a shorter maxLifetime value."
)
SILENT = "errors.IdleSessionTimeout: terminating connection due to idle-session timeout"
NO_RIGHT = "close-reason, initiated by Peer, code=403, text='ACCESS_REFUSED - access to exchange 'paid' refused'"
NOT_THERE = "NOT_FOUND - no exchange 'paid' in vhost 'shop'"
NEIGHBOUR = 'ERROR Get "http://rates:8080/day": read tcp 10.1.0.4:4431->10.1.0.9:8080: connection reset by peer'
LATER = ("INFO taken", *["INFO taken"] * 60, *[f"{DEAD} (psycopg2)"] * 120)
"""Its connection is closed an hour after something else was lost."""


def consuming(
    line: str = DEAD,
    *then: str,
    died: str = DIED,
    back: float = 16200,
    since: float = 16210,
    old: float = 10 * 86400,
    beside: Sequence[Obj] = (),
    alarm: bool = True,
    env: dict[str, Any] | None = None,
    failing: float = 0,
    **more: Any,
) -> Snapshot:
    """Return a consumer that holds one connection to a database that was away for a moment, hours ago."""
    return snapshot(
        postgres(started=back, **more),
        workload("consumer", pods=1, env=env or {"DATABASE_URL": secret_key("app")}, started=old),
        *beside,
        logs=[log(pod("consumer"), *filter(None, [died]), *[line] * 120, *then, since=since)],
        alerts=[alert("PaymentsStuck", team="shop")] if alarm else [],
        figures=[errors("consumer", since=failing)] if failing else [],
    )


HOLDS = [
    *(
        Holds(
            f"a consumer uses the connection that was closed as the database went, hours ago: {what}",
            world,
            (QUEUE, "database_connection", "restart_workload"),
            excludes=(*no("rollback_workload", at=QUEUE), *no("restart_workload", at="StatefulSet/postgres")),
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("it is told of by psycopg", consuming()),
            ("it is told of by node-postgres", consuming(NODE, died="Error: Connection terminated unexpectedly (pg)")),
            ("another that came since is well", consuming(beside=workload("api", env=URL, started=3000))),
            ("a cache went as well, of which no word is told", consuming(beside=redis(started=16200))),
        )
    ),
    Holds(
        "a consumer was released just before the database went: its release may have lost how to connect again",
        snapshot(
            postgres(started=1200),
            workload("consumer", env={"DATABASE_URL": secret_key("app")}, before=IMAGE, released=1300),
            logs=[log(pod("consumer"), DIED, *[DEAD] * 120, since=1210)],
            alerts=[alert("PaymentsStuck", team="shop")],
        ),
        (QUEUE, "database_connection", "restart_workload"),
        spares=no("rollback_workload", at=QUEUE),
    ),
    Holds(
        "another that needs the cache was released, and fails since: its release is its own affair",
        listening(
            (44, 0),
            (51, 0),
            (0, 48),
            beside=workload("api", env={"REDIS_URL": "redis://redis:6379/0"}, before=IMAGE, released=600),
            figures=[errors("api", 0.7, since=540)],
        ),
        (PUSH, "database_connection", "restart_workload"),
        spares=no("rollback_workload", at=API),
        believed="errors_since_release",
    ),
    Holds(
        "two listen on connections to a cache that went without a word, and one that came since gets what they got",
        listening((44, 0), (51, 0), (0, 48)),
        (PUSH, "database_connection", "restart_workload"),
        excludes=(*no("rollback_workload", at=PUSH), *no("restart_workload", at="Deployment/redis")),
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "minutes after the database is ready again",
        restarted(900),
        (API, "database_connection", "restart_workload"),
        excludes=no("rollback_workload", at=API),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a proxy before the database is ready again, and what the client loses it has not used since",
        proxied("api", edit=None, told=LONG_UNUSED),
        (API, "database_connection", "restart_workload"),
    ),
    *(
        Holds(
            f"a proxy before the database is ready again, and nothing shows that it cuts new sessions too: {what}",
            world,
            (API, "database_connection", "restart_workload"),
        )
        for what, world in (
            ("one session was lost that was used since", proxied("api", edit=None, told=CLOSED, last=USED)),
            (
                "most that it loses it has not used since",
                proxied("api", edit=None, told=(*LONG_UNUSED, *LONG_UNUSED, *USED)),
            ),
            ("it says no number", proxied("api", edit=None, told=(USED[0], TRACE.format("... seconds")))),
            ("the number is nobody's", proxied("api", edit=None, told=(USED[0], TRACE.format("9" * 30 + " seconds")))),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a consumer's connection is closed, and {what}", world, (), harmful=("restart_workload",))
        for what, world in (
            ("that began long after the database was back", consuming(since=12000)),
            ("that began long before it went", consuming(since=18000)),
            ("it came since", consuming(old=16100)),
            ("it is told of no more", consuming(DEAD, *["INFO done"] * 12)),
            ("nobody misses anything", consuming(alarm=False)),
            ("the database keeps ending", consuming(status={"restartCount": 7})),
            ("its pool takes it out and opens another", consuming(VALIDATED, died=VALIDATED)),
            ("those are its users' own", consuming("INFO websocket connection is closed, user 7")),
            ("that is told with what its user may not do", consuming(f"{DEAD} {NO_RIGHT}")),
            ("the broker tells that what is asked is not there", consuming(f"{DEAD}: {NOT_THERE}")),
            ("that is told as it is silent", consuming(died=f"psycopg2.{SILENT}", line=DEAD)),
            ("all alerts are older", consuming(back=400, since=410)),
            ("its requests failed long before", consuming(back=1200, since=1210, failing=3000)),
            ("its log reaches back no further", consuming(f"{DEAD} (psycopg2)", died="")),
            ("a neighbour's was lost as the database went", consuming(*LATER, died=NEIGHBOUR)),
            (
                "one of its databases has not come back",
                consuming(
                    beside=down(postgres("orders", started=16200), looping()),
                    env={"A_URL": "postgres://postgres:5432/a", "B_URL": "postgres://orders:5432/b"},
                ),
            ),
            ("the words are of something else: who left", consuming("INFO client gone: connection closed")),
            ("it is told to have gone away: it may again", consuming("(2006, 'MySQL server has gone away')")),
            (
                "two databases went at once, and it may use either",
                consuming(
                    beside=postgres("orders", started=16200),
                    env={"A_URL": "postgres://postgres:5432/a", "B_URL": "postgres://orders:5432/b"},
                ),
            ),
        )
    ),
    *(
        DoesNotHold(what, world, (), harmful=("restart_workload",))
        for what, world in (
            ("the younger one took over what they did", listening((44, 0), (51, 0), (0, 97))),
            ("the younger one gets nothing either: nothing is sent", listening((44, 0), (51, 0), (0, 0))),
            ("one alone gets nothing: another may lead since", listening((44, 0), (51, 50), (0, 48))),
            ("none is younger: nothing may be sent", listening((44, 0), (51, 0), (48, 0), young=0)),
            ("they got nothing before", listening((0, 0), (0, 0), (0, 48))),
            ("they get as much as ever", listening((44, 43), (51, 50), (0, 48))),
            ("what fell to nought are errors", listening((44, 0), (51, 0), (0, 48), name="delivery_errors")),
            ("what fell to nought waits", listening((44, 0), (51, 0), (0, 48), name="messages_pending")),
            ("they were started anew themselves", listening((44, 0), (51, 0), (0, 48), old=1700)),
            ("the cache came back a moment ago", listening((44, 0), (51, 0), (0, 48), back=240)),
            ("nobody misses anything", listening((44, 0), (51, 0), (0, 48), alarm=False)),
        )
    ),
    DoesNotHold(
        "a moment after it: the pool may make new ones by itself",
        restarted(120),
        ("StatefulSet/postgres", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the client was started after the database",
        restarted(900, client=600),
        ("StatefulSet/postgres", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the client loses sessions that it has used since: new ones would be lost as well",
        proxied("api", edit=None, told=USED),
        ("Deployment/proxy", "dependency_failure", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the proxy was started with another limit of time, and tells that it cuts sessions since",
        proxied("api", "web", says=ENDED[0]),
        ("ConfigMap/proxy-config", "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold("no user feels it", restarted(900, ratio=0.001), (API, "no_fault", "no_action")),
]


def test_logs_are_read_once_however_many_servers_were_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(log: Log) -> Counts:
        read.append(log.pod)
        return {}

    monkeypatch.setattr(_deaf, "counted", counted)
    stores = [workload(f"redis-{n}", "redis:7", pods=1, port=6379, started=1800) for n in range(3)]
    pods = workload("push", pods=3, env={f"REDIS_{n}": f"redis://redis-{n}:6379" for n in range(3)})
    logs = [log(pod("push", n), "delivered=4") for n in range(3)]
    view = View(snapshot(pods, *stores, logs=logs, alerts=[alert("ScreensStale")]))
    assert not list(sessions_to_a_former_process.when(view))
    assert sorted(read) == [pod("push", n) for n in range(3)]
