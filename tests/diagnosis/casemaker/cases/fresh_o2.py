"""Everyday trouble told by logs, at the edges: an old address, a greedy expression and a handshake."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import config_map, nodes, secret
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

NGINX = """\
worker_processes auto;
events { worker_connections 4096; }
http {
  server {
    listen 8080;
    location = /nginx-health { return 200; }
    location /plants/ { proxy_pass http://catalog:8080; proxy_connect_timeout 5s; }
    location / { proxy_pass http://pages:80; proxy_connect_timeout 5s; }
  }
}
"""


@case(
    "proxy-dials-the-address-of-a-service-that-was",
    "garden-centre",
    "2026-04-02T14:12:00",
    title="Plants cannot be shown: nginx keeps the address of a Service that was deleted and made anew 26 minutes ago",
    drawn_from="proxy_pass with a host name is resolved once, at the start; a chart recreated a Service meanwhile",
    why="nginx dials an address that no Service of the namespace has, since the minute in which the Service was made "
    "again. A neighbour that asks the DNS for each call goes on, the catalogue is well; a new start looks it up.",
    expect=[Fault("Deployment/shop-proxy", "network_fault", "restart_workload")],
    acceptable=[
        ("configuration_error", "restart_workload"),
        ("dependency_failure", "restart_workload"),
        ("service_crash", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "Deployment/catalog"},
    ],
)
def old_address(w: World) -> None:
    nodes(w, "gc-1", "gc-2", "gc-3")
    image = "registry.garden-centre.example"
    config_map(w, "shop-proxy", {"nginx.conf": NGINX}, age=days(211), changed=days(74), by="helm")
    spec = pod_spec(
        container(
            "nginx",
            "nginx:1.27.2-alpine",
            ready="/nginx-health",
            mounts={"conf": "/etc/nginx/shop"},
            command=("nginx", "-c", "/etc/nginx/shop/nginx.conf", "-g", "daemon off;"),
        ),
        volumes={"conf": "configmap/shop-proxy"},
    )
    front = deployment(w, "shop-proxy", [Rev(spec, days(74))], 2)
    service(w, "shop-proxy")
    specs = [pod_spec(container("catalog", f"{image}/catalog:{v}")) for v in ("7.0.3", "7.1.0")]
    back = deployment(w, "catalog", [Rev(specs[0], days(31)), Rev(specs[1], hours(6))], 3)
    made = service(w, "catalog", port=8080, age=minutes(26))
    w.changed(made, minutes(26), "helm", {"f:spec": {"f:ports": {}, "f:selector": {}}})
    made["metadata"]["managedFields"][-1]["operation"] = "Update"
    pages = well(w, "pages", f"{image}/pages:118", pods=2, age=days(18))
    feed = well(
        w, "newsletter", f"{image}/newsletter:2.4", pods=1, age=days(90), env={"CATALOG": "http://catalog:8080"}
    )
    ingress(w, "shop", "plants.example", [("/", "shop-proxy", 80)])
    old = "10.96.201.44" if ip(w, "catalog") != "10.96.201.44" else "10.96.201.45"
    for index in range(2):
        lines = []
        for age in range(1556 - 3 * index, 2, -34):
            what, client = int(digest(age, index)[:4], 16), f"10.244.0.{12 + age % 60}"
            head = f"{w.time(age).strftime('%Y/%m/%d %H:%M:%S')} [error] 29#29: *{904_118 - age * 11}"
            lines.append(
                L(age, "", f"{head} upstream timed out (110: Operation timed out) while connecting to upstream, "
                  f'client: {client}, server: , request: "GET /plants/{what} HTTP/1.1", upstream: "http://{old}:8080/plants/'
                  f'{what}", host: "plants.example"')
            )  # fmt: skip
            stamp = w.time(age).strftime("%d/%b/%Y:%H:%M:%S +0000")
            lines.append(L(age, "", f'{client} - - [{stamp}] "GET /plants/{what} HTTP/1.1" 504 569 "-" "Mozilla/5.0"'))
        for age in range(3300, 1600, -190):
            stamp = w.time(age).strftime("%d/%b/%Y:%H:%M:%S +0000")
            text = f'10.244.0.31 - - [{stamp}] "GET /plants/{9000 + age} HTTP/1.1" 200 8117 "-" "Mozilla/5.0"'
            lines.append(L(age, "", text))
        log(w, front, index, "plain", lines)
    for index in range(3):
        asked = often(41, 3300, minutes(26.3), "info", ["GET /plants/{n} 200 18ms"], "catalog/http.go:44")
        rest = often(170, minutes(25), 4, "info", ["GET /plants?new=1 200 21ms"], "catalog/http.go:44")
        log(w, back, index, "zap", [*asked, *rest])
    log(w, feed, 0, "python", often(90, 1500, 3, "info", ["catalog answered 200 with 12 new plants"], "letter.build"))
    log(w, pages, 0, "pino", often(12, 600, 1, "info", ["GET / 200 in 9ms", "GET /opening-hours 200 in 4ms"]))
    alert(w, "ShopPagesSlowOrFailing", minutes(21), "share of 504 at plants.example over 20%", host="plants.example")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


RULES = {
    False: 'SecRule REQUEST_FILENAME "@beginsWith /wp-" "id:9004100,phase:1,deny,status:404,nolog"\n',
    True: 'SecRule ARGS "@rx (?i)^(([a-z0-9äöüß,.-]+\\s?)+)+<(script|iframe)" '
    "\"id:9004120,phase:2,t:none,t:urlDecodeUni,deny,status:403,msg:'markup after prose'\"\n",
}


@case(
    "greedy-rule-refuses-whoever-writes-much",
    "permits",
    "2026-06-24T10:26:00",
    title="Long applications are refused with 403: a rule written half an hour ago runs into the limits of PCRE",
    drawn_from="PCRE limits exceeded (-8) and rule 200005 of ModSecurity, after a pattern with nested repetition",
    why="The firewall names rule and file, and its ConfigMap was written just before it was reloaded; only texts that "
    "are long run into it. The forms' release is older, and the denied probes of a scanner are as on each day.",
    expect=[Fault("ConfigMap/waf-local-rules", "configuration_error", "page_human")],
    acceptable=[
        ("code_defect", "page_human"),
        ("configuration_error", "page_human", "Deployment/waf"),
        ("resource_exhaustion", "page_human", "Deployment/waf"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def greedy(w: World) -> None:
    nodes(w, "pm-1", "pm-2")
    image = "registry.permits.example"
    rules = {"local.conf": RULES[False] + RULES[True]}
    config_map(w, "waf-local-rules", rules, age=days(190), changed=minutes(39), by="kubectl-client-side-apply")
    config_map(w, "forms-texts", {"banner": "Summer hours from July"}, changed=hours(2))
    inner = container("waf", "owasp/modsecurity-crs:4.7.0-apache-202410090910", env={"BACKEND": "http://forms:8080"},
                      mounts={"rules": "/etc/modsecurity.d/local"})  # fmt: skip
    side = container("reload", f"{image}/reload-on-change:1.3", port=0, ready=None,
                     mounts={"rules": "/etc/modsecurity.d/local"})  # fmt: skip
    waf = deployment(
        w, "waf", [Rev(pod_spec(inner, side, volumes={"rules": "configmap/waf-local-rules"}), days(41))], 2
    )
    service(w, "waf")
    forms = well(w, "forms", f"{image}/forms:5.2.0", pods=2, age=hours(3), before=f"{image}/forms:5.1.8")
    well(w, "archive", f"{image}/archive:77", pods=1, age=days(60), talk=True)
    ingress(w, "permits", "permits.example", [("/", "waf", 80)], tls="permits-tls")
    secret(w, "permits-tls", ["tls.crt", "tls.key"], changed=days(12), by="cert-manager-certificates-issuing",
           kind="kubernetes.io/tls")  # fmt: skip

    def stamp(age: float) -> str:
        return w.time(age).strftime(f"%a %b %d %H:%M:%S.{int(age * 7919) % 900_000 + 99_000} %Y")

    for index in range(2):
        begun = minutes(38) - 4 * index
        told = f"[{stamp(begun)}] [mpm_event:notice] [pid 1:tid 1] AH00493: SIGUSR1 received.  Doing graceful restart"
        lines = [L(begun, "", told)]
        told = f"[{stamp(begun - 1)}] [mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4.62 (Unix) configured -- "
        lines.append(L(begun - 1, "", told + "resuming normal operations"))
        for age in range(int(begun) - 60, 3, -97):
            where = f'[hostname "permits.example"] [uri "/applications/{age % 7 + 2}/statement"]'
            where += f' [unique_id "Z{digest(age, index)[:22]}AA"]'
            head = f"[{stamp(age)}] [security2:error] [pid 41:tid 63] [client 10.244.1.7:{40_000 + age}] ModSecurity:"
            lines += [
                L(age, "", f'{head} Rule 7f41c2a0 [id "9004120"][file "/etc/modsecurity.d/local/local.conf"][line "2"] '
                  f"- Execution error - PCRE limits exceeded (-8): (null). {where}"),
                L(age, "", f'{head} Access denied with code 403 (phase 2). Match of "streq 0" against '
                  '"TX:MSC_PCRE_LIMITS_EXCEEDED" required. [file "/etc/modsecurity.d/modsecurity.conf"] [line "70"] '
                  f'[id "200005"] [msg "ModSecurity internal error flagged: TX:MSC_PCRE_LIMITS_EXCEEDED"] {where}'),
            ]  # fmt: skip
        for age in range(3400, 30, -610):
            head = (
                f"[{stamp(age)}] [security2:error] [pid 41:tid 58] [client 198.51.100.23:{50_000 + age}] ModSecurity:"
            )
            lines.append(
                L(age, "", f"{head} Warning. detected SQLi using libinjection with fingerprint 's&1c' [file "
                  '"/etc/modsecurity.d/owasp-crs/rules/REQUEST-942-APPLICATION-ATTACK-SQLI.conf"] [line "66"] [id '
                  '"942100"] [hostname "permits.example"] [uri "/search"]')
            )  # fmt: skip
        log(w, waf, index, "plain", lines)
        log(w, waf, index, "golang", [L(begun, "", "local.conf changed, sending SIGUSR1 to httpd")], container="reload")
        said = ["POST /applications/{n}/address 303", "GET /applications/{n} 200", "POST /applications/{n}/files 201"]
        log(w, forms, index, "python", often(13, 900, 2, "info", said, "forms.access"))
    alert(w, "ApplicationsSubmittedLow", minutes(14), "fewer than 5 statements saved in 20 minutes (usual: 40)",
          team="permits", severity="warning")  # fmt: skip
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


REFUSED = "error:0A000152:SSL routines::unsafe legacy renegotiation disabled"
HANDSHAKE = """\
fail: Customs.Sender.Outbox[210]
      Declaration {number} was not handed over, try {tries} of 20
      System.Net.Http.HttpRequestException: The SSL connection could not be established, see inner exception.
       ---> System.Security.Authentication.AuthenticationException: Authentication failed, see inner exception.
       ---> Interop+OpenSsl+SslException: SSL Handshake failed with OpenSSL error - SSL_ERROR_SSL.
       ---> Interop+Crypto+OpenSslCryptographicException: {code}
         --- End of inner exception stack trace ---"""


@case(
    "new-base-image-shakes-no-old-hands",
    "customs-broker",
    "2026-09-15T07:51:00",
    title="Declarations are not handed over since a release on a new base image; its OpenSSL refuses the port",
    drawn_from="unsafe legacy renegotiation disabled, after images moved from Debian 11 to Debian 12",
    why="Each handshake with the port fails since the release; a neighbour on the old base image talks to the same "
    "host all the while. The port's server is as old as ever; the older image gets along with it.",
    expect=[Fault("Deployment/declaration-sender", "code_defect", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("network_fault", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "restart_connection_pool"],
)
def handshake(w: World) -> None:
    nodes(w, "cb-1", "cb-2")
    image, env = "customsbroker.azurecr.io", {"Port__BaseUrl": "https://edi.port-of-aarhaven.example/v3"}
    env |= {"Serilog__MinimumLevel": "Information"}
    secret(w, "port-client", ["client.pfx"], changed=days(3))
    config_map(w, "tariffs", {"version": "2026-09-14"}, changed=hours(8), by="argocd-controller")
    inner = [
        container("sender", f"{image}/declaration-sender:{v}", port=0, ready=None, env=env,
                  mounts={"client": "/etc/port-client"})
        for v in ("6.14.2", "8.0.0")
    ]  # fmt: skip
    specs = [pod_spec(each, volumes={"client": "secret/port-client"}) for each in inner]
    send = deployment(w, "declaration-sender", [Rev(specs[0], days(48)), Rev(specs[1], minutes(43))], 2)
    poll = well(w, "manifest-poller", f"{image}/manifest-poller:6.9.1", pods=1, age=days(48), env=env)
    desk = well(
        w, "broker-desk", f"{image}/broker-desk:8.3.0", pods=2, age=days(6), before=f"{image}/broker-desk:8.2.0"
    )
    ingress(w, "desk", "desk.customs-broker.example", [("/", "broker-desk", 80)])
    for index in range(2):
        born = minutes(42.6) - 20 * index
        head = ("Microsoft.Hosting.Lifetime[0]", "Customs.Sender.Startup[0]")
        lines = [
            L(born, "", f"info: {head[1]}\n      declaration-sender 8.0.0, .NET 8.0.8, Debian GNU/Linux 12 (bookworm)"),
            L(born - 1, "", f"info: {head[0]}\n      Application started. Press Ctrl+C to shut down."),
        ]
        for tries, age in enumerate(range(int(born) - 240, 3, -187)):
            number = f"26DK{digest(age, index)[:9].upper()}"
            lines.append(L(age, "", HANDSHAKE.format(number=number, tries=tries + 1, code=REFUSED)))
        log(w, send, index, "plain", lines)
        asked = ["declaration {n} is queued", "GET /declarations 200 in 31.{n} ms"]
        log(w, desk, index, "plain", [L(x.age, "", f"info: Customs.Desk.Web[1]\n      {x.text}")
                                      for x in often(22, 900, 2, "", asked)])  # fmt: skip
    seen = often(60, minutes(57), 3, "", ["GET https://edi.port-of-aarhaven.example/v3/manifests 200, {n} bytes"])
    log(w, poll, 0, "plain", [L(x.age, "", f"info: Customs.Poller.Worker[3]\n      {x.text}") for x in seen])
    alert(w, "OutboxAge", minutes(22), "oldest declaration in the outbox is 20 minutes old", app="declaration-sender")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
