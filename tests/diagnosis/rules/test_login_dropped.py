"""A login that was dropped is still used by whoever read it long ago: a start anew reads the newer one."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, reown
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.tiny import DAY, Obj, pod, postgres, secret_key, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

FORMER, NEWER = "shop_rw_2601", "shop_rw_2602"
POOL = 'level=DEBUG msg="pool" user={} idle=3 total=4'
FAILS = 'level=ERROR msg="order not stored" err="store: unavailable"'
REFUSED = f'level=ERROR msg="order not stored" err="FATAL: password authentication failed for user {FORMER}"'
FULL = 'level=ERROR msg="order not stored" err="store: FATAL: sorry, too many clients already"'
WORKS = 'level=INFO msg="order stored" dur=22ms'
DROPPED = f'level=info msg="role {FORMER} is past its retention, dropping it" cluster=town/postgres'
STUCK = ("service_crash", "restart_workload")
"""What is said where nothing but younger pods that are well is known."""
ANSWER = (SHOP, "database_connection", "restart_workload")
ENV = {"DB_HOST": "postgres", "DB_USER": secret_key("shop-db", "username")}


def spoke(number: int, login: str, *, fails: str = FAILS, since: float = 1400, pool: str = POOL) -> Log:
    """Return what a pod tells: of its pool with a login, of its work, and since then of what fails ("": nothing)."""
    told = [(3000.0, pool.format(login)), (2400.0, WORKS), (1900.0, pool.format(login)), (1800.0, WORKS)]
    told += [(since - n * 100, fails or WORKS) for n in range(int(since / 100))]
    return timed(pod("shop", number), *told)


def dropped(
    line: str = DROPPED,
    *more: tuple[float, str],
    at: float = 1500,
    by: str = "db-operator",
    logs: list[Log] | None = None,
    objects: list[Obj] | None = None,
    written: float | None = None,
) -> Snapshot:
    """Return a shop of which two pods are old and fail, and one is younger, beside who tells that a login is dropped.

    ``written``: when the Secret with its login was written.
    """
    made = objects or younger()
    told = [spoke(0, FORMER), spoke(1, FORMER), spoke(2, NEWER, fails="")] if logs is None else logs
    teller = postgres() if by == "postgres" else [*workload(by, pods=1, service=False), *postgres()]
    secret = thing("Secret", "shop-db", age=90 * DAY, written=written, data={"username": "", "password": ""})
    said = timed(pod(by), (at + 600, "cluster is in sync"), (at, line), *more)
    return snapshot(made, teller, secret, logs=[*told, said])


def younger(age: float = 5 * DAY, **more: Any) -> list[Obj]:
    """Return a shop whose third pod is younger than the others."""
    objects = shop(pods=3, env=ENV, age=60 * DAY, **more)
    reown(pods_of(objects)[2], "shop-r1", age)
    return objects


ALL_OLD = [spoke(n, FORMER) for n in range(3)]
ALL_FULL = [spoke(n, FORMER, fails=FULL) for n in range(3)]
ALL_REFUSED = [spoke(n, FORMER, fails=REFUSED) for n in range(3)]


def all_old(line: str = DROPPED, *, logs: list[Log] | None = None, by: str = "db-operator") -> Snapshot:
    """Return a shop all of whose pods are older than the Secret."""
    objects = shop(pods=3, env=ENV, age=60 * DAY)
    return dropped(line, by=by, logs=ALL_OLD if logs is None else logs, objects=objects, written=30 * DAY)


HOLDS = [
    Holds(
        "an operator tells its namespace and cluster, and all pods are refused",
        all_old(f'msg="dropped expired user {FORMER}" namespace=town cluster-name=town/postgres', logs=ALL_REFUSED),
        ANSWER,
    ),
    Holds(
        "an operator drops it after its time; a younger pod has the newer one and works",
        dropped(),
        ANSWER,
        excludes=(
            *no("rollback_workload", "restart_connection_pool", at=SHOP),
            *no("restart_workload", "scale_database", at="StatefulSet/postgres"),
        ),
        harmful=("rollback_workload", "scale_database"),
        alone=True,
    ),
    Holds(
        "a statement drops it, and all pods are older than the Secret, which holds another one since a month",
        all_old(
            f'2026-03-04 11:35:00 UTC [77] LOG:  statement: DROP ROLE IF EXISTS "{FORMER}"',
            by="postgres",
            logs=ALL_REFUSED,
        ),
        ANSWER,
        alone=True,
    ),
    Holds(
        "clients are told that there is no such role",
        dropped(
            f"Dropped expired user '{FORMER}'",
            by="rotator",
            logs=[
                *(
                    spoke(n, FORMER, fails=f'ERROR PSQLException: FATAL: role "{FORMER}" does not exist')
                    for n in (0, 1)
                ),
                spoke(2, NEWER, fails=""),
            ],
        ),
        ANSWER,
        harmful=("rollback_workload", "scale_database"),
    ),
    Holds(
        "a job of a MySQL drops it, and the pool tells its login as an address",
        dropped(
            f"mysql> DROP USER '{FORMER}'@'%'",
            by="rotate-logins",
            logs=[
                *(
                    spoke(n, FORMER, pool="INFO connected to mysql://{}:***@postgres:3306/shop", fails="ERROR no store")
                    for n in (0, 1)
                ),
                spoke(2, NEWER, pool="INFO connected to mysql://{}:***@postgres:3306/shop", fails=""),
            ],
        ),
        ANSWER,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "another login was dropped",
        dropped(DROPPED.replace("shop", "cart")),
        STUCK,
    ),
    DoesNotHold(
        "it could not be dropped",
        dropped(f'level=warn msg="could not drop role {FORMER}: some objects depend on it"'),
        STUCK,
    ),
    DoesNotHold(
        "it is only said that it will be",
        dropped(f'level=info msg="role {FORMER} is kept: it will be dropped after 2026-04-01"'),
        STUCK,
    ),
    DoesNotHold(
        "it was made anew since",
        dropped(DROPPED, (900, f"created role {FORMER} with the password of its secret")),
        STUCK,
    ),
    DoesNotHold(
        "errors came before it went",
        dropped(logs=[spoke(0, FORMER, since=1750), spoke(1, FORMER, since=1750), spoke(2, NEWER, fails="")]),
        STUCK,
    ),
    DoesNotHold(
        "errors came hours after it went",
        dropped(at=9000),
        STUCK,
    ),
    DoesNotHold(
        "who has the newer one fails alike",
        dropped(logs=[spoke(0, FORMER), spoke(1, FORMER), spoke(2, NEWER)]),
    ),
    DoesNotHold(
        "all are as old, and the Secret is older than they: a start reads the login that is gone",
        dropped(logs=ALL_OLD, objects=shop(pods=3, env=ENV, age=60 * DAY)),
    ),
    DoesNotHold(
        "a pod that read the Secret as it is now has the login that is gone",
        dropped(logs=ALL_OLD, written=30 * DAY),
    ),
    DoesNotHold(
        "a user of the program was deleted, of whom its pods tell beside others",
        dropped(
            "INFO user alice deleted",
            logs=[
                *(
                    spoke(n, "bob", pool=f"INFO session opened user={login}")
                    for n, login in ((0, "alice"), (1, "alice"))
                ),
                spoke(2, "bob", pool="INFO session opened user={}", fails=""),
                timed(pod("shop", 0), (1700, "INFO session opened user=carol")),
                timed(pod("shop", 1), (1700, "INFO session opened user=dave")),
            ],
        ),
        STUCK,
    ),
    DoesNotHold("all are as old, and none tells of a refused login", all_old()),
    DoesNotHold(
        "all are as old, and the store is full", all_old(logs=[spoke(n, FORMER, fails=FULL) for n in range(3)])
    ),
    *(
        DoesNotHold(what, dropped(line, by=by), STUCK)
        for what, line, by in (
            ("it was dropped in another namespace", DROPPED.replace("town/", "staging/"), "db-operator"),
            ("it was dropped in another cluster", DROPPED.replace("/postgres", "/ledger"), "db-operator"),
            (
                "its field tells of another namespace",
                f'{{"level":"info","msg":"dropped role {FORMER}","namespace":"staging"}}',
                "db-operator",
            ),
            (
                "it is a role of Kubernetes",
                f'msg="pruned resources, deleted role {FORMER}" kind=Role apiGroup=rbac.authorization.k8s.io',
                "argo",
            ),
            ("idle sessions of it were removed", f"LOG user {FORMER} db shop: 3 idle connections removed", "pooler"),
            ("rights of it were revoked", f"role {FORMER} grants on audit revoked", "db-operator"),
            ("a right of it was revoked", f"user '{FORMER}' privilege CREATE revoked on schema public", "db-operator"),
            ("it was taken out of a group", f"removed user {FORMER} from group readers", "db-operator"),
        )
    ),
    DoesNotHold(
        "sessions were dropped, and so a pool calls its user",
        dropped(
            "dropped user connections", logs=[spoke(n, "connections") for n in (0, 1)] + [spoke(2, NEWER, fails="")]
        ),
        STUCK,
    ),
]
