"""Somebody breaks by itself, in code of its own, near a release: whether what it tells is of that release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.new_words import CART, SESSIONS, warned
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SETTING = "configuration_error"
BROKE = "ERROR recovered panic: runtime error: index out of range [0] with length 0"


def broken(*panics: float, words: str = SESSIONS, of: str = "cart") -> Log:
    """Return the log of a pod that works, and tells of a fault of its own that many seconds ago."""
    lines = [(age, "INFO request") for age in range(1800, 0, -30)] + [(age, BROKE) for age in panics]
    lines += [(age, words) for age in range(595, 0, -15)] if words else []
    return Log(pod(of), of, tuple(f"{at(age)} {line}" for age, line in sorted(lines, reverse=True)))


def living_on(*told: Log, env: Mapping[str, str] = URL, **more: Any) -> Snapshot:
    """Return a shop that warns since long after its release, and another, by default on the same store."""
    cart = workload("cart", env=env, **more)
    desk = shop(env={**URL, "MODE": "b"}, before={"env": {**URL, "MODE": "a"}}, released=1500)
    return snapshot(postgres(), desk, cart, logs=(warned(), *told), alerts=[alert(app="shop")])


AGAIN = tuple(range(590, 0, -60))
"""When somebody breaks again and again."""


def beside(*told: Log, store: Iterable[Obj] = (), of_cart: Any = None, asks: str = "") -> Snapshot:
    """Return a shop that asks an api, and a cart beside them that was released just before words came."""
    asks = asks or "http://api:8080"
    at_store = URL if store else {}
    return snapshot(
        shop(env={"API_URL": asks}),
        workload("api", env=at_store),
        workload("cart", before=of_cart or OLD, env=at_store, released=660),
        store,
        logs=told,
        alerts=[alert()],
    )


HOLDS = [
    *(
        Holds(
            f"it warns since long after a release of settings, and {what}", world, (SHOP, SETTING, remedy), harmful=harm
        )
        for remedy, harm, rows in (
            (
                "page_human",
                ("rollback_workload",),
                (("another on its store broke just before", living_on(broken(640, words=""))),),
            ),
            (
                "rollback_workload",
                (),
                (
                    ("another on its store broke since", living_on(broken(400, words=""))),
                    ("another on its store broke long before", living_on(broken(1500, words=""))),
                    ("another with no store of its own broke", living_on(broken(640, words=""), env={})),
                ),
            ),
        )
        for what, world in rows
    ),
    *(
        Holds(
            f"it broke, and a workload was released {what}",
            snapshot(
                shop(env=asks),
                workload("cart", before=OLD, released=660),
                logs=[broken(610, 590, of="shop")],
                alerts=[alert()],
            ),
            (CART, "code_defect", remedy),
        )
        for what, asks, remedy in (
            ("that it asks", {"CART_URL": "http://cart:8080"}, "rollback_workload"),
            ("with which it has nothing to do", {}, "page_human"),
        )
    ),
    *(
        Holds(what, world, (component, "code_defect", remedy), believed=believed)
        for what, world, component, remedy, believed in (
            ("its code breaks since a stranger's release", beside(broken(*AGAIN, of="shop")), SHOP, "page_human", ""),
            (
                "what it asks breaks since a stranger's release",
                beside(warned(), broken(*AGAIN, words="", of="api")),
                "Deployment/api",
                "page_human",
                "",
            ),
            (
                "what it asks breaks since the release of who shares its store",
                beside(warned(), broken(*AGAIN, words="", of="api"), store=postgres()),
                CART,
                "rollback_workload",
                "",
            ),
            (
                "what it asks broke long before a stranger's release",
                beside(warned(), broken(*range(1790, 1700, -20), words="", of="api")),
                CART,
                "rollback_workload",
                "",
            ),
            (
                "what it asks broke once",
                beside(warned(), broken(500, words="", of="api")),
                CART,
                "rollback_workload",
                "",
            ),
        )
    ),
]
