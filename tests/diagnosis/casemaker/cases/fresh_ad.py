"""Settings of every day: a host name that was lost, an allow-list on the wrong route, a file that pods keep."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import STYLES, L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, node, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


def mixed(w: World, style: str, lines: list[L], other: str, more: list[L]) -> list[L]:
    """Return lines of two styles as one stream, as a container writes them."""
    return [L(x.age, "", STYLES[kind](w, x)) for kind, some in ((style, lines), (other, more)) for x in some]


@case(
    "inner-name-is-no-longer-an-allowed-host",
    "tennis-club",
    "2026-04-16T17:26:00",
    title="Courts cannot be booked: since its roll-out the member service takes no request that bears its inner name",
    drawn_from="Django's DisallowedHost, 400 for each call by the name of the Service after ALLOWED_HOSTS was set anew",
    why="The roll-out of half an hour ago changed one variable at the same image: the list of allowed hosts has only "
    "the public name now. Each refused request is logged with the inner name that it bore; probes and browsers send "
    "the public one, so pods are ready and the site works. The two callers inside fail from that minute; the booking's "
    "own release came later.",
    expect=[Fault("Deployment/members", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/court-booking"},
        {"remedy": "rollback_workload", "target": "Deployment/access-gate"},
    ],
)
def allowed_hosts(w: World) -> None:
    nodes(w, "tc-1", "tc-2", "tc-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(280))
    secret(w, "members-django", ["SECRET_KEY", "DATABASE_URL"], age=days(280))
    image, cut, public = "registry.tennis.example", minutes(31), "members.tennis.example"
    base = postgres(w, "club-db")
    probe = http("/healthz", 8000, timeout=3)
    probe["httpGet"]["httpHeaders"] = [{"name": "Host", "value": public}]
    specs = [
        pod_spec(container("members", f"{image}/members:{tag}", port=8000, ready=probe, env_from=("secret/members-"
                           "django",), env={"DJANGO_SETTINGS_MODULE": "club.settings.prod",
                                            "DJANGO_ALLOWED_HOSTS": hosts}, memory=("256Mi", "512Mi")))
        for tag, hosts in (("4.18.0", f"{public},members"), ("4.18.1", f"{public},members"), ("4.18.1", public))
    ]  # fmt: skip
    note = "TC-902 pentest: only our own names in ALLOWED_HOSTS"
    members = deployment(w, "members", [Rev(specs[0], days(52)), Rev(specs[1], days(13)), Rev(specs[2], cut,
                         cause=note)], 3)  # fmt: skip
    service(w, "members", target=8000)
    env = {"MEMBERS_URL": "http://members", "SLOT_MINUTES": "60"}
    book = well(w, "court-booking", f"{image}/court-booking:2.40.0", pods=3, age=minutes(24), env=env,
                before=f"{image}/court-booking:2.39.2")  # fmt: skip
    gate = well(w, "access-gate", f"{image}/access-gate:1.9.3", pods=2, age=days(71), env=env)
    site = well(w, "club-site", f"{image}/club-site:512", pods=2, age=days(9), port=3000)
    ingress(w, "members", public, [("/", "members", 80)], tls="club-tls")
    ingress(w, "club", "www.tennis.example", [("/", "club-site", 80), ("/book", "court-booking", 80)], tls="club-tls")
    secret(w, "club-tls", ["tls.crt", "tls.key"], kind="kubernetes.io/tls", age=days(33))
    for index in range(3):
        begun = cut - 12 - 9 * index
        lines = [L(begun, "info", "Listening at: http://0.0.0.0:8000 (1)", "gunicorn.error")]
        for age in range(int(begun) - 20 - 7 * index, 3, -58):
            text = "Invalid HTTP_HOST header: 'members'. You may need to add 'members' to ALLOWED_HOSTS."
            lines += [
                L(age, "error", text, "django.security.DisallowedHost"),
                L(age, "warning", f"Bad Request: /api/members/{20417 + age}/standing", "django.request"),
            ]
        lines += often(140, begun - 30, 4, "info", ["GET /me/ 200", "GET /login/ 200", "POST /me/ 302"], "club.access")
        log(w, members, index, "python", lines)
        bad = "POST /bookings 502: members: unexpected status 400 for GET http://members/api/members/{n}/standing"
        start = [L(minutes(23.7), "info", "court-booking 2.40.0 listening on :8080")]
        start += often(75, minutes(23.2) - 9 * index, 5, "info", ["GET /courts 200 8ms", "GET /slots 200 11ms"])
        log(w, book, index, "logfmt", [*start, *often(39, minutes(23) - 4 * index, 2, "error", [bad])])
    for index in range(2):
        good = "card {n} opened gate 1"
        bad = "card {n} refused: member look-up failed: HTTP 400 from http://members"
        early, late = (
            often(62, 3600 - 21 * index, cut + 9, "info", [good]),
            often(48, cut - 15 - 8 * index, 3, "error", [bad]),
        )
        log(w, gate, index, "zap", [*early, *late])
        log(w, site, index, "pino", often(25, 1500 - 11 * index, 3, "info", ["GET / 200", "GET /news/{n} 200"]))
    log(w, base, 0, "postgres", often(300, 3400, 9, "log", ["checkpoint starting: time"]))
    requests(w, "members", rate=flat(9.4), errors=flat(0.0003), p95=step(0.11, 0.03, cut))
    requests(w, "court-booking", rate=flat(6.1), errors=step(0.001, 0.58, cut), p95=flat(0.14))
    requests(w, "club-site", rate=flat(14), errors=flat(0.0002), p95=flat(0.09))
    calls(w, "court-booking", "members", 0.04, step(0.0006, 0.99, cut))
    calls(w, "access-gate", "members", 0.04, step(0.0006, 0.99, cut))
    for of in (members, book, gate, site, base):
        measured(w, of, 0.16)
    machines(w, 0.24)
    alert(w, "CourtBookingErrors", minutes(26), "58% of requests to court-booking are answered with 5xx",
          service="court-booking")  # fmt: skip


@case(
    "allow-list-of-the-office-on-the-route-of-the-shop",
    "trail-shop",
    "2026-06-25T19:08:00",
    title="The shop answers 403 to the world: the allow-list of the office was put on its Ingress by hand",
    drawn_from="whitelist-source-range of ingress-nginx on the wrong Ingress: access forbidden by rule for everybody",
    why="The controller refuses each visitor by rule, and the shop's pods, ready and idle, see almost no request since "
    "the minute in which somebody annotated Ingress/shop with the ranges of the office. The back office beside it, for "
    "which such a list would make sense, has none. The release of the shop was well for a quarter of an hour before.",
    expect=[Fault("Ingress/shop", "configuration_error", "page_human")],
    acceptable=[("network_fault", "page_human")],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "isolate_workload",
        "restart_connection_pool",
        "no_action",
    ],
)
def allow_list(w: World) -> None:
    nodes(w, "ts-1", "ts-2", "ts-3")
    image, cut, office = "registry.trail.example", minutes(23), "198.51.100.0/28,2001:db8:40::/48"
    inner = container("controller", "registry.k8s.io/ingress-nginx/controller:v1.12.1", port=80, ready=http("/healthz",
                      10254), args=("/nginx-ingress-controller", "--ingress-class=nginx"))  # fmt: skip
    edge = deployment(w, "ingress-nginx-controller", [Rev(pod_spec(inner), days(64))], 2)
    service(w, "ingress-nginx-controller", port=80, target="http")
    shop = well(w, "shop-web", f"{image}/shop-web:7.31.0", pods=4, age=minutes(39), port=3000,
                before=f"{image}/shop-web:7.30.4", env={"CATALOG_URL": "http://catalog"})  # fmt: skip
    catalog = well(w, "catalog", f"{image}/catalog:5.5.1", pods=3, age=days(18))
    office_app = well(w, "back-office", f"{image}/back-office:140", pods=2, age=days(18), port=3000)
    body = {"nginx.ingress.kubernetes.io/proxy-body-size": "8m"}
    rule = "nginx.ingress.kubernetes.io/whitelist-source-range"
    written = ingress(w, "shop", "www.trail.example", [("/", "shop-web", 80)], tls="trail-tls",
                      annotations=body | {rule: office})  # fmt: skip
    w.changed(written, cut, "kubectl-annotate", {"f:metadata": {"f:annotations": {f"f:{rule}": {}}}})
    ingress(w, "back-office", "office.trail.example", [("/", "back-office", 80)], tls="trail-tls", annotations=body)
    secret(w, "trail-tls", ["tls.crt", "tls.key"], kind="kubernetes.io/tls", age=days(21))
    event(w, written, "Sync", "Scheduled for sync", kind="Normal", last=cut - 1, writer="nginx-ingress-controller")
    paths = ("/", "/c/tents", "/p/4471", "/cart", "/p/1180")
    for index, pod in enumerate(edge.pods):
        text = f'"Configuration changes detected, backend reload required" ingress="{w.namespace}/shop"'
        control = [L(cut - 1, "info", text, "controller.go:196"),
                   L(cut - 2, "info", '"Backend successfully reloaded"', "controller.go:216")]  # fmt: skip
        stream = mixed(w, "klog", control, "plain", [])
        for turn, age in enumerate([*range(int(cut) + 290, int(cut), -41), *range(int(cut) - 6 - index, 2, -34)]):
            path, client = paths[turn % 5], f"203.0.113.{20 + (turn * 37 + 11 * index) % 200}"
            stamp, mark = w.time(age).strftime("%d/%b/%Y:%H:%M:%S +0000"), digest(pod["metadata"]["name"], age)[:32]
            head = f'{client} - - [{stamp}] "GET {path} HTTP/2.0"'
            agent = f'"-" "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X)" {420 + turn}'
            if age > cut:
                to = shop.pods[turn % 4]["status"]["podIP"]
                took = f"[trail-shop-shop-web-80] [] {to}:3000 8214 0.048 200 {mark}"
                stream.append(L(age, "", f"{head} 200 8214 {agent} 0.049 {took}"))
                continue
            why = (
                f"access forbidden by rule, client: {client}, server: www.trail.example, "
                f'request: "GET {path} HTTP/2.0", host: "www.trail.example"'
            )
            stream.append(L(age, "", STYLES["nginx_error"](w, L(age, "error", why))))
            stream.append(L(age, "", f"{head} 403 548 {agent} 0.000 [trail-shop-shop-web-80] [] - - - - {mark}"))
        log(w, edge, index, "plain", stream)
    for index in range(4):
        told = ["GET / 200 41ms", "GET /c/{n} 200 63ms", "POST /cart 201 22ms"]
        lines = [L(minutes(38.6), "info", "shop-web 7.31.0 ready on :3000")]
        lines += often(16, minutes(38) - 5 * index, cut + 2, "info", told)
        seen = ["GET / 200 38ms (198.51.100.6)"] if index == 1 else []
        log(w, shop, index, "pino", [*lines, *(often(400, cut - 90, 9, "info", seen) if seen else [])])
    for index in range(2):
        log(
            w,
            office_app,
            index,
            "pino",
            often(33, 2400 - 13 * index, 4, "info", ["GET /orders/{n} 200 17ms", "GET /stock 200 9ms"]),
        )
    requests(w, "shop-web", rate=step(47, 0.3, cut, over=30), errors=flat(0.0004), p95=flat(0.06))
    requests(w, "catalog", rate=step(71, 0.5, cut, over=30), errors=flat(0.0002), p95=flat(0.02))
    requests(w, "back-office", rate=flat(1.3), errors=flat(0.0004), p95=flat(0.05))
    calls(w, "shop-web", "catalog", 0.02)
    measured(w, shop, step(0.44, 0.03, cut))
    measured(w, catalog, step(0.37, 0.03, cut))
    for of in (edge, office_app):
        measured(w, of, 0.13)
    machines(w, step(0.38, 0.19, cut))
    alert(
        w, "OrdersStopped", minutes(13), "no order of the web shop in the last ten minutes; usual are 31", team="shop"
    )


@case(
    "proxies-serve-the-file-of-their-first-day",
    "bike-hire",
    "2026-05-28T08:47:00",
    title="The new wallet is not found by most riders; three of four proxies never saw the route added to their map",
    drawn_from="a ConfigMap mounted with subPath is not updated in running pods; nginx answers 404 from its own folder",
    why="The map has had the route of the wallet for fifty minutes, yet it is mounted as a single file by subPath, "
    "which a running pod keeps as it was at its start. Three pods of four weeks look for the path in nginx's folder "
    "and answer 404; the pod that was made on a fresh node twenty minutes ago passes each such request on. A new "
    "start of the rest is all that is needed; the wallet itself is well.",
    expect=[Fault("Deployment/front-proxy", "configuration_error", "restart_workload")],
    acceptable=[("service_crash", "restart_workload"), ("network_fault", "restart_workload")],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        "switch_traffic",
        {"remedy": "restart_workload", "target": "Deployment/wallet"},
    ],
)
def first_day(w: World) -> None:
    nodes(w, "bh-1", "bh-2")
    image, edited, moved = "registry.bikehire.example", minutes(50), minutes(21)
    fresh = node(w, "bh-4", age=minutes(23))
    w.nodes.remove("bh-4")
    event(w, fresh, "RegisteredNode", "Node bh-4 event: Registered Node bh-4 in Controller", kind="Normal",
          last=minutes(22.9))  # fmt: skip
    routes = ("rides", "bikes", "wallet")
    conf = "server {\n  listen 8080;\n  root /usr/share/nginx/html;\n" + "".join(
        f"  location /api/{to}/ {{ proxy_pass http://{to}.bike-hire.svc.cluster.local/; }}\n" for to in routes
    )
    data = {"default.conf": conf + "  location = /healthz { access_log off; return 200; }\n}\n"}
    config_map(w, "front-proxy-conf", data, age=days(190), changed=edited, by="helm")
    specs = []
    for tag in ("1.27.3", "1.27.4"):
        inner = container("nginx", f"nginx:{tag}-alpine", memory=("64Mi", "128Mi"))
        where = "/etc/nginx/conf.d/default.conf"
        inner["volumeMounts"] = [{"name": "conf", "mountPath": where, "subPath": "default.conf", "readOnly": True}]
        specs.append(pod_spec(inner, volumes={"conf": "configmap/front-proxy-conf"}))
    pods = [P(age=days(28) - 20 * n, node=f"bh-{1 + n % 2}") for n in range(3)] + [P(age=moved, node="bh-4")]
    proxy = deployment(w, "front-proxy", [Rev(specs[0], days(90)), Rev(specs[1], days(28.01))], pods)
    service(w, "front-proxy")
    rides = well(w, "rides", f"{image}/rides:8.2.0", pods=3, age=days(12))
    bikes = well(w, "bikes", f"{image}/bikes:6.0.7", pods=2, age=minutes(44), before=f"{image}/bikes:6.0.6")
    wallet = deployment(w, "wallet", [Rev(pod_spec(container("wallet", f"{image}/wallet:1.0.0")), minutes(51))], 2,
                        age=minutes(51), number=1)  # fmt: skip
    service(w, "wallet", age=minutes(51))
    ingress(w, "app", "app.bikehire.example", [("/", "front-proxy", 80)])
    agent = '"-" "BikeHire/7.3.0 (Android 15)"'
    fine = [f'"GET /api/rides/{{n}} HTTP/1.1" 200 611 {agent}', f'"GET /api/bikes/near HTTP/1.1" 200 4120 {agent}']
    for index in range(4):
        if index == 3:
            told = [f'"GET /api/wallet/balance HTTP/1.1" 200 88 {agent}', *fine]
            begin = [L(moved - 3, "notice", "start worker processes")]
            log(w, proxy, index, "plain", mixed(w, "nginx", often(15, moved - 20, 2, "info", told), "plain", [
                L(x.age, "", f"{w.time(x.age):%Y/%m/%d %H:%M:%S} [notice] 1#1: {x.text}") for x in begin
            ]))  # fmt: skip
            continue
        seen = often(31, 1250 - 9 * index, 2, "info", fine)
        missing, errors = [], []
        for turn, age in enumerate(range(1240 - 11 * index, 3, -62)):
            path = ("balance", "cards", "topup/offers")[turn % 3]
            client = f"10.244.0.{12 + (7 * turn + index) % 60}"
            missing.append(L(age, "info", f'"GET /api/wallet/{path} HTTP/1.1" 404 153 {agent}'))
            text = (
                f'open() "/usr/share/nginx/html/api/wallet/{path}" failed (2: No such file or directory), '
                f'client: {client}, server: , request: "GET /api/wallet/{path} HTTP/1.1", host: "app.bikehire.example"'
            )
            errors.append(L(age, "error", text))
        log(w, proxy, index, "plain", mixed(w, "nginx_error", errors, "nginx", [*missing, *seen]))
    for index in range(2):
        start = [L(minutes(50.6), "info", "wallet 1.0.0 listening on :8080")]
        log(
            w,
            wallet,
            index,
            "zap",
            [*start, *often(50, moved - 30 - 17 * index, 4, "info", ["GET /balance 200 6ms for rider {n}"])],
        )
        log(
            w,
            bikes,
            index,
            "logfmt",
            often(20, 1500 - 7 * index, 2, "info", ["GET /near 200 12ms", "GET /{n} 200 4ms"]),
        )
    for index in range(3):
        log(w, rides, index, "logfmt", often(18, 1400 - 5 * index, 2, "info", ["GET /{n} 200 9ms", "POST / 201 31ms"]))
    alert(
        w, "WalletNotFound", minutes(36), "most calls of the app to /api/wallet are answered with 404", team="payments"
    )
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
