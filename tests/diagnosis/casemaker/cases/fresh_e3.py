"""Sets, Jobs, flags and stages: what waits for a person, what wakes by the clock, and what is meant to be so."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event, probe_failure, pull_failure
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, config_map, hpa, nodes
from tests.diagnosis.casemaker.pods import P, terminated, waiting
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "corrected-set-waits-for-its-broken-pod",
    "civil-registry",
    "2026-02-18T11:20:00",
    title="A StatefulSet was put back to its good template 38 minutes ago, yet still waits for the pod of the bad one",
    drawn_from="the documented forced rollback of OrderedReady sets: a pod that is not ready is never replaced",
    why="The template is the old one again and equals what two pods run; pod 2 is of the revision between, whose image "
    "does not exist. Another rollback goes back to that one. Somebody has to delete the pod.",
    expect=[Fault("StatefulSet/records-search", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "restart_workload"),
        ("service_crash", "page_human"),
        ("configuration_error", "page_human", "Pod/records-search-2"),
        ("configuration_error", "restart_workload", "Pod/records-search-2"),
    ],
    tolerated=["restart_workload"],
    forbidden=["rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def corrected(w: World) -> None:
    nodes(w, "cr-1", "cr-2", "cr-3")
    image = "ghcr.io/civil-registry-example/records-search"
    inner = [container("search", f"{image}:{tag}", port=7700, memory=("2Gi", "2Gi")) for tag in ("7.4.l", "7.3.0")]
    cause = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}:7.4.l": failed to resolve '
        f'reference "{image}:7.4.l": {image}:7.4.l: not found'
    )
    state = waiting("ImagePullBackOff", f'Back-off pulling image "{image}:7.4.l": ErrImagePull: {cause}')
    old, broken = P(1, age=days(51)), P(0, age=minutes(54), state=state, ready=False, unready=minutes(54))
    revisions = [Rev(pod_spec(inner[0]), minutes(55)), Rev(pod_spec(inner[1]), days(51))]
    top = rolled(w, "StatefulSet", "records-search", revisions, [old, old, broken], claim="index")
    for each in w.objects:  # the good revision came back to be the newest, by the number and not by its age
        if each["kind"] == "ControllerRevision" and each["revision"] == 2:
            each["revision"] = 3
        elif each["kind"] == "ControllerRevision":
            each["revision"] = 2
    top.obj["status"] |= {"currentRevision": top.obj["status"]["updateRevision"], "currentReplicas": 2}
    top.obj["metadata"]["generation"] = top.obj["status"]["observedGeneration"] = 9
    w.changed(top.obj, minutes(38), "kubectl-rollout", {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}})
    text = "delete Pod records-search-2 in StatefulSet records-search successful"
    event(w, top.obj, "SuccessfulDelete", text, kind="Normal", last=minutes(54.6))
    pull_failure(w, top.pods[2], cause, since=minutes(53.9))
    for index in range(3):
        claim(w, f"index-records-search-{index}", size="50Gi")
    service(w, "records-search", port=7700, target=7700, headless=True)
    image = "ghcr.io/civil-registry-example/desk"
    well(w, "desk", f"{image}:40", pods=2, age=days(4), before=f"{image}:39", env={"SEARCH": "records-search:7700"})
    well(w, "printing", "ghcr.io/civil-registry-example/printing:12", pods=1)
    taken(w, ("objects", True, ""), ("logs", False, "timed out after 5 s"), NO_METRICS)


@case(
    "two-faults-job-held-open-by-its-proxy-and-an-init-image-withdrawn",
    "royalties",
    "2026-05-12T08:20:00",
    title="An hourly Job is done and never ends for the proxy beside it; a release waits for an init image now gone",
    drawn_from="Jobs with cloud-sql-proxy as a plain second container, and the tags that Bitnami withdrew in 2025",
    why="The Job's own container completed after three minutes; the proxy given to the CronJob this morning never ends "
    "and Forbid lets nothing follow. Apart from it the portal's release asks for an init image that does not exist.",
    expect=[
        Fault("CronJob/settle", "configuration_error", "page_human"),
        Fault("Deployment/portal", "configuration_error", "rollback_workload"),
    ],
    acceptable=[
        ("code_defect", "page_human", "CronJob/settle"),
        ("configuration_error", "page_human", "Job/settle-29732705", "CronJob/settle"),
        ("dependency_failure", "rollback_workload", "Deployment/portal"),
        ("service_crash", "rollback_workload", "Deployment/portal"),
        ("code_defect", "rollback_workload", "Deployment/portal"),
    ],
    forbidden=[
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        {"remedy": "restart_workload", "target": "Deployment/portal"},
    ],
)
def held_open(w: World) -> None:
    nodes(w, "ro-1", "ro-2", "ro-3")
    _settling(w)
    registry = "registry.royalties.example"
    wait = container(
        "wait-for-schema", "docker.io/bitnami/kubectl:1.28", port=0, ready=None, command=("kubectl", "wait")
    )
    specs = [
        pod_spec(container("portal", f"{registry}/portal:2.8.6")),
        pod_spec(container("portal", f"{registry}/portal:2.9.0"), init=[wait]),
    ]
    young = P(1, age=minutes(44), state=waiting("PodInitializing"), ready=False, unready=minutes(44))
    revisions = [Rev(specs[0], days(21)), Rev(specs[1], minutes(44))]
    top = deployment(w, "portal", revisions, [P(0), P(0), young], replicas=2)
    service(w, "portal")
    _without_init_image(w, top.pods[2], "docker.io/bitnami/kubectl:1.28", minutes(43.9))
    for index in range(2):
        log(w, top, index, "logfmt", often(20, 900, 2, "info", ["GET /statements/{n} 200"]))
    well(w, "catalogue", f"{registry}/catalogue:300", pods=2, age=hours(30), before=f"{registry}/catalogue:299")
    alert(w, "SettlementNotRun", minutes(130), "no settlement has ended for more than two hours", cronjob="settle")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


def _settling(w: World) -> Workload:
    """Add the CronJob whose Job of three hours ago is done but for the proxy beside it."""
    task = container("settle", "registry.royalties.example/settle:88", port=0, ready=None, env={"PGHOST": "127.0.0.1"})
    args = ("--port=5432", "--structured-logs", "royalties-prod:europe-west1:ledger")
    image = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.15.2"
    proxy = container("cloud-sql-proxy", image, port=0, ready=None, args=args)
    age = hours(3.25)
    run = busy(w, "settle", pod_spec(task, proxy), ages=[age], schedule="5 * * * *")
    run.obj["spec"]["concurrencyPolicy"] = "Forbid"
    run.obj["status"] |= {"lastSuccessfulTime": w.at(age + 3600 - 184)}
    run.obj["status"]["active"] = [{"kind": "Job", "name": run.pod(0).rsplit("-", 1)[0], "namespace": w.namespace}]
    fields: Obj = {"f:spec": {"f:jobTemplate": {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}}}
    w.changed(run.obj, hours(3.7), "helm", fields)
    text = "Not starting job because prior execution is running and concurrency policy is Forbid"
    event(w, run.obj, "JobAlreadyActive", text, kind="Normal", first=hours(2.25), last=minutes(15), count=3)
    status = run.pods[0]["status"]
    done = {"exitCode": 0, "reason": "Completed", "startedAt": w.at(age - 3), "finishedAt": w.at(age - 180)}
    first = status["containerStatuses"][0]
    first |= {"ready": False, "started": False, "state": {"terminated": done | {"containerID": first["containerID"]}}}
    for each in status["conditions"]:
        if each["type"] in {"Ready", "ContainersReady"}:
            each |= {"status": "False", "reason": "ContainersNotReady", "lastTransitionTime": w.at(age - 181)}
            each["message"] = "containers with unready status: [settle]"
    for each in w.objects:
        if each["kind"] == "Job":
            each["status"]["ready"] = 0
    lines = [L(age - 5, "info", "settling 2026-05-12T04"), L(age - 179, "info", "18112 statements settled, done")]
    log(w, run, 0, "logfmt", lines, container="settle")
    said = '{"severity":"INFO","message":"The proxy has started successfully and is ready for new connections!"}'
    closed = '{"severity":"INFO","message":"[royalties-prod:europe-west1:ledger] client closed the connection"}'
    log(w, run, 0, "plain", [L(age - 4, "", said), L(age - 180, "", closed)], container="cloud-sql-proxy")
    return run


def _without_init_image(w: World, pod: Obj, image: str, since: float) -> None:
    """Note that the pod's init container waits for an image that cannot be pulled."""
    name, status = "wait-for-schema", pod["status"]
    status["conditions"][1] |= {
        "status": "False",
        "reason": "ContainersNotInitialized",
        "message": f"containers with incomplete status: [{name}]",
    }
    cause = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference '
        f'"{image}": {image}: not found'
    )
    back = f'Back-off pulling image "{image}"'
    held = {"reason": "ImagePullBackOff", "message": f"{back}: ErrImagePull: {cause}"}
    mine: Obj = {"name": name, "image": image, "imageID": "", "ready": False, "started": False, "restartCount": 0}
    status["initContainerStatuses"] = [mine | {"lastState": {}, "state": {"waiting": held}}]
    for kind, reason, text, count in (
        ("Normal", "Pulling", f'Pulling image "{image}"', 12),
        ("Warning", "Failed", f'Failed to pull image "{image}": {cause}', 12),
        ("Warning", "Failed", "Error: ErrImagePull", 12),
        ("Normal", "BackOff", back, 181),
        ("Warning", "Failed", "Error: ImagePullBackOff", 181),
    ):
        event(w, pod, reason, text, kind=kind, first=since, last=20, count=count, container=name)
        w.objects[-1]["involvedObject"]["fieldPath"] = f"spec.initContainers{{{name}}}"


@case(
    "staged-by-partition-on-purpose",
    "matchmaking",
    "2026-07-14T15:35:00",
    title="An alert says that a StatefulSet is not rolled out; it is staged by its partition until the evening",
    drawn_from="KubeStatefulSetUpdateNotRolledOut during canaries by updateStrategy.rollingUpdate.partition",
    why="Ordinals 3 and 4 have the new image as the partition says, all five are ready and answer alike, and the set "
    "bears the number of the change and when it goes on. There is nothing to go back from.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def staged(w: World) -> None:
    nodes(w, "mm-1", "mm-2", "mm-3")
    image = "registry.matchmaking.example/lobby-store"
    specs = [pod_spec(container("store", f"{image}:{v}", port=7070, memory=("1Gi", "2Gi"))) for v in ("4.1.8", "4.2.0")]
    old, new = P(0, age=days(37)), [P(1, age=minutes(56)), P(1, age=minutes(57.5))]
    revisions = [Rev(specs[0], days(37)), Rev(specs[1], minutes(58))]
    top = rolled(w, "StatefulSet", "lobby-store", revisions, [old, old, old, *new], claim="data")
    top.obj["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}
    top.obj["metadata"]["annotations"] = {
        "deploy.matchmaking.example/change": "CHG-20418",
        "deploy.matchmaking.example/stage": "1/2: ordinals 3-4, goes on at 18:00 UTC",
    }
    for index in range(5):
        claim(w, f"data-lobby-store-{index}", size="10Gi")
    service(w, "lobby-store", port=7070, target=7070, headless=True)
    for index, first in ((3, minutes(55.8)), (4, minutes(57.3))):
        cause = "HTTP probe failed with statuscode: 503"
        probe_failure(w, top.pods[index], "Readiness", cause, first=first, last=first - 10, count=2)
    for index in range(5):
        young = {"since": minutes(55)} if index > 2 else {}
        labels = {"pod": f"lobby-store-{index}"}
        signal(w, "error_ratio_by_pod", labels, flat(0.0006), **young)
        signal(w, "latency_p95_by_pod", labels, flat(0.021), **young)
        signal(w, "memory_share", labels | {"container": "store"}, flat(0.47), **young)
    image = "registry.matchmaking.example/lobbies"
    last = terminated(1, "Error", started=days(12) + 90, finished=days(12))
    again = P(restarts=2, last=last, state=("running", {"startedAt": days(12) - 10}))
    spec = pod_spec(container("lobbies", f"{image}:57", env={"STORE": "lobby-store:7070"}))
    deployment(w, "lobbies", [Rev(spec, days(16))], [P(), again, P()])
    service(w, "lobbies")
    requests(w, "lobby-store", rate=flat(320), errors=flat(0.0006), p95=flat(0.021))
    requests(w, "lobbies", rate=flat(110), errors=flat(0.0009), p95=flat(0.06))
    exact(w, "replicas_available", {"component": "lobby-store"}, flat(5))
    alert(w, "KubeStatefulSetUpdateNotRolledOut", minutes(41), "not rolled out", statefulset="lobby-store")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), ("prometheus", True, ""))


@case(
    "promotion-wakes-at-midnight",
    "till",
    "2026-11-27T00:22:00",
    title="A promotion that was laid down nine days ago becomes active at midnight and two fifths of the baskets fail",
    drawn_from="rules and flags with a start date: nothing changes in the cluster at the minute in which all breaks",
    why="Errors begin at 00:00:00 with the rule's own line in the log; it divides by the items that qualify, and most "
    "baskets have none. The banner of 23:38 and the crowd are innocent; the rule has to be switched off.",
    expect=[Fault("Deployment/checkout", "configuration_error", "page_human")],
    acceptable=[
        ("code_defect", "page_human"),
        *((cause, "page_human", "ConfigMap/promo-rules") for cause in ("configuration_error", "code_defect")),
    ],
    tolerated=["rollback_workload"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/banner"},
    ],
)
def midnight(w: World) -> None:
    nodes(w, "ti-1", "ti-2", "ti-3", cpu="8")
    rules = (
        "- id: SUMMER26\n  active_from: 2026-06-01T00:00:00Z\n  active_to: 2026-08-31T23:59:59Z\n  kind: percent\n"
        "- id: BF26-3FOR2\n  active_from: 2026-11-27T00:00:00Z\n  active_to: 2026-11-30\n"
        "  kind: share\n  divide_by: qualifying_items\n"
    )
    config_map(w, "promo-rules", {"rules.yaml": rules}, age=days(190), changed=days(9), by="argocd-controller")
    image, mounts = "registry.till.example/checkout", {"rules": "/etc/promo"}
    specs = [
        pod_spec(container("checkout", f"{image}:{v}", mounts=mounts), volumes={"rules": "configmap/promo-rules"})
        for v in ("26.45.0", "26.46.1")
    ]
    began = minutes(22)
    young = [P(age=minutes(17)), P(age=minutes(17))]
    revisions = [Rev(specs[0], days(24)), Rev(specs[1], days(9))]
    top = deployment(w, "checkout", revisions, [P(), P(), P(), P(), *young], scaled=minutes(17))
    service(w, "checkout")
    scaler = hpa(w, top, low=4, high=16, now=6, used=58, scaled=minutes(17))
    text = "New size: 6; reason: cpu resource utilization (percentage of request) above target"
    event(w, scaler, "SuccessfulRescale", text, kind="Normal", last=minutes(17))
    bad = [
        "basket {n} cannot be priced\njava.lang.ArithmeticException: / by zero\n"
        "\tat com.till.promo.ShareRule.apply(ShareRule.kt:118)\n\tat com.till.promo.Engine.price(Engine.kt:64)"
    ]
    for index in range(6):
        since = began - 1 if index < 4 else minutes(16.5)
        lines = often(75, since, 1, "error", bad, "c.t.checkout.BasketController")
        if index < 4:
            lines.append(L(began, "info", "promotion BF26-3FOR2 is active from now on", "c.t.promo.PromoSchedule"))
            lines += often(
                300, minutes(50), began, "info", ["basket {n} priced, 0 promotions"], "c.t.promo.PromoEngine"
            )
        log(w, top, index, "logback", lines)
        labels = {"pod": top.pod(index), "container": "checkout"}
        signal(w, "cpu_share", labels, step(0.3, 0.52, began), since=3600 if index < 4 else minutes(16))
    image = "registry.till.example/banner"
    well(w, "banner", f"{image}:black-friday-2", pods=2, age=minutes(44), before=f"{image}:black-friday-1", talk=True)
    requests(w, "checkout", rate=step(60, 131, began, over=600), errors=step(0.001, 0.41, began), p95=flat(0.14))
    requests(w, "banner", rate=step(210, 500, began, over=600), errors=flat(0.0004), p95=flat(0.02))
    alert(w, "CheckoutErrors", minutes(17), "41% of the baskets fail", service="checkout")
