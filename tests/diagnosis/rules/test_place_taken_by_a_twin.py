"""A copy that was made beside a client of a service with room for one: each throws the other out."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, alert
from tests.diagnosis.rules.tiny import DAY, log, pod, secret_key, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

CONFLICT = "ERROR Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
TRIAL = "Deployment/trial"
SAYINGS = (
    CONFLICT,
    "WARN mqtt disconnected, reason: Session taken over (142)",
    "ERROR org.apache.kafka.common.errors.FencedInstanceIdException: The broker rejected this static consumer since "
    "another consumer with the same group.instance.id has registered",
)


def beside(
    line: str = CONFLICT, *, copied: float = 1800, told: float = 1500, login: str = "bot", released: float = 20 * DAY
) -> Snapshot:
    """Return a client, a copy of it that was made some time ago, and what both tell since then."""
    return snapshot(
        workload("shop", pods=1, env={"TOKEN": secret_key("bot")}, before=OLD, released=released, age=40 * DAY),
        workload("trial", "registry.example/shop:2", pods=1, env={"TOKEN": secret_key(login)}, age=copied),
        logs=[log(pod(name), *[line] * 20, since=told) for name in ("shop", "trial")],
        alerts=[alert("ErrorLinesHigh", deployment="shop")],
    )


HOLDS = [
    *(
        Holds(
            f"since a copy with the same login was made: {line[:40]}",
            beside(line),
            (TRIAL, "configuration_error", "page_human"),
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("restart_workload", at=TRIAL),
            ),
            alone=True,
        )
        for line in SAYINGS
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the other one has a login of its own", beside(login="trial-bot")),
    DoesNotHold("it was so for long before the copy was made", beside(copied=600)),
    DoesNotHold("it ended some time ago", beside("INFO all is well")),
    DoesNotHold(
        "the one that was there before was released since",
        beside(released=1600),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "one pod hands over to the next, once",
        snapshot(
            workload("shop", pods=1, env={"TOKEN": secret_key("bot")}),
            workload("trial", pods=1, env={"TOKEN": secret_key("bot")}, age=1800),
            logs=[log(pod(name), CONFLICT, *["INFO polled"] * 19, since=1500) for name in ("shop", "trial")],
            alerts=[alert("ErrorLinesHigh", deployment="shop")],
        ),
    ),
]
