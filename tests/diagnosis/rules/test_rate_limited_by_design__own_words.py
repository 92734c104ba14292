"""One client is held back: servers tell it in words of their own, which name the client and what it may ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL, ingress, rate, shop
from tests.diagnosis.rules.tiny import NOW, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

SERVED = '{{"level":"info","msg":"access","method":"GET","route":"/v2/q","status":200,"ms":14,"client":"{who}"}}'
GATEWAY = (
    '{{"level":"warn","msg":"rate limit exceeded","client":"{who}","policy":"partner-default","limit":"{limit}r/s",'
    '"observed":"{asked}r/s","route":"/v2/q","status":429,"retry_after":"1s","ua":"python-requests/2.31.0",'
    '"remote":"{ip}"}}'
)
FORMS = {
    "a gateway, fields": GATEWAY,
    "a gateway without routes": 'level=warn msg="rate limit exceeded" client={who} limit={limit}/s observed={asked}/s '
    "remote={ip} status=429",
    "Spring Cloud Gateway": "WARN RequestRateLimiter : request denied by rate limiter for tenant {who} "
    "replenishRate={limit} requestedRate={asked} remoteAddr={ip} path=/v2/q status=429",
    "Express": '{{"level":"warn","msg":"Too many requests","clientId":"{who}","ip":"{ip}","endpoint":"/v2/q",'
    '"statusCode":429,"limit":{limit},"current":{asked}}}',
    "API Management": '{{"category":"GatewayLogs","lastErrorReason":"RateLimitExceeded","lastErrorMessage":"Rate limit '
    'is exceeded","subscriptionId":"{who}","callerIpAddress":"{ip}","method":"GET","responseCode":429,'
    '"limit":{limit},"count":{asked}}}',
    "ASP.NET": "warn: RateLimiter[0] Too many requests for client '{who}' ip={ip} limit={limit} count={asked}",
    "Go, by tenant, without an address": 'level=warn msg="request throttled" tenant={who} plan=start limit={limit} '
    "count={asked} path=/v2/q status=429",
    "no status": 'level=warn msg="quota exceeded" consumer={who} quota={limit} used={asked} client_ip={ip} path=/v2/q',
    "Django": "WARNING throttling Request was throttled: customer={who} limit={limit} count={asked} "
    "remote_addr={ip} path=/v2/q status_code=429",
    "what a header of Kong calls it": 'level=warn msg="rate limited" x-consumer-username={who} limit={limit} '
    "used={asked} remote_addr={ip} uri=/v2/q status=429",
}

OF_TOTALS = ("no status", "what a header of Kong calls it")
"""Of these nobody knows whether they tell a rate, or what is used of a day's quota."""


def told(
    form: str = GATEWAY,
    *more: str,
    who: str = "acme-sync-7",
    limit: int = 10,
    asked: int = 61,
    was: tuple[int, int] | None = None,
    others: Sequence[str] = ("bolt-till", "web-companion"),
    shares: Sequence[tuple[str, float]] = (),
    grew: float = 1.3,
    measured: bool = True,
    objects: Sequence[Any] = (),
    **release: Any,
) -> Snapshot:
    """Return a shop which tells of each that it refuses, and of few that it serves.

    ``was``: the limit, and what was asked, of which the first lines tell; ``shares``: what is refused, by client.
    """

    def line(limit: int, asked: int) -> str:
        return form.format(who=who, ip="203.0.113.40", limit=limit, asked=asked)

    served = [SERVED.format(who=each) for each in others]
    early = [*served, *([line(*was)] * 3 if was else [])]
    late = [*[line(limit, asked), line(limit, asked + 3)] * 2, *served, *more]
    figures = [
        WELL,
        figure("rate_limited_ratio", 0.0, 0.2, 1800, component="shop"),
        rate("shop", 100, 100 * grew, 1800),
        *(
            figure("rate_limited_ratio_by_client", 0.0, share, 1800, component="shop", client=each)
            for each, share in shares
        ),
    ]
    says = {"summary": "18 % of requests at the edge end in 4xx"}
    alert = Alert("EdgeClientErrorShareHigh", {"service": "shop", "severity": "critical"}, says, "firing", NOW)
    return snapshot(
        shop(**release),
        *objects,
        logs=[log(pod("shop"), *early * 10, *late * 8, since=1200)],
        figures=figures if measured else [],
        alerts=[alert],
    )


SHARES = (("acme-sync-7", 0.85), ("bolt-till", 0.0), ("web-companion", 0.0), ("dune-stats", 0.0))
RELEASED = workload("cart", before={"image": "cart:0"}, released=1900)
IN_FORCE = [thing("ConfigMap", "plans", written=1900, data={"limits.yaml": "rate_limit: {default: 10}"})]
READS = {"volumes": [{"name": "plans", "configMap": {"name": "plans"}}]}
HARM = ("scale_workload", "restart_workload", "rollback_workload", "isolate_workload")
OUTBOUND = 'level=warn msg="rate limit exceeded" client={who} limit={limit} remaining=0 path=/v1/charges status=429'
ALL_OF_IT = (("acme-sync-7", 1.0), *SHARES[1:])
QUOTA = 'level=warn msg="quota exceeded" tenant={who} quota={limit} used={asked} client_ip={ip} path=/v2/q status=429'
BANK = f"{FORMS['a gateway without routes']} path=/v1/pay host=%s"
MAIL = (
    '{{"level":"warn","msg":"rate limit exceeded","client":"{who}","limit":{limit},"current":{asked},'
    '"host":"api.mail.example","path":"/v3/send","status":429,"ip":"{ip}"}}'
)
LED = ingress("shop", "*.shop.example")
HOLDS = [
    *(
        Holds(
            f"the host that was asked is told too: {what}",
            told(BANK % host, measured=False, objects=[LED]),
            (SHOP, "no_fault", "no_action"),
            alone=True,
        )
        for what, host in (("of a way in", "api.shop.example"), ("of its pod", "shop-pod0"), ("of its Service", "shop"))
    ),
    *(
        Holds(
            f"nobody measures it: {what}",
            told(form, measured=False),
            (SHOP, "no_fault", "no_action"),
            excludes=no(*HARM, at=SHOP),
            alone=True,
            harmful=HARM,
        )
        for what, form in FORMS.items()
        if what not in OF_TOTALS
    ),
    Holds(
        "nobody measures it: a quota of so much a second",
        told(FORMS["no status"].replace("{limit}", "{limit}/s").replace("{asked}", "{asked}/s"), measured=False),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    *(
        Holds(
            f"figures by client show it: {what}",
            told(form, shares=SHARES),
            (SHOP, "no_fault", "no_action"),
            alone=True,
            harmful=HARM,
        )
        for what, form in FORMS.items()
    ),
    *(
        Holds(
            f"a neighbour was released minutes before: {what}",
            told(shares=shares, objects=RELEASED),
            (SHOP, "no_fault", "no_action"),
            alone=True,
            harmful=HARM,
        )
        for what, shares in (("figures by client show it", SHARES), ("its words tell how far it is over", ()))
    ),
    Holds(
        "it asked ever more of the same limit",
        told(was=(10, 24)),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
]
FAILS = [SERVED.format(who="dune").replace("200", "502")]
DOES_NOT_HOLD = [
    DoesNotHold(f"a client is refused by words of a server, and {what}", world, harmful=("no_action",))
    for what, world in (
        ("its limit was lowered by an edit", told(objects=IN_FORCE, grew=1.0, template=READS)),
        ("its limit was lowered by a release", told(before={"image": "shop:0"}, released=1850, grew=1.0)),
        ("the words told another limit before", told(was=(100, 160), measured=False)),
        ("it is over its limit by next to nothing", told(asked=11, measured=False)),
        ("another one is", told(GATEWAY, GATEWAY.format(who="bolt-till", limit=10, asked=61, ip="203.0.113.7"))),
        (
            "all are",
            told(
                GATEWAY,
                *(GATEWAY.format(who=f"c-{n}", limit=10, asked=61, ip=f"203.0.113.{n}") for n in range(5)),
                others=(),
                measured=False,
            ),
        ),
        ("figures know another to be refused", told(shares=(*SHARES, ("ebb-pos", 0.4)), asked=11)),
        ("figures show that it gets nothing", told(shares=ALL_OF_IT, asked=11)),
        ("figures show that it gets nothing, whatever its words tell", told(shares=ALL_OF_IT, grew=1.0)),
        ("figures show that it gets nothing of its quota", told(QUOTA, shares=ALL_OF_IT, grew=1.0, was=(10, 31))),
        ("it may have used all of its quota", told(QUOTA, measured=False, limit=1000, asked=1600)),
        *(
            (f"it may have used all that it has: {what}", told(FORMS[what], measured=False, limit=1000, asked=1600))
            for what in OF_TOTALS
        ),
        (
            "it has used all of a day",
            told(FORMS["a gateway without routes"].replace("/s", "/day"), measured=False, limit=1000, asked=1600),
        ),
        ("a bank refuses the shop, whose address is told", told(BANK % "api.bank.example", measured=False)),
        ("a mailer refuses the shop, by JSON", told(MAIL, who="acme-prod-1", measured=False)),
        (
            "a mailer refuses the shop, and routes lead elsewhere",
            told(MAIL, who="acme-prod-1", measured=False, objects=[LED]),
        ),
        ("others fail", told(GATEWAY, *FAILS)),
        ("nobody else is told of", told(others=(), measured=False)),
        ("it is an app in the hands of many", told(who="ios-app")),
        ("it is an app of many, by figures too", told(who="web-companion", others=("bolt-till", "cobb-erp"))),
        ("it is the platform's own checkout", told(who="checkout", objects=workload("checkout"))),
        ("it is nobody that is known", told(FORMS["Go, by tenant, without an address"], who="anonymous")),
        ("the limit is tried only", told(GATEWAY.replace("rate limit", "shadow mode: rate limit"), measured=False)),
        ("it is the shop that is refused by whom it pays with", told(OUTBOUND, who="payline", measured=False)),
        (
            "it is the shop that is refused by a provider, with a count",
            told(FORMS["no status"].replace("quota exceeded", "provider: quota exceeded"), measured=False),
        ),
    )
]
