"""Stores and queues: a queue of another kind, links that only pods can follow, shards that came home."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, pulse, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "release-declares-its-queue-as-another-kind",
    "hotel-desk",
    "2026-10-20T11:05:00",
    title="No confirmation leaves the house; the new mail workers want a queue of another kind than the one there is",
    drawn_from="PRECONDITION_FAILED, inequivalent arg 'x-queue-type', after a change to quorum queues in code",
    why="Each worker of the new release ends a second after its start with the broker's refusal, which the broker "
    "logs too; the queue grows and the workers of before read it well for weeks. Broker, bookings and the other "
    "worker are unharmed. To delete the queue for the release's sake would lose the confirmations in it.",
    expect=[Fault("Deployment/confirm-worker", "code_defect", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("service_crash", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/bookings"},
    ],
)
def other_kind(w: World) -> None:
    nodes(w, "hd-1", "hd-2")
    secret(w, "amqp", ["AMQP_URL"], age=days(260))
    spec = pod_spec(container("rabbitmq", "rabbitmq:3.13.7", port=5672, ready={"tcpSocket": {"port": 5672}}))
    broker = statefulset(w, "rabbitmq", spec, claim="data")
    claim(w, "data-rabbitmq-0")
    service(w, "rabbitmq", port=5672, target=5672)
    image, rolled = "ghcr.io/hotel-desk", minutes(33)
    specs = [
        pod_spec(
            container("worker", f"{image}/confirm-worker:{tag}", port=0, ready=None, env_from=("secret/amqp",),
                      command=("celery", "-A", "confirm", "worker", "-Q", "confirmations"))
        )
        for tag in ("5.8.2", "5.9.0")
    ]  # fmt: skip
    waits = [sum(min(300, 10 * 2**k) + 4 for k in range(m)) for m in range(11)]
    starts = [[rolled - 5 - 6 * n - waited for waited in waits] for n in range(2)]
    pods = [
        P(age=rolled - 6 * n, restarts=10, backoff="5m0s", ready=False, unready=begun[-1] - 4,
          last=terminated(1, "Error", started=begun[-1], finished=begun[-1] - 4))
        for n, begun in enumerate(starts)
    ]  # fmt: skip
    work = deployment(w, "confirm-worker", [Rev(specs[0], days(27)), Rev(specs[1], rolled)], pods, desired={0: 0})
    env = {"AMQP_HOST": "rabbitmq"}
    book = well(w, "bookings", f"{image}/bookings:2026.42", pods=3, age=minutes(49), before=f"{image}/bookings:2026.41",
                env=env)  # fmt: skip
    clean = well(w, "housekeeping-worker", f"{image}/housekeeping-worker:2.2", pods=1, age=days(80), env=env)
    text = (
        "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'confirmations' in vhost '/': received the "
        "value 'quorum' of type 'longstr' but current is the value 'classic' of type 'longstr'"
    )
    for index in range(2):
        restarting(w, work.pods[index], first=rolled - 40, last=12 + index, count=140 - 3 * index)
        fatal = f"Unrecoverable error: PreconditionFailed(406, \"{text}\", (50, 10), 'Queue.declare')"
        lines = [
            L(starts[index][-1] - 2, "info", "Connected to amqp://desk:**@rabbitmq:5672//", "celery.worker.consumer"),
            L(starts[index][-1] - 3, "critical", fatal, "celery.worker"),
        ]
        log(w, work, index, "python", lines)
        log(w, work, index, "python", lines, previous=True)
    told = []
    for number, age in enumerate(sorted((begun - 3 for each in starts for begun in each), reverse=True)):
        place = work.pods[number % 2]["status"]["podIP"]
        head = f"Channel error on connection <0.{4100 + 17 * number}.0> ({place}:{41022 + 61 * number} -> "
        head += f"{broker.pods[0]['status']['podIP']}:5672, vhost: '/', user: 'desk'), channel 1:"
        cut = text.removeprefix("PRECONDITION_FAILED - ")
        told.append(L(age, "error", f"{head}\n operation queue.declare caused a channel exception "
                      f"precondition_failed: {cut}"))  # fmt: skip
    log(w, broker, 0, "rabbitmq", told)
    for index in range(3):
        said = ["POST /bookings 201 58ms", "published booking.confirmed {n}", "GET /rooms/free 200 12ms"]
        log(w, book, index, "logfmt", often(15, 1400 - 4 * index, 2, "info", said))
    lines = often(50, 3300, 9, "info", ["Task housekeeping.plan[{n}] succeeded in 0.21s: None"], "celery.app.trace")
    log(w, clean, 0, "python", lines)
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "confirmations"}, ramp(3, 1940, rolled))
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "housekeeping"}, flat(2), noise=0.4)
    exact(w, "replicas_wanted", {"component": "confirm-worker"}, flat(2))
    exact(w, "replicas_available", {"component": "confirm-worker"}, step(2, 0, rolled - 10, over=1))
    requests(w, "bookings", rate=flat(9), errors=flat(0.0006), p95=flat(0.11))
    text = "more than 500 confirmations wait and nobody reads them"
    alert(w, "QueueWithoutConsumers", minutes(22), text, queue="confirmations", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))


@case(
    "photos-signed-for-a-name-that-only-pods-know",
    "second-hand",
    "2026-06-11T17:33:00",
    title="No listing shows its photos; the media service signs links to the store's name inside of the cluster",
    drawn_from="presigned URLs of MinIO that carry the internal endpoint: browsers cannot resolve it",
    why="The newest revision has the image of before and lacks S3_PUBLIC_ENDPOINT; the service says at its start that "
    "it signs with the inner address, and browsers report just that name since. The store is well and answers the "
    "thumbnailer; the shop's release came after the first reports.",
    expect=[Fault("Deployment/media-api", "configuration_error", "rollback_workload")],
    acceptable=[("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/shop-web"},
    ],
)
def inner_name(w: World) -> None:
    nodes(w, "sh-1", "sh-2")
    secret(w, "media-s3", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], age=days(230))
    inner = container("minio", "quay.io/minio/minio:RELEASE.2025-04-22T22-12-26Z", port=9000, args=("server", "/data"),
                      ready="/minio/health/ready", memory=("1Gi", "2Gi"), mounts={"data": "/data"})  # fmt: skip
    statefulset(w, "media-store", pod_spec(inner), claim="data")
    claim(w, "data-media-store-0", size="500Gi")
    service(w, "media-store", port=9000, target=9000)
    image, since = "registry.second-hand.example", minutes(46)
    env = {"S3_ENDPOINT": "http://media-store:9000", "S3_BUCKET": "listing-photos", "LINK_TTL": "900"}
    public = {"S3_PUBLIC_ENDPOINT": "https://photos.second-hand.example"}
    specs = [
        pod_spec(container("media-api", f"{image}/media-api:2.11.4", env=each, env_from=("secret/media-s3",)))
        for each in (env | public, env)
    ]
    media = deployment(w, "media-api", [Rev(specs[0], days(15)), Rev(specs[1], since)], 2)
    service(w, "media-api")
    shop = well(w, "shop-web", f"{image}/shop-web:1408", pods=3, age=minutes(31), before=f"{image}/shop-web:1407",
                port=3000, env={"MEDIA_URL": "http://media-api"})  # fmt: skip
    thumbs = well(w, "thumbnailer", f"{image}/thumbnailer:0.31", age=days(70), env={"S3_ENDPOINT": env["S3_ENDPOINT"]})
    beacon = well(w, "browser-reports", f"{image}/browser-reports:19", pods=1, age=days(100))
    ingress(w, "shop", "www.second-hand.example", [("/", "shop-web", 80), ("/beacon", "browser-reports", 80)])
    ingress(w, "photos", "photos.second-hand.example", [("/", "media-store", 9000)])
    for index in range(2):
        start = since - 6 - 14 * index
        lines = [
            L(start, "info", "media-api 2.11.4 listening on 8080"),
            L(start, "warn", "S3_PUBLIC_ENDPOINT is not set, presigning with S3_ENDPOINT http://media-store:9000"),
        ]
        link = "presigned GET http://media-store:9000/listing-photos/{n}/1.webp expires=900 for shop-web"
        more = ["POST /links 200 3ms", link]
        log(w, media, index, "pino", [*lines, *often(31, start - 20, 2, "info", more)])
    where = "net::ERR_NAME_NOT_RESOLVED"
    bad = [f"img failed http://media-store:9000/listing-photos/{{n}}/1.webp {where} page=/l/{{n}} browser={name}"
           for name in ("chrome/137", "edge/137", "android/137")]  # fmt: skip
    fine = ["web-vital cls=0.01 page=/search", "web-vital inp=88ms page=/"]
    lines = [*often(38, since - 30, 2, "error", bad), *often(140, 3500, 5, "info", fine)]
    log(w, beacon, 0, "pino", lines)
    for index in range(3):
        begun = [L(minutes(30.6) - 11 * index, "info", "shop-web 1408 ready")]
        told = ["GET /l/{n} 200 61ms photos=6", "GET /search 200 84ms", "GET / 200 22ms"]
        log(w, shop, index, "pino", [*begun, *often(20, minutes(30) - 8 * index, 1, "info", told)])
    for index in range(2):
        told = ["GET http://media-store:9000/listing-photos/{n}/raw.jpg 200", "PUT {n}/1.webp 200 38ms"]
        log(w, thumbs, index, "golang", often(28, 1700 - 12 * index, 3, "info", told))
    text = "www.second-hand.example/l/probe: 0 of 6 photos were loaded, from 3 of 3 places"
    alert(w, "ListingPhotosMissing", minutes(41), text, probe="listing-page")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "search-cluster-was-yellow-until-its-node-came-home",
    "library-search",
    "2026-03-19T05:52:00",
    title="An alert says that Elasticsearch is yellow; a node was upgraded, its shards are back and it is green again",
    drawn_from="index.unassigned.node_left.delayed_timeout and a cluster that is yellow for a node upgrade's time",
    why="One of three data pods moved with a planned upgrade of its node; no primary was missing and no search failed. "
    "The master says YELLOW to GREEN a minute and a half ago, with no shard unassigned; the alert will end at its next "
    "evaluation. The catalogue's release of the night has nothing to do with it.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "scale_database",
        "isolate_workload",
        "switch_traffic",
    ],
)
def green_again(w: World) -> None:
    nodes(w, "ls-1", "ls-2")
    node(w, "ls-3", age=minutes(24))
    inner = container("elasticsearch", "docker.elastic.co/elasticsearch/elasticsearch:8.17.4", port=9200,
                      memory=("4Gi", "4Gi"), cpu=("1", "2"), ready={"tcpSocket": {"port": 9200}},
                      mounts={"data": "/usr/share/elasticsearch/data"})  # fmt: skip
    back = minutes(21)
    pods = [P(node="ls-1"), P(node="ls-2"), P(age=back, node="ls-3", unready=back - 41)]
    store = statefulset(w, "es-data", pod_spec(inner), pods, claim="data")
    service(w, "es-data", port=9200, target=9200, headless=True)
    image, left = "registry.library.example", minutes(31)
    env = {"ELASTICSEARCH_HOSTS": "http://es-data:9200"}
    search = well(w, "search-api", f"{image}/search-api:9.4", pods=3, age=days(33), env=env)
    cat = well(w, "catalogue", f"{image}/catalogue:61", age=hours(5), before=f"{image}/catalogue:60", env=env)
    for index in range(3):
        claim(w, f"data-es-data-{index}", size="200Gi")
        signal(w, "volume_used_share", {"persistentvolumeclaim": f"data-es-data-{index}"}, flat(0.51))
        labels = {"pod": f"es-data-{index}", "container": "elasticsearch"}
        young = {"since": back - 60} if index == 2 else {}
        signal(w, "cpu_share", labels, step(0.3, 0.42, left), **young)
        signal(w, "memory_share", labels, flat(0.78), **young)
        exact(w, "restarts", labels, flat(0), **young)
    exact(w, "replicas_wanted", {"component": "es-data"}, flat(3))
    exact(w, "replicas_available", {"component": "es-data"}, lambda age: 2 if back - 41 < age <= left else 3)
    event(w, store.obj, "SuccessfulDelete", "delete Pod es-data-2 in StatefulSet es-data successful", kind="Normal",
          last=left)  # fmt: skip

    def es(age: float, level: str, logger: str, number: int, text: str) -> L:
        stamp = w.at(age)[:-1]
        return L(age, "", f"[{stamp},{int(age) % 900 + 100}][{level:<5}][{logger:<25}] [es-data-{number}] {text}")

    health, routing = "o.e.c.r.a.AllocationService", "o.e.c.r.DelayedAllocationService"

    def turned(age: float, before: str, after: str, reason: str) -> L:
        text = f'message="Cluster health status changed from [{before}] to [{after}] (reason: [{reason}])."'
        text = f'current.health="{after}" {text} previous.health="{before}" reason="{reason}"'
        return es(age, "INFO", health, 0, text)

    gone = "{es-data-2}{10.244.3.19}{10.244.3.19:9300}{cdfhilmrstw}"
    log(w, store, 0, "plain", [
        es(left, "INFO", "o.e.c.s.MasterService", 0, f"node-left[{gone} reason: disconnected], term: 41"),
        turned(left, "GREEN", "YELLOW", f"{gone} left"),
        es(left - 1, "INFO", routing, 0, "scheduling reroute for delayed shards in [59.9s] (14 delayed shards)"),
        es(back - 38, "INFO", "o.e.c.s.MasterService", 0, "node-join[{es-data-2} joining], term: 41, version: 90240"),
        turned(95, "YELLOW", "GREEN", "shards started [[catalogue-v7][3]]"),
    ])  # fmt: skip
    log(w, store, 2, "plain", [
        es(back - 12, "INFO", "o.e.n.Node", 2, "version[8.17.4], pid[7], build[docker]"),
        es(back - 37, "INFO", "o.e.c.s.ClusterApplierService", 2, "master node changed {previous [], current "
           "[{es-data-0}]}, term: 41, version: 90240"),
        es(back - 40, "INFO", "o.e.n.Node", 2, "started {es-data-2}"),
    ])  # fmt: skip
    for index in range(3):
        told = ["POST /search 200 71ms hits={n}", "POST /search 200 48ms hits={n}", "GET /suggest 200 9ms"]
        log(w, search, index, "logfmt", often(22, 2100 - 9 * index, 2, "info", told))
    for index in range(2):
        log(
            w, cat, index, "zap", often(45, 3000 - 23 * index, 4, "info", ["indexed {n} titles", "GET /titles/{n} 200"])
        )
    requests(w, "search-api", rate=flat(24), errors=flat(0.0005), p95=pulse(0.11, 0.15, left, 100))
    requests(w, "catalogue", rate=flat(8), errors=flat(0.0006), p95=flat(0.05))
    signal(w, "dns_error_ratio", {}, flat(0.0002), noise=0.3)
    text = "Cluster library is yellow for 25 minutes: some replica shards are not allocated"
    alert(w, "ElasticsearchClusterYellow", minutes(6), text, severity="warning", cluster="library")
