"""Two faults at once, and answers from little evidence: figures without logs, objects without either."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import machines, measured
from tests.diagnosis.casemaker.events import event, probe_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import budget, config_map, hpa, nodes
from tests.diagnosis.casemaker.pods import P, suffix, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "two-faults-a-full-basket-store-and-uniform-probes",
    "garden-centre",
    "2026-04-25T09:52:00",
    title="Nothing can be put into baskets: Redis is at its maxmemory; a roll-out of delivery slots kills its own pod",
    drawn_from="noeviction is the default of Redis; one probe for all charts, and a JVM that needs a minute to start",
    why="The baskets' Redis refuses writes since its memory reached the limit, and evicts nothing; somebody has to "
    "give it room or let keys go; a restart loses the baskets. Apart from it, the newest template of the slots "
    "took the grace out of the liveness probe: the new pod is killed half-way through each start, the old ones serve.",
    expect=[
        Fault("Deployment/basket-redis", "resource_exhaustion", "page_human"),
        Fault("Deployment/delivery-slots", "configuration_error", "rollback_workload"),
    ],
    acceptable=[
        *((cause, "page_human", "Deployment/basket-redis") for cause in ("capacity", "configuration_error",
                                                                      "dependency_failure")),
        *((cause, "scale_database", "Deployment/basket-redis") for cause in ("capacity", "resource_exhaustion")),
    ],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/basket-api"},
        {"remedy": "rollback_workload", "target": "Deployment/shop"},
    ],
)  # fmt: skip
def full_baskets(w: World) -> None:
    nodes(w, "gc-1", "gc-2", "gc-3")
    image, full, rolled = "ghcr.io/garden-centre-example", minutes(23), minutes(49)
    config_map(w, "shop-settings", {"SEASON": "spring", "BANNER": "tulips"}, age=days(80), changed=hours(20))
    store = redis(w, "basket-redis")
    env = {"REDIS_URL": "redis://basket-redis:6379/0"}
    baskets = well(w, "basket-api", f"{image}/basket-api:3.9.2", pods=3, age=days(17), env=env)
    shop = well(w, "shop", f"{image}/shop:1044", pods=3, age=hours(17), before=f"{image}/shop:1041", port=3000,
                env={"BASKET_URL": "http://basket-api", "SLOTS_URL": "http://delivery-slots"})  # fmt: skip
    alive = "/actuator/health/liveness"
    probes = (http(alive, 8080, delay=120, failures=5), http(alive, 8080))
    specs = [
        pod_spec(container("delivery-slots", f"{image}/delivery-slots:4.6.1", memory=("768Mi", "1Gi"),
                           ready="/actuator/health/readiness", live=probe))
        for probe in probes
    ]  # fmt: skip
    ended = terminated(143, "Error", started=minutes(6.9), finished=minutes(6.3))
    young = P(1, age=rolled - 1, restarts=12, last=ended, backoff="5m0s", unready=rolled - 2)
    revs = [Rev(specs[0], days(38)), Rev(specs[1], rolled, cause="chart 2.3.0: the same probes for all services")]
    slots = deployment(w, "delivery-slots", revs, [P(0), P(0), P(0), young], replicas=3)
    service(w, "delivery-slots")
    new = slots.pods[3]
    place = f"{new['status']['podIP']}:8080"
    cause = f'Get "http://{place}{alive}": dial tcp {place}: connect: connection refused'
    probe_failure(w, new, "Liveness", cause, first=rolled - 12, last=minutes(6.35), count=38, killed=12)
    restarting(w, new, first=rolled - 160, last=20, count=151)
    ingress(w, "shop", "www.garden-centre.example", [("/", "shop", 80)])
    boot = [
        L(minutes(6.8), "info", "Starting DeliverySlotsApplication v4.6.1 using Java 21.0.7 with PID 1", "g.slots.App"),
        L(minutes(6.6), "info", "Bootstrapping Spring Data JPA repositories in DEFAULT mode.", "o.s.d.r.c.Config"),
        L(minutes(6.4), "info", "HHH000204: Processing PersistenceUnitInfo [name: default]", "o.h.jpa.internal.util"),
    ]
    log(w, slots, 3, "logback", boot, previous=True)
    for index in range(3):
        served = often(
            31,
            1500 - 12 * index,
            2,
            "info",
            ["GET /slots?plz={n} 200 14ms", "POST /slots/{n}/hold 201 22ms"],
            "g.slots.Web",
        )
        log(w, slots, index, "logback", served)
        refused = "POST /baskets/{n}/items 500 ReplyError: OOM command not allowed when used memory > 'maxmemory'."
        lines = often(10, full - 5 * index, 1, "error", [refused])
        log(w, baskets, index, "pino", [*lines, *often(22, full - 8 * index, 1, "info", ["GET /baskets/{n} 200"])])
        told = ["basket-api answered 500 to POST items (basket {n})", "GET /p/{n} 200", "GET /delivery 200"]
        log(w, shop, index, "pino", often(17, full - 9 - 6 * index, 2, "info", told))
    saved = ["100 changes in 300 seconds. Saving...", "Background saving terminated with success"]
    log(w, store, 0, "redis", often(150, 3500, full, "info", saved))
    labels = {"component": "basket-redis"}
    signal(w, "cache_memory_share", labels, ramp(0.942, 1.0, 3600, full), noise=0)
    exact(w, "cache_evictions", labels, flat(0))
    exact(w, "cache_up", labels, flat(1))
    requests(w, "basket-api", rate=flat(29), errors=step(0.001, 0.46, full), p95=flat(0.02))
    requests(w, "shop", rate=flat(71), errors=step(0.001, 0.14, full), p95=flat(0.19))
    requests(w, "delivery-slots", rate=flat(9), errors=flat(0.0004), p95=flat(0.03))
    for of in (baskets, shop, store):
        measured(w, of, 0.24)
    measured(w, slots, 0.2, 0.5, pods={3: {"cpu_share": flat(0.12), "memory_share": flat(0.2)}})
    exact(w, "restarts", {"pod": slots.pod(3), "container": "delivery-slots"}, ramp(1, 12, rolled - 60, minutes(6.3)),
          since=rolled - 40)  # fmt: skip
    machines(w)
    alert(w, "BasketWritesFail", minutes(17), "46% of the requests to basket-api are answered with 500",
          service="basket-api")  # fmt: skip


@case(
    "pictures-pile-up-since-six-workers-became-two",
    "flat-market",
    "2026-09-03T14:46:00",
    title="Pictures of new flats appear an hour late: of six workers somebody left two; no log can be read",
    drawn_from="kubectl scale during an experiment, not taken back; no autoscaler looks after the workers",
    why="The number of workers was written by kubectl from six to two in the minute in which the queue began to grow, "
    "and the two that are left run at their full CPU. As many pictures come in as before, nothing fails or restarts, "
    "and the nodes have room. The upload's release is an hour older than the trouble.",
    expect=[Fault("Deployment/thumbnailer", "configuration_error", "scale_workload")],
    acceptable=[("capacity", "scale_workload"), ("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def six_to_two(w: World) -> None:
    nodes(w, "fm-1", "fm-2", "fm-3", cpu="8")
    image, cut = "registry.flat-market.example", minutes(48)
    spec = pod_spec(container("thumbnailer", f"{image}/thumbnailer:2.2.8", port=9100, cpu=("500m", "1"),
                              memory=("256Mi", "512Mi"), env={"AMQP_HOST": "media-mq", "QUEUE": "pictures"},
                              ready="/metrics"))  # fmt: skip
    top = deployment(w, "thumbnailer", [Rev(spec, days(40))], 2)
    w.changed(top.obj, cut, "kubectl", {"f:spec": {"f:replicas": {}}})
    top.obj["metadata"]["managedFields"][-1]["subresource"] = "scale"
    name = top.sets[0]["metadata"]["name"]
    event(w, top.obj, "ScalingReplicaSet", f"Scaled down replica set {name} from 6 to 2", kind="Normal", last=cut)
    spec = pod_spec(container("rabbitmq", "rabbitmq:3.13.7-management", port=5672, memory=("512Mi", "1Gi"), ready=None))
    broker = deployment(w, "media-mq", [Rev(spec, days(70))], 1)
    service(w, "media-mq", port=5672, target=5672)
    upload = well(w, "upload-api", f"{image}/upload-api:5.5.0", pods=3, age=hours(1.9),
                  before=f"{image}/upload-api:5.4.2", env={"AMQP_HOST": "media-mq"})  # fmt: skip
    site = well(w, "site", f"{image}/site:930", pods=3, age=days(2), before=f"{image}/site:927", port=3000)
    hpa(w, site, low=3, high=8, now=3, used=41, scaled=hours(7))
    ingress(w, "site", "www.flat-market.example", [("/", "site", 80), ("/upload", "upload-api", 80)])
    for number in range(4):
        gone = f"{name}-{suffix(name, 'sixth', number)}"
        event(w, top.sets[0], "SuccessfulDelete", f"Deleted pod: {gone}", kind="Normal", last=cut)
        labels = {"pod": gone, "container": "thumbnailer"}
        for which, level in (("cpu_share", 0.5), ("memory_share", 0.44), ("throttled_share", 0.02)):
            signal(w, which, labels, flat(level), until=cut)
        exact(w, "restarts", labels, flat(0), until=cut)
    for index in range(2):
        labels = {"pod": top.pod(index), "container": "thumbnailer"}
        signal(w, "cpu_share", labels, step(0.51, 0.985, cut, over=120))
        signal(w, "throttled_share", labels, step(0.02, 0.31, cut, over=120))
        signal(w, "memory_share", labels, step(0.44, 0.49, cut))
        exact(w, "restarts", labels, flat(0))
    exact(w, "replicas_wanted", {"component": "thumbnailer"}, step(6, 2, cut, over=1))
    exact(w, "replicas_available", {"component": "thumbnailer"}, step(6, 2, cut, over=30))
    exact(w, "queue_depth", {"component": "media-mq", "queue": "pictures"}, ramp(12, 6740, cut))
    exact(w, "queue_depth", {"component": "media-mq", "queue": "mails"}, flat(3))
    requests(w, "upload-api", rate=flat(7), errors=flat(0.0006), p95=flat(0.31))
    requests(w, "site", rate=flat(140), errors=flat(0.0005), p95=flat(0.16))
    for of in (broker, upload, site):
        measured(w, of, 0.25)
    machines(w, 0.3)
    alert(w, "PictureQueueGrowing", minutes(28),
          "the queue pictures of media-mq holds more than 2000 messages and grows", severity="warning",
          queue="pictures")  # fmt: skip
    refused = 'pods is forbidden: User "oncall-reader" cannot get resource "pods/log" in API group "" in flat-market'
    taken(w, ("objects", True, ""), ("logs", False, refused), ("prometheus", True, ""))


@case(
    "image-of-a-release-names-its-user-by-name",
    "tax-desk",
    "2026-02-24T11:15:00",
    title="A release does not get past its first pods: runAsNonRoot, and an image whose user is a name",
    drawn_from="USER app in a new Dockerfile, where the kubelet can verify only numbers",
    why="Both new pods are refused by the kubelet, which names the image's user; the three old ones have run under the "
    "same security context since three weeks. Neither metrics nor logs are there, and none are needed: the container "
    "was never created. The template has to go back until the image has a number; a restart of the old pods would "
    "leave nobody to serve.",
    expect=[Fault("Deployment/forms", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/calculator"},
    ],
)
def user_by_name(w: World) -> None:
    nodes(w, "td-a", "td-b", "td-c")
    image, rolled = "registry.tax-desk.example", minutes(27)
    config_map(w, "forms-settings", {"YEAR": "2025", "LOCALE": "nl-NL"}, age=days(55), changed=days(4))
    strict = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    specs = [
        pod_spec(
            container("forms", f"{image}/forms:{tag}", env_from=("configmap/forms-settings",)), securityContext=strict
        )
        for tag in ("2025.14", "2025.15")
    ]
    stuck = waiting("CreateContainerConfigError", "")
    young = [P(1, age=rolled - n, state=stuck, unready=rolled - n) for n in (1, 2)]
    forms = deployment(
        w, "forms", [Rev(specs[0], days(21)), Rev(specs[1], rolled)], [P(0), P(0), P(0), *young], replicas=4
    )
    for pod in forms.pods[3:]:
        meta = pod["metadata"]
        text = (
            "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: "
            f'"{meta["name"]}_{w.namespace}({meta["uid"]})", container: forms)'
        )
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = text
        event(w, pod, "Failed", f"Error: {text}", first=rolled - 5, last=8, count=124, container="forms")
        pulled = f'Container image "{image}/forms:2025.15" already present on machine'
        event(w, pod, "Pulled", pulled, kind="Normal", first=rolled - 9, last=8, count=124, container="forms")
    service(w, "forms")
    budget(w, forms, minimum=2, healthy=3)
    sums = well(w, "calculator", f"{image}/calculator:88.1", pods=3, age=hours(2.4), before=f"{image}/calculator:88.0")
    desk = well(w, "desk", f"{image}/desk:410", pods=2, age=days(9), port=3000)
    hpa(w, sums, low=3, high=6, now=3, used=52, scaled=hours(26))
    place = desk.pods[1]["status"]["podIP"]
    slow = (
        f'Get "http://{place}:3000/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    )
    probe_failure(w, desk.pods[1], "Readiness", slow, first=minutes(41), last=minutes(41), count=1)
    redis(w, "drafts")
    ingress(w, "desk", "desk.tax.example", [("/", "desk", 80), ("/forms", "forms", 80), ("/sums", "calculator", 80)])
    text = f"Rollout of deployment {w.namespace}/forms is not progressing for longer than 15 minutes."
    alert(w, "KubeDeploymentRolloutStuck", minutes(2), text, severity="warning", deployment="forms")
    taken(w, ("objects", True, ""), ("logs", False, "timed out after 10 s"), NO_METRICS)
