"""Pages of one user that an edge keeps for all; not where nobody meets what is of others."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

EDGE = "Deployment/edge"
NGINX = (
    '10.8.0.{n} - - "GET /account/ HTTP/1.1" 200 21758 "-" "Mozilla/5.0" rt=0.000 urt=- cache=HIT',
    '10.8.0.{n} - - "GET /static/app.js HTTP/1.1" 200 912 "-" "Mozilla/5.0" rt=0.000 urt=- cache=HIT',
)
VARNISH = ('10.8.0.{n} - - "GET https://shop.test/my/orders HTTP/1.1" 200 4711 "-" "Mozilla/5.0" hit TCP_HIT',)
TOLD = ('10.8.0.{n} - - "GET /rapports HTTP/1.1" 200 4711 "-" "Mozilla/5.0" cache=HIT',)
STATIC = (NGINX[1], NGINX[0].replace("HIT", "MISS"))
FROM_BEHIND = NGINX[0].replace("HIT", "-")
BEFORE = "location /static/ {\n  proxy_cache pages;\n}\nlocation / {\n  proxy_pass http://shop;\n}\n"
ALL = BEFORE + "location / {\n  proxy_cache pages;\n  proxy_cache_valid 200 30s;\n}\n"
COOKIES = ALL + "proxy_ignore_headers Cache-Control Set-Cookie;\n"
MORE_LOGS = BEFORE + "access_log /dev/stdout edge;\n"
VCL = "sub vcl_backend_response {\n  set beresp.ttl = 60s;\n}\n"
GUARD = "WARN SessionGuard: session ...c41e (patient 2072263) used from 34 addresses within 5 min"
CSRF = "ERROR Invalid CSRF token on POST"
OTHERS = alert("CustomersSeeOthers", service="shop")._replace(annotations={"summary": "Pages of other customers shown"})
ROLLED_BACK = (EDGE, "configuration_error", "rollback_workload")
WRITTEN = ("ConfigMap/edge-1", "configuration_error", "page_human")
CSRF_TOLD = log(pod("shop"), "INFO up", *[CSRF] * 30, since=800)
LINES = log(pod("shop"), *["ERROR session" + "_" * 4000] * 30, since=800)
NEW_SHOP: dict[str, Any] = {"before": {"image": "registry.example/shop:0"}, "released": 950}


def reads(name: str) -> dict[str, Any]:
    return {"envFrom": [{"configMapRef": {"name": name}}]}


def access(*lines: str, since: float = 840, times: int = 20) -> Log:
    return log(pod("edge"), *(line.format(n=n % 5 + 1) for n in range(times) for line in lines), since=since)


def world(
    *logs: Log,
    now: str = COOKIES,
    was: str = BEFORE,
    image: str = "nginx:1.27",
    behind: dict[str, Any] | None = None,
    more: list[Obj] | None = None,
    **other: Any,
) -> Snapshot:
    """Return an edge in front of a shop whose release mounts other settings than before."""
    made = reads("edge-2") if now else {}
    return snapshot(
        workload("edge", image, env={"UPSTREAM_URL": "http://shop:8080"}, released=900, before=reads("edge-1"), **made),
        shop(**(behind or {})),
        thing("ConfigMap", "edge-1", data={"site.conf": was}),
        thing("ConfigMap", "edge-2", age=901, data={"site.conf": now}),
        more or [],
        logs=logs,
        **{"alerts": [OTHERS], **other},
    )


def edited(*logs: Log, written: float = 900, **other: Any) -> Snapshot:
    """Return an edge whose settings somebody wrote, and which read them again by itself."""
    return snapshot(
        workload("edge", "nginx:1.27", **reads("edge-1")),
        shop(),
        thing("ConfigMap", "edge-1", written=written, data={"site.conf": COOKIES}),
        logs=logs,
        **{"alerts": [OTHERS], **other},
    )


def over_time(before: str = FROM_BEHIND) -> Log:
    """Return a log in which pages come from behind for minutes, and then out of the cache."""
    lines = [(before if n < 7 else NGINX[0]).format(n=n % 5 + 1) for n in range(20)]
    return log(pod("edge"), *lines, since=1300)


HOLDS = [
    Holds(
        "the release of an nginx caches all pages and ignores cookies",
        world(access(*NGINX)),
        ROLLED_BACK,
        excludes=[*no("restart_workload", at=EDGE), *no("rollback_workload", "restart_workload", at="Deployment/shop")],
    ),
    Holds("its log cannot be read, its settings can", world(), ROLLED_BACK, sure=(0.3, 0.85)),
    Holds("a Varnish keeps all for a minute", world(access(*VARNISH), now=VCL, image="varnish:7.5"), ROLLED_BACK),
    Holds(
        "only the shop says that such pages are for one",
        world(
            access(*TOLD),
            log(pod("shop"), 'INFO "GET /rapports" 200 cache_control="private, no-store"', since=800),
            now=ALL,
        ),
        ROLLED_BACK,
    ),
    Holds(
        "no alert tells of others, and the shop's log does since then",
        world(access(*NGINX), log(pod("shop"), "INFO up", *[CSRF] * 30, since=800), alerts=[alert(service="shop")]),
        ROLLED_BACK,
    ),
    Holds(
        "the shop was released too, and the edge is told to ignore cookies",
        world(access(*NGINX), behind=NEW_SHOP),
        ROLLED_BACK,
        harmful=["restart_workload"],
    ),
    Holds(
        "it keeps them longer",
        world(access(*NGINX), was=BEFORE + "proxy_cache_valid 200 1s;\n", now=BEFORE + "proxy_cache_valid 200 5m;\n"),
        ROLLED_BACK,
    ),
    Holds("settings were written", edited(over_time()), WRITTEN),
    Holds(
        "settings were written, and only the shop's log tells of it since then",
        edited(over_time(), log(pod("shop"), "INFO up", *[GUARD] * 30, since=800), alerts=[alert(service="shop")]),
        WRITTEN,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("what is for all comes out of the cache", world(access(*STATIC), now=ALL)),
    DoesNotHold(
        "what lies under a name that begins like `my` is for all",
        world(access(NGINX[0].replace("/account/", "/myshop/")), now=ALL),
    ),
    DoesNotHold("the release is about something else", world(access(*NGINX), now=MORE_LOGS)),
    DoesNotHold("it keeps more, and the shop was released too", world(access(*NGINX), now=ALL, behind=NEW_SHOP)),
    DoesNotHold("nobody meets others", world(access(*NGINX), alerts=[alert("DiskFills", service="edge")])),
    DoesNotHold("settings were written, and pages came out of the cache before", edited(access(*NGINX, since=3000))),
    DoesNotHold(
        "the shop told the same long before",
        world(access(*NGINX), log(pod("shop"), "INFO up", *[GUARD] * 30, since=3000), alerts=[alert(service="shop")]),
    ),
    DoesNotHold("pages were looked for in the cache before too", edited(over_time(NGINX[0].replace("HIT", "MISS")))),
    DoesNotHold("one client gets his own pages", world(access(NGINX[0].replace("{n}", "7")), now=ALL)),
    *(
        DoesNotHold(
            f"the shop was released too, and the edge is told {line}",
            world(access(*STATIC), CSRF_TOLD, now=f"{BEFORE}{line}\n", behind=NEW_SHOP, alerts=[alert(service="shop")]),
            instead,
        )
        for line, instead in (
            ("proxy_no_cache $cookie_session $http_authorization;", ()),
            ("proxy_cache_key $host$request_uri$cookie_lang;", ()),
        )
    ),
    *(
        DoesNotHold(f"it has kept such pages for long, and is told {line}", world(access(*NGINX), now=BEFORE + line))
        for line in ("add_header Cache-Control no-store;\n", "proxy_cache_valid 200 302 1s;\n")
    ),
    DoesNotHold(
        "it keeps them less long",
        world(access(*NGINX), was=BEFORE + "proxy_cache_valid 200 1h;\n", now=BEFORE + "proxy_cache_valid 200 5m;\n"),
    ),
    DoesNotHold(
        "a line of the shop is long, and tells of nothing",
        world(access(*NGINX), LINES, alerts=[alert(service="shop")]),
    ),
]
