"""Words of what others do: a pool that waits for a host outside, dates that another sends: no reason to go back."""

from __future__ import annotations

from collections.abc import Mapping

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, alert, shop
from tests.diagnosis.rules.tiny import log, pod, postgres, snapshot
from tuheg_ir.diagnosis.model import Snapshot

POOL = "ERROR HikariPool-1 - Connection is not available, request timed out after 10000ms."
DATE = 'ERROR cannot take it: parsing time "20-11-30" as "2006-01-02": cannot parse "20-11" as "2006"'
PAYS = {**URL, "PAY_URL": "https://api.pay.example"}


def empty(env: Mapping[str, str], words: str = POOL, released: float = 660) -> Snapshot:
    """Return a shop that repeats, since its release, that it gets no connection out of its pool."""
    told = log(pod("shop"), *["INFO booked"] * 9, *[words] * 31, since=800)
    made = shop(before=OLD, released=released, env=env)
    return snapshot(postgres(), made, logs=[told], alerts=[alert(app="shop")])


BACK = (SHOP, "code_defect", "rollback_workload")
HOLDS = [
    Holds("it asks nobody but its database", empty(URL), BACK, believed="pool_too_small"),
    Holds("it cannot read dates since the minute of its release", empty(URL, DATE), BACK),
    Holds(
        "it read them for minutes after its release",
        empty(URL, DATE, released=960),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds("it is an error of its own, whomever it asks", empty(PAYS, "ERROR no seat has number null"), BACK),
    Holds(
        "it asks a host outside, nobody counts how long that takes, and a person is told of the release",
        empty(PAYS),
        (SHOP, "code_defect", "page_human"),
        believed="pool_too_small",
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it waited for its pool as often before the release",
        snapshot(
            postgres(),
            shop(before=OLD, released=620, env=PAYS),
            logs=[log(pod("shop"), *["INFO booked", POOL] * 40, since=3000)],
            alerts=[alert(app="shop")],
        ),
        harmful=("rollback_workload",),
    )
]
