"""A store whose members came back without what they held, and whose users miss who leads that part."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put, waiting, younger
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, event, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SLOTS = "ERROR io.lettuce.core.RedisCommandExecutionException: CLUSTERDOWN Hash slot not served"
SHARDS = 'ERROR search failed {"type":"no_shard_available_action_exception","reason":null}'
NO_LEADER = "ERROR produce failed: LEADER_NOT_AVAILABLE: There is no leader for this topic-partition"
LEVEL = "ERROR com.datastax: Cannot achieve consistency level LOCAL_ONE"
ANSWERED = "INFO cart kept n=4"
ENDS = {"volumes": [{"name": "data", "emptyDir": {}}, {"name": "conf", "configMap": {"name": "conf"}}]}
LIES_THERE = {"volumes": [{"name": "data", "hostPath": {"path": "/mnt/disk1"}}]}


def members(
    name: str = "valkey",
    image: str = "valkey/valkey:8.1",
    *,
    port: int = 6379,
    count: int = 2,
    made: float = 640,
    spec: dict[str, Any] | None = None,
    **more: Any,
) -> list[Obj]:
    """Return six members of a store, of which the last ones were made anew; ``spec``: their volumes."""
    given: dict[str, Any] = {"kind": "StatefulSet", "pods": 6, "port": port, "spec": ENDS if spec is None else spec}
    found = workload(name, image, **{**given, **more})
    return younger(found, count, age=made) if count else found


def on_claims(*ages: float) -> list[Obj]:
    """Return members on claims of their own, of these ages each."""
    found = members(spec={})
    for each, age in zip(pods_of(found), ages, strict=True):
        claim = f"data-{each['metadata']['name']}"
        each["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
        found.append(thing("PersistentVolumeClaim", claim, age=age, status={"phase": "Bound"}))
    return found


def world(
    *told: Log, store: list[Obj] | None = None, name: str = "valkey", port: int = 6379, more: list[Obj] | None = None
) -> Snapshot:
    """Return a shop that fails right after its release, and the store that it uses."""
    client = shop(env={"STORE": f"{name}:{port}"}, before=IMAGE, released=900)
    found = members() if store is None else store
    return snapshot(client, found, more or [], logs=told, figures=[errors("shop", since=600)])


def said(line: str = SLOTS, since: float = 650) -> tuple[Log, ...]:
    return tuple(logs("shop", line, 0, 1, since=since))


def unready() -> list[Obj]:
    found = members()
    put(pods_of(found)[-1], waiting("CrashLoopBackOff"), ready=False)
    found[0]["status"]["readyReplicas"] = 5
    return found


VALKEY = "StatefulSet/valkey"
LOST: tuple[str, str, str] = (VALKEY, "dependency_failure", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
DRAINED = [
    event("Node/n1", "NodeNotSchedulable", "Node n1 status is now: NodeNotSchedulable", age=380, kind="Normal"),
    event("Pod/valkey-5", "Scheduled", "Successfully assigned shop/valkey-5 to n2", age=330, kind="Normal"),
    event("Pod/valkey-5", "Killing", "Stopping container valkey", age=370, kind="Normal"),
]
HOLDS = [
    Holds(
        "both that held one part were on a node that was drained",
        world(*said(), more=DRAINED),
        LOST,
        excludes=(
            *no("restart_workload", "rollback_workload", "scale_workload", at=VALKEY),
            *no("rollback_workload", "restart_workload", at=SHOP),
        ),
        harmful=ACTS,
        sure=(0.9, 1.0),
        began=650,
    ),
    *(
        Holds(
            f"another store, and nobody tells how it came: {name}",
            world(*said(line), store=members(name, image, port=port, count=1), name=name, port=port),
            (f"StatefulSet/{name}", "dependency_failure", "page_human"),
            harmful=ACTS,
        )
        for name, image, port, line in (
            ("elastic", "elasticsearch:8.15.0", 9200, SHARDS),
            ("kafka", "apache/kafka:3.9", 9092, NO_LEADER),
            ("cassandra", "cassandra:4.1", 9042, LEVEL),
        )
    ),
    Holds("no volume at all", world(*said(), store=members(spec={})), LOST, harmful=ACTS),
    Holds("their claims were made anew as well", world(*said(), store=on_claims(*[9 * DAY] * 4, 650, 650)), LOST),
    Holds("they found a place only later", world(*said(), store=members(made=120)), LOST, harmful=ACTS),
]
TAKE_BACK = ("code_defect", "rollback_workload")
ELECTED = log(pod("shop"), SLOTS, SLOTS, *[ANSWERED] * 30, since=650)
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, found, harmful=("restart_workload", "scale_workload"))
        for what, found in (
            ("they came back with what they held", world(*said(), store=on_claims(*[9 * DAY] * 6))),
            ("what they held lies on their node", world(*said(), store=members(spec=LIES_THERE))),
            ("all members are as old as ever", world(*said(), store=members(count=0))),
            ("they were made anew hours before", world(*said(), store=members(made=9000))),
            ("one is not there yet", world(*said(), store=unready())),
            (
                "the store is new, and nobody has joined its members yet",
                world(*said(), store=members(age=1800, made=640)),
            ),
        )
    ),
    DoesNotHold("another member serves it in a moment", world(ELECTED), (SHOP, *TAKE_BACK)),
    DoesNotHold("nobody misses it", world(), (SHOP, *TAKE_BACK)),
]
