"""What lies outside: a readiness that asks a vendor, and a vendor whose new chain an old image does not know."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.events import probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

GEO = "https://api.geo-vendor.example/v1/autocomplete"


@case(
    "readiness-asks-the-address-vendor",
    "furniture",
    "2026-05-29T19:38:00",
    title="A whole shop API is not ready: its readiness includes the address vendor, who answers 503 now",
    drawn_from="deep health checks: one outside dependency that few requests need takes all replicas from the Service",
    why="All four pods turned unready within seconds of each other and run on without a restart; their health report "
    "has every part up but the vendor. A sister that asks the same vendor gets 503 too and degrades. The template is "
    "two months old; new pods or an older release would ask the vendor as well.",
    expect=[Fault("Deployment/shop-api", "dependency_failure", "page_human")],
    acceptable=[("configuration_error", "page_human"), ("code_defect", "page_human")],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
    ],
)
def readiness_vendor(w: World) -> None:
    nodes(w, "fu-1", "fu-2", "fu-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    secret(w, "geo-vendor", ["GEO_API_KEY"], age=days(260))
    base, cache = postgres(w, "shop-db"), redis(w, "session-redis")
    image = "registry.furniture.example"
    config_map(w, "shop-settings", {"free_shipping_from": "79", "banner": "summer"}, changed=minutes(70))
    env = {"DB_HOST": "shop-db", "REDIS_URL": "redis://session-redis:6379/1", "GEO_URL": GEO}
    specs = [
        pod_spec(container("shop-api", f"{image}/shop-api:{v}", port=8000, env=env, env_from=("secret/geo-vendor",),
                 ready=http("/ht/?format=json", 8000, timeout=6), live="/ping/"))
        for v in ("24.3.4", "24.3.7")
    ]  # fmt: skip
    out = minutes(31)
    pods = [P(ready=False, unready=out - 8 * index) for index in range(4)]
    api = deployment(w, "shop-api", [Rev(specs[0], days(82)), Rev(specs[1], days(61))], pods)
    service(w, "shop-api", target=8000)
    env = {"API_URL": "http://shop-api"}
    front = well(w, "storefront", f"{image}/storefront:880", pods=3, age=minutes(52), before=f"{image}/storefront:879",
                 port=3000, env=env)  # fmt: skip
    routes = well(w, "delivery-slots", f"{image}/delivery-slots:3.40", age=days(15), env={"GEO_URL": GEO})
    ingress(w, "shop", "www.furniture.example", [("/api", "shop-api", 80), ("/", "storefront", 80)])
    for index, one in enumerate(api.pods):
        probe_failure(w, one, "Readiness", "HTTP probe failed with statuscode: 500", first=out + 25 - 8 * index,
                      last=4 + index, count=188 - index)  # fmt: skip
        lines = often(13, minutes(58), out + 40, "info", ['"GET /api/cart/ HTTP/1.1" 200', '"GET /ht/ HTTP/1.1" 200',
                      '"GET /api/products/{n}/ HTTP/1.1" 200'], "gunicorn.access")  # fmt: skip
        text = (
            '"GET /ht/?format=json HTTP/1.1" 500 {"Cache backend: default": "working", "DatabaseBackend[default]": '
            '"working", "MigrationsHealthCheck": "working", "AddressLookup": "unavailable: 503 Server Error: Service '
            f'Unavailable for url: {GEO}"}}'
        )
        lines += often(41, out + 20, 4, "warning", [text], "gunicorn.access")
        log(
            w, api, index, "python", lines + often(60, out, 9, "info", ['"GET /ping/ HTTP/1.1" 200'], "gunicorn.access")
        )
    for index in range(3):
        lines = [L(minutes(51) - 20 * index, "info", "ready - started server on 0.0.0.0:3000")]
        lines += often(16, minutes(30), 1, "error", ["fetch http://shop-api/api/cart/: connect ECONNREFUSED",
                       "render /p/{n}: fetch http://shop-api/api/products/{n}/: connect ECONNREFUSED"])  # fmt: skip
        log(w, front, index, "pino", lines + often(60, minutes(50), minutes(32), "info", ["GET /p/{n} 200"]))
    for index in range(2):
        text = f"geocoding skipped, using postcode centroid: GET {GEO}: unexpected status 503 Service Unavailable"
        lines = often(50, minutes(32.5), 5, "warn", [text])
        log(w, routes, index, "logfmt", lines + often(40, minutes(57), 5, "info", ["slots for {n} offered: 14"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    log(w, cache, 0, "redis", often(600, 3400, 9, "info", ["100 changes in 300 seconds. Saving..."]))
    requests(w, "shop-api", rate=flat(74), errors=step(0.001, 1, out), p95=step(0.2, 0.002, out))
    requests(w, "storefront", rate=flat(48), errors=step(0.001, 0.93, out), p95=step(0.4, 0.05, out))
    exact(w, "replicas_wanted", {"component": "shop-api"}, flat(4))
    exact(w, "replicas_available", {"component": "shop-api"}, step(4, 0, out))
    for one in api.pods:
        labels = {"pod": one["metadata"]["name"], "container": "shop-api"}
        signal(w, "cpu_share", labels, step(0.34, 0.03, out))
        signal(w, "memory_share", labels, flat(0.56))
    alert(w, "ShopDown", minutes(28), "www.furniture.example answers 503", severity="page")


@case(
    "old-image-does-not-know-the-vendors-new-root",
    "freight",
    "2026-08-11T08:33:00",
    title="Customs declarations fail at the vendor's certificate; another service calls the same host without trouble",
    drawn_from="a vendor moves to a chain under a younger root, which the trust store of an old base image lacks",
    why="No object of ours changed before the first failure; the last release was twelve days ago. The vendor's new "
    "certificate is good for the Go service, and the other outside host is good for the Java one: only the pair of old "
    "trust store and new chain fails. The older template has an older store; someone has to add the root or rebuild.",
    expect=[Fault("Deployment/customs-adapter", "dependency_failure", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("network_fault", "page_human"),
        ("code_defect", "page_human"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "restart_connection_pool",
        "no_action",
    ],
)
def unknown_root(w: World) -> None:
    nodes(w, "fr-1", "fr-2", "fr-3")
    secret(w, "customs-client", ["CUSTOMS_USER", "CUSTOMS_PASSWORD"], age=days(300))
    secret(w, "freight-web-tls", ["tls.crt", "tls.key"], kind="kubernetes.io/tls", age=days(150), changed=hours(9),
           by="cert-manager-certificates-issuing")  # fmt: skip
    image, host = "nexus.freight.example/freight", "gateway.customs-broker.example"
    env = {"CUSTOMS_ENDPOINT": f"https://{host}/declarations/v2", "JAVA_VERSION": "8u181",
           "VAT_ENDPOINT": "https://ec.vat-check.example/services"}  # fmt: skip
    specs = [
        pod_spec(container("customs-adapter", f"{image}/customs-adapter:{v}-jre8", env=env, memory=("512Mi", "1Gi"),
                 env_from=("secret/customs-client",), ready="/actuator/health"))
        for v in ("1.30.2", "1.31.0")
    ]  # fmt: skip
    top = deployment(w, "customs-adapter", [Rev(specs[0], days(200)), Rev(specs[1], days(12))], 2)
    service(w, "customs-adapter")
    env = {"STATUS_URL": f"https://{host}/status/v2"}
    poll = well(w, "customs-status-poller", f"{image}/status-poller:0.12.0", pods=1, age=days(44), env=env)
    env = {"CUSTOMS_URL": "http://customs-adapter"}
    ship = well(w, "shipments", f"{image}/shipments:8.2.1", pods=3, age=hours(2.2), before=f"{image}/shipments:8.2.0",
                env=env)  # fmt: skip
    web = well(w, "freight-web", f"{image}/freight-web:510", age=days(20), port=3000)
    ingress(w, "freight", "my.freight.example", [("/", "freight-web", 80)], tls="freight-web-tls")
    since = minutes(33)
    text = (
        f'declaration {{n}} not sent: I/O error on POST request for "https://{host}/declarations/v2": '
        "sun.security.validator.ValidatorException: PKIX path building failed: sun.security.provider.certpath."
        "SunCertPathBuilderException: unable to find valid certification path to requested target"
    )
    for index in range(2):
        lines = often(37, since - 6 * index, 3, "error", [text], "c.f.customs.DeclarationClient")
        lines += often(
            90, minutes(58), 8, "info", ["VAT number {n} valid (ec.vat-check.example, 210 ms)"], "c.f.VatClient"
        )
        done = ["declaration {n} accepted, MRN 26DE{n}"]
        lines += often(60, minutes(59), since + 9, "info", done, "c.f.customs.DeclarationClient")
        log(w, top, index, "logback", lines)
    seen = L(since + 14, "info", f"new peer certificate of {host}: issuer changed, chain verified against system roots",
             fields={"issuer": '"CN=Meridian TLS RSA 2026 CA1"', "not_before": "2026-08-10", "previous":
                     '"CN=Meridian Class 3 CA"'})  # fmt: skip
    log(w, poll, 0, "logfmt", [seen, *often(30, minutes(50), 4, "info", ["polled 40 declarations, status=200"])])
    for index in range(3):
        lines = often(38, since - 9 - 5 * index, 5, "warn",
                      ["shipment {n} on hold: customs-adapter answered 502 Bad Gateway"])  # fmt: skip
        log(w, ship, index, "zap", lines + often(26, minutes(57), 3, "info", ["shipment {n} booked"]))
    log(w, web, 0, "pino", often(18, 1500, 3, "info", ["GET /shipments 200", "GET /shipments/{n} 200"]))
    alert(w, "ShipmentsOnHold", minutes(15), "61 shipments wait for a customs declaration", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
