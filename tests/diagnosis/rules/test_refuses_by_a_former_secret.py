"""A pooler keeps the logins that it took at its start; who came later, or has read them anew, does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import DB, SHOP, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, postgres, secret_key, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

POOLER, API, LEDGER = "Deployment/pooler", "Deployment/api", "Deployment/ledger"
USERS, LOGIN = "Secret/users", "Secret/shop-db"
ENV: dict[str, Any] = {"DB_URL": "postgres://pooler:6432/shop", "DB_PASSWORD": secret_key("shop-db")}
SASL = "ERROR FATAL: SASL authentication failed (pooler:6432)"
WRONG = 'WARNING server login failed: FATAL password authentication failed for user "shop"'
DENIED = "ERROR 1045 (28000): Access denied for user 'shop'@'10.1.0.4' (using password: YES)"
KEY = "ERROR ledger: POST http://ledger:8080/entries: 401 Unauthorized: invalid api key"
WORK = "INFO order saved"
ROTATED = 1800.0
HARM = ("rollback_workload", "scale_workload", "scale_database")


def secret(name: str, written: float | None = ROTATED, kind: str = "Opaque") -> Obj:
    data = dict.fromkeys(("userlist.txt", "password"), "sha256:0123456789abcdef")
    return thing("Secret", name, written=written, data=data, type=kind)


def file(*, alone: bool) -> dict[str, Any]:
    """Return how a pooler mounts its users: as one file alone, or as a whole directory."""
    mount = {"name": "users", "mountPath": "/etc/pooler/userlist.txt" if alone else "/etc/pooler"}
    return {
        "volumeMounts": [{**mount, **({"subPath": "userlist.txt"} if alone else {})}],
        "spec": {"volumes": [{"name": "users", "secret": {"secretName": "users"}}]},
    }


def pooler(image: str = "edoburu/pgbouncer:v1.24.1", **more: Any) -> list[Obj]:
    return workload("pooler", image, **{"port": 6432, "env": {"DB_HOST": "postgres"}, **file(alone=True), **more})


def says(of: str, line: str, *pods: int, first: float = 1500, other: Sequence[tuple[float, str]] = ()) -> list[Log]:
    """Return logs of work for an hour, with a line that is repeated each minute from an age on."""
    told = [(float(age), WORK) for age in range(3500, 0, -120)] + [
        (float(age), line) for age in range(int(first), 0, -60)
    ]
    told = sorted([*told, *other], key=lambda each: -each[0])
    return [timed(pod(of, number), *told, of=of) for number in pods or (0, 1)]


def world(*objects: Any, told: Sequence[Log], users: Obj | None = None) -> Snapshot:
    """Return a shop that is younger than its Secret, whatever is between, and a database."""
    base = [postgres(), secret("shop-db"), users or secret("users"), *objects]
    if not any(each[0]["metadata"]["name"] == "shop" for each in objects if isinstance(each, list)):
        base.append(shop(env=ENV, started=1700))
    return snapshot(*base, logs=told)


def ledger(started: float | None = None) -> list[Obj]:
    return workload("ledger", env={"API_KEYS": secret_key("ledger-key")}, started=started)


def asking(started: float = 1700) -> list[Obj]:
    return workload("api", env={"LEDGER_URL": "http://ledger:8080", "KEY": secret_key("ledger-key")}, started=started)


def half_new(objects: list[Obj]) -> list[Obj]:
    """Return a workload whose first pod was made since the Secret was written."""
    first = pods_of(objects)[0]
    first["metadata"]["creationTimestamp"] = at(900)
    first["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = at(900)
    return objects


RELOADED = [(1700.0, "LOG got SIGHUP, re-reading config")]
RESTART = (POOLER, "configuration_error", "restart_workload")
CLIENTS = no("restart_workload", "rollback_workload", "restart_connection_pool", at=SHOP)
HOLDS = [
    Holds(
        "a list of users is mounted alone; clients that have the new password are refused",
        world(pooler(), told=says("shop", SASL)),
        RESTART,
        excludes=(*CLIENTS, *no("rollback_workload", at=POOLER), *no("restart_workload", at=DB)),
        harmful=HARM,
        sure=(0.75, 0.95),
        began=1500,
    ),
    Holds(
        "only the pooler tells of it: clients with the former password come in, and the database refuses theirs",
        world(shop(env=ENV), pooler(), told=says("pooler", WRONG)),
        RESTART,
        excludes=CLIENTS,
        harmful=HARM,
    ),
    Holds(
        "another pooler takes the password from a variable, and its clients are told so by the database's name",
        world(
            pooler(
                "proxysql/proxysql:2.7",
                env={"DB_HOST": "postgres", "PW": secret_key("users")},
                volumeMounts=[],
                spec={"volumes": []},
            ),
            told=says("shop", DENIED),
        ),
        RESTART,
        harmful=HARM,
    ),
    Holds(
        "the directory is brought up to date, and the pooler does not say that it read it again",
        world(pooler(**file(alone=False)), told=[*says("shop", SASL), *says("pooler", WORK)]),
        RESTART,
        harmful=HARM,
        sure=(0.6, 0.9),
    ),
    Holds(
        "one of its pods was made since, and is not the one that refuses",
        world(half_new(pooler()), told=[*says("pooler", WRONG, 1), *says("pooler", WORK, 0)]),
        RESTART,
        harmful=HARM,
    ),
    Holds(
        "a service of our own keeps the keys of its clients, and those that have the new key are refused",
        snapshot(ledger(), asking(), secret("ledger-key"), logs=says("api", KEY)),
        (LEDGER, "configuration_error", "restart_workload"),
        excludes=no("restart_workload", "rollback_workload", at=API),
        harmful=HARM,
    ),
]
NOBODY = (LOGIN, "configuration_error", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold(
        "the pooler was started since the Secret was written",
        world(pooler(started=1750), told=says("shop", SASL)),
        NOBODY,
        harmful=HARM,
    ),
    DoesNotHold(
        "clients that are older are well: the database may not know the new login yet",
        world(half_new(shop(env=ENV, started=DAY)), pooler(), told=says("shop", SASL, 0)),
        harmful=(*HARM, "restart_workload"),
    ),
    DoesNotHold(
        "they were refused before it was written",
        world(shop(env=ENV, started=DAY), pooler(), told=says("shop", SASL, first=3000)),
        ("database_connection", "restart_workload"),
        harmful=HARM,
    ),
    DoesNotHold(
        "the pooler has read the directory anew",
        world(pooler(**file(alone=False)), told=[*says("shop", SASL), *says("pooler", WORK, other=RELOADED)]),
        NOBODY,
        harmful=HARM,
    ),
    DoesNotHold(
        "the pooler's Secret is a certificate",
        world(pooler(), told=says("shop", SASL), users=secret("users", kind="kubernetes.io/tls")),
        NOBODY,
        harmful=HARM,
    ),
    DoesNotHold(
        "the pooler's Secret is as it was",
        world(pooler(), told=says("shop", SASL), users=secret("users", None)),
        NOBODY,
        harmful=HARM,
    ),
    DoesNotHold(
        "who asks the database itself, with what is newest, is refused as well",
        world(
            pooler(),
            workload("api", env={"DB_HOST": "postgres", "PW": secret_key("shop-db")}, started=1700),
            told=[
                *says("shop", SASL),
                *says("api", 'FATAL: password authentication failed for user "shop" postgres:5432'),
            ],
        ),
        NOBODY,
        harmful=HARM,
    ),
    DoesNotHold(
        "who comes by the pooler is refused by somebody outside",
        world(pooler(), told=says("shop", "ERROR POST https://api.maps.example/v1: 401 Unauthorized: invalid api key")),
        (LOGIN, "configuration_error", "page_human"),
        harmful=HARM,
    ),
    DoesNotHold(
        "pods of the pooler that were made since refuse as well",
        world(half_new(pooler()), told=[*says("pooler", WRONG)]),
        harmful=HARM,
    ),
    DoesNotHold(
        "who is refused by the service of our own has the former key too",
        snapshot(ledger(), asking(started=DAY), secret("ledger-key"), logs=says("api", KEY)),
        (API, "configuration_error", "restart_workload"),
        harmful=HARM,
    ),
    DoesNotHold(
        "the service of our own is new, and has the new key",
        snapshot(ledger(started=1750), asking(), secret("ledger-key"), logs=says("api", KEY)),
        ("Secret/ledger-key", "configuration_error", "page_human"),
        harmful=HARM,
    ),
]
