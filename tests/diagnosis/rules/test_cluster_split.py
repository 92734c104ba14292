"""Which half of a cluster stays is for a person to choose; callers have no part in it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, log, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RABBIT = "StatefulSet/rabbitmq"
APART = "[error] mnesia_event got {inconsistent_database, running_partitioned_network, 'rabbit@rabbitmq-2'}"
GALERA = "[Warning] WSREP: view(view_id(NON_PRIM,a1b2,41) memb: galera-0"
VOTED_OUT = "[ERROR] WSREP: Inconsistency detected: Inconsistent by consensus on 5b1c7a0e:48811207"
HEALED = "[info] <0.512.0> Autoheal process: network partition has been healed"
RETURNED = 'basic.return 312 NO_ROUTE exchange="exits" key="exit.paid"'


LOST = (
    "WARN [org.infinispan.CLUSTER] [Context=sessions] ISPN000314: Cache sessions lost at least half of the stable "
    "members, possible split brain causing data inconsistency. Current members are [{}-51243], lost members are "
    "[{}-38201]"
)
"""How a server of logins tells that it no longer shares its sessions with its like."""


PARTED = (LOST.format("keycloak-0", "keycloak-1"), LOST.format("keycloak-1", "keycloak-0"))
MERGE = "[10.1.{}]:5701 [dev] We should merge to [10.1.{}]:5701, because their data member count is bigger than ours"
MERGES = (MERGE.format("101.1", "101.2"), MERGE.format("101.2", "101.1"))


def logins(**more: Any) -> list[Obj]:
    return workload("keycloak", "quay.io/keycloak/keycloak:23.0.7", kind="StatefulSet", pods=2, **more)


def signing(servers: list[Obj], *lines: str) -> Snapshot:
    """Return two servers of logins, each with a line that it repeats since 45 minutes, and who signs people in."""
    return snapshot(
        servers,
        shop(env={"ISSUER": "http://keycloak:8080"}, before=OLD, released=3000),
        logs=[log(f"keycloak-{n}", line, since=2700) for n, line in enumerate(lines)],
        alerts=[alert("SignInFails", deployment="shop")],
        figures=[errors("shop", 0.4, 2700)],
    )


def rabbit() -> list[Obj]:
    return workload("rabbitmq", "rabbitmq:3.12-management", kind="StatefulSet", pods=3, port=5672)


def rabbit_anew() -> list[Obj]:
    """Return a cluster of which one member was started anew a quarter of an hour ago."""
    made = rabbit()
    put(pods_of(made)[2], {"state": {"running": {"startedAt": at(900)}}})
    return made


def galera(*logs: Log, pods: int = 3) -> Snapshot:
    """Return a cluster of Galera whose users get errors for ten minutes."""
    return snapshot(
        workload("galera", "mariadb:11", kind="StatefulSet", pods=pods, port=3306),
        shop(env={"DB_HOST": "galera"}),
        logs=logs,
        figures=[errors("shop", 0.4, 600)],
    )


def caller(**more: object) -> list[Obj]:
    return shop(env={"AMQP_URL": "amqp://rabbitmq:5672/"}, **more)


HOLDS = [
    Holds(
        "RabbitMQ runs in two halves for three quarters of an hour",
        snapshot(
            rabbit(),
            caller(before=OLD, released=7000),
            logs=[*(log(f"rabbitmq-{n}", APART, since=2700) for n in range(3)), *logs("shop", RETURNED)],
            alerts=[alert("BarrierStaysClosed", deployment="shop")],
        ),
        (RABBIT, "network_fault", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *no("scale_workload", at=RABBIT)),
        alone=True,
        sure=(0.7, 1.0),
    ),
    Holds(
        "a member of Galera is in no primary component, and writes fail",
        snapshot(
            workload("galera", "mariadb:11", kind="StatefulSet", pods=3, port=3306),
            shop(env={"DB_HOST": "galera"}),
            logs=[log("galera-0", GALERA, since=600)],
            figures=[errors("shop", 0.4, 600)],
        ),
        ("StatefulSet/galera", "network_fault", "page_human"),
    ),
    Holds(
        "a member of Galera was voted out for what it holds, and the others go on without it",
        galera(log("galera-1", VOTED_OUT, GALERA, since=60)),
        ("StatefulSet/galera", "database_connection", "page_human"),
        excludes=(*no("rollback_workload", at=SHOP), *no("scale_workload", at="StatefulSet/galera")),
        harmful=("restart_workload", "rollback_workload"),
    ),
    *(
        Holds(f"members of Galera are apart for the network: {what}", world, ("StatefulSet/galera", *said))
        for said in (("network_fault", "page_human"),)
        for what, world in (
            ("a vote was hours before", galera(log("galera-1", VOTED_OUT, GALERA, since=9000))),
            ("one could not follow after it was apart", galera(log("galera-1", GALERA, VOTED_OUT, since=60))),
            (
                "another one was voted out",
                galera(log("galera-1", GALERA, since=60), log("galera-2", VOTED_OUT, since=60)),
            ),
            ("of two nobody knows which one is right", galera(log("galera-1", VOTED_OUT, GALERA, since=60), pods=2)),
        )
    ),
    *(
        Holds(
            f"two servers of logins no longer share their sessions, and who signs people in suffers{what}",
            signing(servers, *lines),
            ("StatefulSet/keycloak", "network_fault", "page_human"),
            excludes=(*no("rollback_workload", at=SHOP), *no("scale_workload", at="StatefulSet/keycloak")),
            alone=True,
        )
        for what, servers, lines in (
            ("", logins(), PARTED),
            (", and they name their addresses", logins(), MERGES),
            (", long after their release", logins(before=OLD, released=7000), PARTED),
        )
    ),
    Holds(
        "two servers of logins lost one another right after their own release, which may have parted them",
        signing(logins(before=OLD, released=2760), *PARTED),
        ("StatefulSet/keycloak", "network_fault", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
        spares=no("rollback_workload", at="StatefulSet/keycloak"),
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "RabbitMQ runs in two halves, and one of its callers stumbles in its own code since a later release",
        snapshot(
            rabbit(),
            caller(),
            workload("cart", env={"AMQP_URL": "amqp://rabbitmq:5672/"}, before=OLD, released=700),
            logs=[
                *(log(f"rabbitmq-{n}", APART, since=2700) for n in range(3)),
                *logs("shop", RETURNED),
                *logs("cart", "ERROR TypeError: total is undefined", 0, 1, since=680),
            ],
            figures=[errors("cart", 0.6, 680)],
            alerts=[alert("BarrierStaysClosed", deployment="shop")],
        ),
        (RABBIT, "network_fault", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
        spares=no("rollback_workload", at=CART),
        believed="errors_since_release",  # which is another fault: it stumbles in its own code
        harmful=("restart_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a server of logins repeats what members of another program tell",
        snapshot(
            logins(),
            logs=[log(f"keycloak-{n}", LOST.format("grid-0", "grid-1"), since=2700) for n in range(2)],
            alerts=[alert("SignInFails", statefulset="keycloak")],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the halves joined again",
        snapshot(
            rabbit(),
            caller(),
            logs=[log("rabbitmq-0", APART, HEALED, since=2700)],
            alerts=[alert("BarrierStaysClosed", deployment="shop")],
        ),
    ),
    DoesNotHold(
        "nobody suffers",
        snapshot(rabbit(), caller(), logs=[log("rabbitmq-0", APART, since=2700)], figures=[errors("shop", 0.001)]),
    ),
    DoesNotHold(
        "one member was started anew since, and nobody told of it again",
        snapshot(
            rabbit_anew(),
            caller(),
            logs=[log("rabbitmq-0", APART, since=2700)],
            alerts=[alert("BarrierStaysClosed", deployment="shop")],
        ),
    ),
    DoesNotHold(
        "the member that told of it was started again since",
        snapshot(
            rabbit(),
            caller(),
            logs=[log("rabbitmq-2", APART, since=2700, previous=True)],
            alerts=[alert("BarrierStaysClosed", deployment="shop")],
        ),
    ),
    DoesNotHold(
        "a service of our own has a word for it",
        snapshot(caller(), logs=logs("shop", "split brain of two carts resolved by the newer one")),
    ),
]
