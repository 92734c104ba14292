"""Ordinary trouble between the edge and the pods: a port's name, a rewritten path, addresses of a bureau."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, policy, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "release-calls-its-port-by-another-name",
    "parcel-hub",
    "2026-04-14T10:37:00",
    title="No label can be bought: a release renamed its container port, and its Service still asks for the old name",
    drawn_from="targetPort by name: ready pods, an EndpointSlice with addresses and no port, connection refused",
    why="The Service asks for the port http, which the template calls api since 27 minutes; pods are ready and get "
    "nothing but probes, callers are refused by the Service's address. The caller's own release is two hours older.",
    expect=[Fault("Deployment/label-service", "configuration_error", "rollback_workload")],
    acceptable=[
        ("network_fault", "rollback_workload"),
        ("configuration_error", "page_human", "Service/label-service"),
        ("network_fault", "page_human", "Service/label-service"),
        ("configuration_error", "rollback_workload", "Service/label-service"),
        ("network_fault", "rollback_workload", "Service/label-service"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "switch_traffic",
        {"remedy": "rollback_workload", "target": "Deployment/shipments-api"},
    ],
)
def renamed_port(w: World) -> None:
    nodes(w, "ph-1", "ph-2", "ph-3")
    image, age = "registry.parcel-hub.example", minutes(27)
    specs = [
        pod_spec(
            container("labels", f"{image}/label-service:{tag}", cpu=("200m", "1"), ready="/healthz", live="/livez")
        )
        for tag in ("5.1.4", "5.2.0")
    ]
    specs[1]["containers"][0]["ports"][0]["name"] = "api"
    labels = deployment(
        w, "label-service", [Rev(specs[0], days(19)), Rev(specs[1], age, cause="helm upgrade label-service 5.2.0")], 3
    )
    made = service(w, "label-service")
    made["spec"]["ports"][0]["targetPort"] = "http"
    w.objects[-1]["ports"] = []
    env = {"LABELS_URL": "http://label-service", "RATES_URL": "http://rates", "TRACKING_URL": "http://tracking"}
    before = f"{image}/shipments-api:3.40.1"
    api = well(w, "shipments-api", f"{image}/shipments-api:3.41.0", pods=3, age=hours(2.2), before=before, env=env)
    rates = well(w, "rates", f"{image}/rates:77", age=days(33))
    tracking = well(w, "tracking", f"{image}/tracking:12.0.3", age=days(8), talk=True)
    portal = well(w, "seller-portal", f"{image}/seller-portal:2.9.9", age=days(5), port=3000)
    ingress(w, "hub", "sellers.parcel-hub.example", [("/api", "shipments-api", 80), ("/", "seller-portal", 80)])
    for index in range(3):
        start = age - 12 - 9 * index
        lines = [
            L(start, "info", "label-service 5.2.0 (go1.24.2) starting", "cmd/serve.go:61"),
            L(start - 1, "info", "carriers loaded", "carrier/registry.go:88", {"count": 14}),
            L(start - 1, "info", "http server listening", "cmd/serve.go:104", {"addr": ":8080"}),
            *often(300, start - 60, 5, "info", ["template cache refreshed"], "render/cache.go:39"),
        ]
        log(w, labels, index, "zap", lines)
        refused = f'Post "http://label-service/v2/labels": dial tcp {ip(w, "label-service")}:80: connect: '
        text = [
            f"create label for shipment {{n}}: {refused}connection refused",
            "POST /api/shipments/{n}/label 502",
        ]
        lines = often(21, age - 25 - index, 2, "error", text, "shipments/labels.go:173")
        lines += often(140, minutes(55), 3, "info", ["GET /api/shipments/{n} 200", "GET /api/rates 200"])
        log(w, api, index, "zap", lines)
    log(w, rates, 0, "zap", often(15, 900, 2, "info", ["rate card {n} quoted"], "rates/quote.go:52"))
    log(w, portal, 0, "pino", often(12, 800, 2, "info", ["GET /orders 200", "GET /orders/{n} 200", "GET /new 200"]))
    requests(w, "label-service", rate=step(31, 0, age - 25, over=40), errors=flat(0.0005), p95=flat(0.22))
    requests(w, "shipments-api", rate=flat(96), errors=step(0.002, 0.32, age - 25, over=40), p95=flat(0.31))
    requests(w, "seller-portal", rate=flat(44), errors=flat(0.001), p95=flat(0.12))
    for of in (labels, api, rates, tracking, portal):
        measured(w, of, step(0.42, 0.02, age - 25) if of is labels else 0.24, prior=0.42 if of is labels else 0)
    calls(w, "shipments-api", "label-service", step(0.24, 0.002, age - 25), step(0.001, 1, age - 25, over=40))
    calls(w, "shipments-api", "rates", 0.03)
    machines(w)
    alert(w, "ErrorBudgetBurn", minutes(21), "shipments-api burns its error budget 14 times too fast", slo="shipments")


@case(
    "capture-group-of-a-rewrite-was-edited-away",
    "campus",
    "2026-10-12T08:19:00",
    title="Rooms cannot be searched: a path of the Ingress lost its capture group, so that all becomes /",
    drawn_from="rewrite-target: /$2 over a path without groups: every request arrives as GET / and is answered 404",
    why="Since the Ingress was edited the service sees GET / alone and answers 404 to it, quickly; called from inside "
    "it answers as ever. The neighbour's Ingress has the same annotation and still its groups. No 5xx, no crash.",
    expect=[Fault("Ingress/rooms", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("configuration_error", "page_human", "Deployment/rooms"),
        ("configuration_error", "page_human", "Service/rooms"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def lost_group(w: World) -> None:
    nodes(w, "ca-a", "ca-b")
    image, at = "git.campus.example:5050", minutes(34)
    before = f"{image}/rooms/api:2026.10.1"
    rooms = well(w, "rooms", f"{image}/rooms/api:2026.10.2", age=hours(15), port=8000, before=before)
    exams = well(w, "exams", f"{image}/exams/api:2026.8.7", age=days(51), port=8000)
    before = f"{image}/portal:1811"
    portal = well(w, "portal", f"{image}/portal:1812", pods=3, age=hours(1.6), port=3000, before=before)
    kiosk = well(w, "door-signs", f"{image}/signs:0.14", pods=1, age=days(80), env={"ROOMS_URL": "http://rooms"})
    note = {"nginx.ingress.kubernetes.io/rewrite-target": "/$2", "nginx.ingress.kubernetes.io/use-regex": "true"}
    ingress(w, "portal", "my.campus.example", [("/", "portal", 80)], tls="campus-wildcard")
    for name, path in (("rooms", "/api/rooms"), ("exams", "/api/exams(/|$)(.*)")):
        made = ingress(w, name, "my.campus.example", [(path, name, 80)], annotations=note, tls="campus-wildcard")
        made["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = "ImplementationSpecific"
        if name == "rooms":
            w.changed(made, at, "kubectl-edit", {"f:spec": {"f:rules": {}, "f:tls": {}}})
    secret(w, "campus-wildcard", ["tls.crt", "tls.key"], age=days(300), changed=days(20), kind="kubernetes.io/tls")
    served = ["GET /v1/free?building={n}", "GET /v1/rooms/{n}", "GET /v1/rooms/{n}/week"]
    for index in range(2):
        lines = often(50, minutes(54), at + 4, "info", [f'10.0.3.9:41122 - "{x} HTTP/1.1" 200' for x in served])
        text = ['10.0.3.9:41218 - "GET / HTTP/1.1" 404', '10.0.3.9:52604 - "GET / HTTP/1.1" 404']
        lines += often(47, at - 2 - 5 * index, 1, "info", [*text, '10.0.3.9:60118 - "POST / HTTP/1.1" 404'])
        lines += often(120, minutes(50), 9, "info", ['10.244.1.22:39004 - "GET /v1/rooms/{n}/now HTTP/1.1" 200'])
        log(w, rooms, index, "python", [L(x.age, x.level, x.text, "uvicorn.access") for x in lines])
        text = ['10.0.3.9:40220 - "GET /v1/dates?module={n} HTTP/1.1" 200']
        log(w, exams, index, "python", often(35, 1700, 4, "info", text, "uvicorn.access"))
    for index in range(3):
        failed = 'browser report: GET /api/rooms/v1/free?building={n} -> 404 {"detail":"Not Found"}'
        lines = often(33, at - 9 - 4 * index, 4, "warn", [failed])
        log(w, portal, index, "pino", [*lines, *often(40, 2600, 3, "info", ["GET /dashboard 200", "GET /exams 200"])])
    log(w, kiosk, 0, "golang", often(60, 2400, 8, "info", ["sign {n} refreshed from http://rooms/v1/rooms in 31ms"]))
    requests(w, "rooms", rate=flat(12), errors=flat(0.0004), p95=step(0.14, 0.004, at))
    requests(w, "exams", rate=flat(5), errors=flat(0.0003), p95=flat(0.09))
    requests(w, "portal", rate=flat(38), errors=flat(0.0006), p95=flat(0.2))
    for of in (rooms, exams, portal, kiosk):
        measured(w, of, step(0.3, 0.07, at) if of is rooms else 0.21)
    said = "room bookings in the last 20 minutes: 0 (usual at this time: 60 and more)"
    alert(w, "RoomBookingsStopped", minutes(13), said, severity="warning", team="campus-web")


@case(
    "policy-knows-the-bureau-by-its-old-addresses",
    "lending",
    "2026-02-24T15:06:00",
    title="No credit report arrives: the bureau answers under new addresses, and a policy allows the old ones",
    drawn_from="egress rules with ipBlock for a provider that announced a move: connect timeouts from one workload",
    why="The policy of last autumn lets scoring out to 203.0.113.32/27 only; since 36 minutes the bureau's name leads "
    "to 198.51.100.x. Collections, which no egress policy selects, reaches the same host at the new addresses.",
    expect=[Fault("NetworkPolicy/scoring-egress", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("network_fault", "page_human", "Deployment/scoring"),
        ("configuration_error", "page_human", "Deployment/scoring"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database",
               "isolate_workload", "restart_connection_pool"],
)  # fmt: skip
def old_addresses(w: World) -> None:
    nodes(w, "len-1", "len-2", "len-3")
    image, at, host = "registry.lending.example", minutes(36), "gateway.creditbureau.example"
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    secret(w, "bureau-client", ["client.p12", "password"], age=days(210))
    base = postgres(w, "cases-db", image="postgres:17.2")
    env = {"BUREAU_URL": f"https://{host}/v3", "DB_HOST": "cases-db"}
    before = f"{image}/scoring:8.14.2"
    scoring = well(w, "scoring", f"{image}/scoring:8.14.3", pods=3, age=days(2.1), before=before, env=env)
    env = {"SCORING_URL": "http://scoring", "DB_HOST": "cases-db"}
    before = f"{image}/applications:41.2"
    apply = well(w, "applications", f"{image}/applications:41.3", age=minutes(74), before=before, env=env)
    collections = well(w, "collections", f"{image}/collections:3.3.0", age=days(16), env={"BUREAU_HOST": host})
    web = well(w, "loans-web", f"{image}/loans-web:900", age=days(6), talk=True)
    ingress(w, "loans", "loans.lending.example", [("/", "loans-web", 80), ("/api", "applications", 80)])
    config_map(w, "feature-flags", {"instant-offer": "on", "joint-loans": "off"}, changed=minutes(52), by="flagsync")
    dns = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
           "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}  # fmt: skip
    store: Obj = {"ports": [{"protocol": "TCP", "port": 5432}], "to": [{"podSelector": {"matchLabels": base.labels}}]}
    block = {"ports": [{"protocol": "TCP", "port": 443}], "to": [{"ipBlock": {"cidr": "203.0.113.32/27"}}]}
    policy(w, "scoring-egress", scoring.labels, age=days(148), egress_to=[dns, store, block])
    allow: Obj = {"from": [{"podSelector": {"matchExpressions": [
        {"key": "app", "operator": "In", "values": ["scoring", "applications", "collections"]}]}}]}  # fmt: skip
    policy(w, "cases-db-clients", base.labels, age=days(148), ingress_from=[allow])
    for index in range(3):
        fine = f"report {{n}} received from {host}/203.0.113.{41 + index % 2} in 512 ms"
        lines = often(110, minutes(58), at + 5, "info", [fine], "e.l.scoring.bureau.BureauClient")
        late = (
            f'report {{n}} failed: I/O error on POST request for "https://{host}/v3/reports": Connect to '
            f"https://{host}:443 [{host}/198.51.100.21, {host}/198.51.100.22] failed: Connect timed out"
        )
        lines += often(34, at - 12 - 6 * index, 2, "error", [late], "e.l.scoring.bureau.BureauClient")
        lines += often(180, at - 30, 5, "info", ["score {n} answered from cached report"], "e.l.scoring.ScoreService")
        log(w, scoring, index, "logback", lines)
    for index in range(2):
        text = ["application {n}: POST http://scoring/scores answered 503 after 10.0s", "application {n} parked"]
        lines = often(21, at - 16 - 9 * index, 3, "warn", text, "lending.apply.score")
        log(w, apply, index, "python", [*lines, *often(60, 3000, 4, "info", ["application {n} saved"], "lending.db")])
        new = f"bureau: PUT https://{host}/v3/arrears 202 in 388ms peer=198.51.100.2{1 + index}"
        old = f"bureau: PUT https://{host}/v3/arrears 202 in 401ms peer=203.0.113.4{1 + index}"
        lines = [*often(160, minutes(57), at + 9, "info", [old]), *often(150, at - 40, 6, "info", [new])]
        log(w, collections, index, "python", lines)
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    requests(w, "applications", rate=flat(9), errors=step(0.003, 0.24, at - 12), p95=step(1.1, 10.2, at - 12))
    requests(w, "scoring", rate=flat(6), errors=step(0.002, 0.37, at - 12), p95=step(0.7, 10, at - 12))
    requests(w, "loans-web", rate=flat(27), errors=flat(0.0007), p95=flat(0.18))
    for of in (scoring, apply, collections, web, base):
        measured(w, of)
    calls(w, "scoring", host, step(0.52, 10, at), step(0.002, 1, at))
    calls(w, "scoring", "cases-db", 0.006)
    calls(w, "collections", host, 0.41, 0.001)
    exact(w, "db_max_connections", {"component": "cases-db"}, flat(100))
    machines(w)
    said = "24% of loan applications cannot be scored"
    alert(w, "ApplicationsNotScored", minutes(28), said, service="applications")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))
