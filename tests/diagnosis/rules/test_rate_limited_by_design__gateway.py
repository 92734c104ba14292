"""A gateway holds a client back for who stands behind it: figures tell it of that one, and few lines of its own log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, WELL, rate, shop
from tests.diagnosis.rules.tiny import NOW, Obj, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

KONG = (
    '{{"client_ip":"{ip}","consumer":"{who}","request":"GET /v2/quotes?from=7","status":{status},"user_agent":"{ua}"}}'
)
APISIX = '{ip} - {who} "GET /v2/quotes HTTP/1.1" {status} 41 "-" "{ua}" consumer={who}'
FIELDS = "level=info consumer={who} ip={ip} method=POST path=/v1/orders status={status}"
OF = {
    "acme": ("203.0.113.40", "acme-sync/4.0"),
    "bolt": ("198.51.100.20", "okhttp/4"),
    "cobb": ("192.0.2.7", "axios/1"),
}
SHARES = (("acme", 0.85), ("bolt", 0.0), ("cobb", 0.0))
NOT_TWO = "51 % of the requests at the edge are not answered with 2xx"
FEW = (("acme", 429, 6), ("acme", 200, 2), ("bolt", 200, 2))
"""What little is logged of many requests: of one of the others nothing."""


def held_at_the_gate(
    lines: Sequence[tuple[str, int, int]] = FEW,
    *,
    form: str = KONG,
    shares: Sequence[tuple[str, float]] = SHARES,
    more: Sequence[Any] = (),
    says: str = NOT_TWO,
    named: str = "EdgeRatioHigh",
    settings: Sequence[Obj] = (),
    who: str = "acme",
    about: str = "shop",
    own: Sequence[str] = (),
    fellow: Sequence[str] = (),
    **release: Any,
) -> Snapshot:
    """Return a shop behind a gateway, which logs who was answered so, so often, and counts refusals by client.

    ``about``: of whom the alert is; ``own``, ``fellow``: what the shop's pods log themselves.
    """
    name = {each: who if each == "acme" else each for each in (*OF, "dune")}
    told = [
        form.format(who=name[each], status=status, ip=OF[each][0], ua=OF[each][1])
        for turn in range(max(times for _, _, times in lines))
        for each, status, times in sorted(lines, key=lambda line: line[1])
        if turn >= max(times for _, _, times in lines) - times
    ]
    by_client = [
        figure("rate_limited_ratio_by_client", 0.0, share, 1800, component="shop", client=name[each])
        for each, share in shares
    ]
    labels = {"service": about, "severity": "critical"}
    return snapshot(
        shop(**release),
        workload("edge", env={"UPSTREAM": "http://shop:8080"}),
        *settings,
        logs=[
            log(pod("edge"), *told, since=500),
            *(log(pod("shop", n), *lines, since=500) for n, lines in enumerate((own, fellow))),
        ],
        figures=[
            WELL,
            figure("rate_limited_ratio", 0.0, 0.55, 1800, component="shop"),
            rate("shop", 26, 69, 1800),
            *by_client,
            *more,
        ],
        alerts=[Alert(named, labels, {"summary": says}, "firing", NOW)],
    )


LOGS_IN = '{ip} - {who} [27/Nov/2026:17:40:00 +0000] "GET /v2/quotes HTTP/1.1" {status} 41 "-" "x"'
EDGE = "Deployment/edge"
BY_PROGRAM = '{ip} - - "GET /v2/quotes HTTP/1.1" {status} 41 "-" "{ua}"'
OWN_LIMIT = ['10.1.0.9 - - "GET /v2/quotes HTTP/1.1" 429 41 "-" "acme-sync/4.0"'] * 6
OF_ALL = (("acme", 429, 6), ("acme", 200, 6), ("bolt", 200, 2), ("cobb", 200, 2))
SERVED = ['10.1.0.9 - - "GET /v2/quotes HTTP/1.1" 200 41 "-" "acme-sync/4.0"'] * 6
IN_FORCE = [thing("ConfigMap", "plans", written=620, data={"kong.yml": "rate-limiting: {minute: 300}"})]
OF_SHOP = [thing("ConfigMap", "plans-of-shop", written=1200, data={"tiers": "acme: 300"})]
READS = {"volumes": [{"name": "plans", "configMap": {"name": "plans-of-shop"}}]}
SUMS_UP = ["INFO http summary window=1m requests=2053 2xx=100.0% p99_ms=10"] * 6
PROBED = ['10.1.0.2 - - "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31"'] * 6
OFTEN = [("acme", 429, 60), ("acme", 200, 9)]
HARM = ("scale_workload", "restart_workload", "rollback_workload", "isolate_workload")
HOLDS = [
    Holds(
        f"a gateway refuses it, and figures know those of whom nothing is logged: {what}",
        world,
        (SHOP, "no_fault", "no_action"),
        excludes=(*no(*HARM, at=SHOP), *no(*HARM, at="Deployment/edge")),
        alone=True,
        harmful=HARM,
    )
    for what, world in (
        ("Kong", held_at_the_gate()),
        ("APISIX", held_at_the_gate(form=APISIX)),
        ("lines of fields", held_at_the_gate(form=FIELDS)),
        ("the alert has it in its name", held_at_the_gate(says="", named="EdgeNon2xxRatioHigh")),
        ("the alert repeats its query", held_at_the_gate(says='rate(kong_http_requests_total{code!~"2.."}[5m]) > 0.2')),
        ("the alert speaks of 4xx", held_at_the_gate(says="4xx at the edge")),
        (
            "and nobody finds one thing of fifty",
            held_at_the_gate([*OFTEN, ("bolt", 200, 30), ("bolt", 404, 1), ("cobb", 200, 20)]),
        ),
        (
            "others do not find things, of which an alert of 429 says nothing",
            held_at_the_gate([*OFTEN, ("bolt", 200, 12), ("bolt", 404, 3)], says="429 at the edge"),
        ),
        ("the alert says that they do not end with 2xx", held_at_the_gate(says="51 % of requests do not end with 2xx")),
        ("the alert says: completed", held_at_the_gate(says="51 % of the requests are not completed with 2xx")),
        (
            "who is behind it was released, and sums up that it refuses nobody",
            held_at_the_gate(own=SUMS_UP, fellow=SUMS_UP, before=OLD, released=2200),
        ),
        (
            "who is behind it was released, and answers all that comes through",
            held_at_the_gate(own=SERVED, fellow=SERVED, before=OLD, released=2200),
        ),
        ("all of them are logged often", held_at_the_gate([("acme", 429, 60), ("acme", 200, 9), ("bolt", 200, 9)])),
    )
]
HOLDS += [
    Holds(
        f"{what}, and {whose} is named",
        world,
        (component, "no_fault", "no_action"),
        alone=True,
        harmful=HARM,
    )
    for what, whose, component, world in (
        ("the alert is of a gateway that refuses for another", "the gateway", EDGE, held_at_the_gate(about="edge")),
        (
            "the alert is of a gateway that counts nobody by client",
            "the gateway",
            EDGE,
            held_at_the_gate(
                [("acme", 429, 6), ("acme", 200, 6), ("bolt", 200, 2), ("cobb", 200, 2)],
                form=BY_PROGRAM,
                shares=(),
                about="edge",
            ),
        ),
        (
            "the alert is of a gateway, and who is behind it serves what comes through",
            "the gateway",
            EDGE,
            held_at_the_gate(about="edge", own=SERVED),
        ),
        (
            "the alert is of a gateway whose log tells of no refusal",
            "who is behind it",
            SHOP,
            held_at_the_gate([("acme", 200, 8), ("bolt", 200, 2)], shares=(), about="edge"),
        ),
        (
            "the alert is of a gateway, and who is behind it refuses itself",
            "that one",
            SHOP,
            held_at_the_gate(about="edge", own=OWN_LIMIT),
        ),
        (
            "the alert is of nobody",
            "who is behind the gateway",
            SHOP,
            held_at_the_gate(about="", says="many 429"),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a gateway refuses many, and {what}", world, harmful=("no_action",))
    for what, world in (
        ("another one is refused too, by its log", held_at_the_gate([*FEW, ("bolt", 429, 2)])),
        ("another one is refused too, by the figures", held_at_the_gate(shares=(*SHARES[:2], ("cobb", 0.3)))),
        (
            "a third one is refused too, by the figures alone",
            held_at_the_gate([*FEW, ("cobb", 200, 1)], shares=(*SHARES, ("dune", 0.3))),
        ),
        ("the figures know it by another name", held_at_the_gate(shares=(("dune", 0.85), *SHARES[1:]))),
        ("nobody knows of a second one who is served", held_at_the_gate(shares=SHARES[:2])),
        ("nobody counts by client", held_at_the_gate(shares=())),
        ("the one gets nothing any more", held_at_the_gate(FEW[:1] + FEW[2:], shares=(("acme", 1.0), *SHARES[1:]))),
        ("its limits were written minutes ago", held_at_the_gate(settings=IN_FORCE)),
        ("another one fails", held_at_the_gate([*FEW, ("cobb", 503, 3)])),
        ("who is behind it was released", held_at_the_gate(before=OLD, released=1200)),
        ("who is behind it was released before", held_at_the_gate(about="edge", before=OLD, released=2200)),
        ("of who is behind it one pod alone tells", held_at_the_gate(own=SERVED, before=OLD, released=1200)),
        (
            "who is behind it was released, and tells of probes",
            held_at_the_gate(own=PROBED, fellow=PROBED, before=OLD, released=1200),
        ),
        (
            "who is behind it was released, and refuses some itself",
            held_at_the_gate(own=SERVED, fellow=[*SERVED, OWN_LIMIT[0]], before=OLD, released=1200),
        ),
        ("settings of who is behind it are new", held_at_the_gate(settings=OF_SHOP, spec=READS)),
        ("one of few others finds nothing", held_at_the_gate([*FEW[:2], ("bolt", 200, 4), ("bolt", 404, 1)])),
        (
            "others do not find things",
            held_at_the_gate([*OFTEN, *((each, *of) for each in ("bolt", "cobb") for of in ((200, 12), (404, 3)))]),
        ),
        (
            "others send what is not valid",
            held_at_the_gate([*OFTEN, ("bolt", 200, 12), ("bolt", 422, 3), ("cobb", 200, 9)], about="edge"),
        ),
        ("it logs in as the shop of the house", held_at_the_gate(form=LOGS_IN, who="storefront")),
        ("it is another program of the house that is refused", held_at_the_gate(who="edge")),
    )
]
