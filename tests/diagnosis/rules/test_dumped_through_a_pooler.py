"""A dump goes through a pooler, and several of its clients miss tables since then, whatever their releases."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, IMAGE, SHOP, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

POOLER = "Deployment/pgbouncer"
URL = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
LACKS = 'level=ERROR msg="query failed" err="ERROR: relation \\"books\\" does not exist (SQLSTATE 42P01)"'
PYTHON = 'psycopg.errors.UndefinedTable: relation "books" does not exist'
COLUMN = 'ERROR: column "isbn" does not exist (SQLSTATE 42703)'


def dump(began: float = 900, host: str = "pgbouncer", command: str = "pg_dump -Fc -f /out/books") -> list[Obj]:
    """Return a run that took a minute, and its pod."""
    env = [{"name": "PGHOST", "value": host}, {"name": "PGDATABASE", "value": "shop"}]
    spec = {"containers": [{"name": "dump", "image": "postgres:16", "command": ["sh", "-c", command], "env": env}]}
    done = {"succeeded": 1, "startTime": at(began), "completionTime": at(began - 60)}
    run = thing("Job", "books-out", age=began, spec={"template": {"spec": spec}}, status=done)
    made = thing("Pod", "books-out-x", age=began, spec=spec, status={"phase": "Succeeded"})
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "books-out", "controller": True}]
    return [run, made]


def told(name: str, line: str, since: float = 840) -> Log:
    """Return a log that was calm, and tells now and then that something is missing."""
    return log(pod(name), *["INFO GET /books 200"] * 20, *[line, "INFO GET /books 200"] * 10, since=2 * since)


def dumped(
    *lines: str, run: Any = None, since: float = 840, both_new: bool = False, poolers: int = 1, **mine: Any
) -> Snapshot:
    """Return a shop and a cart behind a pooler, and what each misses; the shop's requests fail since."""
    own: dict[str, Any] = {"before": IMAGE, "released": since + 60} if both_new else {}
    pooled = [
        workload(f"pgbouncer{n or ''}", "edoburu/pgbouncer:1.23", port=6432, env={"DB_HOST": "postgres"})
        for n in range(poolers)
    ]
    return snapshot(
        postgres(),
        *pooled,
        shop(env=URL, **{**own, **mine}),
        workload("cart", env=URL, **own),
        dump() if run is None else run,
        figures=[errors("shop", since=since)],
        logs=[told(name, line, since) for name, line in zip(("shop", "cart"), lines, strict=False)],
    )


HARM = ("rollback_workload", "restart_workload", "scale_workload")
FOUND = (POOLER, "configuration_error", "page_human")
KEPT = (*no("rollback_workload", "restart_workload", at=SHOP), *no("rollback_workload", "restart_workload", at=CART))
HOLDS = [
    Holds("two clients miss tables since the dump", dumped(LACKS, PYTHON), FOUND, excludes=KEPT, harmful=HARM),
    Holds(
        "one of them was released in that minute",
        dumped(LACKS, LACKS, before=IMAGE, released=900),
        FOUND,
        excludes=(*KEPT, *no("rollback_workload", at=POOLER)),
        harmful=HARM,
    ),
    Holds("it goes on for a while before", dumped(LACKS, LACKS, run=dump(2400)), FOUND, harmful=HARM),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, instead, harmful=("restart_workload", "scale_workload"))
        for what, world, instead in (
            ("one client alone misses tables", dumped(LACKS), ("page_human",)),
            ("they miss columns", dumped(COLUMN, COLUMN), ("page_human",)),
            ("the dump goes to the database", dumped(LACKS, LACKS, run=dump(host="postgres")), ("page_human",)),
            ("the run dumps nothing", dumped(LACKS, LACKS, run=dump(command="psql -c 'SELECT 1'")), ("page_human",)),
            ("the dump began after it", dumped(LACKS, LACKS, run=dump(400)), ("page_human",)),
            ("the dump began hours before it", dumped(LACKS, LACKS, run=dump(9000)), ("page_human",)),
            ("there are two poolers", dumped(LACKS, LACKS, poolers=2), ("page_human",)),
            ("both were released then", dumped(LACKS, LACKS, both_new=True), ("rollback_workload",)),
        )
    ),
]
