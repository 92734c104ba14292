"""An Ingress was written, and paths of its host reach a service that does not know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, SHOP, alert, ingress, shop
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

EDGE, FILES = "Deployment/edge", "Ingress/files"
ACT = ("rollback_workload", "restart_workload", "scale_workload")
HOST = "shop.example"


def request(path: str, status: int, service: str) -> str:
    led = f"[town-{service}-8080] [] 10.1.0.9:8080 512 0.02 {status} 1f"
    return f'198.51.100.7 - - "GET {path} HTTP/2.0" {status} 512 "-" "Mozilla/5.0" 310 0.021 {led}'


def written(age: float = 1000, host: str = HOST, **notes: str) -> Obj:
    """Return an Ingress of files that was made at an age."""
    found = ingress("files", host, service="files", age=age)
    found["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/use-regex": "true", **notes}
    return found


def leading(name: str, path: str, service: str, age: float = 1000) -> Obj:
    """Return an Ingress that leads a path to a service, and was made at an age."""
    found = ingress(name, HOST, service=service, age=age)
    found["spec"]["rules"][0]["http"]["paths"][0]["path"] = path
    return found


def world(
    by: Obj,
    *paths: str,
    before: tuple[int, str] = (200, "shop"),
    since: tuple[int, str] = (404, "cart"),
    turned: int = 950,
    caller: Mapping[str, Any] | None = None,
    still: str = "",
    more: Sequence[Obj] = (),
) -> Snapshot:
    """Return an edge that led paths to one service, and leads them to another one from an age on."""
    lines = [
        (float(age + n), request(path, *(before if age > turned else since)))
        for n, path in enumerate(paths)
        for age in range(3000, 0, -100)
    ]
    lines += [(float(age + 7), request(still, 200, "shop")) for age in range(3000, 0, -100) if still]
    return snapshot(
        workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.11.2", port=443),
        shop(**(caller or {})),
        workload("cart"),
        ingress("shop", HOST),
        ingress("cart", HOST),
        by,
        *more,
        logs=[timed(pod("edge"), *sorted(lines, reverse=True))],
        alerts=[alert(service="shop")],
    )


PATHS = ("/payment/confirm", "/payment/methods")
HOLDS = [
    Holds(
        "an Ingress with patterns came, and longer paths are taken for a shorter one",
        world(written(), *PATHS, still="/items"),
        (FILES, "configuration_error", "page_human"),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("rollback_workload", at=CART)),
        began=901,
    ),
    Holds(
        "who answered before was released shortly before",
        world(written(), *PATHS, caller={"before": {"image": "shop:0"}, "released": 1600}),
        (FILES, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "an Ingress came whose own path is too short, and takes what is behind it",
        world(leading("gifts", "/payment", "cart"), *PATHS, still="/items"),
        ("Ingress/gifts", "configuration_error", "page_human"),
        excludes=(*no("rollback_workload", "restart_workload", at=EDGE), *no("rollback_workload", at=CART)),
        harmful=ACT,
    ),
    Holds(
        "another one was written at the same time, which leads elsewhere",
        world(leading("gifts", "/payment/", "cart"), *PATHS, more=[leading("help", "/help", "files")]),
        ("Ingress/gifts", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "two were written at the same time, and neither leads those paths there itself",
        world(written(), *PATHS, more=[leading("pay", "/pay", "cart")]),
        (EDGE, "configuration_error", "page_human"),
        harmful=ACT,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, seen, harmful=ACT)
        for what, seen in (
            ("nothing was written then", world(written(age=9000), *PATHS)),
            ("what was written is of another host", world(written(host="other.example"), *PATHS)),
            ("who gets them knows them", world(written(), *PATHS, since=(200, "cart"))),
            ("the same service knows them no more", world(written(), *PATHS, since=(404, "shop"))),
            ("nobody knew them before", world(written(), *PATHS, before=(404, "shop"))),
            ("a share of them is led there, as of a canary", world(written(), PATHS[0], still=PATHS[0])),
            ("a few requests", world(written(age=300), PATHS[0], turned=250)),
        )
    ),
]
