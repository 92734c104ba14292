"""Pages that ask a service for the same again and again since they were released, though it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, WEB, alert, errors, latency, rate
from tests.diagnosis.rules.tiny import Obj, figure, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

HOST = "shop.example"
BACK = "rollback_workload"
OLD, NEW = "2.8.1", "2.9.0"
Said = Callable[[int, int, str], str]
"""How an edge tells of a request: the number of the client, the status, the version that asks."""


def nginx(client: int, status: int, _: str) -> str:
    """Return a line of an ingress-nginx, which tells the page and whom it chose."""
    asked = f'"GET /api/cart?full=1 HTTP/2.0" {status} 512 "https://{HOST}/orders/{client}" "Mozilla/5.0"'
    return f"198.51.100.{client} - - {asked} 310 0.021 [town-cart-8080] [] 10.1.0.9:8080 512 0.02 {status} 1f"


def proxied(client: int, status: int, version: str) -> str:
    """Return a line of an nginx behind a load balancer, whose pages tell their build."""
    asked = f'"POST /cart/items HTTP/1.1" {status} 81 build={version} rt=0.030'
    return f'10.0.0.4 - - {asked} "203.0.113.{client}"'


def fields(client: int, status: int, version: str) -> str:
    """Return a line of fields of the service itself, which knows sessions and who asks."""
    asked = f'"method":"GET","route":"/v1/cart","status":{status},"session":"s_{client}x"'
    return f'{{"level":"INFO","msg":"request",{asked},"client":"web/{version}"}}'


def plain(client: int, status: int, _: str) -> str:
    """Return a line of a server that tells of no page and no version."""
    return f'198.51.100.{client} - - "GET /api/cart HTTP/1.1" {status} 512 "-" "Mozilla/5.0"'


def told(
    of: str,
    say: Said,
    *,
    times: int = 5,
    turned: float = 2000,
    until: float = 0,
    start: float = 3500,
    before: int = 1,
    clients: int = 40,
    bad: int = 0,
    mixed: bool = False,
) -> Log:
    """Return what a log tells of one visit a minute, which asks again and again from an age on.

    ``bad``: so many of the answers of a visit since then fail. ``mixed``: every third one has the version before yet.
    """
    lines = []
    for n, age in enumerate(range(int(start), 0, -60)):
        late = until < age <= turned and not (mixed and n % 3 == 0)
        often = times if late else before
        for k in range(often):
            status = 503 if late and k < bad else 200
            lines.append((age - 0.4 * k, say(n % clients + 1, status, NEW if late else OLD)))
    return timed(pod(of), *lines)


def routed(**paths: str) -> Obj:
    """Return an Ingress that leads paths of the shop to Services."""
    led = [
        {"path": f"/{path.replace('_', '/')}", "backend": {"service": {"name": name, "port": {"number": 8080}}}}
        for path, name in paths.items()
    ]
    return thing(
        "Ingress", "shop", spec={"ingressClassName": "nginx", "rules": [{"host": HOST, "http": {"paths": led}}]}
    )


PATHS = routed(**{"": "web", "api_cart": "cart"})


def page(**more: Any) -> list[Obj]:
    """Return what hands out the pages, as it was released 40 minutes ago."""
    image = "registry.example/web:{}"
    return workload(
        "web", **{"image": image.format(NEW), "before": {"image": image.format(OLD)}, "released": 2400, **more}
    )


FLOOD = (rate("cart", 30, 300, 1200), errors("cart", 0.4, 900), latency("cart", since=900))


def world(
    *logs: Log,
    web: list[Obj] | None = None,
    cart: dict[str, Any] | None = None,
    more: tuple[Any, ...] = (PATHS,),
    figures: tuple[tuple[str, Series], ...] = FLOOD,
    alerts: tuple[Alert, ...] = (),
) -> Snapshot:
    """Return pages, the service that they ask, and an edge."""
    edge = workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.11.2", port=443)
    return snapshot(
        page() if web is None else web,
        workload("cart", **(cart or {})),
        edge,
        *more,
        logs=logs,
        figures=figures,
        alerts=alerts,
    )


FULL = tuple(figure("cpu_share", 0.2, 0.99, 900, pod=pod("cart", n), container="cart") for n in range(2))
ASKED = (WEB, "code_defect", BACK)
HOLDS = [
    Holds(
        "an edge tells of it, and whose page it is by where that is led",
        world(told("edge", nginx), figures=(*FLOOD, *FULL)),
        ASKED,
        excludes=(*no("restart_workload", "scale_workload", BACK, at=CART), *no("restart_workload", at=WEB)),
        alone=True,
        began=2000.0,
    ),
    Holds(
        "and who is asked was released amid it",
        world(told("edge", nginx), cart={"before": {"image": "registry.example/cart:0"}, "released": 1000}),
        ASKED,
        alone=True,
    ),
    Holds(
        "what hands the pages out leads their requests on, and they tell their build; nobody measures any",
        world(told("web", proxied, bad=1), more=(), figures=(errors("cart", 0.4, 900),)),
        ASKED,
        alone=True,
    ),
    Holds(
        "the log begins after the release, and those who have the build of before ask once yet",
        world(told("edge", proxied, start=2200, turned=2100, mixed=True), more=()),
        ASKED,
        alone=True,
    ),
    Holds(
        "the service itself tells of sessions, and who asks", world(told("cart", fields), more=()), ASKED, alone=True
    ),
    Holds(
        "nobody measures anything, and an alert is about who is asked",
        world(told("edge", nginx), figures=(), alerts=(alert(service="cart"),)),
        ASKED,
        alone=True,
    ),
    Holds(
        "an edge tells of it alone, and the service that it is asked by the pages as they were released",
        world(
            told("edge", plain), timed(pod("cart"), (900, f"INFO slow answer of /internal/cart for web/{NEW}")), more=()
        ),
        ASKED,
        alone=True,
    ),
    Holds(
        "the pages were set otherwise, and are led through the one that hands them out",
        world(
            told("web", plain),
            web=workload("web", env={"REFRESH": "on"}, before={"env": {"REFRESH": "off"}}, released=2400),
            more=(),
        ),
        (WEB, "configuration_error", BACK),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, here, instead, (BACK,))
        for what, here, instead in (
            (
                "they asked again and again before the release",
                world(told("edge", nginx, before=5), figures=(*FLOOD, *FULL)),
                (CART, "capacity", "scale_workload"),
            ),
            (
                "it began long after the release",
                world(told("edge", nginx), web=page(released=6000), figures=(*FLOOD, *FULL)),
                (CART, "capacity", "scale_workload"),
            ),
            (
                "one client asks again and again, and not the pages",
                world(told("edge", nginx, clients=1), figures=(*FLOOD, *FULL)),
                (CART, "capacity", "scale_workload"),
            ),
            (
                "they try again what failed",
                world(told("edge", nginx, bad=4), figures=(*FLOOD, *FULL)),
                (CART, "capacity", "scale_workload"),
            ),
            (
                "they began to ask again long after it failed",
                world(told("edge", nginx, turned=600), figures=(*FLOOD, *FULL)),
                (CART, "capacity", "scale_workload"),
            ),
            (
                "it is over",
                world(told("edge", nginx, until=1300), figures=(*FLOOD, *FULL)),
                (CART, "capacity", "scale_workload"),
            ),
            (
                "the page that asks is led to another one, which was not released",
                world(
                    told("edge", nginx),
                    more=(routed(**{"": "web", "api_cart": "cart", "orders": "orders"}), workload("orders")),
                    figures=(*FLOOD, *FULL),
                ),
                (CART, "capacity", "scale_workload"),
            ),
            (
                "nothing tells whose page it is",
                world(told("edge", plain), figures=(*FLOOD, *FULL)),
                (CART, "capacity", "scale_workload"),
            ),
        )
    ),
    DoesNotHold(
        "and the service is well",
        world(told("edge", nginx), figures=(rate("cart", 30, 300), errors("cart", 0.001))),
        ("no_fault", "no_action"),
    ),
    DoesNotHold(
        "who is asked was released just before it began: the answers may be others",
        world(told("edge", nginx), cart={"before": {"image": "registry.example/cart:0"}, "released": 2100}),
        (),
    ),
]
