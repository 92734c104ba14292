"""A ready pod works no more since its callers miss answers; what only looks like it is quiet for another reason."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, alert, rate, shop
from tests.diagnosis.rules.tiny import at, figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WORK, LATE = "INFO basket priced in 31 ms", 'ERROR Get "http://cart:8080/v1": context deadline exceeded'
DUMP = "Full thread dump OpenJDK 64-Bit Server VM"
ASKS: dict[str, Any] = {
    "before": {"resources": {"requests": {"cpu": "1"}}},
    "resources": {"requests": {"cpu": "2"}},
}
MODE: dict[str, Any] = {"before": {"env": {"THREADS": "pool"}}, "env": {"THREADS": "virtual"}}


def told(name: str, *lines: tuple[str, float, float], number: int = 0, every: float = 30) -> Log:
    """Return the log of a pod that repeats lines, each from so many seconds ago until so many."""
    stamped = [
        f"{at(since - n * every)} {line}"
        for line, since, until in lines
        for n in range(int((since - until) / every) + 1)
    ]
    return Log(pod(name, number), name, tuple(stamped), False)


def works(number: int, until: float = 15, since: float = 3600, every: float = 30, more: float = 0) -> Log:
    """Return the log of a pod of the cart, which works until then, and may write its threads down later."""
    dump = [(DUMP, more, more)] if more else []
    return told("cart", (WORK, since, until), *dump, number=number, every=every)


def world(
    *logs: Log,
    waits: float = 1150,
    young: float = 0,
    line: str = LATE,
    cpu: float | None = None,
    beside: str = "",
    written: float = 0,
    asked: float = 50,
    **of: Any,
) -> Snapshot:
    """Return a shop that waits for a cart in vain since then; the last of the cart's pods may be younger.

    ``cpu``: of its processor time the first of them used much before, and uses so much now.
    ``beside``: the log of a mailer on the node of the first. ``written``: when a setting was. ``asked``: requests now.
    """
    objects = workload("cart", pods=3, **of)
    logs += (told("mailer", ("INFO mail sent", 3600, 1200 if beside == "silent" else 15)),) if beside else ()
    figures = [rate("cart", now=asked, since=1250)]
    if cpu is not None:
        figures.append(figure("cpu_share", 0.4, cpu, 1200, pod=pod("cart"), container="cart"))
    return snapshot(
        shop(env=CALLS_CART, before={"image": "shop:0"}, released=1900),
        younger(objects, 1, age=young) if young else objects,
        *[thing("ConfigMap", "cart", written=written)] * bool(written),
        *[workload("mailer", pods=1, service=False)] * bool(beside),
        logs=[*logs, told("shop", ("INFO basket shown", 3600, waits), (line, waits, 10))],
        alerts=[alert(service="shop")],
        figures=figures,
    )


def hangs(number: int, line: str, until: float = 1200) -> Log:
    """Return the log of a pod of the cart that worked until then, and complains since."""
    return told("cart", (WORK, 3600, until), (line, until - 30, 10), number=number)


PRICED = 'ERROR Get "http://price:8080/v1": context deadline exceeded'
ONE = (works(0, 1200), works(1), works(2))
TWO = (works(0, 1200), works(1), works(2, 300, since=880))
ILL, BACK = (CART, "service_crash", "page_human"), (CART, "configuration_error", "rollback_workload")
HOLDS = [
    Holds(
        "one of three",
        world(*ONE),
        ILL,
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("rollback_workload",),
        began=1200,
    ),
    Holds("it wrote its threads down since", world(works(0, 1200, more=600), *ONE[1:]), ILL),
    Holds("it uses hardly any processor time since", world(*ONE, cpu=0.01), ILL),
    Holds(
        "a pod that was made since fell silent too: of a release of these hours",
        world(*TWO, young=900, **MODE, released=7200),
        BACK,
    ),
    Holds("so it did, and nothing was released for days", world(*TWO, young=900), ILL),
    Holds(
        "so it did, and a setting was written as the first did",
        world(*TWO, young=900, written=1210, **MODE, released=7200),
        ILL,
    ),
    Holds("so it did, since it asks its nodes for more", world(*TWO, young=900, **ASKS, released=7200), ILL),
    Holds("so it did, and far more is asked of it", world(*TWO, young=900, asked=300, **MODE, released=7200), ILL),
    Holds("another one on its node is at work", world(*ONE, beside="at work", nodes=("n1", "n2", "n3")), ILL),
    Holds("a release of these hours, and none that was made since is silent", world(*ONE, **MODE, released=7200), ILL),
]
LOST = (CART, "service_crash", "restart_workload")
DOES_NOT_HOLD = [
    DoesNotHold("it was silent long before", world(works(0, 2400), *ONE[1:])),
    DoesNotHold("it fell silent long after", world(works(0, 700), *ONE[1:])),
    DoesNotHold("all are silent: nothing may come as far as to them", world(*(works(n, 1200) for n in range(3)))),
    DoesNotHold("it has often been so quiet", world(works(0, 1200, every=600, since=7200), *ONE[1:])),
    DoesNotHold("it says little at any time", world(works(0, 1200, every=300), *ONE[1:])),
    DoesNotHold("it is at work without a word", world(*ONE, cpu=0.4)),
    DoesNotHold("nobody misses an answer", world(*ONE, line="INFO basket shown")),
    DoesNotHold("they miss answers of another one", world(*ONE, line=LATE.replace("cart", "price"))),
    DoesNotHold(
        "it waits in vain for another one itself", world(hangs(0, PRICED), *ONE[1:], env={"PRICE": "http://price:8080"})
    ),
    DoesNotHold("all pods of its node are silent", world(*ONE, beside="silent", nodes=("n1", "n2", "n3"))),
    DoesNotHold("its log was not read", world(*ONE[1:])),
    DoesNotHold("it is not ready", world(works(2, 1200), works(0), works(1), ready=2), LOST),
]
