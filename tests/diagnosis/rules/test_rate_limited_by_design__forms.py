"""One client is held back: how gateways, servers and services of many makers log whom they refuse."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, WELL, shop
from tests.diagnosis.rules.tiny import NOW, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

MEANT = (SHOP, "no_fault", "no_action")
TIME = "[27/Nov/2026:17:40:00 +0000]"
CLF_USER = "{ip} - {who} " + TIME + ' "GET /v2/q HTTP/1.1" {status} 41 "-" "libcurl/8.1"'
FORMS = {
    "common format with who logged in": CLF_USER,
    "the same, and the balancer's address": '10.0.0.9 - - "GET /v2/q HTTP/1.1" {status} 41 "-" "{ua}" "{ip}, 10.0.0.8"',
    "nginx, fields with who logged in": '{{"remote_addr":"{ip}","remote_user":"{who}","request":"GET /v2/q HTTP/1.1",'
    '"status":{status}}}',
    "Kong, all it knows": '{{"request":{{"method":"GET","uri":"/v2/q","url":"http://api.example:8443/v2/q"}},'
    '"response":{{"status":{status}}},"consumer":{{"id":"0b1c","username":"{who}"}},"client_ip":"{ip}"}}',
    "Istio": '"GET /v2/q HTTP/1.1" {status} RL local_rate_limited - "-" 0 18 1 - "{ip}" "{ua}" "7c1" "api.example" "-"',
    "Envoy": '"GET /v2/q HTTP/1.1" {status} - 0 18 1 3 "{ip}" "{ua}" "7c1" "api.example" "-"',
    "Traefik, fields": '{{"ClientHost":"{ip}","DownstreamStatus":{status},"RequestMethod":"GET","RequestPath":"/v2/q",'
    '"request_User-Agent":"{ua}"}}',
    "APISIX": "{ip} - - " + TIME + ' api.example "GET /v2/q HTTP/1.1" {status} 41 0.002 "-" "{ua}" 10.1.2.3:8080 200',
    "HAProxy": "{ip}:51234 " + TIME + " fe be/s1 0/0/0/3/3 {status} 212 - - PR-- 1/1/0/0/0 0/0 {{api.example|{ua}}} "
    '"GET /v2/q HTTP/1.1"',
    "a hash of its key": '{{"method":"GET","path":"/v2/q","status":{status},"key_hash":"{key}","ip":"{ip}"}}',
    "customer": "level=info method=GET path=/v2/q status={status} customer={who}-gmbh",
    "organization": "GET /v2/q {status} 3ms organization_id={who}",
    "who a token was made for": '{{"method":"GET","path":"/v2/q","status":{status},"azp":"{who}-sync"}}',
    "a program without quotes": "level=info method=GET path=/v2/q status={status} ua={ua} ip={ip}",
}
KNOWN = {
    "acme": {"ip": "203.0.113.40", "ua": "acme-sync/4.0", "key": "9f86d081884c7d65"},
    "bolt": {"ip": "198.51.100.20", "ua": "okhttp/4.12.0", "key": "60303ae22b998861"},
    "cobb": {"ip": "192.0.2.7", "ua": "python-requests/2.32.3", "key": "fd61a03af4f77d87"},
}


def told(form: str, who: str, status: int, name: str = "") -> str:
    return form.format(who=name or who, status=status, **KNOWN[who])


def limited(
    form: str = CLF_USER,
    *more: str,
    says: str = "4xx at the edge",
    named: str = "ShopRatio",
    name: str = "",
    bolt: int = 200,
    objects: Any = (),
) -> Snapshot:
    """Return a shop whose log tells of each that is answered, of whom one is refused often; nobody measures it."""
    turn = [told(form, "acme", 429, name)] * 4 + [told(form, "acme", 200, name)]
    turn += [told(form, "bolt", bolt), told(form, "cobb", 200), *more]
    alert = Alert(named, {"service": "shop", "severity": "critical"}, {"summary": says}, "firing", NOW)
    return snapshot(shop(), *objects, logs=[log(pod("shop"), *turn * 12, since=550)], alerts=[alert])


def once_each() -> Snapshot:
    """Return the same where those who are served ask so seldom that few lines of the last minutes are of them."""
    early = [told(CLF_USER, "acme", 429), told(CLF_USER, "cobb", 200)]
    late = [*[told(CLF_USER, "acme", 429)] * 5, told(CLF_USER, "acme", 200), told(CLF_USER, "bolt", 200)] * 6
    alert = Alert("Shop4xx", {"service": "shop"}, {}, "firing", NOW)
    return snapshot(shop(), logs=[log(pod("shop"), *early, *late * 3, since=1700)], alerts=[alert])


def behind(*clients: tuple[str, float]) -> Snapshot:
    """Return a gateway of whose settings nothing is seen, and figures of who stands behind it."""
    turn = [told(CLF_USER, "acme", 429)] * 4 + [told(CLF_USER, "acme", 200), told(CLF_USER, "bolt", 200)]
    shares = [
        figure("rate_limited_ratio_by_client", 0.0, share, 1800, component="shop", client=name)
        for name, share in clients
    ]
    return snapshot(
        shop(),
        workload("edge", env={"KONG_DECLARATIVE_CONFIG": "/kong/kong.yml"}),
        logs=[log(pod("edge"), *turn * 4, since=550)],
        figures=[WELL, figure("rate_limited_ratio", 0.0, 0.5, 1800, component="shop"), *shares],
        alerts=[Alert("EdgeSuccessRatioLow", {"service": "shop"}, {"summary": "requests"}, "firing", NOW)],
    )


SHARES = (("acme", 0.8), ("bolt", 0.0), ("cobb", 0.0))
COUNTS_ALL = (
    ("PartnerApiSuccessRatioLow", ""),
    ("Shop", "less than half of the requests end with 2xx"),
    ("ApiAvailability", "availability of the API below 99 % of requests"),
    ("SLOBurn", "fast burn of the SLO of good requests"),
)
HOLDS = [
    *(Holds(f"it is refused: {what}", limited(form), MEANT) for what, form in FORMS.items()),
    *(
        Holds(
            f"an alert counts all that end well: {name} {says}",
            limited(named=name, says=says),
            (SHOP, "no_fault", "no_action"),
        )
        for name, says in COUNTS_ALL
    ),
    Holds("one of the others was served minutes ago, since it is refused", once_each(), MEANT),
    Holds(
        "figures know all those by name of whom a gateway's log tells",
        behind(*SHARES),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
]
IN_FORCE = [thing("ConfigMap", "plans", written=620, data={"kong.yml": "rate-limiting: {minute: 300}"})]
DOES_NOT_HOLD = [
    DoesNotHold(f"a client is refused, and {what}", world, harmful=("no_action",))
    for what, world in (
        ("another one is", limited(CLF_USER, told(CLF_USER, "bolt", 429))),
        ("all are", limited(CLF_USER, told(CLF_USER, "bolt", 429), told(CLF_USER, "cobb", 429))),
        ("another one fails", limited(bolt=502)),
        ("another one asks more", limited(CLF_USER, *[told(CLF_USER, "bolt", 200)] * 9)),
        ("the limits were written minutes ago", limited(objects=IN_FORCE)),
        ("it logs in as a program of the house", limited(name="billing", objects=[workload("billing")])),
        (
            "a program of the house logs in with that name",
            limited(name="nightly", objects=[workload("report", env={"API_USER": "nightly"})]),
        ),
        *(
            (f"it logs in as what many use: {name}", limited(name=name))
            for name in ("web-bff", "webshop", "api-gateway")
        ),
        ("it is what many use for a gateway", limited(FORMS["Kong, all it knows"], name="api-gateway")),
        (
            "it logs in from everywhere",
            limited(CLF_USER, *(CLF_USER.format(ip=f"203.0.113.{n}", who="acme", status=429) for n in range(90, 99))),
        ),
        ("it is nobody", limited(FORMS["customer"].replace("-gmbh", ""), name="anonymous")),
        ("it is who nobody is for a gateway", limited(FORMS["Kong, all it knows"], name="anonymous")),
        ("it is an app in the hands of many", limited(FORMS["Envoy"].replace("{ua}", "Mozilla/5.0 (X11)"))),
        ("an alert counts what servers fail", limited(named="ApiSuccessRatioLow", says="share of non-5xx requests")),
        ("an alert counts how much is paid", limited(named="PaymentSuccessRatioLow", says="requests that are paid")),
        ("an alert fires of what is slow", limited(named="ApiSlowBurn", says="SLO burn of the latency of requests")),
        ("an alert fires of logins", limited(named="LoginSuccessRateLow", says="few login requests end well")),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"a gateway of which nothing is known refuses one, and {what}", world)
    for what, world in (
        ("figures do not know who is served", behind(SHARES[0], ("dune", 0.0))),
        ("figures know another one to be refused", behind(("acme", 0.0), ("bolt", 0.7))),
        ("figures know both to be refused", behind(("acme", 0.7), ("bolt", 0.7))),
    )
]
