"""Roll-outs and changes of StatefulSets and DaemonSets."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.logs import L, log, often, raw
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import config_map, nodes
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "log-shipper-configuration-broken-and-restarted",
    "logging",
    "2026-03-12T10:25:00",
    title="The ConfigMap of a DaemonSet was edited and the set restarted; its pods end at start",
    drawn_from="Fluent Bit DaemonSets that end after an edit of their ConfigMap: configuration file contains errors",
    why="The new revision differs in the restart annotation alone, so an older one has the same settings: what "
    "has to be put right is the ConfigMap.",
    expect=[Fault("ConfigMap/shipper-config", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "DaemonSet/shipper")],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def shipper(w: World) -> None:
    nodes(w, "lg-1", "lg-2", "lg-3", "lg-4")
    spec = pod_spec(
        container(
            "fluent-bit",
            "cr.fluentbit.example/fluent-bit:3.1.9",
            port=2020,
            ready="/",
            mounts={"config": "/fluent-bit/etc"},
        ),
        volumes={"config": "configmap/shipper-config"},
    )
    config_map(
        w,
        "shipper-config",
        {"fluent-bit.conf": "[OUTPUT]\n    Mach *\n    Host loki\n"},
        changed=minutes(31),
        by="kubectl-edit",
    )
    last = terminated(255, "Error", started=201, finished=200)
    described = [
        P(age=minutes(28) - 20, last=last, restarts=8, ready=False, backoff="5m0s", unready=minutes(27)),
        P(rev=0),
        P(rev=0),
        P(rev=0),
    ]
    stamp = {"kubectl.kubernetes.io/restartedAt": w.at(minutes(28))}
    top = rolled(w, "DaemonSet", "shipper", [Rev(spec, days(90)), Rev(spec, minutes(28), stamp)], described)
    restarting(w, top.pods[0], first=minutes(26), last=25, count=110)
    lines = [
        L(201, "info", "Fluent Bit v3.1.9", ""),
        L(200.6, "error", "[config] section 'output' is missing the 'name' property"),
        L(200.4, "error", "configuration file contains errors, aborting."),
    ]
    log(w, top, 0, "fluentbit", lines, previous=True)
    log(w, top, 1, "fluentbit", often(90, 3000, 4, "info", ["[output:loki:loki.0] loki:3100, HTTP status=204"]))
    alert(
        w, "KubeDaemonSetRolloutStuck", minutes(12), "DaemonSet logging/shipper does not progress", daemonset="shipper"
    )


@case(
    "node-agent-upgrade-takes-a-taken-port",
    "storage-system",
    "2026-05-17T12:05:00",
    title="An automatic upgrade of a node agent binds a host port that is in use; its first pod ends at start",
    drawn_from="an unattended chart upgrade of csi-driver-nfs: bind: address already in use on the host network",
    why="Only the pod of the new revision ends, at once, on a port that the release brought; the others are of the "
    "old one and well.",
    expect=[Fault("DaemonSet/nfs-node", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"],
)
def node_agent(w: World) -> None:
    nodes(w, "ss-1", "ss-2", "ss-3")
    specs = [
        pod_spec(
            container(
                "nfs", f"registry.storage.example/nfsplugin:v4.13.{patch}", port=number, args=("--metrics", str(number))
            ),
            hostNetwork=True,
        )
        for patch, number in ((1, 29652), (2, 29653))
    ]
    last = terminated(1, "Error", started=146, finished=145)
    described = [
        P(age=minutes(19), restarts=8, last=last, ready=False, backoff="5m0s", unready=minutes(19)),
        P(rev=0, age=days(41)),
        P(rev=0, age=days(41)),
    ]
    top = rolled(w, "DaemonSet", "nfs-node", [Rev(specs[0], days(41)), Rev(specs[1], minutes(20))], described)
    restarting(w, top.pods[0], first=minutes(18), last=50, count=80)
    lines = [
        L(146, "info", "Driver: nfs.csi.example version: v4.13.2", "nfs.go:107"),
        L(145.5, "fatal", "failed to listen: listen tcp 0.0.0.0:29653: bind: address already in use", "main.go:71"),
    ]
    log(w, top, 0, "klog", lines, previous=True)
    log(w, top, 1, "klog", often(120, 3300, 9, "info", ["NodeGetVolumeStats called for volume {n}"], "utils.go:109"))


@case(
    "stateful-upgrade-stops-at-its-first-pod",
    "search",
    "2026-09-03T16:47:00",
    title="A rolling update of a StatefulSet stops at the highest ordinal, which never becomes ready",
    drawn_from="StatefulSet updates that need a forced rollback: the first pod of the new template crash loops",
    why="The other two serve with the old template; the new image cannot load its classes. The set waits for that pod "
    "for ever, and only the earlier template ends it.",
    expect=[Fault("StatefulSet/indexer", "code_defect", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"],
)
def stateful(w: World) -> None:
    nodes(w, "sr-1", "sr-2", "sr-3")
    specs = [
        pod_spec(
            container(
                "indexer",
                f"registry.search.example/indexer:2.{minor}.0",
                memory=("1Gi", "2Gi"),
                mounts={"data": "/data"},
            )
        )
        for minor in (8, 9)
    ]
    last = terminated(1, "Error", started=75, finished=68)
    described = [
        P(rev=0),
        P(rev=0),
        P(age=minutes(14), restarts=7, last=last, ready=False, backoff="2m40s", unready=minutes(14)),
    ]
    top = rolled(
        w, "StatefulSet", "indexer", [Rev(specs[0], days(33)), Rev(specs[1], minutes(15))], described, claim="data"
    )
    service(w, "indexer", headless=True)
    well(w, "query", "registry.search.example/query:5.1", talk=True)
    restarting(w, top.pods[2], first=minutes(13), last=30, count=61)
    trace = (
        'Exception in thread "main" java.lang.NoSuchMethodError: \'org.apache.lucene.index.IndexWriterConfig '
        "org.apache.lucene.index.IndexWriterConfig.setParentField(java.lang.String)'\n"
        "\tat com.example.search.index.Writers.open(Writers.java:88)\n"
        "\tat com.example.search.Main.main(Main.java:31)"
    )
    raw(w, top, 2, trace, previous=True)
    for index in range(2):
        log(w, top, index, "logback", often(40, 2400, 3, "info", ["segment merged docs={n}"], "c.e.search.Merger"))
    alert(
        w, "KubeStatefulSetUpdateNotRolledOut", minutes(3), "StatefulSet search/indexer update has not been rolled out"
    )
