"""Settings that a program tells to have read anew while it runs, by which only its callers fail, and what looks so."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, OLD, SHOP, URL, alert, errors, latency, policy, rate
from tests.diagnosis.rules.tiny import Obj, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

EDIT, READ, FAILS = 660.0, 640.0, 600.0
"""How many seconds ago somebody wrote the settings, the cart read them, and the shop began to fail."""
SPRING = (
    "INFO [OkHttp https://10] o.s.c.k.c.config.reload.ConfigReloadUtil : Detected change in config maps",
    "INFO o.s.c.e.event.RefreshEventListener : Refresh keys changed: [cart.hold]",
)
GO = ('level=info msg="config reloaded" file=/etc/cart/config.yaml',)
DOTNET = ("info: Cart.Settings[0] Configuration has been reloaded",)
NODE = ('{"level":"info","msg":"reloading configuration","source":"ConfigMap cart-settings"}',)
GONE = "ERROR POST /checkout 502: Request failed with status code 410 (POST http://cart:8080/carts/7/confirm)"
OTHER = "ERROR POST https://pay.example.com/charge: 503 Service Unavailable"
MOUNTED: dict[str, Any] = {"spec": {"volumes": [{"name": "c", "configMap": {"name": "cart-settings"}}]}}
NAMES: dict[str, Any] = {"env": {"CONFIG_MAPS": "cart-settings,cart-texts"}}
RESTART = no("rollback_workload", "restart_workload", at=CART)
HARM = ("rollback_workload", "restart_workload", "scale_workload")
FAILING = errors("shop", since=FAILS)


def held(
    *figures: tuple[str, Series],
    told: tuple[str, ...] = SPRING,
    named: str = "cart",
    wrote: float = EDIT,
    read: float = READ,
    pods: int = 2,
    said: str = GONE,
    more: tuple[tuple[float, str], ...] = (),
    cart: dict[str, Any] | None = None,
    shop: dict[str, Any] | None = None,
    beside: tuple[Obj, ...] = (),
) -> Snapshot:
    """Return a cart that reads what somebody wrote, and a shop that fails by its answers since.

    read: when the cart says so; pods: how many of its two; more: what it tells beside that; beside: other objects.
    """
    work = [(float(age), "INFO cart 7 held") for age in range(3300, 0, -300)]
    logs: list[Log] = []
    for n in range(2):
        news = [(read, line) for line in told] if n < pods else []
        lines = sorted([*work, *news, *more], key=lambda each: -each[0])
        logs.append(timed(pod("cart", n), *lines))
    fine = [(float(age), "INFO POST /checkout 201") for age in range(3300, int(FAILS), -300)]
    logs.append(timed(pod("shop"), *fine, *((float(age), said) for age in range(int(FAILS) - 20, 0, -40))))
    return snapshot(
        workload("cart", **(cart or {})),
        workload("shop", env=CALLS_CART, **{"before": IMAGE, "released": 1500.0, **(shop or {})}),
        postgres(),
        thing("ConfigMap", named, written=wrote, data={"application.yaml": "cart:\n  hold: 900\n"}),
        *beside,
        logs=logs,
        figures=figures or [FAILING],
        alerts=[alert(service="shop")],
    )


def texts(age: float) -> Obj:
    """Return another ConfigMap that the cart reads."""
    return thing("ConfigMap", "cart-texts", written=age, data={"de": "Weg"})


HOLDS = [
    *(
        Holds(
            f"a program is well with what it read anew, and its caller fails by its answers: {what}",
            world,
            (f"ConfigMap/{named}", "configuration_error", "page_human"),
            alone=True,
            excludes=(*RESTART, *no("rollback_workload", at=SHOP)),
            harmful=HARM,
        )
        for what, named, world in (
            ("Spring asks the API for the one of its name", "cart", held()),
            ("a file, in Go", "cart-settings", held(told=GO, named="cart-settings", cart=MOUNTED)),
            ("a file, in .NET", "cart-settings", held(told=DOTNET, named="cart-settings", cart=MOUNTED)),
            ("its log names it", "cart-settings", held(told=NODE, named="cart-settings")),
            ("a variable names it", "cart-settings", held(told=GO, named="cart-settings", cart=NAMES)),
            ("the caller was never released", "cart", held(shop={"before": None}, said=GONE.replace("410", "409"))),
            ("another one was written long after", "cart", held(cart=NAMES, beside=(texts(120),))),
            ("an edit of yesterday was read then", "cart", held(more=((3200, SPRING[1]),))),
        )
    ),
    Holds(
        "a program fails by what it read by the API",
        held(errors("cart", since=FAILS), FAILING),
        ("ConfigMap/cart", "configuration_error", "page_human"),
        alone=True,
        excludes=RESTART,
        harmful=HARM,
    ),
]

SINCE = (SHOP, "code_defect", "rollback_workload")
DOES_NOT_HOLD = [
    DoesNotHold(f"settings were read anew, and a caller fails otherwise: {what}", world, instead)
    for what, instead, world in (
        ("the caller names somebody else", (), held(said=OTHER)),
        ("it failed before", SINCE, held(errors("shop", since=1400))),
        ("it was released in those minutes", SINCE, held(shop={"released": FAILS + 60})),
        ("a policy came in those minutes", (), held(beside=(policy("cart", "cart", age=630, ingress=[{"from": []}]),))),
        ("far more is asked of it", (), held(FAILING, rate("shop", 50, 400, FAILS))),
        ("who is called was released in those minutes", (), held(cart={"before": OLD, "released": FAILS + 60})),
        ("its database is slow since", (), held(FAILING, latency("postgres", since=FAILS), cart={"env": URL})),
        ("it reads its settings at every turn", (), held(more=tuple((float(a), GO[0]) for a in range(3000, 0, -300)))),
        ("nobody says that it was read", (), held(told=())),
        ("it could not be read", (), held(told=("ERROR failed: config reloaded with errors",))),
        ("one pod of two read it", (), held(pods=1)),
        ("two were written in those minutes", (), held(cart=NAMES, beside=(texts(EDIT),))),
        ("it is of another program", (), held(named="web")),
        (
            "it is of another program, which is called",
            (),
            held(named="postgres", told=GO, cart={"env": {"DB_HOST": "postgres"}}),
        ),
        ("it was written an hour before", (), held(wrote=3000)),
        ("it came after the failures", (), held(wrote=200, read=180)),
    )
]
