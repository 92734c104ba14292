"""A caller goes on asking pods that are gone."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, errors, ingress
from tests.diagnosis.rules.tiny import Obj, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log

EDGE, APP = "Deployment/edge", "Deployment/app"
TIMED_OUT = "[error] upstream timed out (110: Operation timed out) while connecting to upstream, upstream: "


def renewed(**more: Any) -> list[Obj]:
    """Return a workload whose pods were made anew eleven minutes ago, by a release of its own."""
    return workload("app", **{"before": OLD, "released": 660, **more})


def asks(*addresses: str, number: int = 0, since: float = 600) -> Log:
    lines = [f'{TIMED_OUT}"http://{each}:8080/"' for each in addresses for _ in range(20 // len(addresses))]
    return log(pod("edge", number), *lines, since=since)


GONE = ("10.1.7.1", "10.1.7.2")
ROLLING = Log(
    pod("edge"),
    "edge",
    (
        *(f'{at(680 - n)} {TIMED_OUT}"http://10.1.7.{1 + n % 2}:8080/"' for n in range(0, 60, 2)),
        *(f"{at(600 - n)} GET / 500 upstream 10.1.9.1:8080" for n in range(0, 600, 20)),
    ),
    False,
)
"""Met during the roll-out alone: what goes on since is that the new ones fail."""
FIXED = {"UPSTREAM": "10.1.7.1:8080"}
OF_ITS_OWN: dict[str, Any] = {"env": FIXED, "before": {"env": {"UPSTREAM": "app:8080"}}, "released": 640}
AT_WORK = log(pod("edge", 1), *["GET / 200 upstream 10.1.9.1:8080"] * 20, since=600)
LONG_AGO = log(pod("edge"), "GET / 200", *[f'{TIMED_OUT}"http://10.1.7.1:8080/"'] * 20, since=3400)
ALL_ASK = [asks(*GONE), asks(*GONE, number=1)]

HOLDS = [
    Holds(
        "one of two names addresses that no pod has, since all pods of another were made anew",
        snapshot(workload("edge"), renewed(), logs=[asks(*GONE), AT_WORK], figures=[errors("app")]),
        (EDGE, "network_fault", "restart_workload"),
        excludes=no("rollback_workload", "restart_workload", at=APP),
        harmful=("rollback_workload",),
    ),
    Holds(
        "all of them do: what they are told may be wrong",
        snapshot(workload("edge"), renewed(), logs=ALL_ASK, figures=[errors("app")]),
        (EDGE, "network_fault", "page_human"),
        excludes=no("rollback_workload", at=APP),
    ),
    Holds(
        "its log does not reach back to the first of them",
        snapshot(
            workload("edge"),
            renewed(released=7200),
            logs=[asks(*GONE), AT_WORK],
            figures=[errors("app", since=7100)],
        ),
        (EDGE, "network_fault", "restart_workload"),
    ),
    Holds(
        "of the other one nobody read a log",
        snapshot(workload("edge"), renewed(), logs=[asks(*GONE)], figures=[errors("app")]),
        (EDGE, "network_fault", "page_human"),
    ),
    Holds(
        "it asks another one as well, and a route leads users to those that were made anew",
        snapshot(
            workload("edge", env={"CART_URL": "http://cart:8080"}),
            workload("cart"),
            renewed(),
            ingress("app", "app.town.example"),
            logs=[asks(*GONE), AT_WORK],
            figures=[errors("app")],
        ),
        (EDGE, "network_fault", "restart_workload"),
        excludes=no("rollback_workload", at=APP),
    ),
    Holds(
        "its settings name the address: a new pod would ask the same",
        snapshot(
            workload("edge", env=FIXED),
            renewed(),
            logs=[asks("10.1.7.1"), AT_WORK],
            figures=[errors("app")],
        ),
        (EDGE, "network_fault", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "it was started after those that came: whoever tells it the addresses is wrong",
        snapshot(workload("edge", started=620), renewed(), logs=[asks(*GONE), AT_WORK], figures=[errors("app")]),
        (EDGE, "network_fault", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a pod has one of the addresses",
        snapshot(
            workload("edge"),
            renewed(),
            logs=[asks("10.1.7.1", str(renewed()[-2]["status"]["podIP"])), AT_WORK],
            figures=[errors("app")],
        ),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it asks by name, and the address is that from which it asks",
        snapshot(
            workload("edge", env={"APP_URL": "http://app:8080"}),
            renewed(),
            logs=[log(pod("edge"), *["ERROR read tcp 10.1.7.1:53122->app:8080: connection reset by peer"] * 20)],
            figures=[errors("app")],
        ),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the addresses are of another range",
        snapshot(workload("edge"), renewed(), logs=[asks("203.0.113.9"), AT_WORK], figures=[errors("app")]),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "no pods were made anew then",
        snapshot(workload("edge"), workload("app"), logs=[asks(*GONE), AT_WORK], figures=[errors("app")]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the new ones are not ready: there is nobody else to ask",
        snapshot(workload("edge"), renewed(ready=0), logs=[asks(*GONE), AT_WORK], figures=[errors("app")]),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it asked them in vain long before",
        snapshot(workload("edge"), renewed(), logs=[LONG_AGO, AT_WORK], figures=[errors("app")]),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a node has the address",
        snapshot(
            workload("edge"),
            renewed(),
            {
                "kind": "Node",
                "metadata": {"name": "n1", "creationTimestamp": at(1e6)},
                "status": {"addresses": [{"type": "InternalIP", "address": "10.1.7.1"}]},
            },
            logs=[asks("10.1.7.1"), AT_WORK],
            figures=[errors("app")],
        ),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it asked them while those that left were on their way out, and not since: the new ones fail",
        snapshot(workload("edge"), renewed(), logs=[ROLLING, AT_WORK], figures=[errors("app")]),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "its own release gave it the address, while others were made anew",
        snapshot(workload("edge", **OF_ITS_OWN), renewed(), logs=ALL_ASK, figures=[errors("edge")]),
        (EDGE, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "of whom it calls none was made anew",
        snapshot(
            workload("edge", env={"CART_URL": "http://cart:8080"}),
            workload("cart"),
            renewed(),
            logs=[asks(*GONE), AT_WORK],
            figures=[errors("app")],
        ),
        (APP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "whom it asks is at another port than those have: a database outside",
        snapshot(
            workload("edge"),
            renewed(),
            logs=[log(pod("edge"), *["ERROR dial tcp 10.1.7.1:5432: i/o timeout"] * 20, since=600), AT_WORK],
            figures=[errors("app")],
        ),
        (APP, "code_defect", "rollback_workload"),
    ),
]
