"""Data services that are no PostgreSQL: MongoDB, Kafka, etcd."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, nodes
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev
from tests.diagnosis.casemaker.world import World, days, minutes

HARM = [
    "rollback_workload",
    "restart_workload",
    "scale_workload",
    "no_action",
    "scale_database",
    "restart_connection_pool",
]


@case(
    "document-store-without-a-majority",
    "courier",
    "2026-02-19T03:48:00",
    title="Two of three members of a MongoDB replica set find no node after the pool was shrunk; there is no primary",
    drawn_from=(
        "replica sets that lose their majority when members cannot be placed: ReplicaSetNoPrimary on every write"
    ),
    why="Writes fail everywhere at once because no primary can be elected; the members wait for room and "
    "for the zone of "
    "their volume, which only a person can give.",
    expect=[Fault("StatefulSet/mongo", "capacity", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("dependency_failure", "page_human"),
        ("configuration_error", "page_human"),
    ],
    forbidden=HARM,
)
def no_majority(w: World) -> None:
    nodes(w, "co-1", "co-2")
    spec = pod_spec(
        container("mongod", "mongo:7.0.14", port=27017, memory=("6Gi", "6Gi"), ready=None, args=("--replSet", "rs0"))
    )
    text = (
        "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had volume node affinity conflict. preemption: "
        "0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for "
        "scheduling."
    )
    away = P(age=minutes(22), unschedulable=text)
    top = rolled(w, "StatefulSet", "mongo", [Rev(spec, days(140))], [P(), away, away], claim="data")
    for index in range(3):
        claim(w, f"data-mongo-{index}")
        if index:
            event(w, top.pods[index], "FailedScheduling", text, first=minutes(22), last=70, count=5)
    service(w, "mongo", port=27017, target=27017, headless=True)
    parcels = well(
        w,
        "parcels",
        "registry.courier.example/parcels:44",
        pods=2,
        age=days(11),
        env={"MONGO_URL": "mongodb://mongo:27017/parcels"},
    )
    labels = well(
        w,
        "labels",
        "registry.courier.example/labels:7",
        pods=2,
        age=days(37),
        env={"MONGO_URL": "mongodb://mongo:27017/labels"},
    )
    for index in range(2):
        lines = [
            "MongoServerSelectionError: Server selection timed out after 30000 ms",
            "topology type ReplicaSetNoPrimary, POST /parcels answered 500",
        ]
        log(w, parcels, index, "pino", often(7, 1250, 1, "error", lines))
        lines = [
            'pymongo.errors.ServerSelectionTimeoutError: No replica set members match selector "Primary()", '
            "Timeout: 30s, Topology Description: <TopologyDescription topology_type: ReplicaSetNoPrimary>"
        ]
        log(w, labels, index, "python", often(9, 1250, 1, "error", lines, "labels.store"))
    told = [
        L(minutes(22) - 10, "info", "Can't see a majority of the set, relinquishing primary"),
        *often(15, 1280, 2, "info", ["Not starting an election, since we are not electable"], "ELECTION"),
    ]
    log(w, top, 0, "mongo", told)
    alert(w, "ParcelsErrors", minutes(17), "most writes of parcels fail", service="parcels")


@case(
    "log-dirs-of-two-brokers-failed",
    "betting",
    "2026-08-08T20:31:00",
    title=(
        "Two of three Kafka brokers shut down because their log directories are full; producers get NOT_ENOUGH_REPLICAS"
    ),
    drawn_from="Kafka brokers that stop because all log dirs have failed: No space left on device",
    why="Producers complain of too few replicas, a consumer of missing leaders; what states its cause is the brokers' "
    "own last words.",
    expect=[Fault("StatefulSet/kafka", "resource_exhaustion", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-kafka-1"),
        ("dependency_failure", "page_human"),
    ],
    forbidden=HARM,
)
def log_dirs(w: World) -> None:
    nodes(w, "be-1", "be-2", "be-3")
    spec = pod_spec(
        container("kafka", "apache/kafka:3.8.1", port=9092, memory=("2Gi", "4Gi"), ready={"tcpSocket": {"port": 9092}})
    )
    last = terminated(1, "Error", started=130, finished=112)
    down = P(restarts=6, last=last, ready=False, backoff="2m40s", unready=minutes(18))
    top = rolled(w, "StatefulSet", "kafka", [Rev(spec, days(160))], [P(), down, down], claim="data")
    service(w, "kafka", port=9092, target=9092, headless=True)
    for index in range(3):
        claim(w, f"data-kafka-{index}", size="100Gi")
    for index in (1, 2):
        restarting(w, top.pods[index], first=minutes(17), last=20, count=44)
        told = [
            L(
                118,
                "error",
                "Error while loading log dir /var/lib/kafka/data: java.io.IOException: No space left on device",
                "kafka.log.LogManager",
            ),
            L(
                113,
                "error",
                "Shutdown broker because all log dirs in /var/lib/kafka/data have failed",
                "kafka.log.LogManager",
            ),
        ]
        log(w, top, index, "kafka", told, previous=True)
    bets = well(
        w,
        "bet-intake",
        "registry.betting.example/bet-intake:71",
        pods=3,
        age=days(4),
        before="registry.betting.example/bet-intake:70",
        env={"KAFKA": "kafka:9092"},
    )
    odds = well(w, "odds", "registry.betting.example/odds:12", pods=2, age=days(60), env={"KAFKA": "kafka:9092"})
    for index in range(3):
        lines = [
            (
                "[Producer clientId=producer-1] Got error produce response on topic-partition bets-4, retrying. "
                "Error: NOT_ENOUGH_REPLICAS"
            ),
            "org.apache.kafka.common.errors.NotEnoughReplicasException: Messages are rejected since there are fewer "
            "in-sync replicas than required.",
        ]
        log(w, bets, index, "logback", often(6, 1050, 1, "error", lines, "o.a.k.c.producer.internals.Sender"))
    for index in range(2):
        lines = ["kafka: error while consuming odds/2: kafka server: There is no leader for this topic-partition"]
        log(w, odds, index, "golang", often(8, 1050, 1, "error", lines))
    requests(w, "bet-intake", rate=flat(130), errors=step(0.001, 0.64, minutes(17)))
    alert(w, "BetIntakeErrors", minutes(14), "64% of bets are refused", service="bet-intake")


@case(
    "key-store-over-its-space-quota",
    "fleet-control",
    "2026-06-23T11:09:00",
    title="An application's etcd has reached its space quota and raised NOSPACE; its volume is half empty",
    drawn_from="etcd-io/etcd issues 11947 and 13716: mvcc: database space exceeded though the disk has room",
    why="Reads still work and every put is refused; the limit is etcd's own, so compaction and defragmentation by a "
    "person help and nothing else does.",
    expect=[Fault("StatefulSet/etcd", "resource_exhaustion", "page_human")],
    acceptable=[("dependency_failure", "page_human"), ("configuration_error", "page_human")],
    forbidden=HARM,
)
def nospace(w: World) -> None:
    nodes(w, "fc-1", "fc-2", "fc-3")
    spec = pod_spec(container("etcd", "quay.io/coreos/etcd:v3.5.17", port=2379, ready={"tcpSocket": {"port": 2379}}))
    top = statefulset(w, "etcd", spec, 3, claim="data")
    service(w, "etcd", port=2379, target=2379, headless=True)
    for index in range(3):
        claim(w, f"data-etcd-{index}", size="8Gi")
        signal(w, "volume_used_share", {"persistentvolumeclaim": f"data-etcd-{index}"}, flat(0.29))
    line = 'alarm raised","alarm":"NOSPACE","from":"6b2b64547771fe6a'
    log(w, top, 0, "zap", [L(minutes(40), "warn", line, "etcdserver/server.go:1910")])
    agent = well(
        w, "dispatcher", "registry.fleet.example/dispatcher:3.0", pods=2, age=days(25), env={"ETCD": "http://etcd:2379"}
    )
    other = well(
        w, "geofence", "registry.fleet.example/geofence:1.8", pods=2, age=days(70), env={"ETCD": "http://etcd:2379"}
    )
    for index in range(2):
        text = (
            "put /vehicles/{n} failed: rpc error: code = ResourceExhausted desc = etcdserver: mvcc: database "
            "space exceeded"
        )
        log(w, agent, index, "logfmt", often(7, 2380, 1, "error", [text]))
        text = "could not store fence {n}: etcdserver: no space"
        log(w, other, index, "golang", often(9, 2380, 1, "error", [text]))
    requests(w, "dispatcher", rate=flat(34), errors=step(0.0005, 0.41, minutes(39)))
