"""A client is held back as the limits want it; nobody else feels anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, WELL, alert, errors, rate, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, figure, log, pod, series, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

LIMITED = figure("rate_limited_ratio", 0.0, 0.3, component="shop")
FOUR = [alert("Shop4xx", service="shop")]
POLLER, TILL, OFFICE = "fleet-poller/3.0", "till/2.1", "office (axios/1.7)"
OFFICE_AT = "203.0.113.9"


def asked(who: str, status: int, times: int, address: str = "") -> list[str]:
    """Return lines of an access log: a client was answered so, so often."""
    source = address or {POLLER: "192.0.2.61", TILL: "198.51.100.14"}.get(who, OFFICE_AT)
    return [f'{source} - - "GET /v1/orders HTTP/1.1" {status} 41 "-" "{who}"'] * times


def gateway(*lines: list[str], objects: list[Obj] | None = None, named: str = "Shop4xxRatio") -> Snapshot:
    """Return a shop that nobody measures, its access log of the last minutes, and an alert."""
    told = log(pod("shop"), *(line for each in lines for line in each))
    return snapshot(objects or shop(), logs=[told], alerts=[alert(named, service="shop")])


OTHERS = [*asked(TILL, 200, 12), *asked(TILL, 404, 1), *asked(OFFICE, 200, 9)]
FLOOD = [*asked(POLLER, 429, 60), *asked(POLLER, 200, 20)]


KEYS = ("wk_live_7731", "wk_live_2204", "wk_test_0815")


def fields(key: str, status: int) -> str:
    """Return a line of an access log of fields."""
    level = "WARN" if status >= 400 else "INFO"
    return f'{{"level": "{level}", "key": "{key}", "method": "GET", "path": "/v1/orders", "status": {status}}}'


def measured(refused: tuple[str, ...] = (KEYS[0],), *, limited: float = 0.3) -> Snapshot:
    """Return a measured shop whose log warns of refusals since minutes after the release of what it calls."""
    minute = [*(fields(key, 429) for key in refused * 4), *(fields(key, 200) for key in KEYS)]
    return snapshot(
        shop(env=CALLS_CART),
        workload("cart", before={"image": "cart:0"}, released=1800),
        figures=[WELL, figure("rate_limited_ratio", 0.0, limited, 1200, component="shop")],
        logs=[log(pod("shop"), *[fields(KEYS[1], 200)] * 70, *minute * 20, since=2500)],
        alerts=FOUR,
    )


def by_login(
    *clients: tuple[str, float],
    refused: str = "acme",
    path: str = "path",
    more: Sequence[str] = (),
    course: Sequence[tuple[float, float]] = (),
) -> Snapshot:
    """Return a shop that logs refusals of one client, some of what it served others, and no methods.

    ``clients``: of which of them is measured what share is refused now; ``course``: (age from which on, share) of acme.
    """

    def line(status: int, client: str) -> str:
        level = "warn" if status >= 400 else "info"
        return f'{{"level": "{level}", "consumer": "{client}", "{path}": "/v1/parcels/7", "status": {status}}}'

    quiet = [line(200, each) for each in ("acme", "bolt", "cobb")]
    loud = [line(429, refused), line(429, refused), line(429, refused), line(200, "bolt"), line(200, "cobb"), *more]
    shares = [
        figure("rate_limited_ratio_by_client", 0.0, share, 1800, component="shop", client=client)
        for client, share in clients
    ]
    if course:
        of_acme = series({"component": "shop", "client": "acme"}, (3600, 0.0), *course)
        shares.append(("rate_limited_ratio_by_client", of_acme))
    return snapshot(
        shop(),
        figures=[WELL, figure("rate_limited_ratio", 0.0, 0.4, 1800, component="shop"), *shares],
        logs=[log(pod("shop"), *quiet * 20, *loud * 30, since=3000)],
        alerts=FOUR,
    )


def calls(line: str) -> Snapshot:
    """Return a shop whose log tells of three names by such lines, of which one is refused much of the time."""
    told = (("acme-eu1", 429, 60), ("acme-eu1", 200, 20), ("bolt-eu1", 200, 12), ("cobb-eu1", 200, 9))
    return gateway(*([line.format(name, status)] * times for name, status, times in told))


IN_PART = (("acme", 0.93), ("bolt", 0.0), ("cobb", 0.0))


BARRED_NOW = [(240.0, 0.3), (180.0, 0.6), (120.0, 0.8), (60.0, 0.93)]


def ever_less(since: float, until: float = 0) -> list[tuple[float, float]]:
    """Return how the share that is refused of a client rises from a time to another."""
    return [(since - n * (since - until) / 10, 0.3 + 0.06 * n) for n in range(11)]


def lately(world: Snapshot, since: float) -> Snapshot:
    """Return the same where figures by client begin so long ago."""
    start, found = NOW.timestamp() - since, world.metrics["rate_limited_ratio_by_client"]
    cut = tuple(each._replace(points=tuple(p for p in each.points if p[0] >= start)) for each in found)
    return replace(world, metrics={**world.metrics, "rate_limited_ratio_by_client": cut})


def limits(address: str = "192.0.2.61") -> str:
    """Return what nginx writes of a request beyond a limit, beside the line of its access log."""
    return f'[error] 29#29: *81 limiting requests, excess: 40.8 by zone "plan", client: {address}, request: "GET /v1/x"'


def with_own_words(*more: str, said: str = "", share: float | None = 0.3, every: int = 1) -> Snapshot:
    """Return a shop whose server tells twice of each refusal, since 40 minutes; few of many are in its log."""
    quiet = [*asked(TILL, 200, 1), *asked(OFFICE, 200, 1)] * 30
    turn = [*asked(POLLER, 429, 1), said or limits(), *asked(POLLER, 200, 1), *asked(TILL, 200, 1)]
    turn += [*asked(OFFICE, 200, 1), *more]
    idle = [line for n in range(4) for line in asked(f"app-{n}/1", 200, 1, f"203.0.113.{n}")]
    loud = [line for n in range(60) for line in (turn if n % every == 0 else idle)]
    figures = [] if share is None else [WELL, figure("rate_limited_ratio", 0.0, share, 2400, component="shop")]
    told = [log(pod("shop"), *quiet, *loud, since=3000)]
    return snapshot(shop(), figures=figures, logs=told, alerts=[alert("Shop4xxRatio", service="shop")])


OLD, TODAY, HOUR = "2026-03-01T00:00:00Z", at(3600), 3600
ASKS, INSIDE = "203.0.113.61", "10.1.2.3"


def turned_away(
    *more: str,
    ends: str = TODAY,
    status: int = 401,
    says: str = "api key expired",
    source: str = ASKS,
    began: float = 3540,
    objects: list[Obj] | None = None,
    served: int = 0,
    ratio: float = 0.0,
    once: Sequence[str] = (),
    alarm: str = "ErrorRatioHigh4xx5xx",
    beside: Sequence[Obj] = (),
) -> Snapshot:
    """Return a measured shop whose log refuses one client since its key ran out, and serves two others.

    ``once`` is told among the first lines alone.
    """

    def line(key: str, answer: int, address: str, *said: str) -> str:
        asked = f'"tenant": "{key}", "ip": "{address}", "method": "POST", "path": "/v1/orders", "status": {answer}'
        return f'{{"level": "{"WARN" if answer >= 400 else "INFO"}", {", ".join(said)}{", " if said else ""}{asked}}}'

    away = line("acme", status, source, f'"msg": "{says}"', *([f'"expires_at": "{ends}"'] if ends else []))
    others = [line("bolt", 201, "203.0.113.7"), line("cobb", 200, "203.0.113.8")]
    minute = [*[away] * 5, *[line("acme", 200, source)] * served, *others, *more]
    return snapshot(
        shop() if objects is None else objects,
        beside or workload("cart"),
        figures=[WELL, figure("rate_limited_ratio", 0.0, ratio, began, component="shop")],
        logs=[log(pod("shop"), *minute * 5, *once, *minute * 35, since=began)],
        alerts=[alert(alarm, service="shop", severity="critical")],
    )


def released(name: str, age: float) -> list[Obj]:
    """Return a workload that was released so long ago."""
    return workload(name, before={"image": f"{name}:0"}, released=age)


RELEASED = released("shop", 9000)
REFUSED = '{"tenant": "bolt", "ip": "203.0.113.7", "method": "POST", "path": "/v1/orders", "status": %s}'

HOLDS = [
    *(
        Holds(
            f"of one client only refusals are logged, and figures show that it gets the rest; its log tells the {path}",
            by_login(*IN_PART, path=path),
            (SHOP, "no_fault", "no_action"),
            excludes=no("scale_workload", "restart_workload", "rollback_workload", "isolate_workload", at=SHOP),
            alone=True,
        )
        for path in ("path", "uri", "request_uri", "url")
    ),
    *(
        Holds(
            f"of one client only refusals are logged, and figures show that it gets the rest: {what}",
            by_login(*IN_PART[1:], course=course),
            (SHOP, "no_fault", "no_action"),
        )
        for what, course in (
            ("now more, now less", [(age, 0.9 + 0.03 * (age // 60 % 2)) for age in range(1800, 0, -60)]),
            ("less until it asked no more than now", ever_less(2700, 900)),
        )
    ),
    *(
        Holds(f"its log tells no method, but who asked: {line}", calls(line), (SHOP, "no_fault", "no_action"))
        for line in (
            "consumer={} path=/v1/orders status={}",
            'client_id={} uri=/v1/orders response_code={} client_ip="192.0.2.61"',
            "WARN consumer={} path=/v1/orders status={} url=/v1/orders",
        )
    ),
    Holds(
        "its log tells no method, but which program asked",
        gateway(
            *(
                [f'client_ip="{source}" path="/v1/orders" status={status} user_agent="{who}"'] * times
                for source, who, status, times in (
                    ("192.0.2.61", POLLER, 429, 60),
                    ("192.0.2.61", POLLER, 200, 20),
                    ("198.51.100.14", TILL, 200, 12),
                    ("203.0.113.9", OFFICE, 200, 9),
                )
            )
        ),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "the server tells of each refusal in words of its own as well, and few of those that are measured are logged",
        with_own_words(),
        (SHOP, "no_fault", "no_action"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    *(
        Holds(
            f"it tells so, and of no other client: {what}",
            with_own_words(said=said),
            (SHOP, "no_fault", "no_action"),
            alone=True,
        )
        for what, said in (
            ("its words name nobody", '[error] 29#29: *81 limiting requests, excess: 40.8 by zone "plan"'),
            ("they name the balancer in front of it", limits("10.1.0.9")),
            ("they name a client of IPv6, and an address of the server", f"{limits('2001:db8::61')}, server: 10.1.0.3"),
        )
    ),
    Holds(
        "others pass a limit that is tried only",
        with_own_words(*[limits("198.51.100.14").replace("requests,", "requests, dry run,").replace("error", "info")]),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "it tells so in the words of Caddy",
        with_own_words(said='ERROR rate limit exceeded {"zone": "plan", "wait": 0.2, "remote_ip": "192.0.2.61"}'),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "the key of one client ran out, and it is refused since; it was released hours before",
        turned_away(objects=RELEASED),
        (SHOP, "no_fault", "no_action"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", "isolate_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "and limits hold back what it asks again and again",
        turned_away(REFUSED.replace("bolt", "acme").replace("203.0.113.7", ASKS) % 429, ratio=0.3),
        (SHOP, "no_fault", "no_action"),
        excludes=no("rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "settings list all clients that there are",
        turned_away(beside=workload("cart", env={"CLIENTS": "acme,bolt,cobb"})),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "another one was refused long before, for another reason",
        replace(
            turned_away(),
            logs=(*turned_away().logs, Log(pod("shop", 1), "shop", (f"{at(2 * HOUR)} {REFUSED % 401}",))),
        ),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "the key ran out before what is logged, and nothing was released or written since",
        turned_away(ends=OLD),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "its log of fields warns of the one client whom it holds back, though another was released before",
        measured(),
        (SHOP, "no_fault", "no_action"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload",),
    ),
    Holds(
        "one client asks most, and is refused the rest; all others are served, by the log",
        gateway(FLOOD, OTHERS),
        (SHOP, "no_fault", "no_action"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", "isolate_workload", at=SHOP),
    ),
    Holds(
        "a gateway in front that nobody measures logs the same refusals, of nobody by name",
        replace(
            gateway(FLOOD, OTHERS, objects=[*shop(), *workload("web", env={"SHOP_URL": "http://shop:8080"})]),
            logs=(
                *gateway(FLOOD, OTHERS).logs,
                log(pod("web"), *(line.partition(' "-"')[0] for line in [*FLOOD, *OTHERS])),
            ),
        ),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "they are known by their login",
        gateway(
            [f"consumer=fleet {line}" for line in FLOOD],
            [f"consumer=till {line}" for line in asked(POLLER, 200, 12)],
            [f"consumer=office {line}" for line in asked(POLLER, 200, 12)],
        ),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "an alert tells of it, and all else is well",
        snapshot(shop(), figures=[WELL, LIMITED], alerts=FOUR),
        (SHOP, "no_fault", "no_action"),
    ),
]


def refused(*clients: str, came: float = 9000, was: float = 0.3, by: str = "client", measured: str = "") -> Snapshot:
    """Return a measured shop, released so long ago, whose log tells of refusals in turns, and by name to whom.

    ``was``: the share that was refused an hour ago. ``measured``: the one client whom figures show to be refused.
    """
    told = [f'{{"msg": "rate limited", "{by}": "{each}", "plan": 900, "status": 429}}' for each in clients]
    shares = [("acme", 0.5 if measured == "acme" else 0.0), ("bolt", 0.0)] if measured else []
    of = [figure("rate_limited_ratio_by_client", each, each, component="shop", client=name) for name, each in shares]
    return snapshot(
        released("shop", came),
        figures=[WELL, figure("rate_limited_ratio", was, 0.3, 1200, component="shop"), *of],
        logs=[log(pod("shop"), *[*told, '{"msg": "request", "client": "dune", "status": 200}'] * 9)],
        alerts=FOUR,
    )


MANY = ("acme", "bolt", "cobb")
UNKNOWN = (SHOP, "unknown", "page_human")
HOLDS += [
    Holds(
        f"as many were refused an hour ago, and it was released before: {what}", world, UNKNOWN, harmful=("no_action",)
    )
    for what, world in (
        ("several clients are", refused(*MANY)),
        ("several customers are", refused(*MANY, by="customerId")),
        ("nobody knows who is", refused(*MANY, by="trace")),
        ("the log names an address", refused("192.0.2.61")),
    )
]
HOLDS += [
    Holds(what, world, (SHOP, "no_fault", "no_action"))
    for what, world in (
        ("several clients are refused, and its limits are days old", refused(*MANY, came=3 * 24 * HOUR)),
        ("several are refused since minutes, and it was released hours before", refused(*MANY, was=0.0)),
        ("it was released before, and one client gets most of the refusals", refused(*["acme"] * 5, "bolt", "cobb")),
        ("it was released before, and one tenant alone is refused", refused("acme", by="tenant")),
        ("it was released before, and figures show that one client is refused", refused(measured="acme")),
    )
]
LIMITER = workload("limiter", spec={"volumes": [{"name": "c", "configMap": {"name": "limits"}}]})
WRITTEN = thing("ConfigMap", "limits", written=620, data={"limits.yaml": "rate_limit: {requests_per_unit: 60}"})
HOLDS += [
    Holds(
        f"an alert only informs, and limits were written {what}",
        snapshot(
            shop(),
            LIMITER,
            WRITTEN if near else [],
            figures=[WELL, figure("rate_limited_ratio", 0.05, 0.35, 600, component="shop"), rate("shop", 100, 103)],
            alerts=[alert("Shop429", service="shop", severity="info")],
        ),
        found,
        believed=believed,
        harmful=("no_action",) if near else (),
    )
    for what, near, found, believed in (
        ("right before more was refused", True, UNKNOWN, "limits_tightened"),
        ("by nobody", False, (SHOP, "no_fault", "no_action"), ""),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"it tells of calls, not of who asked it: {line}", calls(line), harmful=("no_action",))
        for line in (
            "partner={} path=/v1/orders status={}",
            "tenant={} path=/v1/orders status={}",
            "S3 get failed key={} path=/bucket/x status={}",
            "client_id={} host=login.pay.example path=/oauth/token status={}",
            "client_id={} url=/oauth/token status={} from https://login.pay.example/oauth",
            "ERROR token refused client_id={} path=/oauth/token status={}",
        )
    ),
    *(
        DoesNotHold(f"another one is not served, of which its log tells more: {line}", by_login(*IN_PART, more=[line]))
        for line in (
            "consumer=bolt path=/v1/x status=503 upstream=cart.town.svc",
            '{"level": "error", "consumer": "bolt", "path": "/v1/x", "status": 500}',
        )
    ),
    *(
        DoesNotHold(f"of one client only refusals are logged, and {what}", world, UNKNOWN)
        for what, world in (
            ("nobody measures what it gets", by_login()),
            ("all of others is measured, and nothing of it", by_login(*IN_PART[1:])),
            ("figures show that it gets nothing", by_login(("acme", 1.0), *IN_PART[1:])),
            ("figures show that another one is refused too", by_login(*IN_PART[:2], ("cobb", 0.2))),
            ("figures show that it gets hardly anything", by_login(("acme", 0.97), *IN_PART[1:])),
            ("one of its figures shows that it gets nothing", by_login(("acme", 1.0), *IN_PART)),
            ("another one is refused by one of its figures", by_login(*IN_PART[:2], ("cobb", 0.2), ("cobb", 0.0))),
            ("figures show that it gets less from sample to sample", by_login(*IN_PART[1:], course=BARRED_NOW)),
            ("figures show that it gets less all the time", by_login(*IN_PART[1:], course=ever_less(1800))),
            ("figures show that it got all it asked minutes ago", by_login(*IN_PART[1:], course=[(600, 0.9)])),
            ("figures begin minutes ago", lately(by_login(*IN_PART), 600)),
            ("another one is not measured", by_login(*IN_PART[:2])),
            ("its log does not tell that somebody asked it", by_login(*IN_PART, path="order")),
            ("another is refused in the log", by_login(*IN_PART, more=["consumer=bolt path=/v1/x status=429"])),
        )
    ),
    *(
        DoesNotHold(
            f"it has two names, and is refused more by one of them since its release: {one}",
            snapshot(
                workload("shop", before=IMAGE, released=660),
                service_for(other, selector={"app": "shop"}),
                figures=[
                    WELL,
                    figure("rate_limited_ratio", 0.05, 0.35, 600, component=one),
                    rate(one, 100, 103, 600),
                    figure("rate_limited_ratio", 0.3, 0.3, component="shop" if one == other else other),
                ],
                alerts=FOUR,
            ),
            UNKNOWN,
            harmful=("no_action",),
        )
        for one, other in (("shop", "till"), ("till", "till"))
    ),
    *(
        DoesNotHold(f"the server tells of refusals in words of its own: {what}", world, UNKNOWN)
        for what, world in (
            ("of another one as well", with_own_words(limits("198.51.100.14"))),
            ("hardly any is logged", with_own_words(every=2)),
            ("nobody measures them, and few are logged", with_own_words(share=None)),
            ("hardly any is measured, and few are logged", with_own_words(share=0.01)),
            ("another one is refused too", with_own_words(*asked(TILL, 429, 1))),
            ("of a dry run, again and again", with_own_words(said=limits().replace("requests,", "requests, dry run,"))),
            ("another service holds it back", with_own_words(said="ERROR cart answered 429: too many requests")),
        )
    ),
    DoesNotHold("the refusals began long after the end, since a release", turned_away(ends=OLD, objects=RELEASED)),
    *(
        DoesNotHold(f"the key was ended as something changed, minutes before or after: {what}", world, UNKNOWN)
        for what, world in (
            ("limits were written", turned_away(beside=[thing("ConfigMap", "keys", written=HOUR + 60)])),
            ("a job ran", turned_away(beside=workload("migrate", kind="Job", pods=1, age=HOUR + 90, service=False))),
        )
    ),
    *(
        DoesNotHold(f"the key was ended by a release, minutes before or after: {what}", world)
        for what, world in (
            ("of its own", turned_away(objects=released("shop", HOUR + 120))),
            ("of another workload", turned_away(beside=released("cart", HOUR + 300))),
            ("a job before it ended the key", turned_away(objects=released("shop", HOUR - 300))),
        )
    ),
    DoesNotHold("another one was refused at first, and asks no more", turned_away(once=[REFUSED % 403]), UNKNOWN),
    DoesNotHold(
        "another one was refused at first, of whom nobody tells who it is",
        turned_away(once=['"method": "GET", "path": "/v1/orders", "status": 401'] * 3),
        UNKNOWN,
    ),
    DoesNotHold("an alert is critical that counts what fails", turned_away(alarm="PaymentsErrorRatioHigh"), UNKNOWN),
    DoesNotHold(
        "a workload names the client in its settings",
        turned_away(beside=workload("cart", env={"CALLBACK_CLIENT": "acme"})),
        UNKNOWN,
    ),
    DoesNotHold("nobody says when the key ended", turned_away(ends=""), UNKNOWN),
    DoesNotHold("it is refused for another reason", turned_away(says="unknown signature"), UNKNOWN),
    DoesNotHold("its key is still good", turned_away(ends=at(-HOUR)), UNKNOWN),
    DoesNotHold("another one is refused as well", turned_away(REFUSED % 401), UNKNOWN),
    DoesNotHold("another one fails", turned_away(REFUSED % 500), UNKNOWN),
    DoesNotHold("it is served as well", turned_away(served=2), UNKNOWN),
    DoesNotHold(
        "it asks from everywhere, as an app does",
        turned_away(*(REFUSED.replace("bolt", "acme").replace("0.113.7", f"0.113.{n}") % 401 for n in range(90, 99))),
        UNKNOWN,
    ),
    DoesNotHold("it asks from within the house", turned_away(source=INSIDE), UNKNOWN),
    DoesNotHold(
        "its log of fields warns of several whom it refuses since a release of another",
        measured(KEYS[:2]),
        UNKNOWN,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its log of fields names the key of a limit, which is that of many",
        gateway(
            [*[fields("login", 429)] * 60, *[fields("login", 200)] * 20],
            [fields("search", 200)] * 12,
            [fields("me", 200)] * 9,
        ),
        UNKNOWN,
    ),
    DoesNotHold("others are refused as well", gateway(FLOOD, OTHERS, asked(TILL, 429, 3)), UNKNOWN),
    DoesNotHold("others fail", gateway(FLOOD, OTHERS, asked(TILL, 503, 3)), (), harmful=("no_action",)),
    DoesNotHold("nothing of it is served", gateway(asked(POLLER, 429, 80), OTHERS), UNKNOWN),
    DoesNotHold("others ask more", gateway(FLOOD, OTHERS, asked(TILL, 200, 90)), UNKNOWN),
    DoesNotHold("nobody else asks", gateway(FLOOD), UNKNOWN),
    DoesNotHold(
        "all come from one address, as through a proxy",
        gateway(FLOOD, asked(TILL, 200, 12, "192.0.2.61"), asked(OFFICE, 200, 9, "192.0.2.61")),
        UNKNOWN,
    ),
    DoesNotHold(
        "many users of one program are refused",
        gateway(FLOOD, OTHERS, *(asked(POLLER, 429, 5, f"192.0.2.{n}") for n in range(9))),
        UNKNOWN,
    ),
    DoesNotHold(
        "they are browsers",
        gateway([line.replace(POLLER, "Mozilla/5.0 (X11)") for line in FLOOD], OTHERS),
        UNKNOWN,
    ),
    DoesNotHold(
        "it is a workload of the namespace",
        gateway([line.replace(POLLER, "cart/1.0") for line in FLOOD], OTHERS, objects=[*shop(), *workload("cart")]),
        UNKNOWN,
    ),
    DoesNotHold(
        "the gateway was released today",
        gateway(FLOOD, OTHERS, objects=RELEASED),
    ),
    *(
        DoesNotHold(
            f"limits were written today: {kind}",
            gateway(FLOOD, OTHERS, objects=[*shop(), thing(kind, "limits", written=9000)]),
        )
        for kind in ("ConfigMap", "RateLimitPolicy", "ApisixConsumer", "GRPCRoute")
    ),
    DoesNotHold("the alert is about slowness", gateway(FLOOD, OTHERS, named="ShopSlow"), UNKNOWN),
    DoesNotHold(
        "others fail as well",
        snapshot(shop(), figures=[errors("shop"), LIMITED], alerts=FOUR),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "hardly anybody is held back",
        snapshot(shop(), figures=[WELL, figure("rate_limited_ratio", 0.0, 0.001, component="shop")]),
        (SHOP, "no_fault", "no_action"),
    ),
]

BAD_TOKEN = "[error] 7#7: *1 lua entry thread aborted: runtime error: access.lua:31: bad token"
FAILS_503 = "EdgeServerErrorRatioHigh"


def door(
    *more: str,
    who: str = POLLER,
    address: str = "192.0.2.61",
    names: str = "",
    cart: float = 0.001,
    refused: int = 6,
    served: int = 3,
    named: str = FAILS_503,
    measured: bool = True,
    objects: Sequence[Obj] = (),
    cart_released: float = 0,
    second: Sequence[str] = (f'{OFFICE_AT} - - "GET /v1/orders HTTP/1.1" 200 41 "-" "{OFFICE}"',),
    since: float = 240,
) -> Snapshot:
    """Return an edge that answers one client with 503 for its limits, as its own words tell, and what it calls.

    ``second``: what the log of its other pod tells; ``since``: how long ago the log begins.
    """
    told = [*asked(who, 503, 1, address), limits(names or address)] * refused
    lines = [*asked(TILL, 200, 4), *told, *asked(who, 200, served, address), *asked(OFFICE, 200, 4), *more]
    return snapshot(
        objects or shop(env=CALLS_CART),
        workload("cart", before={"image": "cart:0"}, released=cart_released) if cart_released else workload("cart"),
        figures=[errors("cart", cart, before=cart)] if measured else [],
        logs=[log(pod("shop"), *lines, since=since), log(pod("shop", 1), *second, since=since)],
        alerts=[alert(named, service="shop", severity="critical")],
    )


def nameless(world: Snapshot) -> Snapshot:
    """Return the same where the access log is one of fields, without the program."""
    found = [
        each._replace(
            lines=tuple(line.replace('"-" "fleet-poller/3.0"', '"host":"town.example"}') for line in each.lines)
        )
        for each in world.logs
    ]
    return replace(world, logs=tuple(found))


HOLDS += [
    Holds(
        f"a server's limits answer one client with 503: {what}",
        world,
        (SHOP, *HEALTHY),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", "isolate_workload", at=SHOP),
        alone=True,
        harmful=("rollback_workload",),
    )
    for what, world in (
        ("all others are served", door()),
        ("others miss a page", door(*asked(OFFICE, 404, 1))),
        ("what it calls was released minutes before", door(cart_released=900)),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"a server's limits answer with 503, and {what}", world, ASK)
    for what, world in (
        ("another one is answered so", door(*asked(TILL, 503, 1))),
        ("they name another one as well", door(limits("198.51.100.14"))),
        ("it fails otherwise as well", door(*asked(POLLER, 502, 1))),
        ("others get nothing", door(*asked(OFFICE, 403, 9))),
        ("nothing of it is served", door(served=0)),
        ("it is told too seldom", door(refused=4)),
        ("they tell of a part of them", door(*asked(POLLER, 503, 9))),
        ("its other pod tells nothing", door(second=["started"])),
        ("that was long ago", door(since=9000)),
        ("its log is full of another complaint", door(*[BAD_TOKEN] * 25)),
        ("others ask more", door(*asked(TILL, 200, 9))),
        ("no line tells which program asks", nameless(door())),
        (
            "a browser asks from there as well",
            door('192.0.2.61 "GET / HTTP/1.1" 200 5 ua="Mozilla/5.0 (X11)" "fleet-poller/3.0"'),
        ),
        ("they limit a balancer", door(address="10.1.2.3")),
        ("many people are behind one address", door(*asked(TILL, 200, 2, "192.0.2.61"))),
        ("it is a browser", door(who="Mozilla/5.0 (X11; Linux x86_64)")),
        ("whom it calls fails", door(cart=0.2)),
        ("nobody measures whom it calls", door(measured=False)),
        ("the alert is of slowness", door(named="EdgeSlow")),
        ("it was released an hour ago", door(objects=shop(env=CALLS_CART, before=IMAGE, released=HOUR))),
        ("limits were written today", door(objects=[*shop(env=CALLS_CART), thing("ConfigMap", "edge", written=9000)])),
    )
]


def called_clients(
    one: str = "acme",
    *more: str,
    field: str = "client",
    shares: Sequence[tuple[str, float]] = (("acme", 0.6), ("bolt", 0.0), ("cobb", 0.0)),
    addresses: Sequence[str] = (),
    program: str = "",
    alarms: Sequence[str] = ("Shop4xxRatio",),
    grew: float = 1,
    beside: Sequence[Obj] = (),
    polls: int = 0,
    others_ask: int = 1000,
) -> Snapshot:
    """Return a measured shop whose log calls those who ask clients, one of whom is refused much of what it asks.

    ``shares``: what share is refused of whom, by figures; ``addresses``: from where the one asks, in turns.
    ``polls``: for how many parcels of its own it asks, as ``others_ask`` for so many; 0: all ask for the same one.
    """
    counts = {who: count() for who in (one, "bolt", "cobb")}

    def parcel(who: str) -> int:
        if not polls:
            return 7
        number = next(counts[who]) // (3 if who == one else 1)
        return number % polls if who == one else 5000 + (number * 2 + (who == "cobb")) % others_ask

    def line(who: str, status: int, source: str) -> str:
        path = f'"/v1/parcels/{parcel(who)}"'
        told = f'"method": "GET", "path": {path}, "status": {status}, "{field}": "{who}"'
        from_there = f', "ip": "{source}"' if source else ""
        by = f', "ua": "{program}"' if program else ""
        return f'{{"level": "{"WARN" if status >= 400 else "INFO"}", {told}{from_there}{by}}}'

    sources = addresses or ("",)
    theirs = (OFFICE_AT, "198.51.100.14") if addresses else ("", "")

    def others() -> list[str]:
        return [line(who, 200, each) for who, each in zip(("bolt", "cobb"), theirs, strict=True)]

    quiet = [each for _ in range(20) for each in (line(one, 200, sources[0]), *others())]
    turns = [[line(one, status, each) for each in sources for status in (429, 429, 200)] + others() for _ in range(30)]
    loud = [each for turn in turns for each in (*turn, *more)]
    of = [figure("rate_limited_ratio_by_client", 0.0, s, 1800, component="shop", client=name) for name, s in shares]
    limited = figure("rate_limited_ratio", 0.0, 0.4, 1800, component="shop")
    return snapshot(
        shop(),
        beside,
        figures=[WELL, limited, rate("shop", 20, 20 * grew, 1800), *of],
        logs=[log(pod("shop"), *quiet, *loud, since=3000)],
        alerts=[alert(each, service="shop") for each in alarms],
    )


MUCH = ("Shop4xxRatio", "IngressRequestRateAnomaly")
HOLDS += [
    Holds(f"its log calls who asks a client: {what}", world, (SHOP, "no_fault", "no_action"), alone=True)
    for what, world in (
        ("figures by client know it by that name, and it polls two parcels", called_clients(polls=2)),
        ("all of them ask with the same program", called_clients(program="okhttp/4.12.0", polls=2)),
        ("the field is api_client", called_clients(field="api_client", polls=2)),
        (
            "nobody measures by client, and it asks from two addresses",
            called_clients(shares=(), addresses=("192.0.2.61", "192.0.2.62")),
        ),
        ("an alert of the many requests fires too", called_clients(alarms=MUCH, grew=3, polls=2)),
        (
            "so does one of a spike of traffic",
            called_clients(alarms=("Shop4xxRatio", "TrafficSpikeOnShop"), grew=2, polls=2),
        ),
    )
]
OTHER_REFUSED = '{"level": "WARN", "method": "GET", "path": "/v1/x", "status": 429, "client": "bolt"}'
APP = (("ios", 0.6), ("bolt", 0.0), ("cobb", 0.0))
DOES_NOT_HOLD += [
    DoesNotHold(f"its log calls who asks a client, and {what}", world, UNKNOWN, harmful=("no_action",))
    for what, world in (
        ("that is an app of many", called_clients("ios", shares=APP, polls=2)),
        (
            "that is a version of an app of many",
            called_clients("rider-6.41", shares=[("rider-6.41", 0.6), *APP[1:]], polls=2),
        ),
        ("that is nobody by name", called_clients("anonymous", shares=[("anonymous", 0.6), *APP[1:]], polls=2)),
        ("nothing else tells who that is", called_clients(shares=(), polls=2)),
        (
            "that is called as a workload of the house is for short",
            called_clients(beside=workload("acme-portal"), polls=2),
        ),
        (
            "a workload is told to call itself so",
            called_clients(beside=workload("cart", env={"API_USER": "acme"}), polls=2),
        ),
        ("that asks from everywhere", called_clients(shares=(), addresses=[f"192.0.2.{n}" for n in range(60, 70)])),
        ("another one is refused as well", called_clients("acme", OTHER_REFUSED, polls=2)),
        ("figures show that another one is", called_clients(shares=(*IN_PART[:2], ("cobb", 0.2)), polls=2)),
        ("figures show that it gets nothing", called_clients(shares=(("acme", 1.0), *IN_PART[1:]), polls=2)),
        ("an alert fires of many requests, and no more are asked", called_clients(alarms=MUCH, polls=2)),
        (
            "an alert fires of slow requests",
            called_clients(alarms=("Shop4xxRatio", "RequestLatencyHigh"), grew=3, polls=2),
        ),
        (
            "an alert fires of less traffic",
            called_clients(alarms=("Shop4xxRatio", "RequestRateDropAnomaly"), grew=3, polls=2),
        ),
    )
]
IOS = figure("rate_limited_ratio_by_client", 0.5, 0.5, component="shop", client="ios")
HOLDS += [
    Holds(
        "it was released before, and the one client whom figures show to be refused is an app of many",
        replace(refused(*MANY), metrics={**refused(*MANY).metrics, IOS[0]: (IOS[1],)}),
        UNKNOWN,
        harmful=("no_action",),
    )
]

OVER = "key-7f3c"


def by_key(
    *more: str,
    name: str = OVER,
    others: Sequence[str] = ("till", "office"),
    says: str = "WARNING slowapi: ratelimit 600 per 1 minute (key:{}) exceeded at endpoint: /v1/orders",
    shares: Sequence[tuple[str, float]] | None = None,
    field: str = "key",
    env: dict[str, str] | None = None,
    came: float | None = None,
) -> Snapshot:
    """Return a shop whose log knows clients by short keys and tells of few requests; ``came``: a caller was released.

    ``says``: what it tells of each refusal beside its access log.
    """

    def line(who: str, status: int) -> str:
        return f'INFO access: {field}={who} "GET /v1/orders HTTP/1.1" {status}'

    of_web: dict[str, Any] = {"before": {"image": "web:0"}, "released": came} if came else {}
    quiet = [line(each, 200) for each in (name, *others)] * 44
    loud = [says.format(name), line(name, 429), line(others[0], 200), *more, line(others[1], 200)]
    told = [(name, 0.9), *((each, 0.0) for each in others)] if shares is None else shares
    by_client = [
        figure("rate_limited_ratio_by_client", 0.0, share, 1800, component="shop", client=who) for who, share in told
    ]
    return snapshot(
        shop(),
        workload("web", env={"SHOP_URL": "http://shop:8080", **(env or {})}, **of_web),
        figures=[WELL, figure("rate_limited_ratio", 0.0, 0.4, 1800, component="shop"), *by_client],
        logs=[log(pod("shop"), *quiet, *loud * 22, since=3600)],
        alerts=FOUR,
    )


HOLDS += [
    Holds(
        f"a client is known by a short key, and figures count by it; of each refusal the server says: {says}",
        by_key(says=says, came=1900),
        (SHOP, "no_fault", "no_action"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
        alone=True,
    )
    for says in (
        "WARNING slowapi: ratelimit 600 per 1 minute (key:{}) exceeded at endpoint: /v1/orders",
        "WARN [throttle] {} is over its 600 requests",
        "warn: too many requests of consumer {}, limit 600",
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"a short key is told, and {what}", world, UNKNOWN)
    for what, world in (
        (
            "no figures count by it: it may be an object's",
            by_key(shares=[("till", 0.0), ("office", 0.0)]),
        ),
        ("it is a word, as of an app that many use", by_key(name="overlay")),
        ("it is how an app is called, by its version", by_key(name="ios-v2.1")),
        ("figures show that another one is refused too", by_key(shares=[(OVER, 0.9), ("till", 0.3), ("office", 0.0)])),
        ("the log refuses another one as well", by_key('INFO access: key=till "GET /v1/orders HTTP/1.1" 429')),
        ("a setting of the house has it", by_key(env={"SHOP_KEY": OVER})),
        ("it is called a client, and no key", by_key(field="client")),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "a short key is told, and the server speaks of the limits of another one",
        by_key(says="ERROR upstream cart: rate limit exceeded"),
        UNKNOWN,
    ),
]
