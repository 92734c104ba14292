"""Who leaves transactions open is known by its user: the key of its password, or as whom its log says it is refused."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.test_sessions_leaked import BATCHES, DIRECT, LEDGER, lying
from tests.diagnosis.rules.tiny import log, pod, secret_key, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PGX = "begin: failed to connect to `user=books database=shop`: 10.9.0.5:5432 (postgres): server error: FATAL: sorry, too many clients already (SQLSTATE 53300)"  # noqa: E501
ROLE = 'FATAL: too many connections for role "books"; sorry, too many clients already'
MAILS = PGX.replace("books", "mail")


def keyed(key: str, name: str = "DB_PASSWORD", secret: str = "users") -> dict[str, Any]:
    return {**DIRECT, name: secret_key(secret, key)}


def told(line: str = PGX, of: str = LEDGER, *more: str) -> Log:
    return log(pod(of), *[line, *more] * 9, since=270)


def books(env: Any = DIRECT, *logs: Log, **more: Any) -> Snapshot:
    """Return a worker whose user is called as none of the clients is, and a mailer whose user is not either."""
    return lying(1800, ("mail", "postman"), user="books", env=env, said=logs, **more)


def released(env: Any = DIRECT, *logs: Log) -> Snapshot:
    return books(env, *logs, before={"image": "registry.example/ledger-worker:0"}, released=3000)


DWH = "dwh.corp.example"
ITS_KEY = {"WAREHOUSE_DB_PASSWORD": secret_key("warehouse", "books-password")}
OF_DWH = {**DIRECT, "WAREHOUSE_DB_HOST": DWH, **ITS_KEY}
NAMED = workload("books", env=DIRECT, service=False, before={"image": "registry.example/books:0"}, released=3000)
BOOKS = "Deployment/books"
ELSEWHERE = PGX.replace("=shop", "=dwh").replace("(postgres)", f"({DWH})")

TWIN = workload("ledger-twin", image="registry.example/ledger-web:1", env=keyed("books"), service=False)
SAME = (BATCHES, "database_connection", "restart_connection_pool")

HOLDS = [
    *(
        Holds(
            f"a worker that nobody calls has had its transactions open for long, and its user is told: {what}",
            world,
            SAME,
            excludes=no("scale_workload", at=BATCHES),
            harmful=("rollback_workload", "scale_workload", "scale_database"),
            alone=True,
        )
        for what, world in (
            ("by the key of its password", books(keyed("books"))),
            ("by the key, which tells that it is a password", books(keyed("books-password", "PGPASSWORD"))),
            ("by the key, which tells of which kind", books(keyed("books_db_pwd", "POSTGRES_PASSWORD"))),
            (
                "by the key, and another user begins as another client is called",
                lying(1800, ("notify", "notifier"), env=keyed("ledger", "DATABASE_PASSWORD")),
            ),
            ("by whom it is refused as", books(DIRECT, told())),
            ("by whom it is refused as, of which there are too many", books(DIRECT, told(ROLE))),
            ("and another one is refused by its own", books(DIRECT, told(), told(MAILS, "postman"))),
            ("by the key of what leads to this one of two", books({**keyed("books"), "WAREHOUSE_DB_HOST": DWH})),
            (
                "by a key that is called as its host is, beside another server",
                books({**DIRECT, "ARCHIVE_DB_HOST": DWH, **keyed("books", "PGPASSWORD"), "PGHOST": "postgres"}),
            ),
            (
                "by its setting, and another server has one more",
                books({**DIRECT, "DB_USER": "books", "WAREHOUSE_DB_HOST": DWH, "WAREHOUSE_DB_USER": "mail"}),
            ),
        )
    ),
    *(
        Holds(
            f"since its release it has its transactions open, and its user is told: {what}",
            world,
            (BATCHES, "code_defect", "rollback_workload"),
            harmful=("scale_workload", "scale_database"),
        )
        for what, world in (
            ("by its key", released(keyed("books"))),
            ("by the refusal of a session", released(DIRECT, told())),
        )
    ),
    *(
        Holds(
            f"a program is called as the user, and {what}",
            world,
            (BOOKS, "code_defect", "rollback_workload"),
            harmful=("restart_connection_pool", "scale_database"),
        )
        for what, world in (
            ("another one has such a user at another server, by a key", books(OF_DWH, beside=[NAMED])),
            (
                "another one has such a user at another server, by a setting",
                books({**DIRECT, "WAREHOUSE_DB_HOST": DWH, "WAREHOUSE_DB_USER": "books"}, beside=[NAMED]),
            ),
            ("another one is refused as such by another server", books(DIRECT, told(ELSEWHERE), beside=[NAMED])),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a user has its transactions open that is nobody's for sure: {what}",
        world,
        harmful=("restart_connection_pool", "rollback_workload"),
    )
    for what, world in (
        ("nothing tells it", books()),
        ("the key is a password's of all", books(keyed("password"))),
        ("the key is another user's", books(keyed("mail"))),
        ("the key is of a password for a cache", books(keyed("books", "REDIS_PASSWORD"))),
        ("the key is of another server's", books(OF_DWH)),
        ("the key is called as another server's host is", books({**DIRECT, "WAREHOUSE_HOST": DWH, **ITS_KEY})),
        (
            "the key is called as a hidden host is",
            books({**DIRECT, "WAREHOUSE_DB_HOST": secret_key("warehouse", "host"), **ITS_KEY}),
        ),
        ("another server refuses it", books(DIRECT, told(ELSEWHERE))),
        (
            "it is refused nobody knows where, and leads to two",
            books({**DIRECT, "WAREHOUSE_DB_HOST": DWH}, told(ROLE)),
        ),
        ("its key tells it, and another one is called so", books(keyed("books"), beside=[NAMED])),
        ("the key is of no password", books(keyed("books", "DB_CA"))),
        ("two have their password of the same key", books(keyed("books"), beside=[TWIN])),
        ("another one's log says so as well", books(DIRECT, told(), told(of="postman"))),
        ("its log says it of two", books(DIRECT, told(PGX, LEDGER, MAILS.replace("begin", "write")))),
        ("it tells of another database's user", books(DIRECT, told(PGX.replace("books", "archive")))),
        ("its settings tell another user", books({**keyed("books"), "DB_USER": "mail"})),
    )
]
