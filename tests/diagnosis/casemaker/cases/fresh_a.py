"""Little evidence: databases and their replicas, machines, storage, images, and releases that hide."""

from __future__ import annotations

import json
from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event, probe_failure, pull_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often, raw
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, node, nodes, quota, secret
from tests.diagnosis.casemaker.pods import P, pod, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment, reference
from tests.diagnosis.casemaker.world import World, days, hours, minutes

NO_METRICS = ("prometheus", False, "not configured")


def custom(w: World, api: str, kind: str, name: str, spec: Any, status: Any, *, age: float = days(160)) -> Any:
    """Return an object of a custom kind."""
    meta = w.meta(kind, name, age, generation=2)
    return w.add({"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec, "status": status})


@case(
    "one-new-pod-in-twelve-behind-the-average",
    "classifieds",
    "2026-04-14T10:50:00",
    title="A paused roll-out has one new pod in twelve; it fails a fifth of its requests, the average hardly moves",
    drawn_from="canaries that looked well on a dashboard of the whole service's error ratio",
    why="Eleven old pods are as before; the one of the new image fails since it exists. Going on would fail everybody.",
    expect=[Fault("Deployment/listing-feed", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def averages(w: World) -> None:
    nodes(w, "cl-1", "cl-2", "cl-3", cpu="16")
    image = "harbor.classifieds.example/listing_feed"
    specs = [pod_spec(container("beam", f"{image}:{v}", port=4000, ready="/up")) for v in ("2026.14", "2026.15")]
    described = [P(0) for _ in range(11)] + [P(1, age=minutes(48))]
    top = deployment(w, "listing-feed", [Rev(specs[0], days(20)), Rev(specs[1], minutes(48))], described, replicas=12)
    top.obj["spec"]["paused"] = True
    paused = {"status": "Unknown", "reason": "DeploymentPaused", "message": "Deployment is paused"}
    top.obj["status"]["conditions"][0] |= paused
    service(w, "listing-feed", target=4000)
    for index in range(12):
        labels, new = {"pod": top.pod(index)}, index == 11
        young = {"since": minutes(48)} if new else {}
        signal(w, "error_ratio_by_pod", labels, flat(0.21 if new else 0.0008), **young)
        signal(w, "latency_p95_by_pod", labels, flat(0.13), **young)
        signal(w, "request_rate_by_pod", labels, flat(40), **young)
    requests(w, "listing-feed", rate=flat(480), errors=step(0.0008, 0.018, minutes(48)), p95=flat(0.13))
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), ("prometheus", True, ""))


@case(
    "idle-strangers-in-a-roomy-database",
    "cadastre",
    "2026-06-02T09:12:00",
    title="An alert counts idle sessions of clients nobody knows; two thirds of the slots are free and all is well",
    drawn_from="idle-connection alerts that find the psql and DBeaver windows of half an office",
    why="Nobody waits for a slot, no transaction is open, the service works. Idle sessions cost next to nothing; "
    "cutting off strangers is a risk without a gain.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def strangers(w: World) -> None:
    nodes(w, "ca-1", "ca-2")
    base = postgres(w, "parcels-db", image="postgis/postgis:16-3.4")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    api = well(w, "parcels", "harbor.cadastre.example/parcels:3.18", pods=2, age=days(44))
    rows = [
        session("172.16.40.21", "", "idle", 61, age=days(3), user="gis_ro", application="QGIS"),
        session("172.16.40.77", "", "idle", 38, age=hours(31), user="gis_ro"),
    ]
    rows += [
        session(each["status"]["podIP"], "Deployment/parcels", "idle", 9, age=6, user="parcels", application="parcels")
        for each in api.pods
    ]
    sessions(w, "StatefulSet/parcels-db", 350, rows)
    log(w, base, 0, "postgres", [L(300, "log", "checkpoint complete: wrote 77 buffers (0.2%)")])
    for index in range(2):
        log(w, api, index, "python", often(9, 900, 2, "info", ["GET /parcels/{n} 200 31ms"], "uvicorn.access"))
    text = "more than 90 idle sessions on parcels-db"
    alert(w, "PostgresqlManyIdleConnections", hours(2), text, instance="parcels-db-0", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "standby-lost-the-log-it-needs",
    "ledger-nord",
    "2026-07-09T06:33:00",
    title="A standby of a CloudNativePG cluster asks for a WAL segment that is gone; its readers see stale data",
    drawn_from="standbys that stay Ready while they ask for a removed WAL segment for hours",
    why="It can never catch up by itself nor by a restart: it has to be rebuilt from the primary, which a person does.",
    expect=[Fault("Cluster/ledger", "dependency_failure", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("dependency_failure", "database_connection", "configuration_error")),
        *((cause, "page_human", "*") for cause in ("service_crash", "resource_exhaustion")),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def standby(w: World) -> None:
    nodes(w, "ln-1", "ln-2", "ln-3")
    status = {"phase": "Cluster in healthy state", "instances": 3, "readyInstances": 3, "currentPrimary": "ledger-1"}
    owner = custom(w, "postgresql.cnpg.io/v1", "Cluster", "ledger", {"instances": 3}, status)
    spec = pod_spec(container("postgres", "ghcr.io/cloudnative-pg/postgresql:17.2", port=5432, ready=None))
    for number in (1, 2, 3):
        role = "primary" if number == 1 else "replica"
        labels = {"cnpg.io/cluster": "ledger", "cnpg.io/instanceRole": role}
        pod(w, f"ledger-{number}", spec, labels, reference(owner), P(), days(60), number)
    for name, role in (("ledger-rw", "primary"), ("ledger-ro", "replica")):
        service(w, name, {"cnpg.io/cluster": "ledger", "cnpg.io/instanceRole": role}, port=5432, target=5432)
    gone = "requested WAL segment 0000000700000A1C000000E4 has already been removed"
    words = (
        ("LOG", "started streaming WAL from primary at A1C/E4000000 on timeline 7"),
        ("FATAL", f"could not receive data from WAL stream: ERROR:  {gone}"),
        ("LOG", "waiting for WAL to become available at A1C/E4002000"),
    )
    w.logs["ledger-3/postgres.log"] = [
        _record(w, age, "ledger-3", *word) for age in range(145, 4, -5) for word in words
    ]
    w.logs["ledger-1/postgres.log"] = [_record(w, age, "ledger-1", "ERROR", gone) for age in range(145, 4, -5)]
    top = well(w, "statements", "harbor.ledger.example/statements:51", pods=2, age=days(30), talk=True)
    stale = ["booking {n} is not there yet after 60s (read from ledger-ro)"]
    log(w, top, 0, "logfmt", often(14, 1200, 1, "warn", stale))
    alert(w, "CNPGReplicationLag", hours(2), "ledger-3 is more than 6000 s behind its primary", pod="ledger-3")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def _record(w: World, age: float, name: str, severity: str, text: str) -> str:
    record = {"log_time": w.at(age), "error_severity": severity, "message": text}
    made = {"level": "info", "ts": w.at(age), "logger": "postgres", "msg": "record", "logging_pod": name}
    return json.dumps(made | {"record": record})


@case(
    "names-do-not-resolve-on-one-node",
    "academy",
    "2026-09-07T08:21:00",
    title="Pods of three services that share a node cannot resolve names; their siblings elsewhere can",
    drawn_from="a node whose NodeLocal DNSCache was gone while its address stayed in resolv.conf",
    why="Three languages, one node, one complaint: it is the node's way to DNS, not a release and not the cluster's "
    "DNS. The node says Ready and its cache is out of sight; a person has to cordon it and look.",
    expect=[Fault("Node/ed-3", "network_fault", "page_human")],
    acceptable=[("network_fault", "page_human", "*"), ("dependency_failure", "page_human", "*")],
    forbidden=["rollback_workload", "scale_workload", "no_action", "restart_connection_pool", "scale_database"],
)
def dns_of_a_node(w: World) -> None:
    nodes(w, "ed-1", "ed-2", "ed-3")
    said = {
        "enrol": ("python", "socket.gaierror: [Errno -3] Temporary failure in name resolution", "django.request"),
        "grades": (
            "plain",
            "SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for grades-db.academy.svc failed: "
            "Temporary failure in name resolution",
            "",
        ),
        "rooms": ("pino", "getaddrinfo EAI_AGAIN calendar.academy.svc.cluster.local", ""),
    }
    for number, (name, (style, text, logger)) in enumerate(said.items()):
        top = well(w, name, f"quay.academy.example/{name}:{7 + number}", pods=3, age=days(19 + 8 * number))
        for index in range(2):
            log(w, top, index, style, often(20, 1500, 3, "info", [f"GET /{name}/{{n}} 200"], "access"))
        log(w, top, 2, style, often(6, 1750 - 9 * number, 1, "error", [text], logger))
    alert(w, "EnrolErrors", minutes(24), "a third of the requests to enrol fail", service="enrol")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "fourth-volume-over-the-storage-quota",
    "semantic",
    "2026-08-24T14:40:00",
    title="A vector store was scaled from three to four; its fourth volume would exceed the storage quota",
    drawn_from="exceeded quota: requests.storage, when only the claim of the next ordinal is refused",
    why="Three members serve; the fourth cannot exist before a person raises the quota or takes the wish back.",
    expect=[Fault("ResourceQuota/team-storage", "resource_exhaustion", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human", "*"),
        ("capacity", "page_human", "*"),
        ("configuration_error", "page_human", "*"),
    ],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def storage(w: World) -> None:
    nodes(w, "se-1", "se-2", "se-3", "se-4")
    spec = pod_spec(container("qdrant", "qdrant/qdrant:v1.12.4", port=6333, ready="/readyz", mounts={"data": "/data"}))
    top = statefulset(w, "vectors", spec, 3, claim="data", replicas=4, age=days(70))
    for index in range(3):
        claim(w, f"data-vectors-{index}", size="100Gi", age=days(70))
    hard = {"requests.storage": "350Gi", "persistentvolumeclaims": "10"}
    quota(w, "team-storage", hard, {"requests.storage": "300Gi", "persistentvolumeclaims": "3"})
    text = (
        "create Claim data-vectors-3 Pod vectors-3 in StatefulSet vectors failed error: persistentvolumeclaims "
        '"data-vectors-3" is forbidden: exceeded quota: team-storage, requested: requests.storage=100Gi, used: '
        "requests.storage=300Gi, limited: requests.storage=350Gi"
    )
    event(w, top.obj, "FailedCreate", text, first=minutes(41), last=minutes(3), count=19)
    service(w, "vectors", port=6333, target=6333, headless=True)
    text = "StatefulSet semantic/vectors has not matched the expected number of replicas"
    alert(w, "KubeStatefulSetReplicasMismatch", minutes(24), text, statefulset="vectors", severity="warning")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), NO_METRICS)


@case(
    "vendor-took-the-image-away",
    "ferry",
    "2026-10-01T05:18:00",
    title="A pod moved to a fresh node cannot pull an image that its siblings still run: the vendor withdrew the tag",
    drawn_from="the move of Bitnami's images to another repository in 2025: not found, without any release",
    why="The template is the one that runs elsewhere, there is no older one; restarts would lose the others too. "
    "A person has to mirror the image or name its new place.",
    expect=[Fault("Deployment/sessions-cache", "dependency_failure", "page_human")],
    acceptable=[("dependency_failure", "page_human", "*"), ("configuration_error", "page_human")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def withdrawn(w: World) -> None:
    nodes(w, "fe-1", "fe-2")
    node(w, "fe-9", age=minutes(35))
    image = "docker.io/bitnami/memcached:1.6.29-debian-12-r3"
    cause = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference '
        f'"{image}": {image}: not found'
    )
    spec = pod_spec(container("memcached", image, port=11211, ready=None))
    labels = {"app.kubernetes.io/name": "memcached", "app.kubernetes.io/managed-by": "Helm"}
    stuck = P(age=minutes(31), node="fe-9", state=waiting("ImagePullBackOff", f'Back-off pulling image "{image}"'))
    top = deployment(
        w, "sessions-cache", [Rev(spec, days(210))], [P(age=days(90)), P(age=days(90)), stuck], labels=labels
    )
    pull_failure(w, top.pods[2], cause, since=minutes(31))
    service(w, "sessions-cache", labels, port=11211, target=11211)
    well(w, "tickets", "ghcr.io/ferry-example/tickets:90", pods=2)
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), NO_METRICS)


@case(
    "startup-probe-asks-a-port-nobody-opens",
    "tollroad",
    "2026-02-16T13:07:00",
    title="A release brought a startup probe on a port that the program does not open; its pods are killed for it",
    drawn_from="Startup probe failed: connect: connection refused, after a port was renamed in a chart only",
    why="Same image, only the probe is new; every pod of the new template dies of it; the old ones serve.",
    expect=[Fault("Deployment/gantry", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def startup(w: World) -> None:
    nodes(w, "to-1", "to-2")
    image = "quay.io/tollroad-example/gantry:1.12.0.Final"
    before = container("quarkus", image, ready="/q/health/ready")
    probe = {"tcpSocket": {"port": 9090}, "periodSeconds": 5, "timeoutSeconds": 1, "failureThreshold": 6}
    specs = [pod_spec(before), pod_spec(before | {"startupProbe": probe | {"successThreshold": 1}})]
    last = terminated(143, "Error", started=133, finished=102)
    bad = P(1, age=minutes(8), restarts=5, last=last, ready=False, backoff="2m40s", unready=minutes(8))
    described = [P(0), P(0), P(0), bad]
    top = deployment(w, "gantry", [Rev(specs[0], days(27)), Rev(specs[1], minutes(8))], described, replicas=3)
    cause = f"dial tcp {top.pods[3]['status']['podIP']}:9090: connect: connection refused"
    probe_failure(w, top.pods[3], "Startup", cause, first=minutes(7.8), last=104, count=36, killed=6)
    restarting(w, top.pods[3], first=minutes(6), last=20, count=21)
    service(w, "gantry")
    well(w, "tariffs", "quay.io/tollroad-example/tariffs:8")
    taken(w, ("objects", True, ""), ("logs", False, "timed out after 5 s"), NO_METRICS)


@case(
    "memory-creeps-up-and-no-one-released",
    "courthouse",
    "2026-11-23T15:45:00",
    title="The memory of three replicas has grown for nine days and will be full in about an hour; no log, no release",
    drawn_from="predict_linear alerts on slow leaks that a weekly deploy used to hide",
    why="All replicas grow alike at a steady load and none has failed; starting them anew one by one wins days, "
    "and the leak has to be found meanwhile.",
    expect=[Fault("Deployment/dockets", "resource_exhaustion", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("resource_exhaustion", "page_human"),
        ("code_defect", "page_human"),
    ],
    tolerated=["page_human", "scale_workload"],
    forbidden=["rollback_workload", "no_action", "scale_database", "isolate_workload", "switch_traffic"],
)
def creeping(w: World) -> None:
    nodes(w, "co-1", "co-2", "co-3")
    spec = pod_spec(container("dotnet", "acr.courthouse.example/dockets:20261114.1", memory=("512Mi", "1Gi")))
    top = deployment(w, "dockets", [Rev(spec, days(9))], 3, age=days(9), number=1)
    service(w, "dockets")
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "dotnet"}
        signal(w, "memory_share", labels, ramp(0.83 + 0.01 * index, 0.915 + 0.01 * index), noise=0.003)
        signal(w, "cpu_share", labels, flat(0.24))
    requests(w, "dockets", rate=flat(31), errors=flat(0.0005), p95=flat(0.18))
    alert(w, "ContainerMemoryWillFill", minutes(18), "dockets reaches its memory limit within 2 h", severity="warning")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), ("prometheus", True, ""))


@case(
    "file-system-of-a-node-went-read-only",
    "mining-ops",
    "2026-12-09T23:31:00",
    title="A node is Ready but its file system is read-only; pods that are placed there never get a sandbox",
    drawn_from="node-problem-detector's ReadonlyFilesystem after a cloud disk had I/O errors",
    why="What fails is placed on one node, which says itself why; elsewhere the same template starts. Only draining "
    "and replacing the node helps, which is a person's act.",
    expect=[Fault("Node/mi-2", "dependency_failure", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("dependency_failure", "page_human", "*"),
        ("service_crash", "page_human", "Node/mi-2"),
        ("configuration_error", "page_human", "Node/mi-2"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def read_only(w: World) -> None:
    nodes(w, "mi-1", "mi-3")
    odd = ("True", "FilesystemIsReadOnly", "Filesystem is read-only")
    node(w, "mi-2", conditions={"ReadonlyFilesystem": odd}, since=minutes(52))
    for number, name in enumerate(("haulage", "assay")):
        spec = pod_spec(container(name, f"nexus.mining.example/{name}:4.{number}"))
        age = minutes(29 - 7 * number)
        stuck = P(age=age, node="mi-2", state=waiting("ContainerCreating"), unready=age)
        top = deployment(w, name, [Rev(spec, days(50 + number))], [P(node="mi-1"), P(node="mi-3"), stuck])
        del top.pods[2]["status"]["podIP"]
        text = (
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create containerd container: "
            "mkdir /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/new-1842906117: read-only file "
            "system"
        )
        event(w, top.pods[2], "FailedCreatePodSandBox", text, first=age - 2, last=11, count=int(age // 13))
        service(w, name)
    taken(w, ("objects", True, ""), ("logs", False, "timed out after 5 s"), NO_METRICS)


@case(
    "one-ring-member-cannot-read-its-commit-log",
    "smartmeter",
    "2026-03-25T02:12:00",
    title="The second of three Cassandra members ends at start: a file of its commit log is damaged",
    drawn_from="Exiting due to error while processing commit log during initialization, after a hard stop",
    why="Its siblings of the same template are well; each restart reads the same file. Whether the segment may be "
    "moved away is a decision over data, for a person.",
    expect=[Fault("StatefulSet/meter-dc1-rack1-sts", "service_crash", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("service_crash", "dependency_failure", "resource_exhaustion")),
        *((cause, "page_human", "*") for cause in ("code_defect", "configuration_error", "unknown")),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def ring(w: World) -> None:
    nodes(w, "sm-1", "sm-2", "sm-3")
    status = {"cassandraOperatorProgress": "Updating", "observedGeneration": 2}
    owner = custom(
        w, "cassandra.datastax.com/v1beta1", "CassandraDatacenter", "dc1", {"size": 3}, status, age=days(201)
    )
    inner = container("cassandra", "k8ssandra/cass-management-api:4.1.7", port=9042, ready=None, memory=("4Gi", "4Gi"))
    last = terminated(100, "Error", started=74, finished=49)
    bad = P(restarts=9, last=last, ready=False, backoff="5m0s", unready=minutes(43))
    top = statefulset(w, "meter-dc1-rack1-sts", pod_spec(inner), [P(), bad, P()], claim="server-data")
    top.obj["metadata"]["ownerReferences"] = [reference(owner)]
    restarting(w, top.pods[1], first=minutes(41), last=12, count=130)
    name = "/var/lib/cassandra/commitlog/CommitLog-7-1774298817123.log"
    text = (
        "INFO  [main] CommitLog.java:168 - Replaying /var/lib/cassandra/commitlog/CommitLog-7-1774298817122.log, "
        f"{name}\nERROR [main] JVMStabilityInspector.java:196 - Exiting due to error while processing commit log "
        "during initialization.\n"
        "org.apache.cassandra.db.commitlog.CommitLogReadHandler$CommitLogReadException: Could not "
        f"read commit log descriptor in file {name}\n"
        "\tat org.apache.cassandra.db.commitlog.CommitLogReader.readCommitLogSegment(CommitLogReader.java:189)"
    )
    raw(w, top, 1, text, previous=True)
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
