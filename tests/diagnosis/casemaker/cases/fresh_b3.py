"""Machines, descriptors, loops, a mesh and a webhook that fail behind the alert."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import LARAVEL, RUST, STILL, stamped
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import hpa, node, nodes
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

LOOSE = ["rollback_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"]


@case(
    "clock-of-one-node-runs-behind",
    "embassy",
    "2026-06-11T08:54:00",
    title="The clock of one node runs forty minutes behind; its pods refuse tokens and certificates as not yet valid",
    drawn_from="hosts that were suspended and lost their time service: token used before issued, on one node only",
    why=(
        "Two services fail on one node and nowhere else; both complain of times, and the node says that it has no "
        "time service; a restart on the same node would change nothing."
    ),
    expect=[Fault("Node/em-3", "dependency_failure", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("network_fault", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("service_crash", "page_human"),
        ("unknown", "page_human"),
    ],
    forbidden=[*STILL, "restart_connection_pool"],
)
def clock(w: World) -> None:
    nodes(w, "em-1", "em-2")
    odd = node(
        w, "em-3", conditions={"NTPProblem": ("True", "NTPIsDown", "NTP service is not running")}, since=minutes(17)
    )
    event(
        w,
        odd,
        "NTPIsDown",
        "Node condition NTPProblem is now: True, reason: NTPIsDown",
        last=minutes(17),
        writer="ntp-custom-plugin-monitor",
    )
    late = (
        'Get "https://idp.embassy.example/keys": tls: failed to verify certificate: x509: certificate has expired or '
    )
    texts = {
        "visas": often(
            20, minutes(16), 1, "", ["401 rejected bearer: Token used before issued (iat is 2391s in the future)"]
        ),
        "passports": [
            L(age, "", f"{late}is not yet valid: current time {w.at(age + 2395)} is before 2026-06-11T08:38:02Z")
            for age in range(955, 0, -21)
        ],
    }
    for name, lines in texts.items():
        image = f"registry.embassy.example/{name}"
        top = well(w, name, f"{image}:3", pods=3, age=hours(20), before=f"{image}:2")
        log(w, top, 2, "plain", lines)
        for index in range(2):
            log(w, top, index, "plain", often(15, minutes(16), 1, "", ["GET /form/{n} 200"]))
        for index in range(3):
            errors = step(0.001, 0.93, minutes(16)) if index == 2 else flat(0.001)
            signal(w, "error_ratio_by_pod", {"pod": top.pod(index)}, errors)
        requests(w, name, rate=flat(14), errors=step(0.001, 0.31, minutes(16)), p95=flat(0.07))
    alert(w, "VisasErrors", minutes(11), "31% of requests to visas fail", service="visas")


@case(
    "root-of-a-node-turned-read-only",
    "herbarium",
    "2026-01-19T22:06:00",
    title="A disk error turned a node's file system read-only; the pods on it cannot write, one was just released",
    drawn_from="EXT4-fs error: Remounting filesystem read-only, reported by node-problem-detector beside a Ready node",
    why=(
        "Only what runs on this node fails, of two services; the other pods of the same new image write; the node "
        "reports its file system; somebody has to drain and repair it."
    ),
    expect=[Fault("Node/hb-2", "dependency_failure", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("service_crash", "page_human"),
        ("network_fault", "page_human"),
        ("unknown", "page_human"),
    ],
    forbidden=LOOSE,
)
def read_only(w: World) -> None:
    nodes(w, "hb-1")
    odd = node(
        w,
        "hb-2",
        conditions={"ReadonlyFilesystem": ("True", "FilesystemIsReadOnly", "Filesystem is read-only")},
        since=minutes(22),
    )
    nodes(w, "hb-3")
    event(
        w,
        odd,
        "FilesystemIsReadOnly",
        "Node condition ReadonlyFilesystem is now: True, reason: FilesystemIsReadOnly",
        last=minutes(22),
        writer="kernel-monitor",
    )
    event(
        w,
        odd,
        "Ext4Error",
        "EXT4-fs error (device sda1): ext4_journal_check_start:83: Detected aborted journal",
        last=minutes(22.2),
        writer="kernel-monitor",
    )
    text = "[Errno 30] Read-only file system: '/tmp/scan-{n}.tif'"
    for name, age in (("plates", minutes(48)), ("labels", days(40))):
        top = well(
            w,
            name,
            f"registry.herbarium.example/{name}:11",
            pods=3,
            age=age,
            before=f"registry.herbarium.example/{name}:10",
        )
        for index in range(3):
            bad = index == 1
            lines = [f"OSError: {text}", "POST /scan 500"] if bad else ["POST /scan 201"]
            log(w, top, index, "python", often(9, minutes(22), 1, "error" if bad else "info", lines, f"{name}.scan"))
            signal(
                w,
                "error_ratio_by_pod",
                {"pod": top.pod(index)},
                step(0.002, 0.9, minutes(22)) if bad else flat(0.002),
                since=min(age, 3600),
            )
        requests(w, name, rate=flat(8), errors=step(0.002, 0.3, minutes(22)), p95=flat(0.4))
    alert(w, "PlatesErrors", minutes(15), "30% of requests to plates fail", service="plates")


@case(
    "image-proxy-out-of-descriptors",
    "newsreel",
    "2026-07-07T07:49:00",
    title="A proxy that ran for two months has used up its file descriptors; the page in front was released last night",
    drawn_from="accept4: too many open files, from bodies of answers that an error path never closes",
    why=(
        "The page only passes on what the proxy fails at; the proxy is unchanged for weeks, has processor and memory "
        "to spare and no descriptor left; fresh processes have them all."
    ),
    expect=[Fault("Deployment/image-proxy", "resource_exhaustion", "restart_workload")],
    acceptable=[("code_defect", "restart_workload"), ("service_crash", "restart_workload")],
    tolerated=["page_human"],
    forbidden=LOOSE,
)
def descriptors(w: World) -> None:
    nodes(w, "nr-1", "nr-2", "nr-3")
    proxy = well(w, "image-proxy", "registry.newsreel.example/image-proxy:1.9", pods=3, age=days(63))
    page = well(
        w,
        "page",
        "registry.newsreel.example/page:701",
        pods=3,
        age=hours(10),
        before="registry.newsreel.example/page:700",
        env={"PROXY": "http://image-proxy"},
    )
    ingress(w, "newsreel", "newsreel.example", [("/", "page", 80)])
    for index in range(3):
        lines = [
            "http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 1s",
            "fetch original {n}: open /cache/{n}: too many open files",
        ]
        log(w, proxy, index, "golang", often(4, minutes(27) - 90 * index, 1, "", lines))
        stamped(
            w,
            page,
            index,
            LARAVEL,
            often(
                6,
                minutes(26),
                1,
                "error",
                [
                    "cURL error 28: Operation timed out after 5001 milliseconds with 0 bytes for http://image-proxy/i/{n}"
                ],
            ),
        )
        labels = {"pod": proxy.pod(index), "container": "image-proxy"}
        signal(w, "cpu_share", labels, step(0.3, 0.06, minutes(26)))
        signal(w, "memory_share", labels, flat(0.44))
    requests(w, "page", rate=flat(120), errors=step(0.001, 0.34, minutes(26)), p95=step(0.2, 5.2, minutes(26)))
    requests(w, "image-proxy", rate=flat(310), errors=step(0.001, 0.62, minutes(26)))
    alert(w, "PageErrors", minutes(20), "34% of requests to page fail", service="page")


@case(
    "loop-blocked-since-a-release",
    "printshop",
    "2026-11-11T14:02:00",
    title="A release lays out documents in the event loop; callers time out, and one caller was released to fix it",
    drawn_from="Node.js services that block their loop: alive, one core full, everyone waits",
    why=(
        "Delay of the loop and latency began with the layout service's release, traffic is as before; the caller's "
        "release came after the errors; the older layout image is the way back."
    ),
    expect=[Fault("Deployment/layout", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human", "scale_workload"],
    forbidden=[
        {"remedy": "rollback_workload", "target": "Deployment/orders"},
        "restart_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
    ],
)
def loop(w: World) -> None:
    nodes(w, "ps-1", "ps-2", cpu="8")
    layout = well(
        w,
        "layout",
        "registry.printshop.example/layout:4.0.0",
        pods=3,
        age=minutes(41),
        before="registry.printshop.example/layout:3.8.2",
    )
    orders = well(
        w,
        "orders",
        "registry.printshop.example/orders:77.1",
        pods=2,
        age=minutes(14),
        before="registry.printshop.example/orders:77.0",
        env={"LAYOUT": "http://layout"},
    )
    for index in range(3):
        lines = [
            "event loop blocked for 4211 ms in renderPdfSync (layout 4.0.0)",
            "POST /layout 200 after 9318 ms",
        ]
        log(w, layout, index, "pino", often(6, minutes(40), 1, "warn", lines))
        signal(
            w,
            "cpu_share",
            {"pod": layout.pod(index), "container": "layout"},
            step(0.3, 0.97, minutes(40)),
            since=minutes(41),
        )
    for index in range(2):
        stamped(
            w,
            orders,
            index,
            RUST,
            often(
                7,
                minutes(13),
                1,
                "error",
                ["error sending request for url (http://layout/layout): operation timed out"],
                "orders::layout",
            ),
        )
    requests(w, "layout", rate=flat(11), errors=step(0.001, 0.08, minutes(40)), p95=step(0.3, 9.4, minutes(40)))
    requests(w, "orders", rate=flat(16), errors=step(0.001, 0.51, minutes(40)), p95=step(0.4, 10, minutes(40)))
    alert(w, "OrdersErrors", minutes(33), "51% of requests to orders fail", service="orders")


@case(
    "mesh-authorization-denies-a-caller",
    "vineyard",
    "2026-09-28T11:37:00",
    title="An AuthorizationPolicy that came a quarter of an hour ago does not name one of the callers; it gets 403",
    drawn_from="RBAC: access denied, after Istio policies of action ALLOW forgot a principal",
    why=(
        "The server's sidecar refuses one identity since the policy exists and serves another; the caller's release of "
        "the morning ran for hours; the policy is a person's to change."
    ),
    expect=[Fault("AuthorizationPolicy/barrels-allow", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("configuration_error", "page_human", "*"),
        ("network_fault", "page_human", "*"),
        ("dependency_failure", "page_human", "Deployment/barrels"),
    ],
    forbidden=[*STILL, "restart_connection_pool"],
)
def denies(w: World) -> None:
    nodes(w, "vy-1", "vy-2")
    proxy = container("istio-proxy", "docker.io/istio/proxyv2:1.24.1", port=15090, ready=http("/healthz/ready", 15021))
    tops = {}
    for name, age in (("barrels", days(50)), ("tasting", hours(4)), ("cellar", days(21))):
        specs = [
            pod_spec(container(name, f"registry.vineyard.example/{name}:{v}"), proxy, serviceAccountName=name)
            for v in (30, 31)
        ]
        tops[name] = deployment(w, name, [Rev(specs[0], age + days(9)), Rev(specs[1], age)], 2)
        service(w, name)
    rule = {"from": [{"source": {"principals": ["cluster.local/ns/vineyard/sa/cellar"]}}]}
    w.add(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": w.meta("AuthorizationPolicy", "barrels-allow", minutes(15), generation=1),
            "spec": {"selector": {"matchLabels": {"app": "barrels"}}, "action": "ALLOW", "rules": [rule]},
        }
    )
    for index in range(2):
        log(
            w,
            tops["tasting"],
            index,
            "pino",
            often(5, minutes(15), 1, "error", ["GET http://barrels/vintages 403 RBAC: access denied"]),
        )
        log(w, tops["cellar"], index, "logfmt", often(9, minutes(15), 1, "info", ["GET http://barrels/vintages 200"]))
        line = '"GET /vintages HTTP/1.1" 403 - rbac_access_denied_matched_policy[none] - "-" 0 19 0 - "-" "barrels" "-"'
        log(w, tops["barrels"], index, "envoy", often(6, minutes(15), 1, "", [line]), container="istio-proxy")
    requests(w, "tasting", rate=flat(22), errors=step(0.001, 0.63, minutes(15)), p95=flat(0.06))
    requests(w, "cellar", rate=flat(9), errors=flat(0.001), p95=flat(0.06))
    alert(w, "TastingErrors", minutes(10), "63% of requests to tasting fail", service="tasting")


@case(
    "policy-engine-does-not-answer",
    "lighthouse",
    "2026-12-29T17:31:00",
    title="The policy engine's webhook times out; the autoscaler's new pods are refused while the evening's load grows",
    drawn_from="kyverno or gatekeeper down with failurePolicy Fail: no pod can be made, found at the next peak",
    why=(
        "The service wants more pods and its autoscaler asks for them; what refuses each is a webhook that does not "
        "answer; scaling asks for the same again, a restart would lose pods."
    ),
    expect=[
        Fault(
            "ValidatingWebhookConfiguration/kyverno-resource-validating-webhook-cfg", "dependency_failure", "page_human"
        )
    ],
    acceptable=[
        ("dependency_failure", "page_human", "*"),
        ("network_fault", "page_human", "*"),
        ("configuration_error", "page_human", "*"),
    ],
    forbidden=STILL,
)
def engine(w: World) -> None:
    nodes(w, "lh-1", "lh-2", cpu="16")
    text = (
        'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post '
        '"https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": context deadline exceeded'
    )
    spec = pod_spec(container("beam", "registry.lighthouse.example/beam:16", cpu=("500m", "1")))
    top = deployment(w, "beam", [Rev(spec, days(8))], 3, replicas=8, desired={0: 8}, failure=text, scaled=minutes(26))
    event(w, top.sets[0], "FailedCreate", f"Error creating: {text}", first=minutes(25), last=minutes(2), count=15)
    service(w, "beam")
    hpa(w, top, low=3, high=12, now=3, wanted=8, used=188, scaled=minutes(26))
    where = {"service": {"name": "kyverno-svc", "namespace": "kyverno", "path": "/validate/fail", "port": 443}}
    hook = {"name": "validate.kyverno.svc-fail", "failurePolicy": "Fail", "timeoutSeconds": 10, "clientConfig": where}
    meta = w.meta("ValidatingWebhookConfiguration", "kyverno-resource-validating-webhook-cfg", days(200), namespace="")
    w.add(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": meta,
            "webhooks": [hook],
        }
    )
    for index in range(3):
        log(w, top, index, "logfmt", often(8, minutes(22), 1, "warn", ["request took 3.{n}s path=/beam"]))
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "beam"}, step(0.4, 0.98, minutes(27), over=300))
    requests(
        w,
        "beam",
        rate=step(80, 210, minutes(28), over=300),
        errors=step(0.001, 0.05, minutes(22)),
        p95=step(0.1, 3.4, minutes(24)),
    )
    alert(w, "BeamLatency", minutes(19), "beam p95 above 1 s", service="beam")
