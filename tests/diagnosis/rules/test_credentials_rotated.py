"""A rotated password heals with a restart."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.credentials import ENV, LOGIN, SECRET, TEXTS, TOKEN, refused, secret
from tests.diagnosis.rules.scenes import API, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import log, postgres, secret_key, snapshot, thing, workload

HOLDS = [
    *(
        Holds(
            f"pods older than their Secret: {line}",
            refused(0, 1, written=900, line=line),
            (SHOP, "database_connection", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
        )
        for line in TEXTS
    ),
    Holds(
        "a token for somebody outside that was renewed already",
        refused(written=900, line=TOKEN, store=False),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    Holds(
        "a PHP service of MySQL",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
            workload("api", env={"DB_HOST": "mysql", "PW": secret_key("db")}),
            thing("Secret", "db", written=900, data={"password": "sha256:1"}),
            figures=[errors("api", 0.9)],
            logs=logs(
                "api", "SQLSTATE[HY000] [1045] Access denied for user 'app'@'10.1.1.1' (using password: YES)", 0, 1
            ),
        ),
        (API, "database_connection", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "pods newer than their Secret",
        refused(0, written=900, of=shop(env=ENV, started=300)),
        (SECRET, "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "the database tells of a client that it refuses",
        snapshot(shop(env=ENV), postgres(), secret(900), logs=[log("postgres-0", TEXTS[0])]),
    ),
    DoesNotHold("a user's own wrong password", refused(written=900, line=LOGIN, store=False)),
]
