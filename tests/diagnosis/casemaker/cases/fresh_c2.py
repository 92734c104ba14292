"""Edges: gateways, headers, limits, certificates, ports and connections that are kept too long."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_c import NO_METRICS
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

UPSTREAM = 'client: 10.244.0.7, server: _, request: "GET {} HTTP/1.1", upstream: "http://10.96.14.9:80{}", host: "{}"'


@case(
    "cookies-of-a-release-are-too-big-for-the-edge",
    "museum-pass",
    "2026-02-25T14:12:00",
    title="The edge answers 502 for one service: since a release its answers have headers too big for the buffer",
    drawn_from="upstream sent too big header while reading response header, after a session moved into a cookie",
    why="The edge says 502 and is as it was for weeks, other paths work; it began when the service behind it was "
    "released, which itself logs 200.",
    expect=[Fault("Deployment/membership", "code_defect", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("network_fault", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        {"remedy": "rollback_workload", "target": "Deployment/edge"},
        "isolate_workload",
    ],
)
def headers(w: World) -> None:
    nodes(w, "mp-1", "mp-2")
    image = "registry.museum-pass.example"
    member = well(
        w, "membership", f"{image}/membership:2026.8", pods=2, age=minutes(37), before=f"{image}/membership:2026.7"
    )
    tours = well(w, "tours", f"{image}/tours:44", pods=2, age=days(12), talk=True)
    config_map(w, "edge-conf", {"default.conf": "proxy_buffer_size 4k;\nproxy_buffers 8 4k;\n"}, age=days(210))
    mounts = {"conf": "/etc/nginx/conf.d"}
    inner = container("nginx", "nginx:1.27.2", port=8080, ready="/edge-health", mounts=mounts)
    specs = [
        pod_spec(inner | {"image": f"nginx:{v}"}, volumes={"conf": "configmap/edge-conf"}) for v in ("1.27.1", "1.27.2")
    ]
    edge = deployment(w, "edge", [Rev(specs[0], days(80)), Rev(specs[1], days(21))], 2)
    service(w, "edge", target=8080)
    for index in range(2):
        place = UPSTREAM.format("/member/home", "/member/home", "pass.museum.example")
        text = f"upstream sent too big header while reading response header from upstream, {place}"
        log(w, edge, index, "nginx_error", often(13, minutes(34), 1, "error", [text]))
        lines = ['[info] Matched route "member_home".', "[info] GET /member/home 200 (session handler: cookie)"]
        log(w, member, index, "plain", often(13, minutes(34), 1, "info", lines))
    log(w, tours, 0, "logfmt", often(30, 600, 2, "info", ["GET /tours/{n} 200"]))
    alert(w, "EdgeBadGateway", minutes(28), "edge answers 502 to 24% of requests", service="edge")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "gateway-counts-all-phones-as-one",
    "parcelbox",
    "2026-07-21T18:47:00",
    title="A gateway refuses most requests with 429 since its limits were edited, minutes after an app was released",
    drawn_from="rate limits lowered by a digit in a gateway's file that is reloaded in place",
    why="The 429 are the gateway's own and no request of them reaches the service behind; the file was edited when "
    "they began, nine minutes after the release; the traffic is that of every evening.",
    expect=[Fault("ConfigMap/krakend", "configuration_error", "page_human")],
    acceptable=[("configuration_error", "page_human", "Deployment/krakend")],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "scale_database"],
)
def limits(w: World) -> None:
    nodes(w, "pb-1", "pb-2")
    data = {"krakend.json": '{"extra_config": {"qos/ratelimit/router": {"max_rate": 50, "client_max_rate": 1}}}'}
    config_map(w, "krakend", data, age=days(260), changed=minutes(24))
    inner = container(
        "krakend", "devopsfaith/krakend:2.7.2-watch", port=8080, ready="/__health", mounts={"conf": "/etc/krakend"}
    )
    gate = deployment(w, "krakend", [Rev(pod_spec(inner, volumes={"conf": "configmap/krakend"}), days(63))], 2)
    service(w, "krakend", target=8080)
    ingress(w, "api", "api.parcelbox.example", [("/", "krakend", 80)])
    image = "registry.parcelbox.example/lockers-bff"
    app = well(
        w, "lockers-bff", f"{image}:311", pods=3, age=minutes(33), before=f"{image}:310", env={"FEATURE_POLL": "on"}
    )
    for index in range(2):
        lines = [
            L(minutes(24) - 40, "", "[KRAKEND] INFO: [SERVICE: Gin] Listening on port: 8080 (configuration reloaded)"),
            *often(8, minutes(23), 1, "", ['[GIN] | 429 | 41µs | 203.0.113.8 | GET "/lockers/{n}"',
                                           '[GIN] | 200 | 31ms | 203.0.113.70 | GET "/lockers/{n}"',
                                           '[GIN] | 429 | 38µs | 198.51.100.21 | GET "/lockers/{n}"']),
        ]  # fmt: skip
        log(w, gate, index, "plain", lines)
    for index in range(3):
        log(w, app, index, "pino", often(9, 900, 1, "info", ["GET /lockers/{n} 200 28ms"]))
    requests(w, "krakend", rate=flat(160), errors=step(0.002, 0.67, minutes(23)), p95=step(0.06, 0.03, minutes(23)))
    requests(w, "lockers-bff", rate=step(158, 51, minutes(23)), errors=flat(0.001), p95=flat(0.03))
    signal(w, "rate_limited_ratio", {"component": "krakend"}, step(0.001, 0.67, minutes(23)))
    alert(w, "LockersAppErrors", minutes(18), "67% of requests of the lockers app fail since today's release")


@case(
    "broker-still-shows-the-old-certificate",
    "meters-west",
    "2026-08-11T12:19:00",
    title="Meters refuse an expired certificate; it was renewed weeks ago and the broker has not read it since",
    drawn_from="brokers that read a certificate at start only, beside a cert-manager that renews in time",
    why="The Secret holds a valid certificate since twenty-nine days; the broker started before. It only has to read "
    "it again: a restart does that. Nothing is wrong with the issuer, nor with the collector that was released.",
    expect=[Fault("Deployment/mosquitto", "configuration_error", "restart_workload")],
    acceptable=[
        ("network_fault", "restart_workload"),
        ("dependency_failure", "restart_workload"),
        ("code_defect", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"],
)
def stale(w: World) -> None:
    nodes(w, "mw-1", "mw-2")
    note = {"cert-manager.io/certificate-name": "mqtt-tls", "cert-manager.io/issuer-name": "internal-ca"}
    keys = ["tls.crt", "tls.key", "ca.crt"]
    by = "cert-manager-certificates-issuing"
    secret(w, "mqtt-tls", keys, age=days(300), changed=days(29), by=by, kind="kubernetes.io/tls", annotations=note)
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "Certificate is up to date and has not expired",
    }
    condition["lastTransitionTime"] = w.at(days(300))
    status = {"conditions": [condition], "revision": 5, "notBefore": w.at(days(29)),}  # fmt: skip
    w.add(
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": w.meta("Certificate", "mqtt-tls", days(300)),
            "spec": {
                "secretName": "mqtt-tls",
                "issuerRef": {"name": "internal-ca"},
                "dnsNames": ["mqtt.meters.example"],
            },
            "status": status,
        }
    )
    inner = container(
        "mosquitto", "eclipse-mosquitto:2.0.20", port=8883, ready={"tcpSocket": {"port": 8883}},
        mounts={"tls": "/mosquitto/tls"},
    )  # fmt: skip
    broker = deployment(w, "mosquitto", [Rev(pod_spec(inner, volumes={"tls": "secret/mqtt-tls"}), days(52))], 1)
    service(w, "mosquitto", port=8883, target=8883)
    texts = [
        "New connection from 10.0.0.19:{n} on port 8883.",
        "Client <unknown> disconnected: error:0A000415:SSL routines::sslv3 alert certificate expired.",
    ]
    start = int(w.time(0).timestamp())
    lines = [L(x.age, "", f"{start - int(x.age)}: {x.text}") for x in often(11, minutes(19), 1, "", texts)]
    log(w, broker, 0, "plain", lines)
    image, env = "registry.meters-west.example/collector", {"MQTT_URL": "mqtts://mosquitto:8883"}
    taker = well(w, "collector", f"{image}:71", pods=2, age=hours(3), before=f"{image}:70", env=env)
    text = (
        "[Paho] connect failed: network Error : tls: failed to verify certificate: x509: certificate has expired or is "
        f"not yet valid: current time {w.at(600)} is after {w.at(minutes(19))}"
    )
    for index in range(2):
        log(w, taker, index, "golang", often(15, minutes(18), 1, "", [text]))
    alert(w, "NoMeterReadings", minutes(14), "collector has taken no reading for 5 min", service="collector")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "chart-moved-the-port-of-a-service",
    "courier-map",
    "2026-10-13T09:58:00",
    title="A chart upgrade moved a Service from port 8080 to 80; its caller, released before, still dials 8080",
    drawn_from="chart upgrades that change service.port: the pods are well and every caller times out",
    why="Pods behind the Service are ready and untouched; the Service was written when the errors began, half an hour "
    "after the caller's release, which worked till then.",
    expect=[Fault("Service/geocoder", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("configuration_error", "page_human", "Deployment/geocoder"),
        ("configuration_error", "page_human", "Deployment/dispatch"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "restart_connection_pool"],
)
def moved(w: World) -> None:
    nodes(w, "cm-1", "cm-2")
    image = "registry.courier-map.example"
    spec = pod_spec(container("nominatim", "mediagis/nominatim:4.5", port=8080, ready="/status"))
    coder = deployment(w, "geocoder", [Rev(spec, days(58))], 2)
    port = service(w, "geocoder", port=80, target=8080)
    w.changed(port, minutes(21), "helm", {"f:spec": {"f:ports": {}}})
    env = {"GEOCODER_URL": "http://geocoder:8080"}
    calls = well(
        w, "dispatch", f"{image}/dispatch:90.1", pods=3, age=minutes(54), before=f"{image}/dispatch:90.0", env=env
    )
    text = (
        'I/O error on GET request for "http://geocoder:8080/search": Connect to http://geocoder:8080 '
        "[geocoder/10.96.41.7] failed: Connect timed out"
    )
    for index in range(3):
        lines = [f"org.springframework.web.client.ResourceAccessException: {text}"]
        log(w, calls, index, "logback", often(11, minutes(20), 1, "error", lines, "e.c.dispatch.GeoClient"))
    for index in range(2):
        log(
            w,
            coder,
            index,
            "plain",
            often(10, minutes(50), minutes(21), "", ['"GET /status HTTP/1.1" 200', '"GET /search?q={n} HTTP/1.1" 200']),
        )
    requests(w, "dispatch", rate=flat(18), errors=step(0.001, 0.88, minutes(20)), p95=step(0.2, 5.1, minutes(20)))
    requests(w, "geocoder", rate=step(41, 0, minutes(20)), errors=flat(0.0), p95=flat(0.06))
    for index in range(2):
        signal(w, "cpu_share", {"pod": coder.pod(index), "container": "nominatim"}, step(0.38, 0.01, minutes(20)))
    alert(w, "DispatchErrors", minutes(15), "88% of requests to dispatch fail", service="dispatch")


@case(
    "server-closes-before-the-proxy-does",
    "campus-print",
    "2026-11-03T11:26:00",
    title="Two in a hundred requests end in 502 at random; a release set the server's keep-alive below the proxy's",
    drawn_from="uvicorn and Node servers that close idle connections while the proxy in front is just using them",
    why="Errors are few, even and without load, all of them resets of reused connections; they began when the flag "
    "--timeout-keep-alive went from 75 to 2; same image; the proxy is as it was.",
    expect=[Fault("Deployment/quota", "configuration_error", "rollback_workload")],
    acceptable=[("network_fault", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "isolate_workload"],
)
def keep_alive(w: World) -> None:
    nodes(w, "cp-1", "cp-2")
    image = "registry.campus-print.example/quota:6.3"
    specs = [
        pod_spec(
            container("uvicorn", image, port=8000, ready="/livez", args=("app:api", "--timeout-keep-alive", value))
        )
        for value in ("75", "2")
    ]
    top = deployment(w, "quota", [Rev(specs[0], days(40)), Rev(specs[1], minutes(49))], 3)
    service(w, "quota", target=8000)
    conf = "upstream quota { server quota:80; keepalive 64; keepalive_timeout 60s; }"
    config_map(w, "front-conf", {"quota.conf": conf}, age=days(190))
    inner = container("nginx", "nginx:1.26.2-alpine", port=8080, ready="/up", mounts={"conf": "/etc/nginx/conf.d"})
    front = deployment(w, "front", [Rev(pod_spec(inner, volumes={"conf": "configmap/front-conf"}), days(40))], 2)
    service(w, "front", target=8080)
    place = UPSTREAM.format("/balance", "/balance", "print.campus.example")
    texts = [
        f"recv() failed (104: Connection reset by peer) while reading response header from upstream, {place}",
        f"upstream prematurely closed connection while reading response header from upstream, {place}",
    ]
    for index in range(2):
        log(w, front, index, "nginx_error", often(45, minutes(48), 2, "error", texts))
    for index in range(3):
        log(
            w,
            top,
            index,
            "plain",
            often(12, 900, 1, "", ['INFO:     10.244.1.12:{n} - "GET /balance HTTP/1.1" 200 OK']),
        )
        labels = {"pod": top.pod(index), "container": "uvicorn"}
        signal(w, "cpu_share", labels, flat(0.21))
        signal(w, "memory_share", labels, flat(0.48))
    requests(w, "front", rate=flat(27), errors=step(0.0004, 0.021, minutes(48)), p95=flat(0.05))
    requests(w, "quota", rate=flat(26), errors=flat(0.0003), p95=flat(0.04))
    alert(w, "FrontBadGateway", minutes(38), "2% of requests to front end in 502", service="front", severity="warning")
