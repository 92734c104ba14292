"""Replicas of PostgreSQL whose replay somebody paused and left so, and those that replay or would stop again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.runs import run
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, WEB, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, container, figure, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ACTS = ("restart_workload", "rollback_workload", "scale_workload", "scale_database", "restart_connection_pool")
ONE, TWO = "postgres-1", "postgres-2"
FIRES = alert("StockIsWrong", service="shop")
AGAIN = (60, "LOG:  restartpoint starting: time")
PAUSED_ITSELF = "LOG:  recovery has paused HINT:  Execute pg_wal_replay_resume() to continue."
POINT = "LOG:  restartpoint complete: wrote 12 buffers"
QUERY = "LOG:  duration: 612.1 ms  statement: select 1"
PATRONI = '{"role": "replica", "xlog": {"received_location": 9100, "replayed_location": 8000, "paused": %s}}'
MONITOR = "instance=%s pg_is_in_recovery=t pg_is_wal_replay_paused=%s"
REPMGR = "WARNING: WAL replay on node %s is paused"


def status(
    name: str, on: bool, *, left: str = "2/A0", got: str = "2/F0", primary: bool = False, age: float = 3600
) -> tuple[float, str]:
    """Return what an operator tells of one server."""
    flags = f'"isPrimary":{str(primary).lower()},"replayPaused":{str(on).lower()}'
    return age, f'{{"msg":"status","instanceName":"{name}","receivedLsn":"{got}","replayLsn":"{left}",{flags}}}'


def told(*lines: tuple[float, str], of: str = "operator-1-x") -> Log:
    return timed(of, *lines, of="operator")


def of(space: str, name: str, on: bool, *, age: float = 3600) -> tuple[float, str]:
    """Return what an operator of several namespaces tells of one server."""
    at, line = status(name, on, age=age)
    return at, line.replace('"msg":"status"', f'"msg":"status","namespace":"{space}"')


def world(
    *logs: Log,
    pods: int = 3,
    started: float | None = None,
    alerts: Any = (FIRES,),
    figures: Any = (),
    beside: Any = (),
    env: Any = None,
    reader: Any = None,
    **more: Any,
) -> Snapshot:
    """Return a shop that reads from a database of some servers, an operator, an alert, and what logs tell."""
    reads = shop(env=URL if env is None else env, **(reader or {}))
    servers = postgres(pods=pods, started=started, **more)
    operator = workload("operator", pods=1, service=False)
    return snapshot(reads, servers, operator, beside, logs=logs, alerts=alerts, figures=figures)


def of_run(**spec: Any) -> list[Obj]:
    """Return a run that began before the pause and goes on."""
    job = run(failed=None, of="") | {"status": {"active": 1, "startTime": None}}
    job["metadata"]["creationTimestamp"] = thing("Job", "x", age=7200)["metadata"]["creationTimestamp"]
    job["spec"]["template"] = {"spec": {"containers": [container("report", "report:1", **spec)]}}
    return [job]


BEGAN = told(status(TWO, False, age=7200), status(TWO, True), status(ONE, False), status(TWO, True, age=60))
HOURS_AGO = told(status(TWO, True, age=5 * 3600), status(TWO, True, age=60))
DAYS_AGO = told(status(TWO, True, age=3 * DAY), status(TWO, True, age=60))
RELEASED = {"before": IMAGE, "released": 900}
FAILS = [errors("shop", 0.4, since=800)]
PANIC = 'PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device'
KEEPS = "LOG:  statement: SELECT pg_wal_replay_pause() /* keep rows deleted by mistake */"
SAYS = (DB, "dependency_failure", "page_human")
HOLDS = [
    Holds(
        "who paused it means to keep rows",
        world(BEGAN, told((3601, KEEPS), (60, QUERY), of=TWO)),
        SAYS,
        target=f"Pod/{TWO}",
        harmful=ACTS,
    ),
    Holds("its operator tells its namespace", world(told(of("town", TWO, True))), SAYS, target=f"Pod/{TWO}"),
    Holds("it was paused in the night, and only what is read is wrong", world(HOURS_AGO), SAYS, target=f"Pod/{TWO}"),
    Holds(
        "its operator tells it",
        world(BEGAN),
        SAYS,
        target=f"Pod/{TWO}",
        excludes=(*no(*ACTS, at=DB), *no("restart_workload", at=SHOP)),
        harmful=ACTS,
        began=3600,
    ),
    Holds(
        "its agent tells it of itself",
        world(told((3600, PATRONI % "false"), (1800, PATRONI % "true"), of=ONE)),
        SAYS,
        target=f"Pod/{ONE}",
        harmful=ACTS,
        began=1800,
    ),
    Holds(
        "a program that watches the servers tells it",
        world(told((3600, MONITOR % (ONE, "f")), (3600, MONITOR % (TWO, "t")), (60, MONITOR % (TWO, "t")))),
        SAYS,
        target=f"Pod/{TWO}",
    ),
    Holds("a manager tells it in words", world(told((3600, REPMGR % TWO))), SAYS, target=f"Pod/{TWO}"),
    Holds(
        "the server said so once and makes no restart points since",
        world(told((9000, POINT), (8000, PAUSED_ITSELF), (60, QUERY), of=TWO)),
        SAYS,
        target=f"Pod/{TWO}",
        began=8000,
    ),
    Holds("it is the only pod of its own", world(told(status("postgres-0", True)), pods=1), SAYS, target=DB),
    Holds(
        "its lag is measured too",
        world(BEGAN, figures=[figure("db_replication_lag", 1, 5000, 3000, component=TWO)]),
        SAYS,
        target=f"Pod/{TWO}",
    ),
    Holds(
        "who suffers reads through another",
        world(
            BEGAN,
            beside=workload("web", env={"SHOP_URL": "http://shop:8080"}),
            alerts=[alert("PagesAreOld", service="web")],
        ),
        SAYS,
        target=f"Pod/{TWO}",
        excludes=no("rollback_workload", at=WEB),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, made, instead=("unknown", "page_human"), harmful=ACTS)
    for what, made in (
        ("it replays again", world(told(status(TWO, True), status(TWO, False, age=60)))),
        ("it was paused days before", world(DAYS_AGO)),
        ("nobody knows since when users suffer", world(BEGAN, alerts=[FIRES._replace(starts_at=None)])),
        (
            "one of its name is paused elsewhere",
            world(told(of("staging", TWO, True), of("staging", TWO, True, age=60))),
        ),
        (
            "one of its name is paused elsewhere, and it is not",
            world(told(*(of(s, TWO, s != "town", age=a) for a in (3600, 60) for s in ("town", "staging")))),
        ),
        (
            "its operator writes on without a word of it",
            world(told(status(TWO, True, age=5.5 * 3600), (60, "reconciled cluster"))),
        ),
        ("none is paused", world(told(status(TWO, False), status(ONE, False)))),
        ("nothing is left to replay", world(told(status(TWO, True, left="2/F0")))),
        ("it leads since", world(told(status(TWO, True), status(TWO, False, primary=True, age=60)))),
        ("it was started anew since", world(BEGAN, started=30)),
        ("it has paused a moment ago", world(told(status(TWO, False), status(TWO, True, age=120)))),
        ("all that only read are paused", world(told(status(ONE, True), status(TWO, True)))),
        (
            "a whole cluster's agent is paused, and not its replay",
            world(told((3600, f'{{"{TWO}":1,"pause": true}}'))),
        ),
        ("it names no server", world(told((3600, "replay_paused=true")))),
        ("it names two servers", world(told((3600, f"replay_paused=true on {ONE} or {TWO}")))),
        (
            "a setting is too small for it to start anew",
            world(BEGAN, told((7000, "WARNING:  hot standby: insufficient parameter settings"), of=TWO)),
        ),
        (
            "it has come to where its recovery was to end",
            world(BEGAN, told((7000, "LOG:  recovery stopping before commit of transaction 81"), of=TWO)),
        ),
        ("its settings tell where to stop", world(BEGAN, args=["-c", "recovery_target_time=2026-03-04 10:00"])),
        ("a run that copies it goes on", world(BEGAN, beside=of_run(env=URL))),
        (
            "a run whose script pauses it goes on",
            world(BEGAN, beside=of_run(command=["psql", "-c", "select pg_wal_replay_pause()"])),
        ),
        ("nobody reads from it", world(BEGAN, env={"X": "1"})),
        (
            "the server makes restart points again",
            world(told((9000, POINT), (8000, PAUSED_ITSELF), AGAIN, of=TWO)),
        ),
        ("nobody knows whether the server still pauses", world(told((8000, PAUSED_ITSELF), (60, QUERY), of=TWO))),
    )
] + [
    DoesNotHold("nobody suffers", world(BEGAN, alerts=()), harmful=ACTS, instead=("unknown", "page_human")),
    DoesNotHold(
        "users suffered before it paused",
        world(told(status(TWO, True, age=1200)), alerts=[FIRES._replace(starts_at=NOW - timedelta(hours=2))]),
        instead=("unknown", "page_human"),
        harmful=ACTS,
    ),
    DoesNotHold(
        "who reads was released since",
        world(BEGAN, reader=RELEASED, figures=FAILS),
        instead=("code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(what, made)
        for what, made in (
            (
                "only an alert tells of the reader's release",
                world(BEGAN, reader=RELEASED, alerts=[FIRES._replace(starts_at=NOW - timedelta(seconds=800))]),
            ),
            ("requests to who reads fail hours after the pause", world(HOURS_AGO, figures=FAILS)),
            (
                "the primary has no room",
                world(BEGAN, told(*[(500 - 50 * n, PANIC) for n in range(9)], of="postgres-0")),
            ),
        )
    ),
]
