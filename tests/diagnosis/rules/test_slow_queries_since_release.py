"""Slow statements of a client that was just released are the release's."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, latency, shop
from tests.diagnosis.rules.tiny import at, database, figure, postgres, session, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SLOW = session(SHOP, "active", 12, age_s=25, query="SELECT * FROM orders WHERE note LIKE ...")

PLAN = (
    "{at} UTC [77] app=shop LOG:  duration: 4120.4 ms  plan:",
    "\tQuery Text: SELECT * FROM orders WHERE note LIKE $1",
    "\tSeq Scan on orders  (cost=0.00..41032.10 rows=9 width=80) (actual time=0.1..4119.2 rows=9 loops=1)",
)
LOOKED_UP = (
    "{at} UTC [77] app=shop LOG:  duration: 1120.4 ms  plan:",
    "\tIndex Scan using orders_pkey on orders  (cost=0.00..2.10 rows=9 width=80) (actual time=0.1..2.2 rows=9 loops=1)",
)
OF_ANOTHER = tuple(line.replace("app=shop", "app=report").replace("orders", "shop") for line in PLAN)
AS_A_USER = tuple(line.replace("app=shop", "shop@orders") for line in PLAN)
SHARED = tuple(line.replace("app=shop", "user=shop,app=report") for line in PLAN)
JSON = (
    '{{"t": {{"$date": "{at}"}}, "s": "I", "c": "COMMAND", "ctx": "conn77", "msg": "Slow query", "attr": {{"type": '
    '"command", "ns": "town.orders", "appName": "shop", "command": {{"find": "orders"}}, "planSummary": "COLLSCAN"}}}}',
)
ROWS = (
    "# Time: {at}",
    "# User@Host: app[app] @  [{address}]  Id:    77",
    "# Query_time: 4.102001  Lock_time: 0.000010 Rows_sent: 9  Rows_examined: 1400000",
    "SELECT * FROM orders WHERE note LIKE '%x%';",
)
ADDRESS = pods_of(shop())[0]["status"]["podIP"]
DROPPED = "{at} UTC [78] app=psql LOG:  statement: DROP INDEX orders_note"


def entries(*ages: float, of: tuple[str, ...], address: str = ADDRESS) -> tuple[str, ...]:
    return tuple(line.format(at=at(age), address=address) for age in ages for line in of)


def told(*lines: str, second: tuple[str, ...] = (), **of_shop: Any) -> Snapshot:
    """Return a shop that is slow since its release, and the log of its database, or those of its two pods."""
    released: dict[str, Any] = {"env": URL, "before": IMAGE, "released": 600, **of_shop}
    logs = [Log(f"postgres-{n}", "postgres", each) for n, each in enumerate((lines, second)) if each]
    return snapshot(
        shop(**released),
        postgres(pods=len(logs)),
        workload("api", env=URL),
        workload("report", env=URL),
        logs=logs,
        figures=[latency("shop", since=570)],
    )


def busy(*lines: str, released: float = 600) -> Snapshot:
    """Return a database that is busy since a minute after the shop's release, which another one was released before."""
    return snapshot(
        shop(env=URL, before=IMAGE, released=released),
        postgres(),
        workload("report", env=URL, before=OLD, released=released + 300),
        logs=[Log("postgres-0", "postgres", lines)],
        figures=[
            latency("shop", since=released - 30),
            latency("report", since=released - 30),
            figure("cpu_share", 0.2, 0.97, released - 40, pod="postgres-0"),
        ],
    )


GIVEN = (
    "# Time: {at}",
    "# User@Host: shop[shop] @  [10.9.0.7]  Id:    77",
    "# Query_time: 4.102001  Lock_time: 0.000010 Rows_sent: 40000  Rows_examined: 40000",
    "SELECT id, expr FROM rules;",
)
OF_REPORT = tuple(line.replace("shop[shop]", "report[report]") for line in GIVEN)
EARLY, LATE = (3000, 2000, 1000), (560, 480, 400, 320, 240, 160, 80)
BEFORE = entries(*EARLY, of=LOOKED_UP)

HOLDS = [
    Holds(
        "two were released, and the log of the busy database names the one that sends slow statements since",
        busy(*entries(3000, of=OF_REPORT), *entries(*LATE, of=GIVEN)),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "few of them come from the other one that was released",
        busy(*entries(3000, of=OF_REPORT), *entries(500, of=OF_REPORT), *entries(*LATE, of=GIVEN)),
        (SHOP, "code_defect", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "plans tell that it reads whole tables since, and nobody measures the database",
        told(*BEFORE, *entries(*LATE, of=PLAN)),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("scale_workload", at=SHOP),
    ),
    *(
        Holds(
            f"what its server tells of the client names it: {what}",
            told(*BEFORE, *entries(*LATE, of=of)),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, of in (("as a user of a database", AS_A_USER), ("as a program, in JSON", JSON))
    ),
    Holds(
        "two pods of a database tell that it reads whole tables since, and both reach back",
        told(*BEFORE, *entries(*LATE[1::2], of=PLAN), second=(*BEFORE, *entries(*LATE[::2], of=PLAN))),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "rows that are read for each that is given tell so, from the addresses of its pods",
        told(*BEFORE, *entries(*LATE, of=ROWS)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "of the client that was released",
        snapshot(shop(env=URL, before=IMAGE), postgres(), databases=[database(SLOW)]),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("scale_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the one that was released served well for long, and nobody sees who sends the slow statements",
        snapshot(
            shop(env=URL, before=IMAGE, released=1800),
            postgres(),
            workload("api", env=URL),
            logs=[Log("postgres-0", "postgres", entries(*LATE, of=GIVEN))],
            figures=[latency("shop", since=570), figure("cpu_share", 0.2, 0.97, 600, pod="postgres-0")],
        ),
        harmful=("rollback_workload",),
    ),
    *(
        DoesNotHold(f"two were released, and of the slow statements {what}", busy(*lines), harmful=("scale_workload",))
        for what, lines in (
            ("as many come from either", entries(3000, *LATE, of=OF_REPORT) + entries(*LATE, of=GIVEN)),
            ("as many came before the release", entries(3000, 2500, 2000, 1500, 1000, *LATE, of=GIVEN)),
            ("nobody knows whether they came before: the log begins with them", entries(*LATE, of=GIVEN)),
            (
                "nobody knows whether as many came before: the log begins two minutes earlier",
                entries(720, of=OF_REPORT) + entries(*LATE, of=GIVEN),
            ),
            ("there are few", entries(3000, of=OF_REPORT) + entries(*LATE[:4], of=GIVEN)),
        )
    ),
    DoesNotHold(
        "two were released, and most came later after the release than the log reaches back before it",
        busy(*entries(3500, of=OF_REPORT), *entries(*LATE, of=GIVEN), released=2400),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "it read whole tables before, and is slow since its release",
        told(*BEFORE, *entries(950, 850, 750, 650, *LATE, of=PLAN)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "another one reads whole tables",
        told(*BEFORE, *entries(*LATE, of=ROWS, address="10.9.0.1")),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"another one reads whole tables: {what}",
            told(*BEFORE, *entries(*LATE, of=of)),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, of in (
            ("a table is called as the released is", OF_ANOTHER),
            ("it comes as the user that the released comes as", SHARED),
        )
    ),
    DoesNotHold(
        "the log of the pod that tells it does not reach back before the release",
        told(*BEFORE, second=entries(*LATE, of=PLAN)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "an index was dropped",
        told(*BEFORE, *entries(590, of=(DROPPED,)), *entries(*LATE, of=PLAN)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "of somebody else",
        snapshot(
            shop(env=URL, before=IMAGE),
            postgres(),
            workload("report", env=URL),
            databases=[database(session("Deployment/report", "active", 12, age_s=25))],
        ),
    ),
    DoesNotHold("without a release", snapshot(shop(env=URL), postgres(), databases=[database(SLOW)])),
]
