"""What a fresh start would bring: the cure, the end of the last that serve, or a longer wait."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import stamped
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, hpa, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, postgres, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "fares-of-an-empty-night-stay-in-memory",
    "city-rides",
    "2026-04-21T06:48:00",
    title="Three of five fare services know no fare: they were started in the minutes when the table was empty",
    drawn_from="services that load a table once at start; a drain moved them while the table was made anew",
    why="Who started between 04:06 and 04:41 loaded nothing and has not asked again; the pod of 04:58 loaded the whole "
    "table, as any fresh one would now. No template changed for weeks, and the publisher is well since 04:41.",
    expect=[Fault("Deployment/fares", "dependency_failure", "restart_workload")],
    acceptable=[
        ("service_crash", "restart_workload"),
        ("code_defect", "restart_workload"),
        ("configuration_error", "restart_workload"),
        ("unknown", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def empty_night(w: World) -> None:
    nodes(w, "cr-11", "cr-12")
    nodes(w, "cr-13", age=hours(2.4))
    w.nodes.remove("cr-13")
    image = "registry.city-rides.example"
    ages = [days(5), hours(2.68), hours(2.62), hours(2.47), hours(1.83)]
    spec = pod_spec(
        container(
            "fares", f"{image}/fares:8.14.0", memory=("384Mi", "768Mi"), env={"TABLE_URL": "http://fare-table/v2"}
        )
    )
    older = pod_spec(container("fares", f"{image}/fares:8.13.2", memory=("384Mi", "768Mi")))
    where = ["cr-11", "cr-12", "cr-11", "cr-12", "cr-13"]
    pods = [P(age=age, node=node) for age, node in zip(ages, where, strict=True)]
    fares = deployment(w, "fares", [Rev(older, days(71)), Rev(spec, days(23))], pods, age=days(400))
    service(w, "fares")
    table = well(w, "fare-table", f"{image}/fare-table:3.2.9", pods=1, age=hours(2.75))
    rides = well(w, "rides", f"{image}/rides:20.4", pods=3, age=hours(19), before=f"{image}/rides:20.3", port=9090)
    ingress(w, "rides", "api.city-rides.example", [("/", "rides", 80)])
    postgres(w, "rides-db")
    lines = [
        L(hours(2.74), "warn", "source tariff-export.authority.example: context deadline exceeded, kept 0 of 0 rows"),
        L(hours(2.73), "info", "published snapshot 8841 rows=0"),
        L(hours(2.12), "info", "published snapshot 8842 rows=18204"),
        *often(hours(0.4), hours(2.0), 60, "info", ["source unchanged, snapshot 8842 stays"]),
    ]
    log(w, table, 0, "zap", lines)
    form = "{at}.310Z {level:>5} fares::{logger}: {text}"
    for index, age in enumerate(ages):
        bad = index in (1, 2, 3)
        lines = [
            L(age - 6, "info", f"loaded {0 if bad else 18204} fares from snapshot {8841 if bad else 8842}", "table"),
            L(age - 7, "info", "listening on 0.0.0.0:8080", "main"),
        ][: 2 * (index > 0)]
        text = "no fare for zones {n}, answering 500" if bad else "quoted zones {n}"
        lines += often(33, minutes(43) - index, 3, "error" if bad else "info", [text], "quote")
        stamped(w, fares, index, form, lines)
        signal(w, "error_ratio_by_pod", {"pod": fares.pod(index)}, flat(0.98 if bad else 0.001))
        signal(w, "request_rate_by_pod", {"pod": fares.pod(index)}, ramp(0.4, 7.5, minutes(55)))
    for index in range(3):
        lines = often(40, minutes(40) - index, 2, "warn", ["fare unavailable, offer dropped"], "c.r.offer.Offers")
        lines += often(65, minutes(41) - index, 2, "info", ["ride {n} offered"], "c.r.offer.Offers")
        log(w, rides, index, "logback", lines)
    requests(w, "fares", rate=ramp(2, 37, minutes(55)), errors=flat(0.59), p95=flat(0.012))
    requests(w, "rides", rate=ramp(3, 52, minutes(55)), errors=flat(0.002), p95=flat(0.11))
    alert(w, "OffersPerSearchLow", minutes(21), "offers per search at 0.42, usual at this hour 0.97", team="rides")


@case(
    "newcomers-cannot-check-their-list-and-the-old-ones-hold",
    "mail-gate",
    "2026-11-03T10:33:00",
    title="Two pods more are wanted and cannot start: the vendor's list does not fit its checksum; four old ones serve",
    drawn_from="init containers that fetch a feed of a vendor; a half-published file stops each start",
    why="The autoscaler's two pods fail at the checksum of a file from outside; the template is six days old and "
    "started four pods then. Whoever starts anew now is lost, of the template before as well: leave the four alone.",
    expect=[Fault("Deployment/spam-gate", "dependency_failure", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("service_crash", "page_human"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def half_published(w: World) -> None:
    nodes(w, "mg-1", "mg-2", "mg-3", cpu="8")
    image, feed = "registry.mail-gate.example", "https://feeds.threatlist.example/v3"
    steps = ["cd /rules", f"curl -fsSLO {feed}/list.gz", f"curl -fsSLO {feed}/list.gz.sha256"]
    steps.append("sha256sum -c list.gz.sha256")
    script = "; ".join(["set -ex", *steps])
    fetch = container(
        "fetch-list", f"{image}/fetch:1.9", port=0, ready=None, command=("sh", "-c"), args=(script,),
        mounts={"rules": "/rules"},
    )  # fmt: skip
    specs = [
        pod_spec(
            container("gate", f"{image}/spam-gate:{v}", port=10025, cpu=("500m", "1"), mounts={"rules": "/rules"}),
            init=[fetch],
            volumes={"rules": "emptydir"},
        )
        for v in ("6.0.4", "6.1.0")
    ]
    born = minutes(26)
    stuck = P(1, age=born, state=("waiting", {"reason": "PodInitializing"}), unready=born)
    pods = [P(1, age=days(6) - 30 * n) for n in range(4)] + [stuck, stuck]
    gate = deployment(w, "spam-gate", [Rev(specs[0], days(48)), Rev(specs[1], days(6))], pods, scaled=born)
    for index, pod in enumerate(gate.pods):
        old = days(6) - 30 * index
        ended: Obj = {"exitCode": 0, "reason": "Completed", "startedAt": w.at(old - 1), "finishedAt": w.at(old - 2)}
        mine: Obj = {"name": "fetch-list", "image": fetch["image"], "imageID": f"{image}/fetch@sha256:41c7e0d2aa"}
        mine |= {"ready": True, "started": False, "restartCount": 0, "state": {"terminated": ended}, "lastState": {}}
        pod["status"]["initContainerStatuses"] = [mine]
        if index < 4:
            continue
        name, died = pod["metadata"]["name"], 170 - 31 * (index - 4)
        back = f"back-off 5m0s restarting failed container=fetch-list pod={name}_mail-gate({pod['metadata']['uid']})"
        run: Obj = {"exitCode": 1, "reason": "Error", "startedAt": w.at(died + 7), "finishedAt": w.at(died)}
        mine |= {"ready": False, "restartCount": 8, "lastState": {"terminated": run}}
        mine["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": back}}
        pod["status"]["phase"] = "Pending"
        pod["status"]["conditions"][1] |= {
            "status": "False",
            "reason": "ContainersNotInitialized",
            "message": "containers with incomplete status: [fetch-list]",
        }
        text = f"Back-off restarting failed container fetch-list in pod {name}_mail-gate({pod['metadata']['uid']})"
        event(w, pod, "BackOff", text, first=born - 20, last=8, count=112, container="fetch-list")
        w.objects[-1]["involvedObject"]["fieldPath"] = "spec.initContainers{fetch-list}"
        said = "\n".join([f"+ {each}" for each in steps] + ["list.gz: FAILED"])
        said += "\nsha256sum: WARNING: 1 of 1 computed checksums did NOT match"
        log(w, gate, index, "plain", [L(0, "", said)], container="fetch-list")
    service(w, "spam-gate", target=10025, port=25)
    scaler = hpa(w, gate, low=4, high=10, now=6, used=93, scaled=born)
    event(w, scaler, "SuccessfulRescale", "New size: 6; reason: cpu resource utilization (percentage of request) above "
          "target", kind="Normal", last=born)  # fmt: skip
    relay = well(w, "relay", f"{image}/postfix:3.9.1", pods=2, age=days(37), port=25)
    well(w, "quarantine", f"{image}/quarantine:2.5.0", age=hours(21), before=f"{image}/quarantine:2.4.9", talk=True)
    for index in range(4):
        verdicts = [f"verdict={kind} score={{n}} rules=list-20261028" for kind in ("ham", "ham", "spam")]
        log(w, gate, index, "logfmt", often(13, 1200 - index, 1, "info", verdicts))
        signal(
            w, "cpu_share", {"pod": gate.pod(index), "container": "gate"}, ramp(0.31, 0.48, minutes(50), minutes(20))
        )
    for index in range(2):
        log(w, relay, index, "plain", [
            L(x.age, "", f"{w.time(x.age):%b %d %H:%M:%S} relay postfix/smtp[88]: {x.text}")
            for x in often(20, 1500 - index, 2, "", ["A{n}F: status=sent (250 2.0.0 Ok: queued)"])
        ])  # fmt: skip
    requests(w, "spam-gate", rate=ramp(60, 96, minutes(50), minutes(20)), errors=flat(0.0006), p95=flat(0.21))
    exact(w, "replicas_available", {"component": "spam-gate"}, flat(4))
    exact(w, "replicas_wanted", {"component": "spam-gate"}, step(4, 6, born, over=1))
    alert(w, "KubeDeploymentReplicasMismatch", minutes(11), "spam-gate has not had its wanted replicas for 15 minutes")


PROM = "time={at}.442Z level={level} source={logger} msg={text}"


def store_spec(version: str, memory: str) -> Obj:
    """Return a Prometheus that may take half an hour to read its log."""
    one = container(
        "prometheus", f"quay.io/prometheus/prometheus:{version}", port=9090, ready="/-/ready", live="/-/healthy",
        args=("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.retention.time=15d"),
        cpu=("1", "4"), memory=(memory, memory), mounts={"data": "/prometheus"},
    )  # fmt: skip
    startup: Obj = {"httpGet": {"path": "/-/ready", "port": 9090, "scheme": "HTTP"}, "periodSeconds": 15}
    one["startupProbe"] = startup | {"timeoutSeconds": 3, "successThreshold": 1, "failureThreshold": 120}
    return pod_spec(one, terminationGracePeriodSeconds=600)


def replay(begun: float, ended: float, first: int, last: int, maximum: int) -> list[L]:
    """Return what Prometheus says from its start to the segment that it has come to."""
    opening = ["Replaying on-disk memory mappable chunks if any", "Replaying WAL, this may take a while"]
    made = [L(begun - 2, "info", '"Starting Prometheus Server" mode=server', "main.go:716")]
    made += [L(begun - 4 - n, "info", f'"{text}" component=tsdb', "head.go:752") for n, text in enumerate(opening)]
    made.append(L(begun - 40, "info", '"WAL checkpoint loaded" component=tsdb', "head.go:808"))
    wide = (begun - 45 - ended) / (last - first)
    return made + [
        L(begun - 45 - wide * (n - first), "info",
          f'"WAL segment loaded" component=tsdb segment={n} maxSegment={maximum}', "head.go:844")
        for n in range(first, last + 1)
    ]  # fmt: skip


@case(
    "last-member-still-reads-its-log",
    "observability",
    "2026-07-09T10:24:00",
    title="The last of three Prometheus pods is not ready yet: it reads its log, as the two before it did",
    drawn_from="KubeStatefulSetReplicasMismatch in each upgrade of Prometheus while a write-ahead log is replayed",
    why="The new version is in its last pod. Its two sisters took eleven minutes each from start to ready; this one is "
    "at segment 1447 of 1466, within what its startup probe allows. Whatever is done now begins the wait anew.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "isolate_workload", "switch_traffic"],
)
def still_reads(w: World) -> None:
    nodes(w, "ob-1", "ob-2", "ob-3", memory="65843040Ki", cpu="16")
    revs = [Rev(store_spec("v3.4.1", "20Gi"), days(58)), Rev(store_spec("v3.5.0", "20Gi"), minutes(34))]
    born = [minutes(8.6), minutes(21.8), minutes(33.5)]
    pods = [P(age=born[0], ready=False, unready=born[0])]
    pods += [P(age=age, unready=age - minutes(11)) for age in born[1:]]
    store = rolled(w, "StatefulSet", "prometheus", revs, pods, claim="data")
    store.pods[0]["status"]["containerStatuses"][0]["started"] = False
    for index, age in enumerate(born):
        claim(w, f"data-prometheus-{index}", size="500Gi")
        ended = 4 if index == 0 else age - minutes(10.9)
        lines = replay(age - 3, ended, 1391, 1447 if index == 0 else 1466 - index, 1466 - index)
        if index:
            text = '"WAL replay completed" component=tsdb checkpoint_replay_duration=36.2s wal_replay_duration=9m51.4s'
            lines.append(L(ended - 1, "info", text, "head.go:881"))
            lines.append(L(ended - 3, "info", '"Server is ready to receive web requests."', "main.go:1384"))
        stamped(w, store, index, PROM, lines)
        until = 6 if index == 0 else age - minutes(10.8)
        cause = "HTTP probe failed with statuscode: 503"
        probe_failure(w, store.pods[index], "Startup", cause, first=age - 15, last=until, count=int((age - until) / 15))
        signal(w, "memory_share", {"pod": store.pod(index), "container": "prometheus"},
               ramp(0.1, 0.58, age, max(0, age - minutes(11))), since=age - 30)  # fmt: skip
    service(w, "prometheus", port=9090, target=9090)
    grafana = well(w, "grafana", "docker.io/grafana/grafana:12.0.2", age=days(20), port=3000)
    one = container("alertmanager", "quay.io/prometheus/alertmanager:v0.28.1", port=9093, ready="/-/ready")
    keeper = statefulset(w, "alertmanager", pod_spec(one), 2, age=days(170))
    service(w, "alertmanager", port=9093, target=9093, headless=True)
    well(w, "kube-state-metrics", "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0", pods=1, age=days(88))
    for index in range(2):
        text = "Request Completed method=POST path=/api/ds/query status=200 duration={n}us"
        log(w, grafana, index, "logfmt", often(12, 900 - index, 1, "info", [text]))
    log(w, keeper, 0, "logfmt", [L(2400, "info", "gossip settled; proceeding")])
    exact(w, "replicas_available", {"component": "prometheus"}, step(3, 2, minutes(34), over=1))
    requests(w, "grafana", rate=flat(6), errors=flat(0.001), p95=flat(0.6))
    text = "StatefulSet observability/prometheus has not matched the expected number of replicas"
    alert(w, "KubeStatefulSetReplicasMismatch", minutes(18), text, severity="warning")
