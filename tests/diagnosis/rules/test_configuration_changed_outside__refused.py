"""A mounted file that a program tells to have read anew, and by which it refuses what it took before; what looks so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold
from tests.diagnosis.rules.reread import (
    EDIT,
    GO,
    JAVA,
    NODE,
    PYTHON,
    READ,
    names_the_file,
    of_another_reason,
    rereading,
)
from tests.diagnosis.rules.scenes import OLD, WELL, alert
from tests.diagnosis.rules.tiny import Obj, pod, thing, timed
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

SINCE = 1100.0
"""How many seconds ago the cart began to refuse."""
REFUSED = "WARN Checkout : cart c_{n}f not taken: RATE_OUT_OF_RANGE rate={n}.5"
SAID = '{{"level":"warn","msg":"order rejected: no tariff for zone","order":"o-{n}"}}'


def refusing(
    *beside: Obj,
    told: str = JAVA,
    said: str = REFUSED,
    reads: Iterable[float] = (READ,),
    began: float = SINCE,
    end: float = 0.0,
    refuse: int = 2,
    pods: int = 2,
    reach: float = 3300.0,
    alerts: Iterable[Alert] = (),
    figures: Iterable[Any] = (WELL,),
    cart: dict[str, Any] | None = None,
    named: str = "rates",
    file: Obj | None = None,
) -> Snapshot:
    """Return a cart that reads a file which somebody wrote, and refuses since; no request fails by its figures.

    pods: how many of its two read it; refuse: how many refuse; reach: how far back its logs go;
    file: what was written, in the place of the rates.
    """
    logs: list[Log] = []
    for n in range(2):
        work = [(float(age), "INFO cart 7 held") for age in range(int(reach), 0, -120)]
        news = [(age, told) for age in reads if n < pods]
        no_more = [(float(age), said.format(n=age)) for age in range(int(began), int(end), -60) if n < refuse]
        logs.append(timed(pod("cart", n), *sorted([*work, *news, *no_more], key=lambda each: -each[0])))
    return rereading(
        logs,
        *beside,
        called="TooManyRefused",
        alerts=alerts,
        figures=figures,
        cart=cart,
        file=file or thing("ConfigMap", named, written=EDIT, data={"rates.json": "[]"}),
    )


HOLDS = [
    *names_the_file(
        "a program refuses what it took, since it read a file",
        (
            ("it names the file", refusing()),
            ("it names where it lies", refusing(told=GO)),
            ("in JSON", refusing(told=NODE, said=SAID)),
            ("before it is done", refusing(told=PYTHON)),
            ("its callers are complained of", refusing(alerts=[alert(service="shop")])),
            ("it was released hours before", refusing(cart={"before": OLD, "released": 8000.0})),
            ("a map that is no file of it was written as well", refusing(thing("ConfigMap", "web", written=EDIT))),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a program read a file anew, and {what}", world, ())
    for what, world in (
        ("refused before", refusing(began=2900)),
        ("refuses since much later", refusing(began=650)),
        ("refuses no more", refusing(end=950)),
        ("one pod of two refuses", refusing(refuse=1)),
        ("nobody knows what it told before", refusing(reach=1180)),
        ("one pod of two read it", refusing(pods=1)),
        ("it reads it at every turn", refusing(reads=range(3200, 0, -300))),
        ("it is a file of another one", refusing(told=JAVA.replace("rates", "taxes"))),
        ("another one was written", refusing(named="texts")),
        ("its pods had just been started", refusing(cart={"started": 1200.0})),
        *of_another_reason(refusing, SINCE, SINCE + 10),
    )
]
