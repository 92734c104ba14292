"""A database is full also where the program that is refused speaks of mail in the same line."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import SHOP, URL, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

REFUSED = 'connection to server at "postgres", port 5432 failed: FATAL:  sorry, too many clients already'


def pooled(size: str) -> dict[str, Obj]:
    return {"env": {**URL, "DB_POOL_SIZE": size}}


def refused(line: str) -> Snapshot:
    """Return a mailer that a database refuses since another program got a larger pool by its release."""
    return snapshot(
        postgres(),
        shop(**pooled("60"), before=pooled("10"), released=700),
        workload("mailer", env={"DATABASE_URL": "postgres://m@postgres:5432/shop"}),
        figures=[errors("mailer", 0.4, 600)],
        logs=logs("mailer", line, 0, 1, times=20, since=590),
        alerts=[alert(deployment="mailer")],
    )


HOLDS = [
    Holds(
        f"who is refused is {named}",
        refused(f"ERROR [{named}] psycopg.OperationalError: {REFUSED}"),
        (SHOP, "configuration_error", "rollback_workload"),
    )
    for named in ("SMTPWorker", "IMAP sync", "order 421 Too many items")
]
