"""What lies below the pods: a quota of Jobs, a node without its driver, a silent resolver, a node out of processes."""

from __future__ import annotations

import json
from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS, custom
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, config_map, node, nodes, quota
from tests.diagnosis.casemaker.pods import P, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.sets import daemonset, statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]
AGAIN = "Temporary failure in name resolution"


@case(
    "finished-jobs-fill-the-quota-of-jobs",
    "dunning",
    "2026-07-01T06:20:00",
    title="No Job can be created: thirty finished ones of an exporter that never removes them fill the quota",
    drawn_from="CronJobs stuck at count/jobs.batch; Jobs made by programs without ttlSecondsAfterFinished",
    why="The 403 of the exporter looks like a lost role and says quota; the hourly CronJob is refused alike. The Jobs "
    "have all completed: somebody has to delete them and give them a time to live. A release changes nothing.",
    expect=[Fault("ResourceQuota/dunning-objects", "resource_exhaustion", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("capacity", "page_human"),
        *(
            (cause, "page_human", component)
            for component in ("CronJob/reminders", "Deployment/exporter")
            for cause in ("resource_exhaustion", "configuration_error", "capacity")
        ),
        ("code_defect", "page_human", "Deployment/exporter"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def full_of_jobs(w: World) -> None:
    nodes(w, "du-1", "du-2")
    hard = {"count/jobs.batch": "30", "pods": "80", "count/cronjobs.batch": "10"}
    quota(w, "dunning-objects", hard, hard | {"pods": "4", "count/cronjobs.batch": "1"}, age=days(400))
    image = "registry.dunning.example/pdf-export:5"
    spec = pod_spec(container("pdf", image, port=0, ready=None, memory=("512Mi", "1Gi")))
    for number in range(28):
        _completed(w, f"pdf-export-{88140 + 3 * number}", spec, days(8.4) - number * 19_400)
    for number, age in ((88232, hours(9.1)), (88240, hours(4.2))):
        ended = terminated(0, "Completed", started=age - 3, finished=age - 71)
        done = P(age=age, phase="Succeeded", state=ended, ready=False, unready=age - 71)
        job(w, f"pdf-export-{number}", spec, age=age, pods=[done])
    template = {"spec": pod_spec(container("reminders", "registry.dunning.example/reminders:31", port=0, ready=None))}
    plan: Obj = {"schedule": "0 * * * *", "concurrencyPolicy": "Forbid", "suspend": False}
    plan |= {"successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 1}
    plan["jobTemplate"] = {"spec": {"backoffLimit": 2, "template": template, "ttlSecondsAfterFinished": 600}}
    status = {"lastScheduleTime": w.at(hours(5.33)), "lastSuccessfulTime": w.at(hours(5.33) - 140)}
    cron = custom(w, "batch/v1", "CronJob", "reminders", plan, status, age=days(380))
    used = "requested: count/jobs.batch=1, used: count/jobs.batch=30, limited: count/jobs.batch=30"
    for index in range(2):
        name = f"reminders-{29714700 + 60 * index}"
        text = f'Error creating job: jobs.batch "{name}" is forbidden: exceeded quota: dunning-objects, {used}'
        first = 3600 - 60 if index == 0 else minutes(20)
        event(w, cron, "FailedCreate", text, first=first, last=minutes(21 if index == 0 else 0.4), count=9 - 3 * index)
    image = "registry.dunning.example/exporter"
    top = well(w, "exporter", f"{image}:14.2", pods=2, age=days(5), before=f"{image}:14.1")
    body = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403}
    body |= {"message": f'jobs.batch "pdf-export-88251" is forbidden: exceeded quota: dunning-objects, {used}'}
    bad = [
        "kubernetes.client.exceptions.ApiException: (403) Reason: Forbidden HTTP response body: " + json.dumps(body),
        "export {n} could not be started, customer gets no letter",
    ]
    for index in range(2):
        log(w, top, index, "python", often(70, 3500, 4, "error", bad, "exporter.jobs"))
    well(w, "ledger", "registry.dunning.example/ledger:9", pods=2, age=days(61), talk=True)
    text = "reminders has not completed for more than two hours"
    alert(w, "RemindersOverdue", hours(2.3), text, cronjob="reminders", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def _completed(w: World, name: str, spec: Obj, age: float) -> None:
    """Add a Job that completed and whose pod went with its node."""
    meta = w.meta("Job", name, age, labels={"app": "pdf-export"})
    done = {"type": "Complete", "status": "True", "reason": "CompletionsReached", "lastTransitionTime": w.at(age - 70)}
    template = {"metadata": {"labels": {"app": "pdf-export"}}, "spec": spec | {"restartPolicy": "Never"}}
    status = {"startTime": w.at(age), "completionTime": w.at(age - 70), "succeeded": 1, "conditions": [done]}
    body = {"backoffLimit": 3, "completions": 1, "template": template}
    w.add({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": body, "status": status})


@case(
    "new-node-without-its-storage-driver",
    "tidewater",
    "2026-08-11T03:34:00",
    title="A broker that moved to a fresh node gets no volume: the storage driver never registered on that node",
    drawn_from="CSINode does not contain driver ebs.csi.aws.com, on nodes with a taint the driver does not tolerate",
    why="The volume is free and the image is there; whatever mounts nothing runs on the node. Both pods with volumes "
    "wait on it alone. Its driver is a matter of the platform, not of a broker or of a release.",
    expect=[Fault("Node/ip-10-61-3-140", "dependency_failure", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("configuration_error", "service_crash", "resource_exhaustion")),
        *(
            (cause, "page_human", component)
            for component in ("StatefulSet/redpanda", "PersistentVolumeClaim/datadir-redpanda-2")
            for cause in ("dependency_failure", "configuration_error")
        ),
    ],
    tolerated=["restart_workload"],
    forbidden=["rollback_workload", "scale_workload", "scale_database", "no_action"],
)
def no_driver(w: World) -> None:
    old = ("ip-10-61-1-22", "ip-10-61-2-9")
    new, age = "ip-10-61-3-140", minutes(52)
    nodes(w, *old, cpu="8")
    node(w, new, age=age, cpu="8")
    for name in (*old, new):
        driver = {"name": "ebs.csi.aws.com", "nodeID": f"i-0{digest(name)[:16]}", "allocatable": {"count": 25}}
        meta = w.meta("CSINode", name, age if name == new else days(240), namespace="")
        spec = {"drivers": None if name == new else [driver]}
        w.add({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": meta, "spec": spec})
    mounts = {"datadir": "/var/lib/redpanda/data"}
    inner = container("redpanda", "redpandadata/redpanda:v25.1.4", port=9092, ready=None, mounts=mounts)
    stuck = P(age=minutes(44), state=waiting("ContainerCreating"), unready=minutes(44), node=new)
    store = statefulset(w, "redpanda", pod_spec(inner), [P(node=old[0]), P(node=old[1]), stuck], claim="datadir")
    for index in range(3):
        claim(w, f"datadir-redpanda-{index}", size="400Gi")
    inner = container("connectors", "redpandadata/connectors:1.0.40", mounts={"state": "/state"})
    spec = pod_spec(inner, volumes={"state": "pvc/connect-state"})
    waits = P(age=minutes(41), state=waiting("ContainerCreating"), unready=minutes(41), node=new)
    connect = deployment(w, "connect", [Rev(spec, days(19))], [waits], strategy={"type": "Recreate"})
    claim(w, "connect-state")
    for pod, volume, since in ((store.pods[2], "datadir", minutes(44)), (connect.pods[0], "state", minutes(41))):
        del pod["status"]["podIP"]
        pod["status"]["conditions"][0]["status"] = "False"
        held = "datadir-redpanda-2" if volume == "datadir" else "connect-state"
        bound = next(o for o in w.objects if o["kind"] == "PersistentVolumeClaim" and o["metadata"]["name"] == held)
        text = f'AttachVolume.Attach failed for volume "{bound["spec"]["volumeName"]}" : '
        text += f"CSINode {new} does not contain driver ebs.csi.aws.com"
        event(w, pod, "FailedAttachVolume", text, first=since - 2, last=35, count=27, writer="attachdetach-controller")
        text = f"Unable to attach or mount volumes: unmounted volumes=[{volume}], unattached volumes=[], "
        text += "failed to process volumes=[]: context deadline exceeded"
        event(w, pod, "FailedMount", text, first=since - 123, last=61, count=18)
    service(w, "redpanda", port=9092, target=9092, headless=True)
    service(w, "connect")
    spec = pod_spec(container("vector", "timberio/vector:0.47.0-distroless-libc", port=8686))
    daemonset(w, "vector", spec, [P(node=old[0]), P(node=old[1]), P(node=new, age=age - 50)])
    image = "402188771345.dkr.ecr.eu-west-1.amazonaws.com"
    spec = pod_spec(container("gauges", f"{image}/gauges:6.6.0"))
    gauges = [P(node=old[0]), P(node=new, age=minutes(43))]
    before = pod_spec(container("gauges", f"{image}/gauges:6.5.9"))
    top = deployment(w, "gauges", [Rev(before, days(30)), Rev(spec, hours(7))], gauges)
    service(w, "gauges")
    log(w, top, 1, "zap", often(20, minutes(42), 2, "info", ["batch of {n} readings acked"], "sink/kafka.go:77"))
    for index in range(2):
        text = "raft - [group_id:{n}] vote reply from node 2 failed: rpc::errc::connection_timeout"
        lines = [L(x.age, "", f"WARN  {w.at(x.age)[:-1].replace('T', ' ')},118 [shard 1:main] {x.text}")
                 for x in often(33, 2500, 3, "", [text])]  # fmt: skip
        log(w, store, index, "plain", lines)
    text = "redpanda has under-replicated partitions for 30 minutes"
    alert(w, "RedpandaUnderReplicated", minutes(12), text, statefulset="redpanda", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "resolver-behind-the-cluster-does-not-answer",
    "alpine-hotels",
    "2026-12-19T17:12:00",
    title="Names of the cluster resolve, names of the world do not: the resolver that CoreDNS forwards to is silent",
    drawn_from="VPC and data-centre resolvers that dropped UDP 53: plugin/errors ... i/o timeout, cached names live on",
    why="CoreDNS runs unchanged and answers for the cluster; only what it forwards times out, for all alike. A "
    "restart of it would lose the names it still has cached; one service's release before is a coincidence.",
    expect=[Fault("Deployment/coredns", "dependency_failure", "page_human")],
    acceptable=[
        ("network_fault", "page_human", "*"),
        ("dependency_failure", "page_human", "*"),
        ("configuration_error", "page_human", "ConfigMap/coredns"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def resolver(w: World) -> None:
    nodes(w, "ah-1", "ah-2", "ah-3")
    here, w.namespace = w.namespace, "kube-system"
    ready = {"httpGet": {"path": "/ready", "port": 8181}}
    inner = container("coredns", "registry.k8s.io/coredns/coredns:v1.12.1", port=53, ready=ready)
    dns = deployment(w, "coredns", [Rev(pod_spec(inner), days(130))], 2, labels={"k8s-app": "kube-dns"})
    parts = ("errors", "ready", "kubernetes cluster.local in-addr.arpa ip6.arpa", "forward . 172.27.0.2", "cache 300")
    core = "\n    ".join((".:53 {", *parts)) + "\n}\n"
    config_map(w, "coredns", {"Corefile": core}, age=days(500))
    service(w, "kube-dns", {"k8s-app": "kube-dns"}, port=53, target=53)
    for index in range(2):
        lines = []
        for number, host in enumerate(("api.channel-hub.example", "smtp.mailhub.example", "rates.fx-feed.example")):
            where = f"read udp {dns.pods[index]['status']['podIP']}:{{n}}->172.27.0.2:53: i/o timeout"
            lines += often(5 + number, minutes(27), 1, "error", [f"plugin/errors: 2 {host}. A: {where}"])
        log(w, dns, index, "coredns", lines)
        signal(w, "memory_share", {"pod": dns.pod(index), "container": "coredns"}, flat(0.31))
    w.namespace = here
    image, url = "registry.alpine-hotels.example", {"ROOMS_URL": "http://rooms"}
    said = {
        "booking": ("logback", f"java.net.UnknownHostException: api.channel-hub.example: {AGAIN}"),
        "mailer": ("pino", "connect failed: getaddrinfo EAI_AGAIN smtp.mailhub.example"),
        "prices": ("python", f"socket.gaierror: [Errno -3] {AGAIN} (https://rates.fx-feed.example)"),
    }
    errors = {"booking": 0.43, "mailer": 0.96, "prices": 0.31}
    for number, (name, (style, bad)) in enumerate(said.items()):
        age, before = (minutes(46), f"{image}/booking:118") if name == "booking" else (days(14 + 8 * number), "")
        top = well(w, name, f"{image}/{name}:{119 - number}", pods=2, age=age, before=before, env=url)
        for index in range(2):
            fine = often(33, minutes(40), 1, "info", ["GET http://rooms/free?hotel={n} 200"])
            log(w, top, index, style, fine + often(20, minutes(26.5), 1, "error", [bad]))
        requests(w, name, rate=flat(22 - 6 * number), errors=step(0.001, errors[name], minutes(27)))
    rooms = well(w, "rooms", f"{image}/rooms:55", pods=2, age=days(33))
    log(w, rooms, 0, "golang", often(12, 2400, 2, "", ["GET /free?hotel={n} 200 3ms", "redis hit rooms:{n}"]))
    requests(w, "rooms", rate=flat(48), errors=flat(0.0004), p95=flat(0.03))
    redis(w)
    signal(w, "dns_error_ratio", {}, step(0.003, 0.24, minutes(27)))
    alert(w, "BookingErrors", minutes(21), "43% of bookings fail", service="booking")


@case(
    "processes-of-a-release-fill-a-node",
    "brochures",
    "2026-02-25T13:29:00",
    title="A Java service cannot create threads: a neighbour on its node leaves dead browsers since its release",
    drawn_from="puppeteer under node as PID 1: chromium zombies that nobody reaps until the node has PIDPressure",
    why="OutOfMemoryError names threads, not heap, and only on one node, which is out of process numbers. The renderer "
    "there runs without dumb-init since five hours and counts its dead children itself.",
    expect=[Fault("Deployment/render", "code_defect", "rollback_workload")],
    acceptable=[
        ("resource_exhaustion", "rollback_workload"),
        ("configuration_error", "rollback_workload"),
        ("resource_exhaustion", "page_human", "Node/br-2"),
    ],
    tolerated=["page_human"],
    forbidden=[
        *("scale_workload", "no_action", "scale_database"),
        *({"remedy": each, "target": "Deployment/orders"} for each in ("rollback_workload", "restart_workload")),
    ],
)
def processes(w: World) -> None:
    nodes(w, "br-1", "br-3")
    pressure = {"PIDPressure": ("True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available")}
    since, taint = minutes(36), "node.kubernetes.io/pid-pressure:NoSchedule"
    full = node(w, "br-2", conditions=pressure, since=since, taints=(taint,))
    full_up, text = "NodeHasInsufficientPID", "Attempting to reclaim pids"
    event(w, full, full_up, f"Node br-2 status is now: {full_up}", kind="Normal", last=since, writer="kubelet")
    event(w, full, "EvictionThresholdMet", text, first=since, last=20, count=181, writer="kubelet")
    image = "registry.brochures.example"
    command = ("node", "server.js")
    specs = [
        pod_spec(container("render", f"{image}/render:{v}", port=3000, ready="/up", command=c, memory=("1Gi", "2Gi")))
        for v, c in (("4.11.0", ("dumb-init", "--", *command)), ("4.12.0", command))
    ]
    render = deployment(w, "render", [Rev(specs[0], days(48)), Rev(specs[1], hours(5.2))], [P(node="br-2")])
    texts = [
        "pdf {n} rendered in 2.1s, browser closed",
        "process table: 27418 children of pid 1, all but 14 <defunct> (chrome, chrome_crashpad)",
        "Failed to launch the browser process! pthread_create: Resource temporarily unavailable (11)",
    ]
    log(w, render, 0, "pino", often(13, minutes(35), 1, "warn", texts))
    specs = [pod_spec(container("orders", f"{image}/orders:2.{v}", memory=("1Gi", "1Gi"))) for v in (60, 61)]
    pods = [P(node="br-1"), P(node="br-2", ready=False, unready=minutes(9)), P(node="br-3")]
    orders = deployment(w, "orders", [Rev(specs[0], days(20)), Rev(specs[1], minutes(58))], pods)
    cause = "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or "
    texts = [cause + "process/resource limits reached", "POST /order/{n} 500"]
    log(w, orders, 1, "logback", often(7, minutes(35), 1, "error", texts, "o.a.tomcat.util.net.NioEndpoint"))
    for index in (0, 2):
        log(w, orders, index, "logback", often(15, 2500, 1, "info", ["POST /order/{n} 201"]))
    cause = f'Get "http://{orders.pods[1]["status"]["podIP"]}:8080/healthz": context deadline exceeded'
    probe_failure(w, orders.pods[1], "Readiness", cause, first=minutes(34), last=8, count=96)
    said = "The node was low on resource: pids. Threshold quantity: 3276, available: 2914. "
    gone = P(age=days(9), phase="Failed", reason="Evicted", message=said, node="br-2")
    moved = P(age=minutes(29), node="br-3")
    spec = pod_spec(container("quotes", f"{image}/quotes:9.3"))
    quotes = deployment(w, "quotes", [Rev(spec, days(9))], [P(node="br-1"), moved, gone])
    event(w, quotes.pods[2], "Evicted", said, last=minutes(30), writer="kubelet")
    for name, target in (("render", 3000), ("orders", 8080), ("quotes", 8080)):
        service(w, name, target=target)
    for index, mine in enumerate(orders.pods):
        name, bad = mine["metadata"]["name"], 0.64 if index == 1 else 0.001
        signal(w, "error_ratio_by_pod", {"pod": name}, step(0.001, bad, minutes(35)), since=minutes(56))
        signal(w, "memory_share", {"pod": name, "container": "orders"}, flat(0.58), since=minutes(56))
    signal(w, "memory_share", {"pod": render.pod(0), "container": "render"}, ramp(0.44, 0.49))
    for name in ("br-1", "br-2", "br-3"):
        signal(w, "node_memory_share", {"node": name}, flat(0.55))
    requests(w, "orders", rate=flat(18), errors=step(0.001, 0.2, minutes(35)), p95=step(0.1, 1.9, minutes(35)))
    requests(w, "render", rate=flat(2.2), errors=step(0.002, 0.5, minutes(35)), p95=flat(3.1))
    alert(w, "OrdersErrors", minutes(28), "a fifth of the orders fail", service="orders")
