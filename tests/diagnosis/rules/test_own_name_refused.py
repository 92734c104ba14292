"""A program turns its own users away, for the very name under which they come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, alert, errors, ingress
from tests.diagnosis.rules.tiny import NOW, Obj, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

DJANGO = (
    "WARNING django.security.csrf Forbidden (Origin checking failed - https://shop.example does not match any trusted "
    "origins.): /login/"
)
RAILS = "W, HTTP Origin header (https://shop.example) didn't match request.base_url (http://shop.example)"
NEXT = (
    "`x-forwarded-host` header with value `shop:8080` does not match `origin` header with value `shop.example` from a "
    "forwarded Server Actions request. Aborting the action."
)
ENGINE = (
    "https://shop.example is not an accepted origin. (further occurrences of this error will be logged with level INFO)"
)
BLOCKED = "[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: shop.example"
VITE = 'Blocked request. This host ("shop.example") is not allowed.'
INNER = "ERROR django.security.DisallowedHost Invalid HTTP_HOST header: 'shop:8080'. You may need to add 'shop'."
SOCKETS = (
    '{"level":"warn","msg":"socket refused","error":"origin https://shop.example not allowed","remote":"10.1.7.3"}'
)
STRANGER = (
    "ERROR django.security.DisallowedHost Invalid HTTP_HOST header: '203.0.113.9'. You may need to add '203.0.113.9'."
)
FOREIGN = DJANGO.replace("shop.example", "shop.example.evil.test")
PEER = "WARNING payments: hostname mismatch, certificate is not valid for 'shop.example', host not allowed"
RIVAL = RAILS.replace("Origin header (https://shop.example)", "Origin header (https://evil.test)")
FORWARDED = NEXT.replace("shop.example", "evil.test").replace("shop:8080", "shop.example")
FIELD = 'level=warn msg="invalid token" host=shop.example path=/cart method="not allowed"'
SERVED = "INFO GET /start 200 4ms"
EDGE = "registry.example/ingress-nginx/controller:v1.12.4"
WAY = ingress("shop", "shop.example")
OTHER_WAY = ingress("outlet", "outlet.example", service="shop")
CALLED = alert("LoginsFail")
EARLY = CALLED._replace(starts_at=NOW - timedelta(minutes=40))
ROLLBACK = (SHOP, "code_defect", "rollback_workload")
SET: dict[str, Any] = {"env": {"ALLOWED_HOSTS": "shop.example,shop"}}


def told(*lines: str, since: float = 1150, pods: tuple[int, ...] = (0, 1)) -> list[Log]:
    """Return what some pods of the shop repeat since some time, beside the pages that they serve."""
    return [log(pod("shop", n), *[SERVED, *lines] * 9, since=since) for n in pods]


def site(
    line: str,
    *more: Any,
    logs: list[Log] | None = None,
    alerts: tuple[Alert, ...] = (CALLED,),
    way: tuple[Obj, ...] = (WAY,),
    figures: Any = (),
    **shop: Any,
) -> Snapshot:
    """Return a shop that was released 20 minutes ago, and refuses requests since."""
    given = {"before": OLD, "released": 1200, **shop}
    heard = told(line) if logs is None else logs
    return snapshot(workload("shop", **given), *way, *more, logs=heard, alerts=alerts, figures=figures)


def unreleased(line: str, *more: Any, since: float = 500, **shop: Any) -> Snapshot:
    """Return a shop that was not released, and refuses requests since some time."""
    return snapshot(workload("shop", **shop), *more, logs=told(line, since=since), alerts=[CALLED])


READS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "shop-settings"}}]}
HOLDS = [
    Holds(
        "Django, which looks at the origin since its version 4",
        site(DJANGO),
        ROLLBACK,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
        sure=(0.6, 0.95),
    ),
    *(Holds(f"another framework: {line[:60]}", site(line), ROLLBACK) for line in (RAILS, NEXT, ENGINE, BLOCKED, VITE)),
    Holds("sockets are refused, in a log of fields", site(SOCKETS), ROLLBACK),
    Holds(
        "its list of names became shorter",
        site(BLOCKED, before={"env": {"HOSTS": "shop.example,shop"}}, env={"HOSTS": "shop"}),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a worker of the same image came with it, an edge told of its way long before, and strangers ask as ever",
        site(
            DJANGO,
            workload("jobs", "registry.example/shop:1", before=OLD, released=1190, service=False),
            way=(ingress("shop", "shop.example", written=2300),),
            logs=told(DJANGO, STRANGER),
        ),
        ROLLBACK,
    ),
    Holds(
        "others in the cluster ask for it by its inner name",
        site(
            INNER,
            workload("cart", env={"SHOP_URL": "http://shop:8080"}),
            alerts=(alert(service="cart"),),
            figures=[errors("cart", since=1150)],
            way=(),
        ),
        ROLLBACK,
    ),
    Holds(
        "it is called by the one of its two names that an alert tells of",
        site(DJANGO, OTHER_WAY, alerts=(alert("LoginsFail", target="https://shop.example/login"),)),
        ROLLBACK,
    ),
    Holds("no route is known, and its settings tell how it is called", site(DJANGO, way=(), **SET), ROLLBACK),
    Holds(
        "pages of another one of ours ask it",
        site(DJANGO.replace("shop.", "pages."), workload("pages"), way=(ingress("pages", "pages.example"),)),
        ROLLBACK,
    ),
    Holds(
        "a way in was given a further name, which it does not know",
        unreleased(BLOCKED, ingress("shop", "shop.example", written=520)),
        ("Ingress/shop", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    ),
    Holds(
        "its settings were edited, and it was started with them",
        unreleased(
            BLOCKED, WAY, thing("ConfigMap", "shop-settings", written=900, data={"HOSTS": "shop"}), started=520, **READS
        ),
        ("ConfigMap/shop-settings", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("strangers ask under other names", site(STRANGER), harmful=("restart_workload",)),
    DoesNotHold("a page of somebody else asks", site(FOREIGN)),
    DoesNotHold("a page of somebody else asks, and what it is compared with is its own", site(RIVAL)),
    DoesNotHold("so in another framework", site(FORWARDED)),
    DoesNotHold("another thing is refused, in a line that has a field for the name", site(FIELD)),
    DoesNotHold("nobody suffers", site(DJANGO, alerts=())),
    DoesNotHold("people were called before it came", site(DJANGO, alerts=(EARLY,)), harmful=("rollback_workload",)),
    DoesNotHold("it is one of its two names, and nobody tells that users come by it", site(DJANGO, OTHER_WAY)),
    DoesNotHold("it was so for longer", site(DJANGO, logs=told(DJANGO, since=3000)), harmful=("rollback_workload",)),
    DoesNotHold("the release is older", site(DJANGO, released=9000), harmful=("rollback_workload",)),
    DoesNotHold("one of its pods serves all", site(DJANGO, logs=[*told(DJANGO, pods=(0,)), *told(SERVED, pods=(1,))])),
    DoesNotHold("a few are refused", site(DJANGO, logs=[log(pod("shop", n), DJANGO, DJANGO) for n in (0, 1)])),
    DoesNotHold("it is the name of a peer in a certificate", site(PEER), ROLLBACK),
    DoesNotHold(
        "the edge was released as well, which tells it who asks",
        site(RAILS, workload("edge", EDGE, before=OLD, released=1210, service=False)),
    ),
    DoesNotHold(
        "the way in was edited as well",
        site(RAILS, way=(ingress("shop", "shop.example", written=1210),)),
    ),
    DoesNotHold("nothing was changed", unreleased(DJANGO, WAY)),
    DoesNotHold(
        "the way in and its settings were edited",
        unreleased(
            BLOCKED,
            ingress("shop", "shop.example", written=520),
            thing("ConfigMap", "shop-settings", written=900, data={"HOSTS": "shop"}),
            started=520,
            **READS,
        ),
    ),
]
