"""Who is refused after its release: for what it asks for since, or for what it always asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.credentials import ENV, refused
from tests.diagnosis.rules.pods import again, pods_of, put, reown
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, errors, logs, shop, taken_back
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, secret_key, snapshot, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Log, Snapshot

GONE = 'FATAL:  database "shop" does not exist'
ROLE = 'FATAL:  role "shop_v2" does not exist'
HBA = 'FATAL:  no pg_hba.conf entry for host "10.1.0.4", user "shop", database "shop", no encryption'
NOT_OPENED = 'Cannot open database "shop" requested by the login. The login failed. Login failed for user "shop".'
PASSWORD = 'FATAL:  password authentication failed for user "shop"'
USER = {**ENV, "DB_USER": "shop"}
OTHER = {**ENV, "DB_USER": "shop_v2"}


def gone(*more: Any, db: list[Obj] | None = None, told: tuple[int, ...] = (0, 1), since: float = 300) -> Snapshot:
    """Return a client whose release asks at another port, and whose database is gone; ``more``: objects, logs."""
    objects = [each for each in more if not isinstance(each, Log)]
    client = [] if any(each[0]["metadata"]["name"] == "shop" for each in objects) else [plain("DB_PORT")]
    texts = [*logs("shop", GONE, *told, times=3, since=since), *(each for each in more if isinstance(each, Log))]
    return snapshot(*client, db or postgres(), *objects, logs=texts)


def plain(setting: str, **more: Any) -> list[Obj]:
    """Return a shop whose release has one setting more."""
    return shop(**{"env": {**ENV, setting: "20"}, "before": {"env": ENV}, "released": 900, "ready": 0, **more})


def half_rolled_out() -> list[Obj]:
    """Return a shop of which the release has not replaced a pod yet."""
    objects = plain("DB_PORT", pods=3)
    reown(pods_of(objects)[2], "shop-r1", 9 * DAY)
    return objects


def ends_at_once() -> list[Obj]:
    """Return a shop that served for minutes, and whose process ends at each refusal since."""
    objects = plain("DB_PORT")
    for each in pods_of(objects):
        put(each, again("Error", 1, age=60, restarts=5), unready=300)
    return objects


def elsewhere() -> Snapshot:
    """Return a shop and somebody else who are refused by the same server outside."""
    env = {"DB_HOST": "db.example.net"}
    line = f'connection to server at "db.example.net" failed: {GONE}'
    theirs = logs("seats", line.replace('"shop"', '"seats"'), 0, 1, times=3, since=700)
    objects = shop(env={**env, "DB_NAME": "shop"}, before={"env": env}, released=900, ready=0)
    return snapshot(objects, workload("seats", env=env), logs=[*logs("shop", line, 0, 1, times=3, since=700), *theirs])


def asked(*more: Any, db: list[Obj] | None = None, **shop_is: Any) -> Snapshot:
    """Return a shop whose release asks for another role, which the server does not know; ``more``: objects, logs."""
    objects = [each for each in more if not isinstance(each, Log)]
    client = shop(**{"env": OTHER, "before": {"env": USER}, "released": 900, "ready": 0, **shop_is})
    texts = [*logs("shop", ROLE, 0, 1, times=3, since=700), *(each for each in more if isinstance(each, Log))]
    return snapshot(client, db or postgres(), *objects, logs=texts)


def pooled() -> Snapshot:
    """Return a shop whose release asks for another role by way of a pooler, which tells of it as well."""
    env = {"DB_HOST": "pgbouncer", "DB_USER": "shop_v2"}
    objects = shop(env=env, before={"env": {**env, "DB_USER": "shop"}}, released=900, ready=0)
    pooler = workload("pgbouncer", "bitnami/pgbouncer:1", env={"DB_HOST": "postgres"}, port=6432)
    told = logs("pgbouncer", "closing because: no such user: shop_v2 (age=0s)", since=700)
    return snapshot(objects, pooler, postgres(), logs=[*logs("shop", ROLE, 0, 1, since=700), *told])


def beside(age: float) -> list[Obj]:
    """Return a database beside whose process something else was started anew."""
    objects = postgres()
    beside = {"name": "exporter", "image": "registry.example/pg-exporter:1"}
    for each in objects:
        if each["kind"] == "Pod":
            own = each["status"]["containerStatuses"][0]
            state = again("Error", 1, age=age)
            each["spec"] = {**each["spec"], "containers": [*each["spec"]["containers"], beside]}
            each["status"]["containerStatuses"] = [own, {"name": "exporter", **state}]
    return objects


FORMER: dict[str, Any] = {"env": ENV, "envFrom": [{"configMapRef": {"name": "a"}}]}
INNOCENT = (
    "DB_SSLMODE",
    "DB_USER",
    "DB_POOL_SIZE",
    "LOG_LEVEL",
    "DATABASE_REPORT_INTERVAL",
    "PAYMENT_URL",
    "STORAGE_URL",
    "UPGRADE_NAME",
)
BACK = "rollback_workload"
JOB: dict[str, Any] = {"kind": "Job", "pods": 1, "env": OTHER, "age": 950, "service": False}
IN_VAIN = log(pod("meter"), *['FATAL:  role "postgres" does not exist'] * 90, since=9000)
WEB: dict[str, Any] = {"env": {"SHOP_URL": "http://shop:8080", **ENV}}
HOLDS = [
    *(
        Holds(
            f"not for its release: {what}",
            world,
            (DB, "configuration_error", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            *((f"{each} is nothing of its login", gone(plain(each))) for each in INNOCENT),
            ("a pod that it has not replaced yet is refused as well", gone(half_rolled_out(), told=(0, 1, 2))),
            ("it served for long", gone(plain("DB_PORT", released=3500))),
            ("it served until the server was started anew", gone(ends_at_once(), db=postgres(started=400))),
        )
    ),
    Holds(
        "a login that fails for want of its database is no wrong password",
        refused(0, 1, written=None, line=NOT_OPENED),
        (DB, "configuration_error", "page_human"),
        alone=True,
    ),
    Holds(
        "it went back to what it asked for before: a person is at it",
        snapshot(
            taken_back(shop(env=OTHER, before={"env": USER}, released=900, ready=0)),
            postgres(),
            logs=logs("shop", ROLE, 0, 1, times=3, since=700),
        ),
        (DB, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"for its release: {what}",
            world,
            (SHOP, "configuration_error", "rollback_workload"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("nobody else is refused", gone()),
            ("it asks for another role", asked()),
            ("a pooler between tells of it as well", pooled()),
            ("it says no more as whom it comes", asked(env=ENV, before={"env": USER})),
            ("it takes its role from elsewhere", asked(env={**ENV, "DB_USER": secret_key("shop-db", "user")})),
            ("it asks for another role, and seldom", asked(released=3500)),
            (
                "an argument of its command",
                asked(args=["serve", "--as=shop_v2"], before={"args": ["serve", "--as=shop"]}, env=ENV),
            ),
            ("a variable of a name of its own", asked(env={**ENV, "WHO": "shop_v2"}, before={"env": ENV})),
            ("another ConfigMap", gone(plain("LOG_LEVEL", envFrom=[{"configMapRef": {"name": "b"}}], before=FORMER))),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the password is refused, and a second try without encryption by rules for hosts",
        refused(0, written=3600, line=f"connection failed: {PASSWORD} connection failed: {HBA}"),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "the same, each in its own line",
        snapshot(shop(env=ENV), postgres(), logs=[log(pod("shop"), *[PASSWORD, HBA] * 4)]),
        (SHOP, "configuration_error", "page_human"),
    ),
    *(
        DoesNotHold(
            f"a program's own words since its release: {line}",
            snapshot(
                shop(env=ENV, before=IMAGE, released=600),
                postgres(),
                logs=logs("shop", line, 0, 1, since=500),
                figures=[errors("shop")],
            ),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for line in ("WARN login failed: unknown user bob", "WARN slow statement (1049 ms)")
    ),
]


@pytest.mark.parametrize(
    ("world", "first"),
    [
        (asked(workload("meter"), IN_VAIN), (SHOP, BACK)),
        (asked(workload("shop-migrate", **JOB), log("shop-migrate-0", *[ROLE] * 3, since=880)), (SHOP, BACK)),
        (asked(db=beside(720), ready=2), (SHOP, BACK)),
        (elsewhere(), ("Deployment/seats", "page_human")),
        (gone(workload("web", **WEB), log(pod("web"), *[GONE.replace("shop", "web")] * 3)), (DB, "page_human")),
    ],
    ids=[
        "who has asked in vain for something else for long clears nobody",
        "a run of the same release clears nobody",
        "what runs beside the server was started anew",
        "somebody else is refused by the same server outside",
        "who calls it asks the same server, and is refused as well",
    ],
)
def test_who_else_is_refused(world: Snapshot, first: tuple[str, str]) -> None:
    found = decide(world).findings
    assert (found[0].component, found[0].remedy) == first
    assert first[1] == BACK or BACK not in {each.remedy for each in found}
