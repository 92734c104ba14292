"""A store that is a replica of its own name: by what its log tells, or by what it read at its start."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, snapshot, thing, workload

STORE = "StatefulSet/balance"
CONFIG = ("ConfigMap/balance-conf", "configuration_error", "page_human")
OWN = "balance-0.balance.town.svc.cluster.local"
READS = {"REDIS_URL": "redis://balance:6379/0"}
READONLY = "ERROR debit failed: READONLY You can't write against a read only replica. (redis://balance:6379)"
SQL_REFUSED = "ERROR (1290, 'The MySQL server is running with the --read-only option') (balance:3306)"
TO_MASTER = "1:S * Connecting to MASTER {}:6379"
TO_PRIMARY = "1:S 30 Nov 2026 12:46:01.221 * Connecting to PRIMARY {}:6379"
TO_SOURCE = "7 [System] [Repl] Replica I/O thread for channel '': connected to source 'repl@{}:3306'"
NO_LINK = "1:S * Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK Can't SYNC while not"
LEADS = "1:M * MASTER MODE enabled (user request from 'id=7 addr=10.1.2.2:4242')"


def conf(to: str = OWN, key: str = "redis.conf", written: float | None = 4 * DAY) -> Obj:
    said = f"port 6379\nappendonly yes\nreplicaof {to} 6379\n"
    return thing("ConfigMap", "balance-conf", written=written, data={key: said})


def store(pods: int = 1, image: str = "redis:7.2", port: int = 6379, **more: Any) -> list[Obj]:
    """Return a store that was started anew half an hour ago, and reads a file of settings."""
    volumes = {"volumes": [{"name": "conf", "configMap": {"name": "balance-conf"}}]}
    shape = {"kind": "StatefulSet", "pods": pods, "port": port, "spec": volumes, "started": 1800}
    return workload("balance", image, **{**shape, **more})


def told(*lines: str, to: str = OWN, times: int = 8, since: float = 1780) -> Any:
    every = [line.format(to) for _ in range(times) for line in lines]
    return log("balance-0", *every, since=since)


def world(*objects: Any, of_store: Any = (), line: str = READONLY, env: Any = None, since: float = 1750) -> Any:
    """Return a shop whose writes are refused since then."""
    return snapshot(
        *objects,
        shop(env=env or READS),
        figures=[errors("shop", since=since)],
        logs=[*logs("shop", line, 0, 1, since=since), *of_store],
    )


HOLDS = [
    Holds(
        "it follows itself since its start, as a file of settings says that was written days before",
        world(store(), conf(), of_store=[told(TO_MASTER, NO_LINK)]),
        CONFIG,
        excludes=(
            *no("restart_workload", "rollback_workload", "scale_database", at=STORE),
            *no("restart_workload", "rollback_workload", at=SHOP),
        ),
        alone=True,
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a release of who asks it stood near",
        snapshot(
            store(),
            conf(),
            shop(env=READS, before=IMAGE, released=2400),
            figures=[errors("shop", since=1750)],
            logs=[*logs("shop", READONLY, 0, 1, since=1750), told(TO_MASTER, NO_LINK)],
        ),
        CONFIG,
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    Holds(
        "nobody kept its log",
        world(store(), conf()),
        CONFIG,
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "it is Valkey, and follows the Service that leads to nobody but it",
        world(store(image="valkey/valkey:8.1"), conf("balance"), of_store=[told(TO_PRIMARY, to="balance")]),
        CONFIG,
    ),
    Holds(
        "somebody made it follow its own address, and no settings say so",
        world(store(), of_store=[told("1:S * Connecting to MASTER 10.1.210.1:6379")]),
        (STORE, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=STORE),
    ),
    Holds(
        "a MariaDB is connected to itself as its source",
        world(
            store(image="mariadb:11.4", port=3306),
            of_store=[told(TO_SOURCE)],
            line=SQL_REFUSED,
            env={"DB_HOST": "balance", "DB_PORT": "3306"},
        ),
        (STORE, "configuration_error", "page_human"),
    ),
    Holds(
        "its own release told it so by an argument: the template before lets it lead",
        world(
            store(
                started=None,
                released=1800,
                args=["--replicaof", OWN, "6379"],
                before={"args": ["--appendonly", "yes"]},
            ),
            of_store=[told(TO_MASTER, NO_LINK)],
        ),
        (STORE, "configuration_error", "rollback_workload"),
        spares=no("rollback_workload", at=STORE),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it follows another server, and clients that keep sessions with it are refused",
        world(store(), workload("other", "redis:7.2", port=6379), of_store=[told(TO_MASTER, to="other")]),
        (SHOP, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "a Sentinel put it right at once",
        snapshot(store(), shop(env=READS), logs=[log("balance-0", *[TO_MASTER.format(OWN)] * 9, LEADS, since=1780)]),
    ),
    DoesNotHold(
        "one of three follows the first of them",
        snapshot(store(pods=3), shop(env=READS), logs=[log("balance-1", *[TO_MASTER.format(OWN)] * 9, since=1780)]),
    ),
    DoesNotHold(
        "it follows what a proxy beside it leads to, at another port",
        snapshot(store(), shop(env=READS), logs=[told("1:S * Connecting to MASTER 127.0.0.1:6380")]),
    ),
    DoesNotHold(
        "the file is for its replicas, and another one is for it",
        world(store(), conf(key="replica.conf")),
    ),
    DoesNotHold(
        "the file was written after its start: it has not read that",
        world(store(), conf(written=600)),
    ),
    DoesNotHold(
        "the Service that it follows chooses nobody",
        snapshot(
            store(service=False),
            thing("Service", "balance-master", spec={"selector": {"role": "master"}, "ports": [{"port": 6379}]}),
            logs=[told(TO_MASTER, to="balance-master")],
        ),
    ),
]
