"""What a message, a statement or a pool of one client does to the others; two faults side by side."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, pull_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, redis, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

HARM = ["rollback_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"]


@case(
    "a-message-that-kills-its-reader",
    "parcels-eu",
    "2026-01-28T17:02:00",
    title="One message that no reader can parse ends the consumer each time it is delivered again",
    drawn_from="poison messages: a consumer that crash loops at the same offset for hours, with code that is weeks old",
    why=(
        "The code has run for weeks; what is new is the message. A restart reads it again; a person has "
        "to move it aside."
    ),
    expect=[Fault("Deployment/scan-reader", "service_crash", "page_human")],
    acceptable=[
        ("code_defect", "page_human"),
        ("configuration_error", "page_human"),
        ("dependency_failure", "page_human"),
        ("unknown", "page_human"),
    ],
    forbidden=[*HARM, "restart_workload"],
)
def poison(w: World) -> None:
    nodes(w, "pe-1", "pe-2")
    spec = pod_spec(container("kafka", "bitnami/kafka:3.7", port=9092, ready={"tcpSocket": {"port": 9092}}))
    statefulset(w, "kafka", spec, 3, claim="data")
    service(w, "kafka", port=9092, target=9092, headless=True)
    spec = pod_spec(
        container("reader", "registry.pe.example/scan-reader:9", env={"KAFKA_BROKERS": "kafka:9092"}, ready=None)
    )
    last = terminated(1, "Error", started=70, finished=64)
    top = deployment(
        w,
        "scan-reader",
        [Rev(spec, days(31))],
        [P(restarts=14, last=last, ready=False, backoff="5m0s", unready=minutes(50))],
    )
    restarting(w, top.pods[0], first=minutes(49), last=20, count=210)
    lines = [
        L(66, "info", "assigned partitions scans-0 at offset 88121"),
        L(
            65,
            "error",
            "panic: cannot decode message scans-0@88121: invalid character '<' looking for beginning of value",
        ),
    ]
    log(w, top, 0, "golang", lines, previous=True)
    signal(w, "queue_depth", {"component": "scan-reader", "queue": "scans"}, ramp(20, 9000, minutes(50)))
    alert(w, "ConsumerLag", minutes(35), "scans is 5000 messages behind", consumergroup="scan-reader")


@case(
    "collection-scan-since-a-release",
    "recipes-app",
    "2026-11-08T12:29:00",
    title="Since a release of one client MongoDB scans a whole collection for each request and has no processor left",
    drawn_from="queries without an index after a release: planSummary COLLSCAN, database CPU at its limit",
    why="The slow statements began with the release of the one client that sends them; the other suffers with it.",
    expect=[Fault("Deployment/feed", "code_defect", "rollback_workload")],
    acceptable=[("database_connection", "rollback_workload"), ("capacity", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def scan(w: World) -> None:
    nodes(w, "ra-1", "ra-2")
    spec = pod_spec(container("mongod", "mongo:7.0", port=27017, cpu=("1", "2"), memory=("2Gi", "4Gi"), ready=None))
    base = statefulset(w, "mongo", spec, claim="data")
    claim(w, "data-mongo-0")
    service(w, "mongo", port=27017, target=27017, headless=True)
    env = {"MONGO_URL": "mongodb://mongo:27017/app"}
    specs = [pod_spec(container("feed", f"registry.ra.example/feed:{v}", env=env)) for v in ("54", "55")]
    feed = deployment(w, "feed", [Rev(specs[0], days(16)), Rev(specs[1], minutes(24))], 2)
    service(w, "feed")
    well(w, "profile", "registry.ra.example/profile:20", pods=2, age=days(51), env=env)
    lines = often(9, 1350, 2, "info", ["Slow query"], "COMMAND")
    told = [
        L(
            x.age,
            x.level,
            x.text,
            x.logger,
            {"ns": "app.recipes", "planSummary": "COLLSCAN", "docsExamined": 1900000, "durationMillis": 4120},
        )
        for x in lines
    ]
    log(w, base, 0, "mongo", told)
    signal(w, "cpu_share", {"pod": base.pod(0), "container": "mongod"}, step(0.22, 0.99, minutes(23)))
    requests(w, "feed", rate=flat(28), errors=step(0.001, 0.12, minutes(22)), p95=step(0.2, 4.6, minutes(23)))
    requests(w, "profile", rate=flat(40), errors=flat(0.001), p95=step(0.08, 2.2, minutes(22)))
    log(w, feed, 0, "pino", often(20, 1300, 2, "warn", ["GET /feed took 4.4s"]))


@case(
    "clients-of-the-cache-multiplied",
    "dating",
    "2026-06-14T21:27:00",
    title="A release sets two hundred cache connections a pod; Redis refuses new clients",
    drawn_from="ERR max number of clients reached after a pool size was changed in the environment of a release",
    why="The refused clients are of all services; the connections are of the release that multiplied its own.",
    expect=[Fault("Deployment/matches", "configuration_error", "rollback_workload")],
    acceptable=[("database_connection", "rollback_workload"), ("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def clients(w: World) -> None:
    nodes(w, "da-1", "da-2")
    redis(w)
    image = "registry.dating.example/matches:80"
    specs = [
        pod_spec(container("matches", image, env={"REDIS_URL": "redis://redis:6379", "REDIS_POOL_SIZE": size}))
        for size in ("8", "200")
    ]
    top = deployment(w, "matches", [Rev(specs[0], days(20)), Rev(specs[1], minutes(19))], 4)
    service(w, "matches")
    other = well(
        w, "chat", "registry.dating.example/chat:33", pods=3, age=days(8), env={"REDIS_URL": "redis://redis:6379"}
    )
    for index in range(4):
        log(w, top, index, "pino", often(8, 1080, 1, "error", ["ReplyError: ERR max number of clients reached"]))
    for index in range(3):
        text = "redis.exceptions.ConnectionError: max number of clients reached"
        log(w, other, index, "python", often(9, 1060, 1, "error", [text], "chat.presence"))
    requests(w, "matches", rate=flat(52), errors=step(0.001, 0.3, minutes(18)))
    requests(w, "chat", rate=flat(90), errors=step(0.001, 0.24, minutes(17)))


@case(
    "two-faults-leak-and-lost-node",
    "railway",
    "2026-07-16T08:36:00",
    title="A release of one service leaks memory while a node with pods of another does not answer",
    drawn_from="mornings with a bad release of the evening before and a dead machine",
    why="The killed containers are all of the release, on nodes that are well; what is on the lost node is of an old "
    "template. Neither explains the other.",
    expect=[
        Fault("Deployment/fares", "code_defect", "rollback_workload"),
        Fault("Node/ry-3", "dependency_failure", "page_human"),
    ],
    acceptable=[
        ("resource_exhaustion", "rollback_workload", "Deployment/fares"),
        ("resource_exhaustion", "page_human", "Node/ry-3"),
        ("network_fault", "page_human", "Node/ry-3"),
    ],
    forbidden=["scale_workload", "no_action", "isolate_workload", "scale_database"],
)
def leak_and_node(w: World) -> None:
    nodes(w, "ry-1", "ry-2")
    gone = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    lost = node(
        w, "ry-3", conditions={"Ready": gone}, since=minutes(12), taints=("node.kubernetes.io/unreachable:NoExecute",)
    )
    event(w, lost, "NodeNotReady", "Node ry-3 status is now: NodeNotReady", kind="Normal", last=minutes(12))
    specs = [
        pod_spec(container("fares", f"registry.railway.example/fares:{v}", memory=("256Mi", "512Mi")))
        for v in ("6.1", "6.2")
    ]
    last = oom(started=minutes(95), finished=minutes(14))
    top = deployment(
        w,
        "fares",
        [Rev(specs[0], days(21)), Rev(specs[1], minutes(190))],
        [
            P(node="ry-1", rev=1, restarts=2, last=last, state=running(minutes(13.9))),
            P(node="ry-2", rev=1, restarts=2, last=last, state=running(minutes(13.8))),
        ],
    )
    service(w, "fares")
    spec = pod_spec(container("boards", "registry.railway.example/boards:40"))
    deployment(w, "boards", [Rev(spec, days(66))], [P(node="ry-1"), P(node="ry-3", ready=False, unready=minutes(12))])
    service(w, "boards")
    for index in range(2):
        signal(w, "memory_share", {"pod": top.pod(index), "container": "fares"}, saw(0.25, 0.99, minutes(80)))
    requests(w, "fares", rate=flat(70), errors=flat(0.004))
    requests(w, "boards", rate=flat(20), errors=step(0.001, 0.08, minutes(12)))


@case(
    "two-faults-full-volume-and-pull-secret",
    "winery",
    "2026-09-28T16:08:00",
    title="A database's volume is full, and apart from it the new pods of another service may not pull their image",
    drawn_from="afternoons on which an unwatched volume and an expired registry password met",
    why="The service that cannot pull has nothing to do with the database; each needs another person.",
    expect=[
        Fault("StatefulSet/cellar-db", "resource_exhaustion", "page_human"),
        Fault("Deployment/labels-print", "configuration_error", "page_human"),
    ],
    acceptable=[
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-cellar-db-0", "StatefulSet/cellar-db"),
        ("dependency_failure", "page_human", "StatefulSet/cellar-db"),
        ("configuration_error", "page_human", "Secret/pull", "Deployment/labels-print"),
        ("dependency_failure", "page_human", "Deployment/labels-print"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def volume_and_pull(w: World) -> None:
    nodes(w, "wi-1", "wi-2")
    base = postgres(w, "cellar-db")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    cellar = well(
        w,
        "cellar",
        "registry.winery.example/cellar:12",
        pods=2,
        age=days(40),
        env={"DATABASE_URL": "postgres://app@cellar-db:5432/cellar"},
    )
    text = 'could not extend file "base/16384/24601": No space left on device'
    log(w, base, 0, "postgres", often(11, 1300, 2, "error", [text], "cellar@cellar"))
    for index in range(2):
        log(w, cellar, index, "pino", often(9, 1300, 1, "error", [f"error: {text}", "POST /barrel 500"]))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-cellar-db-0"}, ramp(0.93, 1.0, until=minutes(22)))
    requests(w, "cellar", rate=flat(8), errors=step(0.001, 0.6, minutes(22)))
    image = "registry.winery.example/labels-print:5"
    cause = (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": pull access '
        "denied, authorization failed: 401 Unauthorized"
    )
    spec = pod_spec(container("print", image), imagePullSecrets=[{"name": "pull"}])
    stuck = P(
        age=minutes(35), state=waiting("ImagePullBackOff", f'Back-off pulling image "{image}"'), unready=minutes(35)
    )
    top = deployment(w, "labels-print", [Rev(spec, days(50))], [P(), stuck])
    secret(w, "pull", [".dockerconfigjson"], kind="kubernetes.io/dockerconfigjson", age=days(365))
    pull_failure(w, top.pods[1], cause, since=minutes(35))
    service(w, "labels-print")
