"""A snapshot held for a week, workers at their limit, and a primary that moved on purpose."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import custom
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import budget, claim, node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, pulse, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "week-old-snapshot-keeps-all-dead-rows",
    "sample-lab",
    "2026-08-19T11:26:00",
    title="Results are late: each look into the job table reads dead rows that a notebook's old session keeps",
    drawn_from="queues in PostgreSQL that bloat because a forgotten transaction holds the oldest xmin for days",
    why="Autovacuum says that it may not remove them yet; the one transaction as old as that is the notebook's, idle "
    "for six days. Ending it lets vacuum work. More workers only look more often; their release is three days old.",
    expect=[Fault("Deployment/notebooks", "database_connection", "page_human")],
    acceptable=[
        ("database_connection", "restart_workload"),
        ("database_connection", "restart_connection_pool"),
        ("resource_exhaustion", "page_human"),
        ("resource_exhaustion", "restart_workload"),
        ("configuration_error", "page_human"),
        ("code_defect", "page_human"),
        ("code_defect", "restart_workload"),
        ("resource_exhaustion", "restart_connection_pool"),
    ],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        {"remedy": "restart_workload", "target": "StatefulSet/lab-db"},
    ],
)
def dead_rows(w: World) -> None:
    nodes(w, "sl-1", "sl-2", "sl-3")
    base = postgres(w, "lab-db", image="postgres:16.6")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    image = "registry.sample-lab.example"
    env = {"DATABASE_URL": "ecto://lab-db/lab"}
    work = well(
        w, "assay-workers", f"{image}/assay:61", pods=4, age=days(3), before=f"{image}/assay:60", port=4000, env=env
    )
    front = well(w, "results-portal", f"{image}/portal:208", pods=2, age=days(15), style="golang")
    ingress(w, "portal", "results.sample-lab.example", [("/", "results-portal", 80)])
    spec = pod_spec(container("jupyter", "quay.io/jupyter/scipy-notebook:2026-06-30", port=8888, ready="/api",
                              memory=("2Gi", "8Gi"), env={"PGHOST": "lab-db", "PGUSER": "analyst"}))  # fmt: skip
    books = deployment(w, "notebooks", [Rev(spec, days(40))], 1)
    service(w, "notebooks", port=80, target=8888)
    texts = [
        'automatic vacuum of table "lab.public.oban_jobs": index scans: 0\n\tpages: 0 removed, 812442 remain, '
        "812442 scanned (100.00% of total)\n\ttuples: 0 removed, 41880312 remain, 41790021 are dead but not yet "
        "removable\n\tremovable cutoff: 88123114, which was 9211034 XIDs old when operation ended",
    ]
    lines = often(190, 2500, 9, "log", texts)
    text = (
        "duration: {n}.118 ms  execute <unnamed>: SELECT o0.id FROM oban_jobs AS o0 WHERE o0.state = 'available' AND "
    )
    text += "o0.queue = $1 ORDER BY o0.priority, o0.scheduled_at, o0.id LIMIT $2 FOR UPDATE SKIP LOCKED"
    log(w, base, 0, "postgres", [*lines, *often(23, 900, 2, "log", [text], "assay@lab")])
    query = "SELECT s.id, s.batch, r.value FROM samples s JOIN readings r ON r.sample_id = s.id"
    rows = [session(books.pods[0]["status"]["podIP"], "Deployment/notebooks", "idle in transaction", 1, age=534_200,
                    user="analyst", application="ipykernel_launcher.py", wait="Client", query=query)]  # fmt: skip
    query = "SELECT o0.id FROM oban_jobs AS o0 WHERE o0.state = 'available' FOR UPDATE SKIP LOCKED"
    for pod in work.pods:
        client = pod["status"]["podIP"]
        rows.append(session(client, "Deployment/assay-workers", "active", 3, age=4, user="assay", query=query))
        rows.append(session(client, "Deployment/assay-workers", "idle", 5, age=11, user="assay"))
    sessions(w, "StatefulSet/lab-db", 200, rows)
    texts = ["fetch_jobs queue=assay took {n} ms, demand 10", "[Oban] stager query slow, 3 jobs started"]
    for index in range(4):
        log(w, work, index, "logfmt", often(13, 1300 - 17 * index, 1, "warn", texts))
    log(
        w,
        books,
        0,
        "plain",
        [L(days(6.2), "", f"[I {w.time(days(6.2)):%Y-%m-%d %H:%M:%S}.301 ServerApp] Kernel started: 91c2")],
    )
    log(w, front, 0, "golang", often(25, 900, 2, "", ["sample {n}: no result yet, ordered 52m ago"]))
    signal(w, "db_transaction_age", {"component": "lab-db"}, ramp(530_600, 534_200), noise=0)
    signal(w, "db_connections", {"component": "lab-db"}, flat(33))
    exact(w, "db_max_connections", {"component": "lab-db"}, flat(200))
    signal(w, "cpu_share", {"pod": base.pod(0), "container": "postgres"}, ramp(0.86, 0.97))
    for index in range(4):
        signal(w, "cpu_share", {"pod": work.pod(index), "container": "assay-workers"}, flat(0.12))
    signal(w, "queue_depth", {"component": "assay-workers", "queue": "assay"}, ramp(2100, 6900))
    requests(w, "results-portal", rate=flat(18), errors=flat(0.001), p95=flat(0.09))
    alert(
        w, "ResultsLate", minutes(32), "the oldest result that waits was ordered 50 min ago", service="results-portal"
    )


@case(
    "index-falls-behind-with-its-workers-at-their-limit",
    "second-hand",
    "2026-01-02T19:15:00",
    title="Search shows no new offers: three indexers are at their processor limit since the evening's offers tripled",
    drawn_from="consumer groups with fewer members than partitions that fall behind on the busiest evening of the year",
    why="Offers tripled, the indexers use all they may, the search store and the broker idle, and the topic has "
    "partitions for two dozen. The search released at noon is innocent: it takes more indexers.",
    expect=[Fault("Deployment/offer-indexer", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def behind(w: World) -> None:
    nodes(w, "sh-1", "sh-2", "sh-3", cpu="16")
    spec = pod_spec(container("kafka", "quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", port=9092, ready=None))
    statefulset(w, "kafka", spec, 3, claim="data")
    service(w, "kafka", port=9092, target=9092, headless=True)
    topic = {"partitions": 24, "replicas": 3, "config": {"retention.ms": 604800000}}
    state = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": w.at(days(200))}]}
    custom(w, "kafka.strimzi.io/v1beta2", "KafkaTopic", "offers", topic, state, age=days(200))
    inner = container("opensearch", "opensearchproject/opensearch:2.19.1", port=9200, memory=("8Gi", "8Gi"), ready=None)
    store = statefulset(w, "opensearch", pod_spec(inner), 3, claim="data")
    service(w, "opensearch", port=9200, target=9200)
    image = "registry.second-hand.example"
    env = {"KAFKA_BROKERS": "kafka:9092", "KAFKA_TOPIC": "offers", "OPENSEARCH_URL": "http://opensearch:9200"}
    inner = container("indexer", f"{image}/offer-indexer:77", cpu=("500m", "1"), memory=("512Mi", "1Gi"), env=env)
    top = deployment(w, "offer-indexer", [Rev(pod_spec(inner), days(33))], 3)
    service(w, "offer-indexer")
    find = well(w, "search", f"{image}/search:415", pods=4, age=hours(7), before=f"{image}/search:414")
    offers = well(w, "offers", f"{image}/offers:209", pods=4, age=days(12))
    ingress(w, "market", "www.second-hand.example", [("/search", "search", 80), ("/offers", "offers", 80)])
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "indexer"}
        signal(w, "cpu_share", labels, ramp(0.41, 0.99, minutes(55), minutes(40)))
        signal(w, "throttled_share", labels, ramp(0.01, 0.47, minutes(50), minutes(36)))
        signal(w, "memory_share", labels, flat(0.52))
        signal(w, "cpu_share", {"pod": store.pod(index), "container": "opensearch"}, ramp(0.17, 0.29, minutes(55)))
        signal(w, "volume_used_share", {"persistentvolumeclaim": f"data-kafka-{index}"}, flat(0.37), noise=0.001)
        signal(w, "node_cpu_share", {"node": f"sh-{index + 1}"}, ramp(0.28, 0.36, minutes(55)))
    for each in range(4):
        signal(w, "cpu_share", {"pod": find.pod(each), "container": "search"}, flat(0.3))
        signal(
            w, "cpu_share", {"pod": offers.pod(each), "container": "offers"}, ramp(0.2, 0.51, minutes(55), minutes(40))
        )
    labels = {"component": "offer-indexer", "queue": "offers"}
    signal(w, "queue_depth", labels, lambda age: 150 if age > 2520 else 150 + (2520 - age) * 88)
    exact(w, "replicas_available", {"component": "offer-indexer"}, flat(3))
    labels = {"component": "offer-indexer", "dependency": "opensearch"}
    signal(w, "dependency_latency_p95", labels, flat(0.04))
    signal(w, "dependency_error_ratio", labels, flat(0.0002))
    requests(w, "offers", rate=ramp(41, 128, minutes(56), minutes(41)), errors=flat(0.0006), p95=flat(0.07))
    requests(w, "search", rate=flat(310), errors=flat(0.0004), p95=flat(0.1))
    alert(w, "SearchMissesNewOffers", minutes(24), "newest offer found by search is 20 min old", service="search")
    refused = 'pods "{}" is forbidden: User "system:serviceaccount:ir:reader" cannot get resource "pods/log"'
    taken(w, ("objects", True, ""), ("logs", False, refused.format(top.pod(0))), ("prometheus", True, ""))


@case(
    "document-store-moved-its-primary-and-went-on",
    "allotments",
    "2026-05-21T09:47:00",
    title="MongoDB elected another primary while its node was upgraded; writes failed for seconds only",
    drawn_from="node upgrades that evict the primary: NotWritablePrimary for one election, an alert for half an hour",
    why="The evicted member was made again on a fresh node and follows; drivers found the new primary within ten "
    "seconds. The alert only says that there was an election. There is nothing to mend.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def moved(w: World) -> None:
    nodes(w, "al-1", "al-2", "al-3")
    fresh = node(w, "al-4", age=minutes(33))
    event(
        w, fresh, "NodeReady", "Node al-4 status is now: NodeReady", kind="Normal", last=minutes(32), writer="kubelet"
    )
    args = ("--replSet", "rs0", "--bind_ip_all")
    inner = container(
        "mongod", "mongo:7.0.18", port=27017, memory=("2Gi", "4Gi"), ready={"tcpSocket": {"port": 27017}}, args=args
    )
    young = P(age=minutes(25), node="al-4")
    base = statefulset(w, "mongo", pod_spec(inner), [young, P(), P()], claim="data", age=days(280))
    for index in range(3):
        claim(w, f"data-mongo-{index}", age=days(280))
    budget(w, base, minimum=2, healthy=3)
    service(w, "mongo", port=27017, target=27017, headless=True)
    image = "registry.allotments.example"
    env = {"MONGO_URL": "mongodb://mongo-0.mongo,mongo-1.mongo,mongo-2.mongo/?replicaSet=rs0&retryWrites=true"}
    plots = well(w, "plots", f"{image}/plots:71", pods=3, age=days(8), before=f"{image}/plots:70", env=env)
    waiting = well(w, "waiting-list", f"{image}/waiting-list:19", pods=2, age=days(44), env=env, style="python")
    at = minutes(25.6)
    log(w, base, 1, "mongo", [
        L(at, "info", "Starting an election due to step up request", "ELECTION"),
        L(at - 1, "info", "Election succeeded, assuming primary role", "ELECTION"),
        L(at - 2, "info", "Transition to primary complete; database writes are now permitted", "REPL"),
        *often(120, 1400, 9, "info", ["Connection accepted"], "NETWORK"),
    ])  # fmt: skip
    seen = ((at, 0, "DOWN"), (at - 2, 1, "PRIMARY"), (minutes(24.1), 0, "SECONDARY"))
    attrs = [(age, {"hostAndPort": f"mongo-{number}.mongo:27017", "newState": state}) for age, number, state in seen]
    log(w, base, 2, "mongo", [L(age, "info", "Member is in new state", "REPL", attr) for age, attr in attrs])
    log(w, base, 0, "mongo", [
        L(minutes(24.8), "info", "Replication has been enabled, starting", "REPL"),
        L(minutes(24.2), "info", "Transition to SECONDARY", "REPL", {"oldState": "RECOVERING"}),
        *often(240, 1300, 9, "info", ["WiredTiger message"], "WTCHKPT"),
    ])  # fmt: skip
    lost = [
        "MongoServerError: not primary, code 10107 NotWritablePrimary",
        "PUT /plots/{n} 500, PrimarySteppedDown, will retry",
    ]
    for index in range(3):
        lines = often(1, at, at - 9, "error", lost)
        log(w, plots, index, "pino", lines + often(22, at - 12, 2, "info", ["PUT /plots/{n} 200 in 11ms"]))
    text = "pymongo.errors.AutoReconnect: mongo-0.mongo:27017: connection closed, retrying"
    for index in range(2):
        lines = often(2, at, at - 9, "warning", [text], "waiting.store")
        log(w, waiting, index, "python", lines + often(40, at - 12, 2, "info", ["entry {n} stored"], "waiting.api"))
    requests(w, "plots", rate=flat(27), errors=pulse(0.001, 0.14, minutes(25.7), minutes(25)), p95=flat(0.05))
    requests(w, "waiting-list", rate=flat(6), errors=flat(0.0008), p95=flat(0.06))
    exact(w, "replicas_available", {"component": "mongo"}, pulse(3, 2, minutes(25.7), minutes(24)))
    signal(w, "db_replication_lag", {"component": "mongo"}, step(0.4, 0.5, minutes(25)))
    alert(w, "MongodbPrimaryChanged", minutes(25), "rs0 had an election in the last 30 minutes", severity="warning")
