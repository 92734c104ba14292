"""One replica stands out from those with the same template: it is stuck."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import NODES, agent, built, rollout
from tests.diagnosis.rules.scenes import API, OLD, SHOP, errors, failing, latency, logs, shop
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, workload

FULL = "socket.error: [Errno 24] Too many open files"


HOLDS = [
    Holds(
        "one of four fails, and says that it has no files left",
        snapshot(
            shop(pods=4),
            figures=[*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22)],
            logs=logs("shop", FULL, 1),
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "one of four fails, and all say that they lack files now and then",
        snapshot(
            shop(pods=4),
            figures=[*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22)],
            logs=logs("shop", FULL, 0, 1, 2, 3),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "one of four fails",
        snapshot(
            shop(pods=4, before={"image": "shop:0"}, released=9 * DAY),
            figures=[*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22, before=0.0)],
        ),
        (SHOP, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "one of four is slow, and says that it is stuck",
        snapshot(
            workload("api", pods=4),
            figures=[
                *(figure("latency_p95_by_pod", 0.1, 9.0 if n == 2 else 0.1, pod=pod("api", n)) for n in range(4)),
                latency("api", 0.1, 1.5),
            ],
            logs=logs("api", "WARN Thread starvation or clock leap detected", 2, times=5),
        ),
        (API, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "one fails for less than a minute: it may be the first of all",
        snapshot(shop(pods=4), figures=[*failing(0.001, 0.9, 0.001, 0.001, since=45), errors("shop", 0.22, 45)]),
        ("unknown", "page_human"),
    ),
    DoesNotHold("all fail", snapshot(shop(pods=4), figures=failing(0.9, 0.9, 0.9, 0.9)), ("unknown", "page_human")),
    DoesNotHold(
        "the one that fails is of a new template",
        snapshot(
            rollout("shop", None, before=OLD, old=3, new=1),
            figures=[*failing(0.001, 0.001, 0.001, 0.6), errors("shop", 0.15)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the one that fails runs another build of the same image, which a restart would give them all",
        snapshot(built(shop(pods=4), "aa", "aa", "aa", "bb"), figures=[*failing(0.001, 0.001, 0.001, 0.6)]),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "an agent of its node was replaced right before, and it has not come to the others yet",
        snapshot(agent(630), shop(pods=4, nodes=NODES), figures=failing(0.9, 0.001, 0.001, 0.001)),
        ("DaemonSet/agent", "configuration_error", "rollback_workload"),
        harmful=("restart_workload",),
    ),
]
