"""Pods of one node are cut off: they miss more than their like, or nobody reaches them, or its network began anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of, rollout
from tests.diagnosis.rules.scenes import OLD, SHOP, alert, errors, failing
from tests.diagnosis.rules.tiny import NOW, Obj, log, pod, series, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

NODE = ("Node/n1", "network_fault", "page_human")
BACK = ("rollback_workload", "scale_workload", "restart_workload")
NETWORKD = "i-0e52 systemd[1]: Started Network Configuration."
MANAGER = "worker-3 systemd[1]: Started NetworkManager.service - Network Manager."
HELPER = "worker-3 systemd[1]: Started Network Manager Script Dispatcher Service."
LATE = "dial tcp {}: i/o timeout"
REFUSED = "dial tcp {}: connect: connection refused"
STARTED = "node_network_started"


def calls(*names: str) -> dict[str, Any]:
    """Return the settings of who calls some others."""
    return {"env": {f"{name.upper()}_URL": f"http://{name}:8080" for name in names}}


def gateway(*misses: str, there: Sequence[str] = ("ledger",), ledger: Iterable[str] = ("prices",)) -> Snapshot:
    """Return a gateway, whose pod on the node misses some and whose other misses others, and a ledger cut off there."""
    lines = [LATE.format(f"{name}:8080") for name in misses for _ in range(6)]
    told = [
        log(pod("gateway"), *lines),
        log(pod("gateway", 1), *(LATE.format(f"{name}:8080") for name in there for _ in range(6))),
        log(pod("ledger"), *(LATE.format(f"{name}:8080") for name in ledger for _ in range(6))),
        log(pod("ledger", 1), "served 1"),
    ]
    return snapshot(
        workload("gateway", **calls("ledger", "bids", "prices", "mail")),
        workload("ledger", **calls("prices")),
        *(workload(name, nodes=("n2", "n3")) for name in ("bids", "prices", "mail")),
        logs=told,
    )


def unanswered(
    *there: tuple[str, int], line: str = LATE, nodes: Sequence[str] = ("n1", "n2"), more: Iterable[Log] = ()
) -> Snapshot:
    """Return an edge elsewhere that fails with some pods, each (workload, number), of three services."""
    made = {name: workload(name, nodes=nodes) for name in ("bids", "ledger", "prices")}
    said = [
        line.format(f"{pods_of(made[name])[number]['status']['podIP']}:8080")
        for name, number in there
        for _ in range(6)
    ]
    edge = workload("edge", nodes=("n2", "n3"), **calls(*made))
    return snapshot(*made.values(), edge, logs=[log(pod("edge"), *said), *more])


def began_anew(
    *journal: tuple[float, str], figures: Iterable[tuple[str, Series]] = (), missed: float = 290, both: bool = False
) -> Snapshot:
    """Return one service that reaches nobody from the node, with the journal of that node as an agent ships it."""
    late = tuple((age, LATE.format("10.96.0.9:8080")) for age in (missed, missed / 2, 20))
    shipper: list[Obj] = workload("shipper", kind="DaemonSet", service=False)
    told = [timed(pod("shop"), *late)]
    told.append(timed(pod("shop", 1), *(late if both else ((20, "served 1"),))))
    named = pods_of(shipper)[0]["metadata"]["name"]
    return snapshot(
        workload("shop", **calls("cart")),
        workload("cart", nodes=("n2", "n3")),
        shipper,
        logs=[*told, timed(named, *journal, of="shipper")] if journal else told,
        figures=figures,
    )


def started(at: float, *, before: float = 90000, node: str = "n1") -> tuple[str, Series]:
    """Return when what manages a node's network was started, by what is measured since it was."""
    was, now = NOW.timestamp() - before, NOW.timestamp() - at
    return STARTED, series({"node": node}, (3600, was), (min(at, 3000), now))


def came_after(restarted: float) -> Snapshot:
    """Return a roll-out whose first pod came to the node after its network began anew, and fails there by itself."""
    asked = (280, *range(250, 50, -20))
    return snapshot(
        rollout("shop", None, before=OLD, released=300, nodes=("n2", "n3", "n1")),
        workload("cart", nodes=("n2", "n3")),
        figures=[started(restarted), *failing(0.0, 0.0, 0.9, since=280), errors("shop", since=280)],
        logs=[
            timed(pod("shop", 2), *((age, LATE.format("10.96.0.9:8080")) for age in asked)),
            *(log(pod("shop", n), "served 1", "served 2") for n in (0, 1)),
        ],
        alerts=[alert("HighErrors", service="edge")],
    )


def rolled_out(*names: str, of_old: bool = False, asks: bool = False) -> Snapshot:
    """Return two services of which one pod on the node does not answer, or reaches nobody; some are being rolled out.

    ``of_old``: that pod is one of the former template. ``asks``: it is they who do not reach others.
    """
    on = ("n1", "n2", "n3") if of_old else ("n2", "n3", "n1")
    made = {
        name: rollout(name, None, before=OLD, nodes=on) if name in names else workload(name, pods=3, nodes=on)
        for name in ("bids", "ledger")
    }
    number = 0 if of_old else 2
    late = [LATE.format(f"{pods_of(made[name])[number]['status']['podIP']}:8080") for name in made for _ in range(6)]
    told = [log(pod("edge"), *late)]
    if asks:
        told = [log(pod(name, number), *[LATE.format("10.96.0.9:8080")] * 6) for name in made]
        told += [log(pod(name, n), "served 1") for name in made for n in range(3) if n != number]
    edge = workload("edge", nodes=("n2", "n3"), **calls(*made))
    return snapshot(*made.values(), edge, logs=told, alerts=[alert("HighErrors", service="edge")])


HOLDS = [
    Holds(
        "a pod there misses two that its like reaches, and all miss one whose pod there is cut off too",
        gateway("bids", "mail"),
        NODE,
        harmful=BACK,
    ),
    Holds(
        "a pod there misses all whom it calls, and the pod of one of these there does",
        gateway("bids", "mail", "ledger"),
        NODE,
        harmful=BACK,
    ),
    Holds(
        "pods of two services there do not answer one elsewhere, who reaches all others",
        unanswered(("bids", 0), ("ledger", 0)),
        NODE,
        harmful=BACK,
    ),
    Holds(
        "a pod there does not answer, and one of another service there reaches nobody",
        unanswered(
            ("bids", 0),
            more=[log(pod("prices"), *[LATE.format("10.96.0.9:8080")] * 6), log(pod("prices", 1), "served 1")],
        ),
        NODE,
        harmful=BACK,
    ),
    *(
        Holds(f"pods of two services there {what}", world, NODE, harmful=BACK)
        for what, world in (
            (
                "do not answer amid their roll-outs, and are of the former template",
                rolled_out("bids", "ledger", of_old=True),
            ),
            ("do not answer, and nobody rolls out", rolled_out()),
            ("do not answer, of which one is the first of a roll-out", rolled_out("bids")),
            ("reach nobody, and nobody rolls out", rolled_out(asks=True)),
        )
    ),
    *(
        Holds(f"one service there reaches nobody since its network began anew: {what}", world, NODE, harmful=BACK)
        for what, world in (
            ("networkd, by the journal", began_anew((300, NETWORKD))),
            ("NetworkManager, by the journal", began_anew((300, MANAGER))),
            ("by the figures of its units", began_anew(figures=[started(310), started(80000, node="n2")])),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a pod there misses one more than its like", gateway("bids")),
    DoesNotHold(
        "its like misses another as well, which is well there", gateway("bids", "mail", there=("ledger", "bids"))
    ),
    DoesNotHold("who is missed everywhere misses nobody", gateway("bids", "mail", ledger=())),
    DoesNotHold("pods of one service there do not answer: they may hang", unanswered(("bids", 0))),
    DoesNotHold("pods of two services there refuse", unanswered(("bids", 0), ("ledger", 0), line=REFUSED)),
    DoesNotHold(
        "those elsewhere do not answer either", unanswered(*((n, p) for n in ("bids", "ledger") for p in (0, 1)))
    ),
    DoesNotHold(
        "those who do not answer have no pods elsewhere", unanswered(("bids", 0), ("ledger", 0), nodes=("n1", "n1"))
    ),
    DoesNotHold(
        "one of those who do not answer is missed there too",
        unanswered(
            ("bids", 0),
            more=[log(pod("prices"), *[LATE.format("bids:8080")] * 6), log(pod("prices", 1), "served 1")],
        ),
    ),
    DoesNotHold("its network began anew an hour before one service there reached nobody", began_anew((3500, NETWORKD))),
    DoesNotHold("its network began anew after that", began_anew((60, NETWORKD))),
    DoesNotHold("a helper of its network was started", began_anew((300, HELPER))),
    DoesNotHold(
        "its network began anew, and pods elsewhere reach nobody either", began_anew((300, NETWORKD), both=True)
    ),
    DoesNotHold(
        "its network has gone on, and another node's began anew", began_anew(figures=[started(310, node="n2")])
    ),
    DoesNotHold(
        "its network was started long ago", began_anew(figures=[(STARTED, series({"node": "n1"}, (3600, 1.7e9)))])
    ),
    *(
        DoesNotHold(
            f"the first pod of a roll-out came {what}: its own release is at fault",
            came_after(restarted),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, restarted in (("10 s after its node was rebooted", 310), ("200 s after its node was rebooted", 500))
    ),
    *(
        DoesNotHold(
            f"when its network was started is told in {what}",
            began_anew(figures=[(STARTED, series({"node": "n1"}, (3600, 1.7e9), (300, at)))]),
        )
        for what, at in (("milliseconds", 1.77e12), ("nanoseconds", 1.77e18), ("no number", float("inf")))
    ),
    *(
        DoesNotHold(f"the first new pods of {what}: they may fail by their releases", made, (cause, "page_human"))
        for what, made, cause in (
            ("two roll-outs do not answer there", rolled_out("bids", "ledger"), "dependency_failure"),
            ("two roll-outs reach nobody from there", rolled_out("bids", "ledger", asks=True), "unknown"),
        )
    ),
]
