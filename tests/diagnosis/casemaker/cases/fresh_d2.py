"""What lies under a service: queues, stores, vaults and volumes that others complain of."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS, custom
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, pod, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment, reference
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "paused-consumer-fills-the-stream",
    "glacier",
    "2026-01-27T16:40:00",
    title="Publishers are refused by a full NATS stream; its only consumer was paused at zero for an upgrade",
    drawn_from="KEDA's paused-replicas annotation that nobody took away after the maintenance",
    why="The stream keeps what nobody acknowledged; its consumer's ScaledObject is paused at 0 since the forenoon. "
    "NATS and the publishers are well: the pause has to end.",
    expect=[Fault("ScaledObject/archiver", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/archiver"),
        ("configuration_error", "scale_workload", "Deployment/archiver"),
        ("capacity", "scale_workload", "Deployment/archiver"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def paused(w: World) -> None:
    nodes(w, "gl-1", "gl-2", "gl-3")
    spec = pod_spec(container("nats", "nats:2.11.4-alpine", port=4222, ready="/healthz"))
    nats = statefulset(w, "nats", spec, 3, claim="js")
    service(w, "nats", port=4222, target=4222, headless=True)
    spec = pod_spec(container("archiver", "registry.glacier.example/archiver:4", env={"NATS_URL": "nats://nats:4222"}))
    deployment(w, "archiver", [Rev(spec, days(40))], 0, replicas=0, scaled=hours(6))
    target = {"name": "archiver"}
    scaler = {"scaleTargetRef": target, "minReplicaCount": 2, "maxReplicaCount": 12}
    scaler["triggers"] = [{"type": "nats-jetstream", "metadata": {"stream": "CORES", "consumer": "archiver"}}]
    status = {
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "ScaledObjectReady"},
            {"type": "Paused", "status": "True", "reason": "ScaledObjectPaused", "message": "ScaledObject is paused"},
        ],
        "pausedReplicaCount": 0,
    }
    made = custom(w, "keda.sh/v1alpha1", "ScaledObject", "archiver", scaler, status)
    made["metadata"]["annotations"] = {"autoscaling.keda.sh/paused-replicas": "0"}
    note: Obj = {"f:metadata": {"f:annotations": {"f:autoscaling.keda.sh/paused-replicas": {}}}}
    w.changed(made, hours(6), "kubectl-annotate", note)
    top = well(
        w, "drill", "registry.glacier.example/drill:77", pods=2, age=days(25), env={"NATS_URL": "nats://nats:4222"}
    )
    text = "publish cores.sample.{n}: nats: API error: code=503 err_code=10077 description=maximum messages exceeded"
    for index in range(2):
        log(w, top, index, "zap", often(5, minutes(21), 1, "error", [text], "publish/core.go:88"))
    log(w, nats, 0, "plain", [L(hours(7), "", "[1] [INF] Server is ready")])
    exact(w, "queue_depth", {"component": "nats", "queue": "CORES"}, ramp(880_000, 1_000_000, 3600, minutes(21)))
    exact(w, "replicas_available", {"component": "archiver"}, flat(0))
    requests(w, "drill", rate=flat(41), errors=step(0.0005, 0.97, minutes(21)))
    alert(w, "DrillErrors", minutes(17), "97% of samples are not taken", service="drill")


@case(
    "disk-under-the-key-store-is-slow",
    "dispatch",
    "2026-07-30T19:05:00",
    title="A scheduler loses its leases; the etcd it uses logs slow fdatasync on all members and changes leaders",
    drawn_from="etcd on network disks whose burst credit was spent: heartbeats late, leader lost, leases expired",
    why="Callers time out because each write waits seconds for the disk. Restarting members costs another election "
    "and makes it worse; a person has to give it a faster disk.",
    expect=[Fault("StatefulSet/etcd", "resource_exhaustion", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("resource_exhaustion", "dependency_failure", "capacity")),
        ("configuration_error", "page_human"),
        ("database_connection", "page_human"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def slow_disk(w: World) -> None:
    nodes(w, "di-1", "di-2", "di-3")
    spec = pod_spec(container("etcd", "quay.io/coreos/etcd:v3.5.21", port=2379, ready="/readyz"))
    store = statefulset(w, "etcd", spec, 3, claim="data")
    for index in range(3):
        claim(w, f"data-etcd-{index}", size="8Gi")
    service(w, "etcd", port=2379, target=2379, headless=True)
    top = well(
        w, "planner", "registry.dispatch.example/planner:33", pods=2, age=days(52), env={"ETCD": "http://etcd:2379"}
    )
    for index in range(3):
        lines: list[L] = []
        for line in often(24, minutes(34), 2, "warn", ["slow fdatasync"], "wal/wal.go:805"):
            took = {"took": f"{1.4 + line.age % 17 / 10:.9f}s", "expected-duration": "1s"}
            lines.append(L(line.age, "warn", line.text, line.logger, took))
        late = "leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk"
        lines += often(50, minutes(33), 9, "warn", [late], "etcdserver/raft.go:415") if index == 1 else []
        lines += often(29, minutes(33), 5, "warn", ["apply request took too long"], "etcdserver/util.go:170")
        log(w, store, index, "zap", lines)
    lost = [
        "lease keepalive failed: etcdserver: request timed out, possibly due to previous leader failure",
        "lost leadership of planner/main, assignments are held",
        "put /assignments/{n}: etcdserver: request timed out",
    ]
    for index in range(2):
        log(w, top, index, "logfmt", often(11, minutes(33), 1, "error", lost))
    alert(w, "PlannerWithoutLeader", minutes(28), "planner assigned nothing for 5 minutes", service="planner")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "migration-rewrites-a-table-under-load",
    "caravan",
    "2026-02-03T10:16:00",
    title="A migration Job rewrites a big table; every request to it waits for its lock and the pool is full",
    drawn_from="ALTER TABLE ... ALTER COLUMN TYPE on tables of many millions of rows, in the forenoon",
    why="The sessions of the service wait for one that is at work: the Job's. Nobody leaks connections. Whether to end "
    "the migration or to wait is for a person; restarting the service or more connections only add waiters.",
    expect=[Fault("Job/pitches-migrate-0203", "database_connection", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("database_connection", "configuration_error", "code_defect")),
        ("resource_exhaustion", "page_human", "*"),
        ("dependency_failure", "page_human", "StatefulSet/pitches-db"),
        ("dependency_failure", "page_human", "Job/pitches-migrate-0203"),
    ],
    forbidden=["rollback_workload", "scale_workload", "no_action", "scale_database", "restart_connection_pool"],
)
def rewriting(w: World) -> None:
    nodes(w, "cv-1", "cv-2")
    base = postgres(w, "pitches-db", image="postgres:15.10")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    top = well(w, "pitches", "registry.caravan.example/pitches:61", pods=2, age=days(11))
    name, age = "pitches-migrate-0203", minutes(14)
    spec = pod_spec(container("alembic", "registry.caravan.example/pitches:62", port=0, ready=None))
    spec["restartPolicy"] = "Never"
    meta = w.meta("Job", name, age)
    task = w.add({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"backoffLimit": 0}})
    task["spec"]["template"] = {"metadata": {"labels": {"job-name": name}}, "spec": spec}
    task["status"] = {"startTime": w.at(age), "active": 1, "ready": 1}
    each = _running(w, name, spec, task, age)
    change = "ALTER TABLE stays ALTER COLUMN guest_id TYPE bigint"
    rows = [session(each, f"Job/{name}", "active", 1, age=800, user="migrate", query=change)]
    for mine in top.pods:
        held: Obj = {"age": 760.0, "user": "pitches", "wait": "Lock"}
        query = "SELECT * FROM stays WHERE pitch_id = $1"
        rows.append(session(mine["status"]["podIP"], "Deployment/pitches", "active", 20, **held, query=query))
    sessions(w, "StatefulSet/pitches-db", 100, rows)
    text = "process 311 still waiting for AccessShareLock on relation 16412 of database 16384 after 1000.122 ms"
    log(w, base, 0, "postgres", often(13, 800, 3, "log", [text], "pitches@pitches"))
    full = "QueuePool limit of size 15 overflow 5 reached, connection timed out, timeout 30.00"
    for index in range(2):
        log(w, top, index, "python", often(6, 740, 1, "error", ["sqlalchemy.exc.TimeoutError: " + full], "api.stays"))
    alert(w, "PitchesErrors", minutes(9), "all requests for stays fail", service="pitches")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def _running(w: World, name: str, spec: Obj, owner: Obj, age: float) -> str:
    """Add the running pod of a Job and return its address."""
    made = pod(w, f"{name}-7xk2d", spec, {"job-name": name}, reference(owner), P(), age, 1)
    lines = "INFO  [alembic.runtime.migration] Running upgrade 8f1c -> 91aa, widen guest_id"
    w.logs[f"{made['metadata']['name']}/alembic.log"] = [lines]
    return str(made["status"]["podIP"])


@case(
    "heap-breaker-of-the-search-since-a-release",
    "auctioneer",
    "2026-06-17T13:51:00",
    title="OpenSearch refuses everybody's queries for memory; one client's release asks for half a million buckets",
    drawn_from="circuit_breaking_exception of the parent breaker after a terms aggregation without a bound",
    why="Bids' searches are refused but unchanged for weeks; facets was released a minute before and logs the size it "
    "asks for. Taking that release back frees the heap; a restart of the store loses its caches and helps minutes.",
    expect=[Fault("Deployment/facets", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def breaker(w: World) -> None:
    nodes(w, "au-1", "au-2", "au-3")
    inner = container("opensearch", "opensearchproject/opensearch:2.19.1", port=9200, memory=("4Gi", "4Gi"), ready=None)
    store = statefulset(w, "opensearch", pod_spec(inner), 3, claim="data")
    service(w, "opensearch", port=9200, target=9200)
    host = {"OPENSEARCH_URL": "http://opensearch:9200"}
    bids = well(w, "bids", "registry.auctioneer.example/bids:207", pods=3, age=days(26), env=host)
    image = "registry.auctioneer.example/facets"
    specs = [pod_spec(container("facets", f"{image}:{v}", env=host)) for v in ("3.8.2", "3.9.0")]
    top = deployment(w, "facets", [Rev(specs[0], days(31)), Rev(specs[1], minutes(36))], 2)
    service(w, "facets")
    refused = (
        "[parent] Data too large, data for [<http_request>] would be [2143289344/1.9gb], which is larger than the "
        "limit of [2040109465/1.8gb], real usage: [2143280128/1.9gb], new bytes reserved: [9216/9kb]"
    )
    for index in range(3):
        where = f"[WARN ][o.o.m.j.JvmGcMonitorService] [opensearch-{index}] [gc][{{n}}] overhead, spent [812ms] "
        where += "collecting in the last [1.1s]"
        log(w, store, index, "plain", often(20, minutes(35), 3, "", [where]))
        bad = [f'search failed: 429 {{"type":"circuit_breaking_exception","reason":"{refused}"}}']
        log(w, bids, index, "logfmt", often(7, minutes(34), 1, "error", bad))
        labels = {"pod": f"opensearch-{index}", "container": "opensearch"}
        signal(w, "cpu_share", labels, step(0.35, 0.94, minutes(35)))
    asked = ["POST /lots/_search aggs=terms(field=seller_id,size=500000) took 9{n}ms", f"429 {refused}"]
    for index in range(2):
        log(w, top, index, "logfmt", often(9, minutes(35.5), 1, "warn", asked))
    requests(w, "bids", rate=flat(88), errors=step(0.001, 0.47, minutes(34)), p95=step(0.12, 2.4, minutes(35)))
    requests(w, "facets", rate=flat(4), errors=step(0.002, 0.55, minutes(34)), p95=step(0.3, 9.5, minutes(35.5)))
    alert(w, "BidsErrors", minutes(30), "47% of the searches for bids fail", service="bids")


@case(
    "vault-came-back-sealed",
    "notary",
    "2026-09-19T05:02:00",
    title="New pods of two services wait for secrets; the Vault that gives them came back from a node upgrade sealed",
    drawn_from="Vault with Shamir keys after its only pod was moved: running, not ready, 503 Vault is sealed",
    why="Old pods hold their secrets and serve. Vault runs and says why it is not ready: people with key shares must "
    "unseal it. A restart seals it again and moves nothing.",
    expect=[Fault("StatefulSet/vault", "dependency_failure", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("configuration_error", "service_crash", "unknown")),
        ("dependency_failure", "page_human", "Pod/vault-0"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def sealed(w: World) -> None:
    nodes(w, "no-1", "no-2")
    probe = {"exec": {"command": ["/bin/sh", "-ec", "vault status -tls-skip-verify"]}, "periodSeconds": 5}
    inner = container("vault", "hashicorp/vault:1.19.0", port=8200, ready=probe)
    young = P(age=minutes(24), ready=False, unready=minutes(24))
    vault = statefulset(w, "vault", pod_spec(inner), [young], claim="data")
    claim(w, "data-vault-0")
    cause = "Key                Value\n---                -----\nSeal Type          shamir\nInitialized        true\n"
    cause += "Sealed             true\nTotal Shares       5\nThreshold          3\nUnseal Progress    0/3"
    probe_failure(w, vault.pods[0], "Readiness", cause, first=minutes(23.8), last=4, count=286)
    service(w, "vault", port=8200, target=8200)
    log(w, vault, 0, "plain", [L(minutes(24), "", f"{w.at(minutes(24))} [INFO]  core: vault is sealed")])
    for number, name in enumerate(("deeds", "seals")):
        main = container(name, f"registry.notary.example/{name}:{30 + number}")
        agent = container("vault-agent-init", "hashicorp/vault:1.19.0", port=0, ready=None)
        age = minutes(21 - 4 * number)
        stuck = P(age=age, state=waiting("PodInitializing"), unready=age)
        top = deployment(w, name, [Rev(pod_spec(main, init=[agent]), days(44))], [P(), P(), stuck], age=days(300))
        mine = top.pods[2]["status"]
        mine["phase"] = "Pending"
        mine["conditions"][1] |= {
            "status": "False",
            "reason": "ContainersNotInitialized",
            "message": "containers with incomplete status: [vault-agent-init]",
        }
        mine["initContainerStatuses"] = [
            {
                "name": "vault-agent-init",
                "image": "hashicorp/vault:1.19.0",
                "imageID": "hashicorp/vault@sha256:1b7f",
                "containerID": "containerd://77d0aa",
                "ready": False,
                "started": True,
                "restartCount": 0,
                "lastState": {},
                "state": {"running": {"startedAt": w.at(age - 3)}},
            }
        ]
        service(w, name)
        said = (
            '[ERROR] agent.auth.handler: error authenticating: error="Error making API request.\\n\\nURL: PUT '
            'http://vault:8200/v1/auth/kubernetes/login\\nCode: 503. Errors:\\n\\n* Vault is sealed" backoff=4m12s'
        )
        log(w, top, 2, "plain", often(60, age - 5, 5, "", [said]), container="vault-agent-init")
    alert(w, "KubePodNotReady", minutes(6), "deeds has a pod that is not ready for 15 minutes", deployment="deeds")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "backlog-of-a-newsletter-shrinks",
    "gazette",
    "2026-05-29T07:44:00",
    title="A queue holds a quarter of a million mails after a newsletter; its workers were scaled and it shrinks",
    drawn_from="queue depth alerts that fire on every campaign while the backlog is being worked off",
    why="No error, no refused mail, consumers busy but not at a limit, and the depth falls steadily: it will be empty "
    "in half an hour, as after each campaign.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def newsletter(w: World) -> None:
    nodes(w, "gz-1", "gz-2", "gz-3")
    spec = pod_spec(container("rabbitmq", "rabbitmq:4.1.0-management", port=5672, ready=None))
    broker = statefulset(w, "rabbitmq", spec, claim="data")
    claim(w, "data-rabbitmq-0")
    service(w, "rabbitmq", port=5672, target=5672)
    spec = pod_spec(container("sender", "registry.gazette.example/sender:18", ready=None))
    young = [P(age=minutes(52)) for _ in range(6)]
    top = deployment(w, "sender", [Rev(spec, days(63))], [P(), P(), *young], age=days(200), scaled=minutes(52))
    hpa(w, top, low=2, high=12, now=8, used=66, scaled=minutes(52))
    for index in range(8):
        log(w, top, index, "python", often(5, 400, 1, "info", ["mail {n} accepted by relay: 250 2.0.0 Ok"], "sender"))
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "sender"}, flat(0.62), since=minutes(50))
    log(w, broker, 0, "rabbitmq", [L(minutes(54), "info", "connection 10.244.1.31:40112 -> 10.244.1.11:5672: user ok")])
    exact(w, "queue_depth", {"component": "sender", "queue": "newsletter"}, ramp(560_000, 240_000))
    exact(w, "hpa_replicas", {"component": "sender"}, step(2, 8, minutes(52)))
    exact(w, "hpa_max", {"component": "sender"}, flat(12))
    requests(w, "sender", rate=flat(93), errors=flat(0.0003))
    alert(w, "RabbitmqQueueDeep", minutes(56), "newsletter holds more than 200000 messages", severity="warning")
