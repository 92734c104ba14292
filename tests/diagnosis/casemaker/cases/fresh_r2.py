"""Ordinary trouble with what a platform hands out: names of a certificate, images, volumes. No metrics in any."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.events import event, pull_failure
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import budget, claim, config_map, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]

LONG = "ledger.core-bank.svc.cluster.local"


def _certificate(w: World, edited: float) -> None:
    """Add the ledger's certificate, issued anew right after its names were edited."""
    spec: Obj = {"secretName": "ledger-tls", "dnsNames": [LONG], "duration": "2160h", "usages": ["server auth"]}
    spec |= {"issuerRef": {"kind": "ClusterIssuer", "name": "internal-ca"}}
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "Certificate is up to date and has not "
             "expired", "observedGeneration": 4, "lastTransitionTime": w.at(edited - 3)}  # fmt: skip
    status = {"revision": 7, "notBefore": w.at(edited - 2), "conditions": [ready]}
    meta = w.meta("Certificate", "ledger-tls", days(420), generation=4)
    made = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": meta, "spec": spec, "status": status}
    w.changed(w.add(made), edited, "kubectl-edit", {"f:spec": {"f:dnsNames": {}}})
    by = "cert-manager-certificates-"
    text = "Fields on existing CertificateRequest resource not up to date: [spec.dnsNames]"
    event(w, made, "Issuing", text, kind="Normal", last=edited - 1, writer=f"{by}trigger")
    text = 'Reusing private key stored in existing Secret resource "ledger-tls"'
    event(w, made, "Reused", text, kind="Normal", last=edited - 1, writer=f"{by}key-manager")
    text = 'Created new CertificateRequest resource "ledger-tls-7"'
    event(w, made, "Requested", text, kind="Normal", last=edited - 1, writer=f"{by}request-manager")
    text = "The certificate has been successfully issued"
    event(w, made, "Issuing", text, kind="Normal", last=edited - 3, writer=f"{by}issuing")
    notes = {"cert-manager.io/certificate-name": "ledger-tls", "cert-manager.io/issuer-name": "internal-ca"}
    notes |= {"cert-manager.io/alt-names": LONG, "cert-manager.io/common-name": ""}
    secret(w, "ledger-tls", ["ca.crt", "tls.crt", "tls.key"], age=days(420), changed=edited - 3,
           by="cert-manager-certificates-issuing", kind="kubernetes.io/tls", annotations=notes)  # fmt: skip


@case(
    "certificate-issued-anew-without-its-short-name",
    "core-bank",
    "2026-06-03T10:24:00",
    title="Accounts cannot be read: the ledger's certificate was edited and lacks the short name two callers dial",
    drawn_from="x509: certificate is valid for ..., not ...: dnsNames of a cert-manager Certificate tidied by hand",
    why="The Certificate was edited 53 minutes ago and issued anew with one name. Callers that dial ledger are refused "
    "as their connections are made anew, the released one and the one of last month alike; who dials the long name "
    "is well. The ledger itself did not change.",
    expect=[Fault("Certificate/ledger-tls", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Secret/ledger-tls"),
        ("configuration_error", "page_human", "Deployment/ledger"),
        ("network_fault", "page_human"),
        ("network_fault", "page_human", "Secret/ledger-tls"),
    ],
    forbidden=["restart_workload", "scale_workload", "rollback_workload", "no_action", "isolate_workload",
               "restart_connection_pool"],
)  # fmt: skip
def one_name(w: World) -> None:
    nodes(w, "cb-1", "cb-2", "cb-3")
    edited, image = minutes(53), "registry.core-bank.example"
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "ledger-db", image="postgres:16.9")
    body = container("ledger", f"{image}/ledger:2.8.1", port=8443, ready={"tcpSocket": {"port": 8443},
                     "periodSeconds": 10}, env={"DB_HOST": "ledger-db"}, mounts={"tls": "/tls"})  # fmt: skip
    ledger = deployment(w, "ledger", [Rev(pod_spec(body, volumes={"tls": "secret/ledger-tls"}), days(13))], 2)
    service(w, "ledger", port=8443, target=8443)
    _certificate(w, edited)
    config_map(w, "internal-ca", {"ca.crt": "sha256:5a2be11c90d7743f"}, age=days(420))
    accounts = well(w, "accounts", f"{image}/accounts:19.4", pods=3, age=days(31), env={"LEDGER_ADDR": "ledger:8443"})
    env, before = {"LEDGER_HOST": "ledger", "LEDGER_PORT": "8443"}, f"{image}/mobile-bff:504"
    mobile = well(w, "mobile-bff", f"{image}/mobile-bff:505", age=minutes(44), port=3000, before=before, env=env)
    statements = well(w, "statements", f"{image}/statements:6.0.2", age=days(9), env={"LEDGER_ADDR": f"{LONG}:8443"})
    cards = well(w, "cards", f"{image}/cards:11.7", age=days(27), talk=True)
    ingress(w, "mobile", "m.core-bank.example", [("/", "mobile-bff", 80), ("/cards", "cards", 80)])
    alarm = "TLS handshake error: remote error: tls: bad certificate"
    for index in range(2):
        lines = [
            L(edited - 61 - 8 * index, "info", "tls key pair reloaded", "tlsreload/watch.go:72", {"path": "/tls"}),
            *often(60, minutes(41) - 13 * index, 2, "warn", [alarm], "net/tls"),
            *often(90, minutes(55) - 13 * index, 3, "info", ["GetBalance ok", "ListPostings ok"], "ledger/server.go"),
        ]
        log(w, ledger, index, "zap", lines)
    bad = f"x509: certificate is valid for {LONG}, not ledger"
    text = (
        'rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: '
        f'tls: failed to verify certificate: {bad}"'
    )
    for index, first in enumerate((minutes(41), minutes(33), minutes(25))):
        lines = often(110, minutes(54), first + 3, "info", ["GET /accounts/{n} 200", "GET /accounts/{n}/postings 200"])
        lines += often(31, first, 1, "error", [f"GET /accounts/{{n}} 503: {text}"], "accounts/ledger.go:58")
        log(w, accounts, index, "zap", lines)
    said = (
        "GET /home 502: Hostname/IP does not match certificate's altnames: Host: ledger. is not in the cert's "
        f"altnames: DNS:{LONG}"
    )
    for index in range(2):
        lines = [L(minutes(43.6) - 14 * index, "info", "mobile-bff 505 listening on 3000")]
        lines += often(28, minutes(42) - 14 * index, 1, "error", [said])
        log(w, mobile, index, "pino", lines)
        lines = often(
            70, 3300, 5, "info", ["statement {n} rendered, 14 postings", "statement {n} sent"], "st/run.go:33"
        )
        log(w, statements, index, "zap", lines)
    log(w, cards, 1, "logfmt", often(30, 900, 4, "info", ["GET /cards/{n} 200"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    alert(w, "MobileHomeScreenErrors", minutes(36), "home screen of the app fails for most users", service="mobile-bff")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "registry-of-the-house-let-its-certificate-end",
    "smelter",
    "2026-11-09T00:48:00",
    title="Neither a release nor a pod moved by a drain nor a night's Job can pull: the registry's certificate ended",
    drawn_from="a self-hosted Harbor whose certificate ended at midnight: tls: failed to verify certificate",
    why="Three workloads cannot pull since midnight, one of them on an image of six weeks ago. The message names the "
    "end of the certificate. The release of the evening is only one of them; running pods live from their nodes.",
    expect=[Fault("Deployment/alloy-api", "dependency_failure", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human", "*"),
        ("configuration_error", "page_human", "*"),
        ("network_fault", "page_human", "*"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def registry_ended(w: World) -> None:
    nodes(w, "sm-1", "sm-2")
    node(w, "sm-3", unschedulable=True, taints=["node.kubernetes.io/unschedulable:NoSchedule"], since=minutes(39))
    node(w, "sm-4", age=minutes(57))
    host = "harbor.smelter.example"

    def cause(image: str) -> str:
        repository, tag = image.removeprefix(f"{host}/").rsplit(":", 1)
        return (
            f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: '
            f'Head "https://{host}/v2/{repository}/manifests/{tag}": tls: failed to verify certificate: x509: '
            f"certificate has expired or is not yet valid: current time {w.at(70)} is after 2026-11-08T23:59:59Z"
        )

    def stuck(image: str, age: float, where: str) -> P:
        text = f'Back-off pulling image "{image}": ErrImagePull: {cause(image)}'
        return P(age=age, node=where, state=waiting("ImagePullBackOff", text), unready=age)

    pull: Obj = {"imagePullSecrets": [{"name": "harbor-robot"}]}
    secret(w, "harbor-robot", [".dockerconfigjson"], age=days(200), kind="kubernetes.io/dockerconfigjson")
    image = f"{host}/melt/alloy-api:4.4.0"
    moved = stuck(image, minutes(38), "sm-4")
    spec = pod_spec(container("api", image), **pull)
    alloys = deployment(w, "alloy-api", [Rev(spec, days(43))], [P(node="sm-1"), P(node="sm-2"), moved])
    pull_failure(w, alloys.pods[2], cause(image), since=minutes(38))
    budget(w, alloys, minimum=2, healthy=2)
    service(w, "alloy-api")
    name, images = "furnace-ui", [f"{host}/melt/furnace-ui:{tag}" for tag in ("118", "119")]
    specs = [pod_spec(container("ui", each, port=3000), **pull) for each in images]
    fresh = stuck(images[1], minutes(31), "sm-1")
    top = deployment(w, name, [Rev(specs[0], days(12)), Rev(specs[1], minutes(31))], [P(0), P(0), fresh], replicas=2)
    pull_failure(w, top.pods[2], cause(images[1]), since=minutes(31))
    service(w, name, target=3000)
    image = f"{host}/melt/shift-report:2.2"
    report = busy(w, "shift-report", pod_spec(container("report", image, port=0, ready=None), **pull),
                  ages=[minutes(33)], schedule="15 0,8,16 * * *")  # fmt: skip
    report.obj["status"]["lastSuccessfulTime"] = w.at(minutes(33) + hours(8) - 71)
    _unpulled(w, report, image, cause(image))
    well(w, "thermo-ingest", f"{host}/melt/thermo-ingest:9.0.1", pods=3, age=days(20))
    redis(w, "readings")
    said = "Pod smelter/furnace-ui has been in a non-ready state for longer than 15 minutes."
    alert(w, "KubePodNotReady", minutes(16), said, pod=top.pod(2), severity="warning")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), NO_METRICS)


def _unpulled(w: World, of: Workload, image: str, cause: str) -> None:
    """Let a Job's pod wait for its image."""
    one, since = of.pods[0], minutes(33)
    status = one["status"]
    text = f'Back-off pulling image "{image}": ErrImagePull: {cause}'
    status["phase"] = "Pending"
    status["containerStatuses"][0] |= {
        "ready": False,
        "started": False,
        "imageID": "",
        "containerID": "",
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": text}},
    }
    for each in status["conditions"]:
        if each["type"] in {"Ready", "ContainersReady"}:
            each |= {"status": "False", "reason": "ContainersNotReady", "lastTransitionTime": w.at(since)}
            each["message"] = "containers with unready status: [report]"
    pull_failure(w, one, cause, since=since - 2)
    for each in w.objects:
        if each["kind"] == "Job":
            each["status"] |= {"ready": 0}


@case(
    "claim-asks-for-a-class-that-was-renamed",
    "seismo",
    "2026-05-20T22:14:00",
    title="A third ingester that was asked for in a swarm of tremors has no volume: its storage class is no more",
    drawn_from='storageclass.storage.k8s.io "..." not found: a set made under an old class, scaled a year later',
    why="The set's template of claims names a class that the newer claims of the namespace do not use; volumes made "
    "under it live on. Nodes have room, no quota is in the way, and templates of claims cannot be edited in place.",
    expect=[Fault("PersistentVolumeClaim/data-ingest-2", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "*"), ("capacity", "page_human", "StatefulSet/ingest")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database",
               "isolate_workload"],
)  # fmt: skip
def old_class(w: World) -> None:
    nodes(w, "qu-1", "qu-2", "qu-3", "qu-4", cpu="8", memory="32932796Ki")
    image = "registry.seismo.example"
    args = ("--ring-size=2GiB", "--stations=/etc/stations/list.csv")
    body = container("ingest", f"{image}/ingest:1.19.3", cpu=("1", "2"), memory=("2Gi", "4Gi"), args=args,
                     mounts={"data": "/data"})  # fmt: skip
    reason = (
        "0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/4 nodes are "
        "available: 4 Preemption is not helpful for scheduling."
    )
    pods = [P(), P(), P(age=minutes(47), unschedulable=reason)]
    top = statefulset(w, "ingest", pod_spec(body), pods, claim="data", replicas=4, age=days(390))
    asked: Obj = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "80Gi"}}}
    asked |= {"storageClassName": "ceph-ssd", "volumeMode": "Filesystem"}
    top.obj["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": asked}]
    top.obj["metadata"]["generation"] = 2
    w.changed(top.obj, minutes(47), "kubectl", {"f:spec": {"f:replicas": {}}})
    for index in range(3):
        late = {"phase": "Pending", "age": minutes(47)} if index == 2 else {"age": days(390)}
        made = claim(w, f"data-ingest-{index}", size="80Gi", **late)
        made["spec"]["storageClassName"] = "ceph-ssd"
    text = 'storageclass.storage.k8s.io "ceph-ssd" not found'
    event(w, made, "ProvisioningFailed", text, first=minutes(47), last=11, count=188,
          writer="persistentvolume-controller")  # fmt: skip
    event(w, top.pods[2], "FailedScheduling", reason, first=minutes(47), last=minutes(2), count=10)
    text = "create Claim data-ingest-2 Pod ingest-2 in StatefulSet ingest success"
    event(w, top.obj, "SuccessfulCreate", text, kind="Normal", last=minutes(47))
    service(w, "ingest", port=18000, target=18000, headless=True)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "catalog-db", image="timescale/timescaledb:2.19.3-pg16", age=days(140))
    for each in w.objects:
        if each["kind"] == "PersistentVolumeClaim" and "catalog" in each["metadata"]["name"]:
            each["spec"]["storageClassName"] = "rbd-nvme"
    claim(w, "plots", size="200Gi", age=days(88))["spec"]["storageClassName"] = "rbd-nvme"
    before = f"{image}/picker:7.0.1"
    picker = well(w, "picker", f"{image}/picker:7.0.2", pods=4, age=hours(2.5), before=before)
    well(w, "map", f"{image}/map:61", age=days(55), talk=True)
    for index in range(2):
        lines = often(35, minutes(58), 2, "info", ["station MN.{n} 412 packets", "segment written /data/seg-{n}"])
        said = ["ring buffer above 70%, oldest packet waits 41s", "ring buffer above 80%, oldest packet waits 66s"]
        lines += often(130, minutes(55) - 20 * index, 4, "warn", said)
        log(w, top, index, "logfmt", lines)
    for index in range(4):
        said = ["pick P MN.{n} residual 0.08", "window waits for packets of 14 stations"]
        log(w, picker, index, "python", often(28, 1400, 3, "info", said, "picker.assoc"))
    log(w, base, 0, "postgres", often(290, 3400, 9, "log", ["checkpoint starting: time"]))
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
