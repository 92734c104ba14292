"""A store without a leader, whose members are well and say that they may not become one; what only sounds like it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, service_for, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BARRED = "INFO: following a different leader because I am not allowed to promote"
BEHIND = "INFO: following a different leader because i am not the healthiest node"
FOLLOWS = "INFO: no action. I am (postgres-1), a secondary, and following a leader (postgres-0)"
LEADS = "INFO: no action. I am (postgres-2), the leader with the lock"
NO_CANDIDATE = "NOTICE: this node's priority is 0 so will not be considered as an automatic promotion candidate"
DISABLED = "1:S 30 Nov 2026 09:40:00.112 * Currently unable to failover: Failover has been disabled."
DELAYED = (
    "1:S 30 Nov 2026 09:40:00.112 * Currently unable to failover: Waiting the delay before I can start a new failover."
)
NO_GOOD = "1:X 30 Nov 2026 09:40:00.461 # -failover-abort-no-good-slave master mymaster 10.1.0.1 6379"
REFUSED = 'connection to server at "postgres", port 5432 failed: Connection refused'
DOWN = "ERROR CLUSTERDOWN The cluster is down"
NO_CACHE = "Error: connect ECONNREFUSED redis:6379"


def reads(label: str) -> Obj:
    return {"volumes": [{"name": "settings", "configMap": {"name": label}}]}


def settings(said: str, label: str = "patroni") -> Obj:
    return thing("ConfigMap", label, age=90 * DAY, written=18 * DAY, data={"patroni.yml": said})


def members(name: str = "postgres", image: str = "spilo:16", port: int = 5432, **more: Any) -> list[Obj]:
    """Return three members of a store, the first of which is not well; its Service chooses the one that leads."""
    made = workload(name, image, kind="StatefulSet", pods=3, port=port, service=False, **more)
    first = next(each for each in made if each["kind"] == "Pod")
    first["status"]["conditions"][0]["status"] = "False"
    first["status"]["containerStatuses"][0]["ready"] = False
    made[0]["status"]["readyReplicas"] = 2
    return [*made, service_for(name, selector={"app": name, "role": "primary"}, port=port, ready=0)]


def say(line: str = BARRED, *numbers: int, name: str = "postgres", since: float = 700) -> list[Log]:
    """Return that members repeat a line."""
    return [log(f"{name}-{n}", *[line] * 9, since=since, of=name) for n in numbers or (1, 2)]


NEVER = "tags:\n  clonefrom: true\n  nofailover: true\n"


def world(
    said: list[Log],
    *more: Obj,
    store: list[Obj] | None = None,
    env: dict[str, str] = URL,
    line: str = REFUSED,
    kept: str = NEVER,
) -> Snapshot:
    """Return a shop that fails right after its release, and the store that it uses."""
    return snapshot(
        shop(env=env, before=IMAGE, released=900),
        members(spec=reads("patroni")) if store is None else store,
        settings(kept),
        *more,
        figures=[errors("shop", since=680)],
        logs=[*said, *(logs("shop", line, 0, 1, since=680) if line else ())],
    )


def sentinels() -> list[Obj]:
    """Return those who watch over a cache."""
    return workload("sentinel", "redis:7", pods=3, port=26379, env={"WATCHED": "redis:6379"}, kind="StatefulSet")


def cache(**more: Any) -> list[Obj]:
    return members("redis", "redis:7", 6379, **more)


DB = "StatefulSet/postgres"
AT_MAP = ("ConfigMap/patroni", "configuration_error", "page_human")
AT_STORE = (DB, "configuration_error", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
CACHE = {"CACHE_URL": "redis://redis:6379"}
HOLDS = [
    Holds(
        "a file that all read says so",
        world(say()),
        AT_MAP,
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=DB)),
        harmful=ACTS,
        began=700,
    ),
    Holds("a priority of nought says so", world(say(), kept="tags:\n  failover_priority: 0\n"), AT_MAP, harmful=ACTS),
    Holds("nobody may read the settings", world(say(), store=members()), AT_STORE, harmful=ACTS),
    Holds("its clients tell nothing, but its Service chooses nobody", world(say(), line=""), AT_MAP, harmful=ACTS),
    Holds(
        "repmgr, by the template",
        world(say(NO_CANDIDATE), store=members(image="postgresql-repmgr:16", env={"REPMGR_NODE_PRIORITY": "0"})),
        AT_STORE,
        harmful=ACTS,
    ),
    Holds(
        "a cache of which each node leads a part",
        world(
            say(DISABLED, name="redis"),
            store=cache(spec=reads("patroni")),
            env=CACHE,
            line=DOWN,
            kept="cluster-enabled yes\ncluster-replica-no-failover yes\n",
        ),
        AT_MAP,
        harmful=ACTS,
    ),
    Holds(
        "those who watch over a cache find nobody, and its settings tell why",
        world(
            say(NO_GOOD, 0, name="sentinel"),
            *sentinels(),
            store=cache(spec=reads("patroni")),
            env=CACHE,
            line=NO_CACHE,
            kept="appendonly yes\nreplica-priority 0\n",
        ),
        AT_MAP,
        harmful=ACTS,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, instead, harmful=ACTS)
    for what, found, instead in (
        (
            "one member that is well says nothing of it",
            world([*say(BARRED, 1), *say("LOG:  checkpoint starting: time", 2)]),
            ("Service/postgres", "configuration_error", "page_human"),
        ),
        (
            "one leads since",
            world([timed("postgres-1", *[(n, BARRED) for n in (700, 690, 680)], of="postgres"), *say(LEADS, 2)]),
            ("Service/postgres", "configuration_error", "page_human"),
        ),
        (
            "they follow another by now",
            world(
                [
                    timed(f"postgres-{n}", *[(s, BARRED) for s in (700, 690, 680)], (600, FOLLOWS), of="postgres")
                    for n in (1, 2)
                ]
            ),
            ("Service/postgres", "configuration_error", "page_human"),
        ),
        (
            "they lack what was written last",
            world(say(BEHIND)),
            ("Service/postgres", "configuration_error", "page_human"),
        ),
        (
            "a cache waits for an election",
            world(say(DELAYED, name="redis"), store=cache(), env=CACHE, line=NO_CACHE),
            ("Service/redis", "configuration_error", "page_human"),
        ),
        (
            "those who watch find nobody, for another reason: what would say so is a comment",
            world(
                say(NO_GOOD, 0, name="sentinel"),
                *sentinels(),
                store=cache(spec=reads("patroni")),
                env=CACHE,
                line=NO_CACHE,
                kept="# replica-priority 0\nreplica-priority 100\n",
            ),
            ("Service/redis", "configuration_error", "page_human"),
        ),
    )
]
