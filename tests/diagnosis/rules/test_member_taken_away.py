"""A broker or store that was scaled down by hand, whose clients miss a leader since then."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MISSED = "WARN [Consumer groupId=letters] Group coordinator lookup failed: The coordinator is not available."
NO_LEADER = "ERROR produce failed: LEADER_NOT_AVAILABLE: There is no leader for this topic-partition"
FEW = (
    "ERROR org.apache.kafka.common.errors.NotEnoughReplicasException: "
    "Messages are rejected since there are fewer in-sync replicas than required."
)
SHARDS = 'ERROR search failed {"type":"no_shard_available_action_exception","reason":null}'
QUORUM = "ERROR com.datastax: Cannot achieve consistency level QUORUM"
SLOTS = "ERROR CLUSTERDOWN Hash slot not served"
ANSWERED = "INFO letters written n=4"


def members(
    name: str = "kafka",
    image: str = "apache/kafka:3.9",
    *,
    by: str = "kubectl",
    written: float = 700,
    claims: int = 3,
    port: int = 9092,
    kind: str = "StatefulSet",
) -> list[Obj]:
    """Return two members of what had three, whose scale somebody wrote; ``claims``: how many are bound."""
    made = workload(name, image, kind=kind, pods=2, port=port)
    made[0]["metadata"]["managedFields"] = [
        {"manager": by, "operation": "Update", "time": at(written), "subresource": "scale"}
    ]
    made[0]["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {}}]
    bound = {"phase": "Bound"}
    return made + [thing("PersistentVolumeClaim", f"data-{name}-{n}", status=bound) for n in range(claims)]


def world(
    *told: Log, store: list[Obj] | None = None, name: str = "kafka", had: float = 3, port: int = 9092
) -> Snapshot:
    """Return a shop that fails right after its release, and the store that it uses."""
    client = shop(env={"STORE": f"{name}:{port}"}, before=IMAGE, released=900)
    figures = [errors("shop", since=600), figure("replicas_wanted", had, 2, 700, component=name)]
    return snapshot(client, members() if store is None else store, logs=told, figures=figures)


def said(line: str = MISSED, since: float = 650) -> tuple[Log, ...]:
    return tuple(logs("shop", line, 0, 1, since=since))


KAFKA = "StatefulSet/kafka"
GIVE: tuple[str, str, str] = (KAFKA, "configuration_error", "scale_workload")
ASK: tuple[str, str, str] = (KAFKA, "configuration_error", "page_human")
ACTS = ("rollback_workload", "restart_workload")
HOLDS = [
    *(
        Holds(
            f"its clients miss a leader since then: {line[:40]}",
            world(*said(line)),
            GIVE,
            excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=KAFKA)),
            harmful=ACTS,
            began=650,
        )
        for line in (MISSED, NO_LEADER, FEW)
    ),
    *(
        Holds(
            f"members of another kind: {name}",
            world(*said(line), store=members(name, image, port=port), name=name, port=port),
            (f"StatefulSet/{name}", "configuration_error", "scale_workload"),
            harmful=ACTS,
        )
        for name, image, port, line in (
            ("elastic", "elasticsearch:8.15.0", 9200, SHARDS),
            ("cassandra", "cassandra:4.1", 9042, QUORUM),
            ("redis", "redis:7", 6379, SLOTS),
        )
    ),
    Holds("what the third one had is gone", world(*said(), store=members(claims=2)), ASK, harmful=ACTS),
]
ELECTED = log(pod("shop"), MISSED, MISSED, *[ANSWERED] * 30, since=650)
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=("scale_workload", "restart_workload"), instead=("rollback_workload",))
    for what, found in (
        ("another member leads in a moment", world(ELECTED)),
        ("they missed it before", world(*said(since=3000))),
        ("they miss it since long after that", world(*said(since=650), store=members(written=3000))),
        ("an autoscaler took it away", world(*said(), store=members(by="horizontal-pod-autoscaler"))),
        ("a controller wrote its scale", world(*said(), store=members(by="kube-controller-manager"))),
        ("it has as many as before", world(*said(), had=2)),
        ("somebody wrote its scale days ago", world(*said(), store=members(written=200000))),
        ("what lacks replicas keeps nothing in its order", world(*said(), store=members(kind="Deployment"))),
    )
]
