"""A run that comes at another hour since its schedule was edited, and locks what everybody needs by then."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import owned
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, log, postgres, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

CRON, POD = "CronJob/tidy", "tidy-9-x"
FOUND = (CRON, "configuration_error", "page_human")
WAITS = (
    "[3371] shop_app@shop LOG:  process 3371 still waiting for AccessShareLock on relation 16531 after 1000.9 ms",
    "[3371] shop_app@shop DETAIL:  Process holding the lock: 58. Wait queue: 3371.",
)
ITS = "[58] tidy@shop LOG:  statement: VACUUM (FULL, ANALYZE) public.orders"
CANCELED = "ERROR: canceling statement due to statement timeout"
GIVES_UP = "ERROR SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded; try restarting transaction"
MEANT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def tidy(
    host: str,
    *,
    ages: Collection[float] = (14 * DAY, 7 * DAY),
    moved: float = 7 * 3600,
    began: float = 900,
    edited: float | None = 3 * DAY,
    meant: float | None = None,
    by_hand: bool = False,
    image: str = "postgres:16",
    schedule: str = "0 3 * * 2",
    field: str = "",
) -> list[Obj]:
    """Return a schedule of whose runs each before came so many seconds of a day off, and the run that goes on.

    ``field``: the one of its spec that the edit wrote, as far as it is told.
    """
    env = {"PGHOST": host, "DB_HOST": host, "PGUSER": "tidy", "PGPASSWORD": secret_key("tidy-db", "password")}
    work: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [container("psql", image, env=env)]}}}}
    spec = {"schedule": schedule, "timeZone": "Australia/Sydney", "jobTemplate": work}
    made = [thing("CronJob", "tidy", written=edited, spec=spec)]
    for entry in made[0]["metadata"].get("managedFields", []) if field else []:
        entry["fieldsV1"] = {"f:spec": {field: {}}}
    for number, age in enumerate(ages):
        old = age + moved + began
        done = {"type": "Complete", "status": "True", "lastTransitionTime": at(old - 3000)}
        status = {"startTime": at(old), "completionTime": at(old - 3000), "succeeded": 1, "conditions": [done]}
        made.append(owned(thing("Job", f"tidy-{number}", age=old, status=status, **work), CRON))
    run = owned(thing("Job", "tidy-9", age=began, status={"startTime": at(began), "active": 1}, **work), CRON)
    run["metadata"]["annotations"] = {MEANT: at(began if meant is None else meant)}
    if by_hand:
        run["metadata"]["annotations"] = {"cronjob.kubernetes.io/instantiate": "manual"}
    going = owned(
        thing("Pod", POD, age=began, spec=work["spec"]["template"]["spec"] | {"nodeName": "n1"}), "Job/tidy-9"
    )
    state = {"name": "psql", "ready": True, "state": {"running": {"startedAt": at(began - 3)}}}
    return [*made, run, going | {"status": {"phase": "Running", "podIP": "10.1.7.7", "containerStatuses": [state]}}]


def told(*own: str, said: str = "VACUUM FULL public.orders", times: int = 9, beside: Any = (), **run: Any) -> Snapshot:
    """Return a shop that fails as PostgreSQL's log tells that all wait, and what it tells of the run."""
    return snapshot(
        postgres(),
        shop(env={"PGHOST": "postgres"}),
        tidy("postgres", **run),
        *beside,
        figures=[errors("shop", 0.6)],
        logs=[
            *logs("shop", CANCELED, 0, 1, since=590),
            log("postgres-0", *own, *WAITS * times, since=600),
            log(POD, said, since=610, of="psql"),
        ],
    )


def given_up(said: str, host: str = "mysql", **run: Any) -> Snapshot:
    """Return clients of MySQL that give up waiting, and the run that tells what it does; nobody else tells of it."""
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        shop(env={"DB_HOST": "mysql"}),
        tidy(host, image="registry.example/tidy:3", **run),
        figures=[errors("shop", 0.6)],
        logs=[*logs("shop", GIVES_UP, 0, 1, since=590), log(POD, said, since=610, of="psql")],
    )


def every(hours: float, schedule: str, edited: float | None = None) -> dict[str, Any]:
    """Return a run of a schedule by which one comes so often; the one before is kept, and an edit was hours ago."""
    return {
        "ages": [0],
        "moved": hours * 3600,
        "schedule": schedule,
        "edited": None if edited is None else edited * 3600,
    }


BESIDE = workload("front", before=OLD, released=1400)
OTHER = postgres("reports-db")
HARM = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool")

HOLDS = [
    Holds(
        f"a run comes at another hour since an edit, and {what}",
        world,
        FOUND,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool", at=SHOP),
        alone=True,
        harmful=HARM,
    )
    for what, world in (
        ("its database names its user as the one all wait for", told(ITS)),
        ("its database names its user; another one runs the same program", told(ITS, beside=[OTHER])),
        ("its database names its user; a neighbour was released", told(ITS, beside=[BESIDE])),
        ("it alone tells what it does", told()),
        ("it began just before the waits, and tells what it does", told(began=620)),
        ("one run before is kept", told(ITS, ages=[7 * DAY])),
        ("the edit was of its time zone", told(ITS, field="f:timeZone")),
        ("its schedule names no hour but the day", told(ITS, schedule="TZ=Australia/Sydney @daily")),
        ("clients alone tell of waits", given_up("INFO OPTIMIZE TABLE orders")),
        ("clients alone tell of waits, and it changes rows", given_up("INFO 3759327 of 12708000 rows deleted")),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a run comes, and {what}", world, harmful=("rollback_workload", "scale_workload"))
        for what, world in (
            ("at the hour of those before", told(ITS, moved=0)),
            ("an hour later, as clocks were moved", told(ITS, moved=3600)),
            ("nobody edited its schedule", told(ITS, edited=None)),
            ("its schedule was edited before a run that was well", told(ITS, edited=9 * DAY)),
            ("late, as its schedule stood still until then", told(ITS, meant=7 * 3600 + 900)),
            ("somebody started it by hand", told(ITS, by_hand=True)),
            ("those before came at any hour", told(ITS, ages=[14 * DAY, 7 * DAY + 6 * 3600])),
            ("it comes every other hour, and one run is kept", told(ITS, **every(2, "0 */2 * * *", edited=1.2))),
            ("it comes every other hour, and nobody edited it", told(ITS, **every(2, "0 */2 * * *"))),
            ("it comes twice a day, and one run is kept", told(ITS, **every(12, "0 3,15 * * *", edited=5))),
            ("it comes every hour of some", told(ITS, **every(2, "0 8-18/2 * * *", edited=1.2))),
            ("the edit was of its work", told(ITS, field="f:jobTemplate")),
            ("it came after the waits", told(said="INFO at work", began=300)),
            ("it only reads", given_up("INFO exported 120000 rows")),
            ("it works on another database", given_up("INFO OPTIMIZE TABLE orders", host="reports-db")),
        )
    ),
    DoesNotHold(
        "a run comes at another hour, and its database names another one",
        told("[58] shop_app@shop LOG:  connection received: host=10.60.4.17 port=4182", ITS.replace("tidy@", "kim@")),
    ),
]
