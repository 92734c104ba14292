"""Slow statements of a client that was just released are the release's."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, errors, latency, logs, shop
from tests.diagnosis.rules.test_data_service_saturated import slow_before
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
OF_REPORTS = tuple(line.replace("app=shop", "app=report") for line in LOOKED_UP)
OF_API = tuple(line.replace("app=shop", "app=api") for line in LOOKED_UP)


def shared(
    *lines: str, since: float = 200, held: tuple[str, ...] = entries(180, 120, 60, of=OF_API), **of_api: Any
) -> Snapshot:
    """Return a released shop that nobody misses, and an API that is slow since, which uses the same database."""
    return snapshot(
        shop(env=URL, before=IMAGE, released=600),
        postgres(),
        workload("api", env=URL, **of_api),
        logs=[Log("postgres-0", "postgres", (*BEFORE, *lines, *held))],
        figures=[latency("api", since=since)],
    )


GLANCE = (
    "{at} UTC [77] app=shop LOG:  duration: 420.4 ms  execute <unnamed>: SELECT a FROM orders WHERE upper(no)=$1",
)
GLANCE_OF_API = tuple(line.replace("app=shop", "app=api") for line in GLANCE)
GLANCES = (2300, 2000, 1700, 1400, 1100)


REPORT_BACK = ("Deployment/report", "code_defect", "rollback_workload")


def crept(*lines: str, begins: float = 3300) -> Snapshot:
    """Return a database that is full of an API's statements, long after a shop's release and soon after a report's."""
    return snapshot(
        shop(env=URL, before=IMAGE, released=2400),
        workload("report", env=URL, before=OLD, released=700),
        workload("api", env=URL),
        postgres(),
        logs=[Log("postgres-0", "postgres", (*entries(begins, of=OF_REPORTS), *lines, *entries(*LATE, of=OF_API)))],
        figures=[latency("report", since=590), figure("cpu_share", 0.2, 0.97, 600, pod="postgres-0")],
    )


ES_URL = {"ES_URL": "http://search:9200"}
TREE = '{{"size":0,"aggs":{{"brand":{{"terms":{{"field":"brand","size":250000}}}}}},"user":"api"}}'
SEARCH = (
    "[{at}][WARN ][i.s.s.query              ] [search-0] [goods][0] took[20.4s], took_millis[20415], "
    f"total_hits[9 hits], stats[], search_type[QUERY_THEN_FETCH], total_shards[6], source[{TREE}], id[shop], ",
)
SEARCH_JSON = (
    '{{"@timestamp":"{at}","log.level":"WARN","elasticsearch.slowlog.id":"shop","elasticsearch.slowlog.took":"20.4s",'
    '"elasticsearch.slowlog.took_millis":20415,"elasticsearch.slowlog.search_type":"QUERY_THEN_FETCH",'
    '"elasticsearch.slowlog.source":"{{\\"size\\":250000,\\"user\\":\\"api\\"}}"}}',
)
WITHOUT_A_NAME = tuple(line.replace("id[shop]", "id[]") for line in SEARCH)
OF_A_PAGE = tuple(line.replace(TREE, '{{"from":0,"size":20,"query":{{"term":{{"shelf":50000}}}}}}') for line in SEARCH)
OF_ALL = tuple(line.replace("250000", "10000") for line in SEARCH)
WRITTEN = (
    "[{at}][WARN ][i.i.s.index              ] [search-0] [goods/a1] took[20.4s], took_millis[20415], type[_doc], "
    'id[shop], routing[], source[{{"file":"a.pdf","size":250000}}]',
)
TREE_OF_API = tuple(line.replace("id[shop]", "id[api]") for line in SEARCH)
BREAKER = (
    "ERROR search failed: 429 circuit_breaking_exception: [parent] Data too large, data for [<http_request>] would be "
    "[4089737659/3.8gb], which is larger than the limit of [4080218931/3.8gb]"
)


def searched(*lines: str, says: str = BREAKER, since: float = 500, **of_api: Any) -> Snapshot:
    """Return a search server, a shop that was released and an API that is refused since, both its clients."""
    begun = "[{at}][INFO ][o.e.c.m.MetadataMappingService] [search-0] [goods] update_mapping [_doc]"
    return snapshot(
        shop(env=ES_URL, before=IMAGE, released=600),
        workload("search", "elasticsearch:8.15", kind="StatefulSet", pods=1, port=9200),
        workload("api", env=ES_URL, **of_api),
        logs=[
            Log("search-0", "search", (*entries(*EARLY, of=(begun,)), *lines)),
            *logs("api", says, since=since),
        ],
        figures=[errors("api", since=since)],
    )


HOLDS = [
    Holds(
        "others who share its database are slow since, and its log tells that they wait there",
        shared(*entries(*LATE, of=PLAN)),
        (SHOP, "code_defect", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "one of them was released after it",
        shared(*entries(*LATE, of=PLAN), before=OLD, released=300),
        (SHOP, "code_defect", "rollback_workload"),
        alone=True,
    ),
    *(
        Holds(
            f"a search server works long for it since, and refuses others for want of memory: {what}",
            searched(*entries(*LATE, of=of)),
            (SHOP, "code_defect", "rollback_workload"),
            alone=True,
        )
        for what, of in (("in words", SEARCH), ("in JSON", SEARCH_JSON))
    ),
    Holds(
        "who is refused was released before it, and served well",
        searched(*entries(*LATE, of=SEARCH), since=500, before=OLD, released=1000),
        (SHOP, "code_defect", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "two were released, and the log of the busy database names the one that sends slow statements since",
        busy(*entries(3000, of=OF_REPORT), *entries(*LATE, of=GIVEN)),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "the log tells of its statements since its release, long before the database was full and another was released",
        crept(*entries(*GLANCES, of=GLANCE)),
        (SHOP, "code_defect", "rollback_workload"),
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
        "the database told of slow statements before the release, and nobody sees who sends them",
        slow_before(),
        harmful=("rollback_workload",),
    ),
    *(
        DoesNotHold(f"others who share its database are slow, and {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("were so before its release", shared(*entries(*LATE, of=PLAN), since=900)),
            ("nothing tells that they wait there", shared(*entries(*LATE, of=PLAN), held=())),
            ("waited there before", shared(*entries(*LATE, of=PLAN), *entries(900, of=OF_API))),
        )
    ),
    *(
        DoesNotHold(
            f"a search server works long, and {what}",
            searched(*lines, since=since),
            harmful=("rollback_workload",),
        )
        for what, lines, since in (
            ("for another", entries(*LATE, of=TREE_OF_API), 500),
            ("nobody knows for whom", entries(*LATE, of=WITHOUT_A_NAME), 500),
            ("mostly for others", entries(*LATE, of=SEARCH) + entries(*LATE, of=TREE_OF_API), 500),
            ("did so before the release", entries(1150, 900, 800, 700, *LATE, of=SEARCH), 500),
            ("for pages as a user reads them: all that it does is slow", entries(*LATE, of=OF_A_PAGE), 500),
            ("for all the hits that it gives", entries(*LATE, of=OF_ALL), 500),
            ("at what was written", entries(*LATE, of=WRITTEN), 500),
            ("others were refused before", entries(*LATE, of=SEARCH), 1500),
        )
    ),
    DoesNotHold(
        "a search server works long, and others are refused by a database for want of memory",
        searched(*entries(*LATE, of=SEARCH), says="PSQLException: ERROR: out of memory"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a search server works long, and others lack memory of their own",
        searched(*entries(*LATE, of=SEARCH), says="ERROR java.lang.OutOfMemoryError: Java heap space"),
        ("Deployment/api", "resource_exhaustion", "restart_workload"),
    ),
    DoesNotHold(
        "the one that was released sends few of the slow statements: the log names another for most",
        snapshot(
            shop(env=URL, before=IMAGE, released=500),
            postgres(),
            workload("report", env=URL),
            logs=[
                Log("postgres-0", "postgres", tuple(sorted(entries(*LATE, of=OF_REPORTS) + entries(90, of=LOOKED_UP))))
            ],
            figures=[latency("shop", since=400), figure("cpu_share", 0.2, 0.97, 400, pod="postgres-0")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
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
    *(
        DoesNotHold(f"two were released, and before the second one {what}", world, REPORT_BACK)
        for what, world in (
            ("the log tells of few statements of the first", crept(*entries(*GLANCES[:2], of=GLANCE))),
            ("as many are others'", crept(*entries(*GLANCES, of=GLANCE), *entries(*GLANCES, of=GLANCE_OF_API))),
            ("the first sent such ones before its release", crept(*entries(2500, *GLANCES, of=GLANCE))),
            ("the log tells nothing of before", crept(*entries(*GLANCES, of=GLANCE), begins=2399)),
        )
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
