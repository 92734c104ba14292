"""What costs a vendor's quota, a cluster's last shard or a volume's last byte; two faults at once."""

from __future__ import annotations

import json

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_c import NO_METRICS
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.scene import alert, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "two-faults-database-waits-for-space-and-a-partner-certificate",
    "wine-auctions",
    "2026-12-11T00:43:00",
    title="Bids hang behind a MySQL that waits for disk space; apart from it a customs broker's certificate has ended",
    drawn_from="Disk is full writing binlog, waiting for someone to free space; partners that forget their renewal",
    why="MySQL is up and ready, each commit waits for the binary log's full volume; restarting it only adds a recovery "
    "without room. The duties service meets an expired certificate that is not ours, since midnight to the second.",
    expect=[
        Fault("StatefulSet/mysql", "resource_exhaustion", "page_human"),
        Fault("Deployment/duties", "dependency_failure", "page_human"),
    ],
    acceptable=[
        ("dependency_failure", "page_human", "StatefulSet/mysql"),
        ("capacity", "page_human", "StatefulSet/mysql"),
        ("database_connection", "page_human", "StatefulSet/mysql"),
        ("configuration_error", "page_human", "StatefulSet/mysql"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-mysql-0", "StatefulSet/mysql"),
        ("configuration_error", "page_human", "Deployment/duties"),
        ("network_fault", "page_human", "Deployment/duties"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def waits(w: World) -> None:
    nodes(w, "wa-1", "wa-2", "wa-3")
    args = ("--binlog-expire-logs-seconds=2592000", "--max-connections=400")
    inner = container(
        "mysql", "mysql:8.4.3", port=3306, memory=("6Gi", "8Gi"), ready={"tcpSocket": {"port": 3306}}, args=args
    )
    base = statefulset(w, "mysql", pod_spec(inner), 1, claim="data", age=days(190))
    claim(w, "data-mysql-0", size="120Gi", age=days(190))
    service(w, "mysql", port=3306, target=3306)
    image = "registry.wine-auctions.example"
    lots = well(
        w, "lots", f"{image}/lots:9.4.0", pods=3, age=hours(3.1), before=f"{image}/lots:9.3.2", env={"DB_HOST": "mysql"}
    )
    env = {"LOTS_URL": "http://lots"}
    front = well(w, "storefront", f"{image}/web:713", pods=3, age=minutes(66), before=f"{image}/web:712", env=env)
    duties = well(
        w, "duties", f"{image}/duties:2.2", pods=2, age=days(80), env={"BROKER_URL": "https://api.zoll-broker.example"}
    )
    ingress(w, "auctions", "www.wine-auctions.example", [("/", "storefront", 80)])
    full = (
        "Disk is full writing './binlog.004417' (OS errno 28 - No space left on device). Waiting for someone to free "
    )
    full += "space... Retry in 60 secs. Message reprinted in 600 secs."
    lines = [
        L(age, "", f"{w.at(age)[:-1]}.308114Z 2{age % 89} [ERROR] [MY-000035] [Server] {full}")
        for age in (1640, 1040, 440)
    ]
    text = "Aborted connection {n} to db: 'lots' user: 'lots' host: '10.244.1.14' "
    text += "(Got an error reading communication packets)"
    lines += [
        L(x.age, "", f"{w.at(x.age)[:-1]}.700121Z 1{int(x.age) % 89} [Note] [MY-010914] [Server] {x.text}")
        for x in often(50, 1500, 4, "", [text])
    ]
    log(w, base, 0, "plain", lines)
    rows = [
        session(pod["status"]["podIP"], "Deployment/lots", "active", 20, age=1630, user="lots",
                wait="waiting for handler commit", query="INSERT INTO bids (lot_id, bidder_id, cents) VALUES (?, ?, ?)")
        for pod in lots.pods
    ]  # fmt: skip
    sessions(w, "StatefulSet/mysql", 400, rows)
    texts = [
        "Error: Query inactivity timeout (PROTOCOL_SEQUENCE_TIMEOUT) INSERT INTO bids",
        "POST /lots/{n}/bids 504 30001ms",
    ]
    for index in range(3):
        log(w, lots, index, "pino", often(7, 1600 - 17 * index, 1, "error", texts))
        log(w, front, index, "pino", often(11, 1600 - 17 * index, 1, "error", ["POST http://lots/lots/{n}/bids: 504"]))
    for index in range(2):
        lines = []
        for x in often(13, minutes(42.8) - 7 * index, 1, "error", ["no duty for lot {n}"]):
            why = 'Get "https://api.zoll-broker.example/v2/duty": tls: failed to verify certificate: x509: '
            why += (
                f"certificate has expired or is not yet valid: current time {w.at(x.age)} is after 2026-12-11T00:00:00Z"
            )
            lines.append(L(x.age, "error", f"{x.text}: {why}"))
        log(w, duties, index, "logfmt", lines)
    alert(w, "StorefrontBidsFail", minutes(22), "bids of storefront end in 504", service="storefront")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "no-shard-left-for-the-index-of-the-day",
    "audit-trail",
    "2026-07-01T00:38:00",
    title="Nothing of today can be searched: since midnight Elasticsearch has no shard left for a new index",
    drawn_from="validation_exception: this action would add [2] shards, but this cluster currently has [3000]/[3000]",
    why="Logstash was released before midnight and wrote into yesterday's index until then; at 00:00 the index of the "
    "day could not be made. Old indices must be deleted or the limit raised by somebody who knows which may go.",
    expect=[Fault("StatefulSet/elasticsearch", "capacity", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human"),
        ("dependency_failure", "page_human"),
    ],
    tolerated=["scale_workload", "scale_database"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "restart_connection_pool", "isolate_workload"],
)
def no_shard(w: World) -> None:
    nodes(w, "at-1", "at-2", "at-3")
    inner = container(
        "elasticsearch", "docker.elastic.co/elasticsearch/elasticsearch:8.15.3", port=9200, memory=("4Gi", "4Gi"),
        ready={"tcpSocket": {"port": 9200}},
    )  # fmt: skip
    store = statefulset(w, "elasticsearch", pod_spec(inner), 3, claim="data", age=days(420))
    for index in range(3):
        claim(w, f"data-elasticsearch-{index}", size="500Gi", age=days(420))
    service(w, "elasticsearch", port=9200, target=9200)
    spec = pod_spec(container("kafka", "apache/kafka:3.9.0", port=9092, ready=None))
    statefulset(w, "kafka", spec, 3, claim="data")
    image = "docker.elastic.co/logstash/logstash"
    specs = [
        pod_spec(container("logstash", f"{image}:8.15.{n}", port=9600, ready="/", memory=("1Gi", "2Gi")))
        for n in (2, 3)
    ]
    pipe = deployment(w, "logstash", [Rev(specs[0], days(31)), Rev(specs[1], minutes(51))], 3)
    service(w, "logstash", port=9600, target=9600)
    env = {"ELASTICSEARCH_URL": "http://elasticsearch:9200"}
    query = well(w, "trail-api", "registry.audit-trail.example/trail-api:5.1", pods=2, age=days(12), env=env)
    env = {"TRAIL_URL": "http://trail-api"}
    well(w, "compliance-ui", "registry.audit-trail.example/ui:41", pods=2, age=days(3), env=env, talk=True)
    reason = (
        "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [3000]/[3000] maximum "
    )
    reason += "normal shards open;"
    for index in range(3):
        lines = []
        for x in often(9, minutes(38), 1, "", ["?"]):
            text = (
                "[WARN ][logstash.outputs.elasticsearch][main][b71f] Could not index event to Elasticsearch. "
                "{:status=>400, "
                ':action=>["create", {:_id=>nil, :_index=>"trail-2026.07.01", :routing=>nil}, {"@timestamp"=>"'
                f'{w.at(x.age)}"}}], :response=>{{"create"=>{{"status"=>400, "error"=>{{"type"=>'
                f'"validation_exception", "reason"=>"{reason}"}}}}}}}}'
            )
            lines.append(L(x.age, "", f"[{w.time(x.age):%Y-%m-%dT%H:%M:%S},482]{text}"))
        lines = lines[-70:]
        began = minutes(50.5) - 14 * index
        done = "[logstash.outputs.elasticsearch][main] bulk of 500 events into trail-2026.06.30"
        ready = '[logstash.javapipeline    ][main] Pipeline started {"pipeline.id"=>"main"}'
        for age, text in ((began, ready), (began - 60, done), (began - 400, done)):
            lines.append(L(age, "", f"[{w.time(age):%Y-%m-%dT%H:%M:%S},101][INFO ]{text}"))
        log(w, pipe, index, "plain", lines)
        lines = []
        for x in often(
            150, 3400 - 41 * index, 30, "", ["[gc][young][{n}][71] duration [712ms], collections [1]/[1.2s]"]
        ):
            made = {
                "@timestamp": f"{w.at(x.age)[:-1]}.114Z",
                "log.level": "INFO",
                "message": x.text,
                "ecs.version": "1.2.0",
            }
            made |= {"service.name": "ES_ECS", "elasticsearch.node.name": f"elasticsearch-{index}"}
            lines.append(L(x.age, "", json.dumps(made)))
        log(w, store, index, "plain", lines)
    texts = [
        "search trail-2026.07.01: 404 index_not_found_exception, no such index [trail-2026.07.01]",
        "GET /events 200 44ms",
    ]
    for index in range(2):
        log(w, query, index, "logfmt", often(16, minutes(37) - 17 * index, 1, "warn", texts))
    signal(
        w,
        "queue_depth",
        {"component": "logstash", "queue": "trail"},
        lambda age: 900 if age > 2280 else 900 + (2280 - age) * 700,
    )
    for index in range(3):
        signal(
            w, "volume_used_share", {"persistentvolumeclaim": f"data-elasticsearch-{index}"}, flat(0.58), noise=0.001
        )
        labels = {"pod": f"elasticsearch-{index}", "container": "elasticsearch"}
        signal(w, "cpu_share", labels, step(0.44, 0.21, minutes(38)))
    requests(w, "trail-api", rate=flat(6), errors=step(0.002, 0.3, minutes(37)), p95=flat(0.12))
    alert(w, "NoEventsOfToday", minutes(23), "compliance-ui shows no event of today", service="compliance-ui")


@case(
    "vendor-quota-spent-since-a-cache-was-turned-off",
    "mail-order",
    "2026-11-20T15:34:00",
    title="Check-outs fail as a tax vendor answers 429; a service in the middle asks it ten times as often now",
    drawn_from="quotas of tax and address APIs that are spent within minutes after a cache in front of them was lost",
    why="The number of check-outs and of quotes is as before, the number of questions to the vendor rose tenfold with "
    "the release of quote that turned its cache off. The vendor and the gateway that names it do as they must.",
    expect=[Fault("Deployment/quote", "configuration_error", "rollback_workload")],
    acceptable=[
        ("code_defect", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("resource_exhaustion", "rollback_workload"),
        ("capacity", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/checkout"},
        {"remedy": "rollback_workload", "target": "Deployment/tax-gateway"},
    ],
)
def quota_spent(w: World) -> None:
    nodes(w, "mo-1", "mo-2", "mo-3")
    image = "registry.mail-order.example"
    secret(w, "tax-vendor", ["API_KEY"], age=days(410))
    env = {"VENDOR_URL": "https://rest.taxwise.example/api/v2"}
    gate = well(
        w, "tax-gateway", f"{image}/tax-gateway:1.19", pods=2, age=days(64), before=f"{image}/tax-gateway:1.18", env=env
    )
    env = {"TAX_URL": "http://tax-gateway", "TAX_CACHE": "local"}
    specs = [
        pod_spec(container("quote", f"{image}/quote:5.21.3", env=env | {"TAX_CACHE_TTL": "900s"})),
        pod_spec(container("quote", f"{image}/quote:5.22.0", env=env | {"TAX_CACHE_TTL": "0s"})),
    ]
    quote = deployment(w, "quote", [Rev(specs[0], days(13)), Rev(specs[1], minutes(38))], 3)
    service(w, "quote")
    env = {"QUOTE_URL": "http://quote"}
    front = well(
        w, "checkout", f"{image}/checkout:330", pods=4, age=hours(2.2), before=f"{image}/checkout:329", env=env
    )
    well(w, "parcels", f"{image}/parcels:18", pods=2, talk=True, style="python")
    ingress(w, "shop", "www.mail-order.example", [("/checkout", "checkout", 80)])
    text = "POST https://rest.taxwise.example/api/v2/transactions/create 429 Too Many Requests retry-after=41 "
    text += "x-ratelimit-limit=240/min x-ratelimit-remaining=0"
    for index in range(2):
        lines = often(
            6, minutes(36), 1, "warn", [text, "answered 503 to quote, vendor refused"], "vendor/client.go:131"
        )
        log(w, gate, index, "zap", lines)
    texts = [
        "tax for basket {n}: asked tax-gateway (cache bypass, ttl=0s)",
        "tax for basket {n}: tax-gateway answered 503",
    ]
    for index in range(3):
        log(w, quote, index, "logfmt", often(7, minutes(10) - 17 * index, 1, "warn", texts))
    for index in range(4):
        log(
            w,
            front,
            index,
            "pino",
            often(9, minutes(12), 1, "error", ["GET http://quote/quotes/{n} 502", "check-out {n} stopped"]),
        )
    labels = {"component": "tax-gateway", "dependency": "rest.taxwise.example"}
    signal(w, "dependency_error_ratio", labels, step(0.0, 0.81, minutes(36)))
    signal(w, "dependency_latency_p95", labels, flat(0.22))
    requests(w, "checkout", rate=flat(16), errors=step(0.002, 0.6, minutes(36)), p95=flat(0.7))
    requests(w, "quote", rate=ramp(22, 24), errors=step(0.001, 0.74, minutes(36)), p95=step(0.09, 0.35, minutes(38)))
    requests(w, "tax-gateway", rate=step(2.1, 22, minutes(38)), errors=step(0.0, 0.81, minutes(36)), p95=flat(0.24))
    alert(w, "CheckoutErrors", minutes(31), "60% of check-outs fail", service="checkout")
