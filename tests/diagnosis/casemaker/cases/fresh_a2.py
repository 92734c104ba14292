"""Little evidence: trust, autoscalers, policies, pools, two faults at once, and innocents that look odd."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS, custom
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often, raw
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import claim, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, pod, terminated, waiting
from tests.diagnosis.casemaker.rolled import rollout
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, pulse, ramp, requests
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment, reference
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "copied-trust-after-strimzi-renewed-its-authority",
    "sorting-centre",
    "2026-05-13T04:27:00",
    title="Strimzi replaced the key of its cluster CA and rolled the brokers; a consumer trusts a copy of the old one",
    drawn_from="SSL handshake failed after Strimzi replaced a CA's key, for clients with a copied ca.crt",
    why="Brokers are well and other clients, which mount the operator's own Secret, read on. The copy is a year old: a "
    "restart reads the same file again, so a person has to put the new certificate into it.",
    expect=[Fault("Secret/kafka-trust-copy", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "*"), ("dependency_failure", "page_human", "*")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def copied_trust(w: World) -> None:
    nodes(w, "so-1", "so-2", "so-3")
    status = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": w.at(minutes(34))}]}
    custom(w, "kafka.strimzi.io/v1beta2", "Kafka", "parcels", {"kafka": {"version": "3.9.0"}}, status, age=days(366))
    owner = custom(w, "core.strimzi.io/v1beta2", "StrimziPodSet", "parcels-kafka", {"pods": []}, {"readyPods": 3})
    spec = pod_spec(container("kafka", "quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", port=9093, ready=None))
    labels = {"strimzi.io/cluster": "parcels", "strimzi.io/kind": "Kafka", "strimzi.io/name": "parcels-kafka"}
    for number in range(3):
        name = f"parcels-kafka-{number}"
        pod(w, name, spec, labels, reference(owner), P(), minutes(49 - 6 * number), number)
    service(w, "parcels-kafka-bootstrap", labels, port=9093, target=9093)
    renewed = {"strimzi.io/ca-cert-generation": "1"}
    secret(w, "parcels-cluster-ca-cert", ["ca.crt", "ca.p12", "ca.password"], age=days(366), annotations=renewed)
    secret(w, "kafka-trust-copy", ["ca.crt"], age=days(365))
    mounts = {"trust": "/etc/kafka-trust"}
    inner = container("lanes", "harbor.sorting.example/lanes:2.2", mounts=mounts, env={"BROKER": "parcels-kafka"})
    lanes = deployment(w, "lanes", [Rev(pod_spec(inner, volumes={"trust": "secret/kafka-trust-copy"}), days(71))], 2)
    inner = container("scans", "harbor.sorting.example/scans:5.0", mounts=mounts)
    other = pod_spec(inner, volumes={"trust": "secret/parcels-cluster-ca-cert"})
    scans = deployment(w, "scans", [Rev(other, days(40))], 2)
    text = (
        "[Consumer clientId=lanes-1, groupId=lanes] Connection to node -1 (parcels-kafka-bootstrap/"
        f"{ip(w, 'parcels-kafka-bootstrap')}:9093) failed authentication due to: SSL handshake failed"
    )
    trust = (
        "Caused by: sun.security.validator.ValidatorException: PKIX path building failed: "
        "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to "
        "requested target"
    )
    for index in range(2):
        lines = often(9, 2000, 1, "error", [text, trust], "o.apache.kafka.clients.NetworkClient")
        log(w, lanes, index, "logback", lines)
        log(w, scans, index, "logback", often(15, 1500, 2, "info", ["committed offset {n}"], "c.s.scans.Poller"))
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "sidecar-without-a-request-blinds-the-autoscaler",
    "subtitle",
    "2026-04-22T19:04:00",
    title="A release added a proxy beside the program without a CPU request; the autoscaler cannot count since",
    drawn_from="FailedGetResourceMetric: missing request for cpu in container, after a sidecar was added",
    why="The pods run, but two replicas stay two however the evening grows. The older template has no such container "
    "and lets the autoscaler work; a person may add the request instead.",
    expect=[Fault("Deployment/captions", "configuration_error", "rollback_workload")],
    acceptable=[
        ("configuration_error", "page_human", "*"),
        ("capacity", "scale_workload", "Deployment/captions"),
        ("configuration_error", "scale_workload", "Deployment/captions"),
        ("capacity", "page_human", "*"),
    ],
    tolerated=["page_human", "scale_workload"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def blinded(w: World) -> None:
    nodes(w, "su-1", "su-2", "su-3")
    inner = container("captions", "ghcr.io/subtitle-example/captions:0.31", cpu=("500m", "1"))
    proxy = container("cloud-sql-proxy", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1", port=0, ready=None)
    proxy = proxy | {"resources": {}}
    revs = [Rev(pod_spec(inner), days(33)), Rev(pod_spec(inner, proxy), minutes(51))]
    top = deployment(w, "captions", revs, [P(age=minutes(50)), P(age=minutes(49))])
    cause = f"failed to get cpu utilization: missing request for cpu in container cloud-sql-proxy of Pod {top.pod(0)}"
    scaler = hpa(
        w, top, low=2, high=14, now=2, used=None, broken=f"the HPA was unable to compute the replica count: {cause}"
    )
    event(w, scaler, "FailedGetResourceMetric", cause, first=minutes(47), last=8, count=187)
    text = f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {cause}"
    event(w, scaler, "FailedComputeMetricsReplicas", text, first=minutes(47), last=8, count=187)
    service(w, "captions")
    alert(w, "CaptionsSlow", minutes(9), "captions p95 is above 4 s at the evening's peak", service="captions")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), NO_METRICS)


@case(
    "rolled-back-a-minute-ago",
    "payroute",
    "2026-06-11T11:16:00",
    title="A bad release was rolled back ninety seconds ago; errors have just gone, the alert has not noticed yet",
    drawn_from="second responders who undo the undo because the page still fires",
    why="All pods are of the template that ran for weeks and answer well; the bad one has no pod left. Another "
    "rollback would bring it back; there is nothing to do but watch.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human"), ("code_defect", "no_action", "*")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def undone(w: World) -> None:
    nodes(w, "pa-1", "pa-2", "pa-3")
    specs = [pod_spec(container("axum", f"ghcr.io/payroute-example/acquirer:{v}")) for v in ("0.88.0", "0.87.2")]
    revs = [Rev(specs[0], minutes(21)), Rev(specs[1], days(23))]
    top = deployment(w, "acquirer", revs, [P(age=88 - 12 * i, unready=82 - 12 * i) for i in range(4)], number=18)
    top.sets[1]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "17"
    top.obj["status"]["conditions"][0]["lastUpdateTime"] = w.at(42)
    w.changed(top.obj, 90, "kubectl-rollout", {"f:spec": {"f:template": {}}})
    bad, good = (each["metadata"]["name"] for each in top.sets)
    for index in range(4):
        when = 80 - 12 * index
        text = f"Scaled up replica set {good} from {index} to {index + 1}"
        event(w, top.obj, "ScalingReplicaSet", text, kind="Normal", last=when + 9)
        text = f"Scaled down replica set {bad} from {4 - index} to {3 - index}"
        event(w, top.obj, "ScalingReplicaSet", text, kind="Normal", last=when)
        log(w, top, index, "logfmt", often(3, when - 2, 1, "info", ["POST /authorise status=200 latency=41ms"]))
    text = f"Scaled up replica set {bad} from 3 to 4"
    event(w, top.obj, "ScalingReplicaSet", text, kind="Normal", last=minutes(19.5))
    service(w, "acquirer")
    ingress(w, "pay", "pay.example", [("/", "acquirer", 80)])
    begun, gone = pulse(0.0007, 0.34, minutes(20), 90), ramp(0.34, 0.0007, 90, 40)
    requests(w, "acquirer", rate=flat(75), errors=lambda age: begun(age) if age > 90 else gone(age))
    alert(w, "AcquirerErrors", minutes(15), "34% of requests to acquirer fail", service="acquirer")


@case(
    "policy-shuts-out-the-scraper",
    "lighthouse",
    "2026-01-27T16:02:00",
    title="TargetDown for a service that answers its users well; a new policy lets the ingress in and not Prometheus",
    drawn_from="namespace isolation that forgot the monitoring namespace: up is 0, users see nothing",
    why="The ingress counts good answers all along; every pod is ready. Only the scrape is refused, since the policy "
    "is there; a person has to allow it.",
    expect=[Fault("NetworkPolicy/beacons-only-ingress", "network_fault", "page_human")],
    acceptable=[("network_fault", "page_human", "*"), ("configuration_error", "page_human", "*")],
    forbidden=[*HARM, "no_action"],
)
def scraper(w: World) -> None:
    nodes(w, "li-1", "li-2")
    labels = {"app.kubernetes.io/name": "beacons"}
    well(w, "beacons", "harbor.lighthouse.example/beacons:6.4", pods=3, age=days(17), labels=labels)
    door = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    rules = [{"from": [door], "ports": [{"protocol": "TCP", "port": 8080}]}]
    policy(w, "beacons-only-ingress", labels, age=minutes(37), ingress_from=rules)
    spec = {"selector": {"matchLabels": labels}, "endpoints": [{"port": "http", "path": "/metrics"}]}
    custom(w, "monitoring.coreos.com/v1", "ServiceMonitor", "beacons", spec, {}, age=days(140))
    ingress(w, "beacons", "beacons.example", [("/", "beacons", 80)])
    requests(w, "beacons", rate=flat(27), errors=flat(0.0006), p95=flat(0.06))
    text = "100% of the beacons/lighthouse targets in lighthouse are down: context deadline exceeded"
    alert(w, "TargetDown", minutes(27), text, job="beacons", service="beacons", severity="warning")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), ("prometheus", True, ""))


@case(
    "two-faults-bad-class-path-and-a-lost-secret",
    "brewpub",
    "2026-08-28T17:36:00",
    title="A release of one consumer cannot load a class, and the Secret of another service is gone",
    drawn_from="a Friday on which a release and a clean-up of old Secrets met",
    why="The consumer's older template runs; the other's pod that was evicted waits for a Secret that no template "
    "change brings back. Neither has to do with the other.",
    expect=[
        Fault("Deployment/orders-sink", "code_defect", "rollback_workload"),
        Fault("Secret/loyalty-signing", "configuration_error", "page_human"),
    ],
    acceptable=[
        ("service_crash", "rollback_workload", "Deployment/orders-sink"),
        ("configuration_error", "rollback_workload", "Deployment/orders-sink"),
        ("configuration_error", "page_human", "Deployment/loyalty", "Secret/loyalty-signing"),
    ],
    forbidden=["restart_workload", "scale_workload", "no_action"],
)
def class_and_secret(w: World) -> None:
    nodes(w, "br-1", "br-2", "br-3")
    specs = [pod_spec(container("sink", f"nexus.brewpub.example/orders-sink:{v}")) for v in ("3.9.4", "3.10.0")]
    last = terminated(1, "Error", started=91, finished=86)
    bad = P(1, age=minutes(12), restarts=6, last=last, ready=False, backoff="5m0s", unready=minutes(12))
    sink = deployment(
        w, "orders-sink", [Rev(specs[0], days(29)), Rev(specs[1], minutes(12))], [P(0), P(0), bad], replicas=2
    )
    restarting(w, sink.pods[2], first=minutes(11), last=14, count=48)
    trace = (
        'Exception in thread "main" java.lang.NoClassDefFoundError: '
        "io/confluent/kafka/serializers/KafkaAvroDeserializer\n"
        "\tat com.example.brewpub.Sink.main(Sink.scala:22)\n"
        "Caused by: java.lang.ClassNotFoundException: io.confluent.kafka.serializers.KafkaAvroDeserializer"
    )
    raw(w, sink, 2, trace, previous=True)
    spec = pod_spec(
        container("loyalty", "nexus.brewpub.example/loyalty:77", env={"KEY": from_secret("loyalty-signing", "key")})
    )
    text = 'secret "loyalty-signing" not found'
    stuck = P(age=minutes(26), state=waiting("CreateContainerConfigError", text), unready=minutes(26))
    loyalty = deployment(w, "loyalty", [Rev(spec, days(88))], [P(), stuck])
    event(w, loyalty.pods[1], "Failed", f"Error: {text}", first=minutes(26), last=6, count=121, container="loyalty")
    service(w, "loyalty")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "two-faults-own-transactions-and-a-silent-partner",
    "ballet",
    "2026-10-06T18:49:00",
    title="One service keeps its own sessions in open transactions; another waits for a partner outside that is silent",
    drawn_from="an evening with two pages of which only one had to do with the database",
    why="The seats service holds nearly all slots itself, for half an hour, and gets no new one; the vouchers service "
    "never asks the database and times out on a host outside.",
    expect=[
        Fault("Deployment/seats", "database_connection", "restart_connection_pool"),
        Fault("Deployment/vouchers", "dependency_failure", "page_human"),
    ],
    acceptable=[
        ("database_connection", "restart_workload", "Deployment/seats"),
        ("code_defect", "restart_connection_pool", "Deployment/seats"),
        ("code_defect", "restart_workload", "Deployment/seats"),
        ("dependency_failure", "page_human", "*", "Deployment/vouchers"),
        ("network_fault", "page_human", "Deployment/vouchers"),
    ],
    forbidden=["rollback_workload", "scale_workload", "scale_database", "no_action", "isolate_workload"],
)
def transactions_and_partner(w: World) -> None:
    nodes(w, "ba-1", "ba-2")
    base = postgres(w, "hall-db", image="postgres:17.1")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    seats = well(w, "seats", "ghcr.io/ballet-example/seats:1.4", pods=2, age=days(26))
    vouchers = well(w, "vouchers", "ghcr.io/ballet-example/vouchers:12", pods=2, age=days(41))
    query = "SELECT * FROM seat WHERE hall = $1 AND row = $2 FOR UPDATE"
    more: dict[str, Any] = {"age": minutes(31), "user": "seats", "application": "seats", "wait": "Client"}
    more["query"] = query
    rows = [
        session(each["status"]["podIP"], "Deployment/seats", "idle in transaction", 28, **more) for each in seats.pods
    ]
    sessions(w, "StatefulSet/hall-db", 60, rows)
    slots = "remaining connection slots are reserved for roles with the SUPERUSER attribute"
    log(w, base, 0, "postgres", often(8, 1200, 2, "fatal", [slots], "seats@hall"))
    lines = ["pool timed out while waiting for an open connection", "POST /seats/{n}/hold status=503"]
    text = "request to https://cards.partner.example/v3/redeem failed: Net::ReadTimeout with #<TCPSocket:(closed)>"
    for index in range(2):
        log(w, seats, index, "logfmt", often(5, 1700, 1, "error", lines))
        log(
            w, vouchers, index, "plain", [L(a, "", f"E, [{w.at(a)} #1] ERROR -- : {text}") for a in range(1300, 1, -13)]
        )
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)


@case(
    "probe-from-outside-fails-and-inside-all-is-well",
    "campground",
    "2026-07-18T12:22:00",
    title="A probe from outside fails; inside every object is well, and neither logs nor metrics can be read",
    drawn_from="blackbox pages whose cause was a load balancer, a registrar or the prober's own network",
    why="Nothing that is seen is wrong and most of the way is not seen. Somebody has to look from outside; any remedy "
    "would be a guess.",
    expect=[Fault("", "unknown", "page_human")],
    acceptable=[("unknown", "page_human", "*"), ("network_fault", "page_human", "*")],
    forbidden=[*HARM, "no_action"],
)
def outside(w: World) -> None:
    nodes(w, "cg-1", "cg-2", "cg-3")
    inner = container("pitches", "ghcr.io/campground-example/pitches:5.5.1")
    top = rollout(w, "pitches", [Rev(pod_spec(inner), days(12))], [P(), P(), P()])
    top.obj["status"] = {"phase": "Healthy", "replicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    service(w, "pitches")
    well(w, "weather-widget", "ghcr.io/campground-example/weather:9")
    ingress(w, "campground", "campground.example", [("/", "pitches", 80)])
    target = "https://campground.example/"
    alert(w, "ProbeFailed", minutes(11), f"probe_success is 0 for {target}", instance=target, job="blackbox")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), NO_METRICS)


@case(
    "consumer-at-rest-until-there-is-work",
    "choir",
    "2026-02-03T21:55:00",
    title="A worker has no pods and an alert misses them; KEDA took it to zero because its queue is empty",
    drawn_from="alerts on absent containers that nobody told of scale-to-zero",
    why="The ScaledObject allows zero, says that nothing waits, and the deployment is as it wants. Pods by hand would "
    "be taken away again.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def at_rest(w: World) -> None:
    nodes(w, "ch-1", "ch-2")
    spec = pod_spec(container("celery", "ghcr.io/choir-example/score-render:1.9", ready=None))
    top = deployment(w, "score-render", [Rev(spec, days(58))], [], replicas=0)
    scaled = {"scaleTargetRef": {"name": "score-render"}, "minReplicaCount": 0, "maxReplicaCount": 20}
    scaled |= {"cooldownPeriod": 300, "triggers": [{"type": "rabbitmq", "metadata": {"queueName": "scores"}}]}
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "ScaledObjectReady",
        "message": "ScaledObject is defined correctly",
    }
    idle = {"type": "Active", "status": "False", "reason": "ScalerNotActive"}
    idle["message"] = "Scaling is not performed because triggers are not active"
    status = {"conditions": [ready | {"message": f"{ready['message']} and is ready for scaling"}, idle]}
    owner = custom(w, "keda.sh/v1alpha1", "ScaledObject", "score-render", scaled, status)
    text = "Deactivated apps/v1.Deployment choir/score-render from 1 to 0"
    event(w, owner, "KEDAScaleTargetDeactivated", text, kind="Normal", last=minutes(38), writer="keda-operator")
    text = f"Scaled down replica set {top.sets[0]['metadata']['name']} from 1 to 0"
    event(w, top.obj, "ScalingReplicaSet", text, kind="Normal", last=minutes(38))
    well(w, "scores", "ghcr.io/choir-example/scores:24", pods=2, talk=True)
    alert(w, "ContainerAbsent", minutes(33), "no container celery is running", container="celery", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "pool-says-that-connections-leak",
    "vaccines",
    "2026-03-16T07:48:00",
    title="A pool is all in use and its leak detection names who did not give connections back; logs only",
    drawn_from="HikariCP: Connection is not available, beside Apparent connection leak detected",
    why="No release for six weeks, the database complains of nothing and takes other clients: the service keeps what "
    "it borrows. A fresh pool works again at once; the leak is for its team.",
    expect=[Fault("Deployment/appointments", "database_connection", "restart_connection_pool")],
    acceptable=[
        ("database_connection", "restart_workload"),
        ("code_defect", "restart_connection_pool"),
        ("code_defect", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_database", "scale_workload", "no_action", "isolate_workload"],
)
def leaking(w: World) -> None:
    nodes(w, "va-1", "va-2")
    base = postgres(w, "clinic-db", image="postgres:14.13")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    top = well(w, "appointments", "harbor.vaccines.example/appointments:2026.2", pods=2, age=days(42))
    stock = well(w, "stock", "harbor.vaccines.example/stock:17", pods=1, age=days(64))
    late = "default - Connection is not available, request timed out after 30000ms "
    late += "(total=12, active=12, idle=0, waiting=41)"
    leak = (
        "Connection leak detection triggered for org.postgresql.jdbc.PgConnection@5f0e9815 on thread "
        "io-executor-thread-7, stack trace follows\njava.lang.Exception: Apparent connection leak detected\n"
        "\tat com.example.vaccines.slots.SlotExport.open(SlotExport.kt:57)"
    )
    for index in range(2):
        lines = often(110, 2600, 300, "warn", [leak], "com.zaxxer.hikari.pool.ProxyLeakTask")
        lines += often(11, 900, 1, "error", [late], "i.m.http.server.RouteExecutor")
        log(w, top, index, "logback", lines)
    log(w, stock, 0, "logback", often(20, 1500, 3, "info", ["GET /stock/{n} 200"], "i.m.http.server.AccessLog"))
    log(w, base, 0, "postgres", [L(200, "log", "checkpoint complete: wrote 18 buffers (0.1%)")])
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "standby-is-late-on-purpose",
    "heritage",
    "2026-11-04T13:09:00",
    title="An alert says that a standby is two hours behind; that is what it is configured to be",
    drawn_from="delayed standbys kept against a mistaken DELETE, and a lag alert that nobody excluded them from",
    why="recovery_min_apply_delay is two hours and the lag is two hours; the stream is up, the primary well.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def late_on_purpose(w: World) -> None:
    nodes(w, "he-1", "he-2")
    base = postgres(w, "records-db", image="postgres:16.6")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    args = ("-c", "hot_standby=on", "-c", "recovery_min_apply_delay=2h", "-c", "primary_slot_name=delayed")
    inner = container(
        "postgres", "postgres:16.6", port=5432, ready=None, args=args, mounts={"data": "/var/lib/postgresql/data"}
    )
    late = statefulset(w, "records-db-delayed", pod_spec(inner), claim="data", age=days(120))
    claim(w, "data-records-db-delayed-0", age=days(120))
    service(w, "records-db-delayed", late.labels, port=5432, target=5432, headless=True)
    lines = [
        L(260, "log", "restartpoint complete: wrote 212 buffers (1.3%); 0 WAL file(s) added, 0 removed, 1 recycled"),
        L(260, "log", "recovery restart point at 5C/E81F00A8"),
        L(259, "detail", f"Last completed transaction was at log time {w.at(hours(2) + 262)}."),
    ]
    log(w, late, 0, "postgres", lines)
    log(w, base, 0, "postgres", [L(120, "log", "checkpoint complete: wrote 260 buffers (1.6%)")])
    well(w, "records", "ghcr.io/heritage-example/records:3", pods=2, talk=True)
    text = "replication lag of records-db-delayed-0 is 7206 s"
    alert(w, "PostgresqlReplicationLag", days(4), text, instance="records-db-delayed-0", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
