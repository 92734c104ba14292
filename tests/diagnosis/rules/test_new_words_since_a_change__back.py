"""New words of a host outside that is back, or of what another works off: the release is not behind them."""

from __future__ import annotations

from tests.diagnosis.rules.back_again import NEW_WEB, back_again, emptied, hill, late_web, pending, worked_off
from tests.diagnosis.rules.behind_a_queue import BEHIND_A_QUEUE, BY_ITSELF
from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP

HOLDS = [
    Holds(
        "its words are of a host outside that is back, with the release in force; what waits since stands",
        back_again(hill(left=36000)),
        ("Deployment/sender", "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"what a host outside kept waiting is worked off, and it warns since its release{what}",
            world,
            ("Deployment/web", "code_defect", remedy),
        )
        for what, world, remedy in (
            (" still", worked_off(pending(2900, 20), beside=NEW_WEB, alerts=[late_web()]), "page_human"),
            (
                ", from before the host was away",
                worked_off(pending(3290, 900), waits=emptied(gone_s=2600), beside=NEW_WEB, alerts=[late_web()]),
                "rollback_workload",
            ),
        )
    ),
    *(
        Holds(
            f"its words were of {whom}, and it is over",
            back_again(hill(most=90, left=90), fails=line),
            ("Deployment/sender", "code_defect", "rollback_workload"),
        )
        for whom, line in (
            ("a pod of the cluster", 'level=error msg="send failed" err="dial tcp 10.1.0.9:587: i/o timeout"'),
            ("nobody by name", 'level=error msg="send failed" err="i/o timeout"'),
        )
    ),
    *(
        Holds(
            f"since its release it misses an answer, and another no longer works off a queue: {what}",
            world,
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in BEHIND_A_QUEUE
    ),
    *(
        Holds(f"since its release it tells of something, {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in BY_ITSELF
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("its words are of a host that is back, and what waits melts", back_again(), HEALTHY),
    DoesNotHold(
        "its words are of what waited for a host that is back, and came after its release",
        worked_off(pending(), beside=NEW_WEB, alerts=[late_web()]),
        HEALTHY,
    ),
]
