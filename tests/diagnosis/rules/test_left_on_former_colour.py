"""A Service that was left on the former of two colours, which takes a new setting otherwise than the new one."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.colours import NEW, OLD, slot
from tests.diagnosis.rules.scenes import errors, latency
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, service_for, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

BLUE, GREEN, BULK = "Deployment/shop-blue", "Deployment/shop-green", "Service/bulk"
FLAG = 'INFO feature flag "express" has changed: off -> on'
OTHER = FLAG.replace("express", "banner")
TOGETHER = "for the importer only; switch together with Service shop"
SLOW, WELL = latency("shop-blue", since=560), latency("shop-green", now=0.1)
CRASHES = "ERROR java.lang.NullPointerException: basket"


def led(name: str, to: str, switched: float | None, note: str = "", said: str = "") -> Obj:
    """Return a Service that was led to a colour so long ago, as an annotation says, and what another says."""
    service = service_for(name, selector={"app": "shop", "slot": to})
    notes = {"example.com/note": note} if note else {}
    if switched is not None:
        notes["example.com/last-switch"] = at(switched) + said
    service["metadata"]["annotations"] = notes
    return service


def told(colour: str, *lines: str, age: float = 600) -> Log:
    said = [f"{at(3600 - 60 * n)} INFO request {n}" for n in range(45)]
    return Log(pod(f"shop-{colour}"), f"shop-{colour}", (*said, *(f"{at(age)} {line}" for line in lines)))


def colours(
    *,
    blue: Any = None,
    green: Any = None,
    shop: Obj | None = None,
    bulk: Obj | None = None,
    logs: tuple[Log, ...] = (told("blue", FLAG), told("green", FLAG)),
    figures: tuple[Any, ...] = (SLOW, WELL),
) -> Snapshot:
    """Return a shop of two colours: blue is the former one, to which a Service leads still."""
    return snapshot(
        blue or slot("blue", OLD, 40 * DAY),
        green or slot("green", NEW, 2 * DAY),
        shop or led("shop", "green", DAY),
        bulk or led("bulk", "blue", 30 * DAY, TOGETHER),
        logs=logs,
        figures=figures,
    )


SWITCH = (BULK, "configuration_error", "switch_traffic")
PERSON = (BULK, "configuration_error", "page_human")
HARM = ("restart_workload", "rollback_workload", "scale_workload")
ACTS = (*HARM, "switch_traffic")

HOLDS = [
    Holds(
        "a note on it says that both are switched together",
        colours(),
        SWITCH,
        excludes=(*no("restart_workload", "rollback_workload", at=BLUE), *no("rollback_workload", at=GREEN)),
        harmful=HARM,
    ),
    Holds(
        "it fails, and does not get slow", colours(figures=(errors("shop-blue", since=560), WELL)), SWITCH, harmful=HARM
    ),
    Holds(
        "who switched the other stands behind the time",
        colours(shop=led("shop", "green", DAY, said=" blue->green by kim")),
        SWITCH,
    ),
    Holds("nobody has ever switched it", colours(bulk=led("bulk", "blue", None, TOGETHER)), SWITCH, harmful=HARM),
    Holds("it may be meant so", colours(bulk=led("bulk", "blue", 30 * DAY)), PERSON, harmful=ACTS),
    Holds("nobody measures the new colour", colours(figures=(SLOW,)), PERSON, harmful=("switch_traffic",)),
    *(
        Holds(f"its note says else: {note}", colours(bulk=led("bulk", "blue", 30 * DAY, note)), PERSON, harmful=ACTS)
        for note in (
            "switch together with Service shop-eu",
            "shop",
            "shop:/Service:town/bulk",
            "unlike Service shop this one stays on blue",
            "never switch together with Service shop: the importer is not certified for green",
            "switch together with Service tills, not shop",
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, ASK, harmful=ACTS)
        for what, world in (
            ("only the former colour was told of it", colours(logs=(told("blue", FLAG), told("green")))),
            ("the new one was told of another", colours(logs=(told("blue", FLAG), told("green", OTHER)))),
            (
                "the new one fails as well, as its log says",
                colours(logs=(told("blue", FLAG), told("green", FLAG, *[CRASHES] * 4))),
            ),
            ("no setting was changed", colours(logs=(told("blue"), told("green")))),
            ("it was changed long before", colours(logs=(told("blue", FLAG, age=2400), told("green", FLAG, age=2400)))),
            ("the new one got slow as well", colours(figures=(SLOW, latency("shop-green", since=560)))),
            ("no Service was switched", colours(shop=led("shop", "green", None))),
            ("the other was switched weeks ago", colours(shop=led("shop", "green", 20 * DAY))),
            ("it was switched back after the other", colours(bulk=led("bulk", "blue", DAY / 2, TOGETHER))),
            ("it is the newer colour that was left", colours(blue=slot("blue", OLD, DAY))),
            ("the other colour is smaller", colours(green=slot("green", NEW, 2 * DAY, pods=1))),
            ("the other colour has other settings", colours(green=slot("green", NEW, 2 * DAY, env={"MODE": "serve"}))),
            ("the other is another program", colours(green=slot("green", "registry.example/till:9", 2 * DAY))),
        )
    ),
    DoesNotHold("nobody suffers", colours(figures=(latency("shop-blue", now=0.1),))),
]
