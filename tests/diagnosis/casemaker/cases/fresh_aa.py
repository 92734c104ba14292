"""At the edges of a cluster: routes that an upgrade leaves out, an address that changed hands, a narrow way out."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

NGINX = "nginx.ingress.kubernetes.io"


def _dries_up(w: World, component: str, rate: float, p95: float, since: float) -> None:
    """Add the requests of a component that gets none since then: no answers, so no errors and no times."""
    signal(w, "request_rate", {"component": component}, step(rate, 0.0, since, over=90))
    signal(w, "error_ratio", {"component": component}, flat(0.0004), until=since - 90)
    signal(w, "latency_p95", {"component": component}, flat(p95), until=since - 90)


@case(
    "ingress-controller-upgrade-leaves-routes-with-snippets-out",
    "brewshop",
    "2026-01-21T10:18:00",
    title="Two hosts answer 404 since the ingress controller was upgraded; their Ingresses carry snippets",
    drawn_from="ingress-nginx 1.12: annotations-risk-level fell to High and Ingresses with snippets vanish",
    why="The new controller says for each of the two Ingresses that a snippet is a risky annotation and has no server "
    "for their hosts; the third Ingress, without a snippet, is served. Behind the two all pods are well and idle since "
    "the minute of the upgrade. The older controller served all three; the release of the basket was well for half an "
    "hour.",
    expect=[Fault("Deployment/ingress-nginx-controller", "configuration_error", "rollback_workload")],
    acceptable=[
        ("code_defect", "rollback_workload"),
        ("network_fault", "rollback_workload"),
        ("configuration_error", "page_human", "ConfigMap/ingress-nginx-controller"),
        ("configuration_error", "page_human", "Ingress/api"),
        ("configuration_error", "page_human", "Ingress/basket"),
        ("configuration_error", "page_human", "Deployment/ingress-nginx-controller"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/basket"},
    ],
)
def risky_snippets(w: World) -> None:
    nodes(w, "bs-1", "bs-2", "bs-3")
    since, image = minutes(23), "registry.brewshop.example"
    config_map(w, "ingress-nginx-controller", {"allow-snippet-annotations": "true", "use-forwarded-headers": "true"},
               age=days(310))  # fmt: skip
    args = ("/nginx-ingress-controller", "--election-id=ingress-nginx-leader", "--ingress-class=nginx",
            "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller", "--watch-namespace=brewshop")  # fmt: skip
    specs = [
        pod_spec(container("controller", f"registry.k8s.io/ingress-nginx/controller:{tag}", port=80, args=args,
                           ready=http("/healthz", 10254), memory=("256Mi", "512Mi")))
        for tag in ("v1.11.5", "v1.12.4")
    ]  # fmt: skip
    edge = deployment(
        w,
        "ingress-nginx-controller",
        [Rev(specs[0], days(160)), Rev(specs[1], since, cause="helm upgrade ingress-nginx 4.12.4")],
        2,
    )
    outer = service(w, "ingress-nginx-controller", port=80, target="http", age=days(310))
    outer["spec"]["type"], outer["status"]["loadBalancer"] = "LoadBalancer", {"ingress": [{"ip": "192.0.2.40"}]}
    front = well(w, "storefront", f"{image}/storefront:7.4.0", pods=2, age=days(11), port=3000)
    api = well(w, "catalogue-api", f"{image}/catalogue-api:3.31.2", pods=3, age=days(26))
    basket = well(w, "basket", f"{image}/basket:5.0.9", age=minutes(54), before=f"{image}/basket:5.0.8")
    for name in ("edge-tls", "api-tls"):
        secret(w, name, ["tls.crt", "tls.key"], kind="kubernetes.io/tls", age=days(44))
    header = 'more_set_headers "Strict-Transport-Security: max-age=31536000; includeSubDomains";\n'
    cors = {f"{NGINX}/configuration-snippet": header, f"{NGINX}/proxy-read-timeout": "30"}
    ingress(w, "shop", "www.brewshop.example", [("/", "storefront", 80)], tls="edge-tls")
    host = "api.brewshop.example"
    ingress(w, "api", host, [("/catalogue", "catalogue-api", 80)], tls="api-tls", annotations=cors)
    ingress(w, "basket", "basket.brewshop.example", [("/", "basket", 80)], tls="api-tls", annotations=cors)
    routes = [obj for obj in w.objects if obj["kind"] == "Ingress"]
    for index, pod in enumerate(edge.pods):
        begun, name = since - 8 - 21 * index, pod["metadata"]["name"]
        start = [
            L(begun, "info", f'"Running in Kubernetes cluster" major="1" minor="33" git="v1.33.4" pod="{name}"',
              "main.go:248"),
            L(begun - 1, "info", '"Starting NGINX Ingress controller"', "nginx.go:271"),
        ]  # fmt: skip
        for route in routes:
            start.append(L(begun - 2, "info", f'"Found valid IngressClass" ingress="brewshop/'
                           f'{route["metadata"]["name"]}" ingressclass="nginx"', "store.go:440"))  # fmt: skip
            if f"{NGINX}/configuration-snippet" in route["metadata"].get("annotations", {}):
                text = "annotation group ConfigurationSnippet contains risky annotation based on ingress configuration"
                start.append(L(begun - 2, "error", text, "store.go:938"))
        text = '"Backend successfully reloaded, requires reload: configuration changes"'
        log(w, edge, index, "klog", [*start, L(begun - 4, "info", text, "controller.go:228")])
        none = [
            f'"GET /{path} HTTP/2.0" 404 146 "-" "{agent}" 58 0.000 [upstream-default-backend] [] - - - - 5f{{n}}c1'
            for path, agent in (("catalogue/beers", "okhttp/4.12.0"), ("v1/items", "Mozilla/5.0"))
        ]
        good = ['"GET / HTTP/2.0" 200 18114 "-" "Mozilla/5.0" 61 0.041 [brewshop-storefront-80] [] '
                f"{front.pods[index]['status']['podIP']}:3000 18114 0.040 200 7a{{n}}e0"]  # fmt: skip
        lines = [*often(14, 640, 1, "info", none), *often(30, 630, 1, "info", good)]
        log(w, edge, index, "nginx", lines)
        log(w, front, index, "pino", often(17, 700, 2, "info", ["GET / 200 38ms", "GET /beers/{n} 200 31ms"]))
        lines = [L(minutes(53.6), "info", "basket 5.0.9 listening on :8080")]
        lines += often(60, minutes(53), since + 9, "info", ["POST /v1/items 201 12ms", "GET /v1/items 200 4ms"])
        log(w, basket, index, "logfmt", lines)
    for index in range(3):
        served = often(40, minutes(58), since + 6, "info", ["GET /catalogue/beers 200 9ms"])
        log(w, api, index, "logfmt", served)
    requests(w, "storefront", rate=step(31, 28, since), errors=flat(0.0005), p95=flat(0.09))
    _dries_up(w, "catalogue-api", 54, 0.04, since)
    _dries_up(w, "basket", 12, 0.05, since)
    for of in (edge, front, basket):
        measured(w, of, 0.14)
    measured(w, api, step(0.33, 0.02, since))
    machines(w, 0.22)
    alert(w, "CatalogueTrafficVanished", minutes(17), "catalogue-api gets 1% of the requests of last week",
          service="catalogue-api")  # fmt: skip


@case(
    "address-of-the-gateway-went-to-the-sandbox",
    "meter-reading",
    "2026-04-14T08:31:00",
    title="Meters reach the sandbox: the gateway's Service was made anew and its address had gone to a waiting Service",
    drawn_from="MetalLB with a pool that is used up: AllocationFailed, address also in use by another Service",
    why="The gateway's Service is 26 minutes old and has no outer address; MetalLB says that the one it asks for is in "
    "use by the sandbox's Service, which had waited for any address and got it in those seconds. The gateway's pods "
    "are well and idle, the sandbox refuses meters it does not know. Whose address it is, a person has to set.",
    expect=[Fault("Service/head-end", "network_fault", "page_human")],
    acceptable=[
        *((cause, "page_human") for cause in ("configuration_error", "resource_exhaustion", "capacity")),
        *(
            (cause, "page_human", "Service/sandbox-head-end")
            for cause in ("network_fault", "configuration_error", "resource_exhaustion")
        ),
        *((cause, "page_human", "Deployment/head-end") for cause in ("network_fault", "configuration_error")),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
    ],
)
def lost_address(w: World) -> None:
    nodes(w, "mr-1", "mr-2", "mr-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(260))
    base = postgres(w, "readings-db", image="postgres:16.8")
    image, since, address = "registry.meters.example", minutes(26), "192.0.2.61"
    env = {"PGHOST": "readings-db", "LISTEN": ":8443"}
    tops = {}
    for name, tag, age, count in (("head-end", "4.12.3", days(19), 3), ("sandbox-head-end", "4.13.0-rc1", days(9), 1)):
        spec = pod_spec(container(name, f"{image}/head-end:{tag}", port=8443, env=env, ready=http("/healthz", 9000)))
        tops[name] = deployment(w, name, [Rev(spec, age)], count)
    real = service(w, "head-end", port=443, target=8443, age=since)
    spare = service(w, "sandbox-head-end", port=443, target=8443, age=days(9))
    for each in (real, spare):
        each["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    real["metadata"]["annotations"] = {"metallb.io/loadBalancerIPs": address, "meta.helm.sh/release-name": "head-end"}
    w.changed(real, since, "helm", {"f:spec": {"f:type": {}, "f:ports": {}, "f:selector": {}}})
    spare["status"]["loadBalancer"] = {"ingress": [{"ip": address, "ipMode": "VIP"}]}
    w.changed(spare, since - 1, "metallb-controller", {"f:status": {"f:loadBalancer": {"f:ingress": {}}}})
    by = "metallb-controller"
    text = 'Failed to allocate IP for "meter-reading/sandbox-head-end": no available IPs'
    event(w, spare, "AllocationFailed", text, first=hours(3), last=since + 44, count=31, writer=by)
    event(w, spare, "IPAllocated", f'Assigned IP ["{address}"]', kind="Normal", last=since - 1, writer=by)
    text = 'announcing from node "mr-1" with protocol "layer2"'
    event(w, spare, "nodeAssigned", text, kind="Normal", last=since - 2, writer="metallb-speaker")
    text = (
        'Failed to allocate IP for "meter-reading/head-end": can\'t change sharing key for "meter-reading/head-end", '
        "address also in use by meter-reading/sandbox-head-end"
    )
    event(w, real, "AllocationFailed", text, first=since - 3, last=70, count=17, writer=by)
    export = well(w, "billing-export", f"{image}/billing-export:88", age=minutes(48),
                  before=f"{image}/billing-export:87", env={"PGHOST": "readings-db"})  # fmt: skip
    for index in range(3):
        lines = often(40, minutes(58), since + 3, "info", ["meter 77{n}: 96 readings stored, 41 ms"])
        lines += often(300, since - 290, 10, "warn", ["no session accepted for 5m0s"])
        log(w, tops["head-end"], index, "zap", lines)
    unknown = ["meter 77{n}: unknown device in tenant sandbox, closing with 403"]
    lines = [*often(15, since - 5, 1, "warn", unknown), *often(300, minutes(58), 10, "info", ["0 test meters online"])]
    log(w, tops["sandbox-head-end"], 0, "zap", lines)
    for index in range(2):
        log(w, export, index, "logfmt", often(240, minutes(47), 5, "info", ["exported {n} readings to billing"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    _dries_up(w, "head-end", 23, 0.06, since)
    requests(w, "sandbox-head-end", rate=step(0.01, 24, since, over=60), errors=flat(0.0), p95=flat(0.004))
    measured(w, tops["head-end"], step(0.31, 0.02, since))
    measured(w, tops["sandbox-head-end"], step(0.02, 0.21, since))
    measured(w, export, 0.08)
    machines(w, 0.19)
    alert(w, "MeterReadingsMissing", minutes(15), "no reading has been stored for 10 minutes", team="metering")


@case(
    "way-out-of-the-mesh-is-too-narrow",
    "freight-hub",
    "2026-04-07T09:52:00",
    title="Calls to three carriers time out; they all leave by two gateway pods that are at their CPU limit",
    drawn_from="Istio egress gateways sized once and never again: latency within the gateway, upstreams fast",
    why="In the gateway's access log a call takes seconds while its upstream takes tens of milliseconds, for all three "
    "carriers. Both pods are at their limit and throttled since requests doubled on the morning after the holidays; "
    "nodes have room. The poller's release sends no more than before.",
    expect=[Fault("Deployment/egress-gateway", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "scale_workload", "target": "Deployment/carrier-rates"},
    ],
)
def narrow_egress(w: World) -> None:
    nodes(w, "fh-1", "fh-2", "fh-3", cpu="8", memory="32831360Ki")
    image = "registry.freight-hub.example"
    args = ("proxy", "router", "--domain", "$(POD_NAMESPACE).svc.cluster.local")
    spec = pod_spec(container("istio-proxy", "docker.io/istio/proxyv2:1.26.4", port=8443, cpu=("500m", "1"), args=args,
                              memory=("256Mi", "1Gi"), ready=http("/healthz/ready", 15021)))  # fmt: skip
    gate = deployment(w, "egress-gateway", [Rev(spec, days(88))], 2)
    service(w, "egress-gateway", port=443, target=8443)
    rates = well(w, "carrier-rates", f"{image}/carrier-rates:2.44.0", pods=4, age=days(13),
                 env={"RATES_TIMEOUT": "3s"})  # fmt: skip
    customs = well(w, "customs-filing", f"{image}/customs-filing:9.3.1", pods=3, age=days(34))
    poller = well(w, "tracking-poller", f"{image}/tracking-poller:117", age=minutes(51),
                  before=f"{image}/tracking-poller:116")  # fmt: skip
    desk = well(w, "booking-desk", f"{image}/booking-desk:640", pods=3, age=days(4), port=3000)
    hpa(w, rates, low=3, high=10, now=4, used=41)
    ingress(w, "desk", "desk.freight-hub.example", [("/", "booking-desk", 80)])
    carriers = [
        ("GET /v4/rates", "api.northline.example", "198.51.100.14", rates, 88),
        ("POST /filings", "gate.customs.example", "203.0.113.77", customs, 61),
        ("GET /positions", "track.sealane.example", "198.51.100.201", poller, 40),
    ]
    for index in range(2):
        lines, mine = [], gate.pods[index]["status"]["podIP"]
        for turn, (what, host, place, by, took) in enumerate(carriers):
            theirs = by.pods[index]["status"]["podIP"]
            end = f'"{theirs}" "-" "5c{{n}}-0e" "{host}" "{place}:443" outbound|443||{host} {mine}:4{turn}118 '
            end += f"{mine}:8443 {theirs}:5{turn}120 {host} -"
            texts = [
                f'"{what} HTTP/1.1" 200 - via_upstream - "-" 412 8813 {spent} {took + 3 * step_} {end}'
                for step_, spent in enumerate((2240, 1871, 2712))
            ]
            texts.append(f'"{what} HTTP/1.1" 0 DC downstream_remote_disconnect - "-" 412 0 3000 - {end}')
            lines += often(16, 500 - 3 * turn, 1, "", texts)
        log(w, gate, index, "envoy", lines)
    for index in range(3):
        said = ["GET https://api.northline.example/v4/rates: java.net.http.HttpTimeoutException: request timed out",
                "quote {n}: 2 of 3 carriers answered"]  # fmt: skip
        log(w, rates, index, "logback", often(11, 700, 1, "warn", said, "c.f.rates.CarrierClient"))
        said = ["filing {n} not sent, will be tried again: net/http: timeout awaiting response headers",
                "filing {n} accepted after 2.6s"]  # fmt: skip
        log(w, customs, index, "zap", often(21, 900, 2, "warn", said, "filing/send.go:77"))
        log(w, desk, index, "pino", often(14, 800, 1, "info", ["GET /quotes/{n} 200 3104ms", "GET /desk 200 22ms"]))
    for index in range(2):
        start = L(minutes(50.5), "info", "tracking-poller 117 started, interval 60s")
        said = ["poll of 40 vessels took 2.2s", "poll of 40 vessels failed: timeout awaiting response headers"]
        start_well = often(60, minutes(50), minutes(41), "info", ["poll of 40 vessels took 0.3s"])
        log(w, poller, index, "logfmt", [start, *start_well, *often(60, minutes(38), 3, "info", said)])
    up = minutes(56)
    more, late = ramp(140, 318, up, minutes(24)), ramp(0.12, 3.0, minutes(44), minutes(22))
    failing = ramp(0.002, 0.23, minutes(40), minutes(20))
    requests(w, "egress-gateway", rate=more, errors=ramp(0.001, 0.2, minutes(40), minutes(20)), p95=late)
    requests(w, "booking-desk", rate=ramp(44, 97, up, minutes(24)), errors=flat(0.003), p95=ramp(0.5, 3.4, 2600, 1300))
    requests(w, "carrier-rates", rate=ramp(40, 91, up, minutes(24)), errors=ramp(0.002, 0.19, minutes(40), 1200),
             p95=ramp(0.4, 3.2, 2600, 1300))  # fmt: skip
    measured(w, gate, ramp(0.47, 0.995, up, minutes(26)), 0.38, ramp(0.02, 0.76, minutes(44), minutes(24)))
    measured(w, rates, ramp(0.17, 0.3, up, minutes(24)))
    for of in (customs, poller, desk):
        measured(w, of, 0.18)
    for name in ("carrier-rates", "customs-filing", "tracking-poller"):
        calls(w, name, "egress-gateway", late, failing)
    calls(w, "booking-desk", "carrier-rates", ramp(0.4, 3.2, 2600, 1300), ramp(0.002, 0.19, minutes(40), 1200))
    machines(w, 0.3)
    alert(
        w, "CarrierCallsFailing", minutes(21), "23% of calls to carriers fail or take longer than 3 s", team="freight"
    )
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))
