"""New words of what is late, or was asked for in vain: since before the release, or by it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.new_words import of_release
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.tiny import at, log, pod, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot


def late(said: str, released: float = 600, first: str = "", **more: Any) -> Snapshot:
    """Return a shop with a new image whose pods warn, since a minute after it, of what is late.

    ``first``: what they say in the first three lines.
    """
    ages = range(int(released) - 60, 0, -15)
    told = [f"{at(age)} {first if first and n < 3 else said}" for n, age in enumerate(ages)]
    calm = [f"{at(released - 5)} INFO listening"]
    logs = [Log(pod("shop", n), "shop", (*calm, *told)) for n in (0, 1)]
    return snapshot(shop(**{"before": IMAGE, "released": released, **more}), logs=logs, alerts=[alert(app="shop")])


def found_nothing(line: str = "ERROR GET /v1/scans/{} 404 not found", served: int = 9) -> Snapshot:
    """Return a shop whose pods tell of requests since its release, and after every few served ones of one in vain."""
    well = [f"INFO GET /v1/orders/{n} 200 12 ms" for n in range(served)]
    lines = [each for n in range(20) for each in (*well, line.format(n))]
    return of_release(*(log(pod("shop", n), *lines, since=1400) for n in (0, 1)))


HOLDS = [
    *(
        Holds(
            f"its new pods tell of what waits since before their release: {words}",
            late(f"WARN plan of an order is late, {words}"),
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for words in (
            *('"waitingSec":1082', "waited 18 min", "waited_ms=1500000", "pending for 1100 s"),
            *('"waitingSec":1082,"attempts":2', "waited 18 min in attempt 4", "waiting for 1100 s"),
        )
    ),
    *(
        Holds(
            f"its new pods tell of what waits since their release, or of no wait: {words}",
            late(f"WARN plan of an order is late, {words}"),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for words in ('"waitingSec":31', "waited 30 s", "waited=1082", "order=1082s", "max wait: 1100s")
    ),
    *(
        Holds(
            f"its new pods tell of what they break: {what}",
            world,
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, world in (
            (
                "what was under way as it came waits first, and all that came later waits too",
                late("WARN plan of an order is late, waited 35 s", first="WARN plan of an order is late, waited 290 s"),
            ),
            *(
                (f"they say how long they will wait: {words}", late(f"WARN no answer of the planner, {words}"))
                for words in (
                    "retry wait=900s",
                    "waiting 900 s before the next attempt",
                    "waiting for 900 s to try again",
                )
            ),
        )
    ),
    *(
        Holds(
            f"an alert fires, and a log tells of answers 404 since a release: {what}",
            world,
            (SHOP, "code_defect", remedy),
            believed=believed,
            harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
        )
        for what, world, remedy, believed in (
            ("most requests find what they ask for", found_nothing(), "page_human", ""),
            ("hardly any request finds what it asks for", found_nothing(served=0), "rollback_workload", ""),
            (
                "who was asked is another",
                found_nothing("ERROR GET /v1/scans/{} 404 of http://scans:8080/v1"),
                "rollback_workload",
                "",
            ),
            ("it failed at them", found_nothing("ERROR GET /v1/scans/{} 500 no rows"), "rollback_workload", ""),
        )
    ),
]
