"""What only the pods of one node call too young is young enough: it is the clock of the node."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import beats, node
from tests.diagnosis.rules.scenes import API, CART, IMAGE, SHOP, WEB, errors, failing, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, log, pod, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HARMFUL = ("restart_workload", "rollback_workload", "scale_workload")
SERVED = "GET /items 200 20ms"
EARLY = "WARN authentication failed status=401 token has invalid claims: token used before issued"
OTHERS = (
    "jwt.exceptions.ImmatureSignatureError: The token is not yet valid (iat)",
    "JsonWebTokenError: NotBeforeError: jwt not active",
    "x509: certificate has expired or is not yet valid: current time 2026-03-04T11:20:00Z is before 2026-03-05",
    "<Code>RequestTimeTooSkewed</Code>",
)
ENDED = (
    "x509: certificate has expired or is not yet valid: current time 2026-03-04T12:40:00Z is after 2026-03-04T12:30:00Z"
)
EXPIRED = "WARN authentication failed status=401 token has invalid claims: token is expired"
DISCARDS = "INFO/MainProcess] Discarding revoked task: mail.letters.send[8b1f]"
LATE = node("n2", NTPProblem="True", since=500000)
QUEUE = {"BROKER_URL": "redis://redis:6379/0"}
YOUNG = node("n2", NTPProblem="True", since=500)
YOUNG["metadata"]["creationTimestamp"] = at(3000)
OTHER_PROBLEM = node("n2", FrequentKubeletRestart="True")
NODES = (node("n1"), LATE)
PLAIN = (node("n1"), node("n2"))
WORKS = log(pod("shop", 2), *[SERVED] * 9, since=1500)


def said(name: str, line: str = EARLY, times: int = 9, number: int = 1) -> list[Log]:
    """Return the logs of a Deployment of two pods, of which one repeats a line and the other works."""
    lines = [SERVED, *[line] * times]
    return [log(pod(name, number), *lines, since=1500), log(pod(name, 1 - number), *[SERVED] * 9, since=1500)]


def clock(*more: Log, on: tuple[Obj, ...] = NODES, in_time: tuple[float, ...] = (), **of_shop: Any) -> Snapshot:
    """Return a shop and a cart with a pod on each of two nodes; ``in_time``: whether these have the right time."""
    kernels = [figure("node_clock_in_time", 1, told, node=f"n{n}") for n, told in enumerate(in_time, 1)]
    return snapshot(shop(**of_shop), workload("cart"), *on, logs=more, figures=kernels)


def by_a_late_clock(name: str, late: float) -> list[Log]:
    """Return the logs of a Deployment of two pods, of which one tells its old times by a clock that is late."""
    wrong = tuple(f"{at(late + 60 * age)} {line}" for age in range(9, 0, -1) for line in (EARLY, SERVED))
    return [Log(pod(name, 1), name, wrong), log(pod(name), *[SERVED] * 9, since=1500)]


def ends(name: str, *ahead: float, line: str = SERVED) -> list[Log]:
    """Return the logs of a Deployment's pods that repeat a line up to a time that is so many seconds to come."""
    return [
        Log(pod(name, n), name, tuple(f"{at(age - to_come)} {line}" for age in range(900, -1, -100)))
        for n, to_come in enumerate(ahead)
    ]


def issued(*nodes: Obj, on: str = "n2") -> Snapshot:
    """Return an API on the first node that calls the tokens of a service on another one too young."""
    users = workload("api", pods=2, nodes=("n1",), env={"LOGIN": "http://login:8080"})
    return snapshot(users, workload("login", pods=1, nodes=(on,)), nodes, logs=logs("api", EARLY, 0, 1))


def young_everywhere(
    *in_time: float, on: str = "n3", calls: bool = True, nodes: tuple[str, ...] = ("n1", "n2"), lost: float = 600
) -> Snapshot:
    """Return an API whose pods on some nodes call tokens from another too young; ``in_time``: whether nodes are.

    ``lost``: since how many seconds one is not.
    """
    env = {"LOGIN": "http://login:8080"} if calls else {}
    users = workload("api", pods=max(2, len(nodes)), nodes=nodes, env=env)
    kernels = [figure("node_clock_in_time", 1, told, lost, node=f"n{n}") for n, told in enumerate(in_time, 1)]
    all_nodes = [node(f"n{n}") for n in range(1, 4)]
    said = logs("api", EARLY, 0, 1)
    return snapshot(users, workload("login", pods=1, nodes=(on,)), all_nodes, logs=said, figures=kernels)


def over() -> Snapshot:
    """Return two programs that told so until 45 minutes ago and work since; a caller fails since its release."""
    told = [log(pod(name, 1), *[EARLY] * 9, *[SERVED] * 50, since=3240) for name in ("shop", "cart")]
    well = [log(pod(name), *[SERVED] * 9, since=1500) for name in ("shop", "cart")]
    calls = {"SHOP_URL": "http://shop:8080", "CART_URL": "http://cart:8080"}
    caller = workload("web", env=calls, before=IMAGE, released=600)
    return snapshot(shop(), workload("cart"), PLAIN, caller, logs=told + well, figures=[errors("web", since=570)])


HOLDS = [
    *(
        Holds(
            f"its pod alone says: {line}",
            clock(*said("shop", line)),
            ("Node/n2", "dependency_failure", "page_human"),
            excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
            alone=True,
            harmful=("restart_workload", "rollback_workload"),
        )
        for line in (EARLY, *OTHERS)
    ),
    Holds(
        "its pod alone says so, and that of another program, which has no words for it, fails there alone as well",
        snapshot(shop(), workload("cart"), NODES, logs=said("shop"), figures=failing(0.0, 0.9, of="cart")),
        ("Node/n2", "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=CART),
        alone=True,
        harmful=("restart_workload",),
    ),
    Holds(
        "its pod alone says so, and its kernel alone that it is not in time",
        clock(*said("shop"), on=PLAIN, in_time=(1, 0)),
        ("Node/n2", "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "nobody looks after its clock, but two programs there say so",
        clock(*said("shop"), *said("cart", OTHERS[0]), on=PLAIN),
        ("Node/n2", "dependency_failure", "page_human"),
        excludes=(*no("restart_workload", at=SHOP), *no("restart_workload", at=CART)),
        alone=True,
    ),
    Holds(
        "its clock is more than half an hour late, and by it they tell so still",
        clock(*by_a_late_clock("shop", 2400), *by_a_late_clock("cart", 2400), on=PLAIN),
        ("Node/n2", "dependency_failure", "page_human"),
        alone=True,
    ),
]
HOLDS += [
    Holds(
        "what is given out there is too young on all other nodes, and its kernel alone does not keep it in time",
        young_everywhere(1, 1, 0),
        ("Node/n3", "dependency_failure", "page_human"),
        alone=True,
        harmful=HARMFUL,
    ),
]
HOLDS += [
    Holds(what, world, ("Node/n2", "dependency_failure", "page_human"), alone=True, harmful=HARMFUL)
    for what, world in (
        ("its pod alone calls tokens too old, and it tells of its clock", clock(*said("shop", EXPIRED))),
        (
            "its pod alone says that certificates are over, and its log goes on to a time that is to come",
            clock(*said("shop", ENDED)[1:], *ends("shop", 0, 2400, line=ENDED)[1:], on=PLAIN),
        ),
        (
            "what is given out there is too young elsewhere, and its agent is ahead",
            issued(node("n1"), beats("n2", 300)),
        ),
        (
            "what is given out there is too young elsewhere, and another program's log there is ahead",
            clock(*said("shop", number=0), *ends("cart", 0, 300), on=PLAIN),
        ),
        ("all but its pod call things too young, and it tells of its clock", clock(*said("shop", number=0))),
        ("so do two programs", clock(*said("shop", number=0), *said("cart", OTHERS[0], number=0))),
    )
]
HOLDS += [
    Holds(
        "its pod alone throws tasks away as too old, and its agent is ahead",
        clock(*said("shop", DISCARDS), on=(node("n1"), beats("n2", 600))),
        ("Node/n2", "dependency_failure", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=HARMFUL,
    ),
    Holds(
        "who handed the tasks over was released before that",
        snapshot(
            shop(env=QUEUE),
            redis(),
            workload("api", env=QUEUE, before=IMAGE, released=1700),
            node("n1"),
            beats("n2", 600),
            logs=[*said("shop", DISCARDS), log(pod("api"), *["ERROR TaskRevokedError('expired')"] * 9, since=1500)],
            figures=[errors("api", since=1500)],
        ),
        ("Node/n2", "dependency_failure", "page_human"),
        excludes=no("rollback_workload", at=API),
        harmful=HARMFUL,
    ),
    *(
        Holds(
            f"it has come of late, and nobody has set its clock: {line}",
            clock(*said("shop", line), on=(node("n1"), YOUNG)),
            ("Node/n2", "configuration_error", "page_human"),
            harmful=HARMFUL,
        )
        for line in (EARLY, DISCARDS)
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"what is given out is too young on several nodes: {what}", world, harmful=HARMFUL)
        for what, world in (
            ("all are in time", young_everywhere(1, 1, 1)),
            ("they said so before one was not in time", young_everywhere(1, 1, 0, lost=120)),
            ("no kernel is told that looks after its clock", young_everywhere(0, 0, 0)),
            ("nobody knows of one of them whether it is in time", young_everywhere(1, on="n2", nodes=("n1", "n3"))),
            ("what they are given comes from elsewhere", young_everywhere(1, 1, 0, on="n2")),
            (
                "what they are given comes from elsewhere, and one of themselves is there",
                young_everywhere(1, 1, 0, on="n2", nodes=("n1", "n2", "n3")),
            ),
            ("they ask nobody there", young_everywhere(1, 1, 0, calls=False)),
            ("only one node's pods say so", young_everywhere(1, 1, 0, nodes=("n1",))),
        )
    ),
    *(
        DoesNotHold(what, world, harmful=("rollback_workload", "scale_workload"))
        for what, world in (
            (
                "its pod alone calls tokens too old, and nothing tells of its clock",
                clock(*said("shop", EXPIRED), on=PLAIN),
            ),
            (
                "its pod alone throws tasks away, and nothing tells of its clock",
                clock(*said("shop", DISCARDS), on=PLAIN),
            ),
            (
                "another pod on another node throws tasks away as well: they are too old",
                clock(*logs("shop", DISCARDS, 0, 1, since=1500), on=NODES),
            ),
            (
                "so do two programs there: both were given there what is old",
                clock(*said("shop", EXPIRED), *said("cart", EXPIRED), on=PLAIN),
            ),
            (
                "another program's log there goes on to a time that is to come, and is quiet elsewhere",
                clock(*said("shop", number=0), *ends("cart", -1200, 120), on=PLAIN),
            ),
            (
                "another program's log there goes on to a time that is to come, and elsewhere will at its own pace",
                clock(*said("shop", number=0), *ends("cart", -30, 65), on=PLAIN),
            ),
            ("all nodes are ahead of whoever looks", issued(beats("n1", 300), beats("n2", 300))),
            (
                "who gives it out is on a node that is in time",
                issued(node("n1"), node("n3"), beats("n2", 300), on="n3"),
            ),
            ("they are the ones that are ahead", issued(beats("n1", 300), node("n2"))),
            (
                "a program writes the time of its own zone, wherever it is",
                clock(*said("shop", number=0)[:1], *ends("cart", 3600, 3600), on=PLAIN),
            ),
        )
    ),
    DoesNotHold(
        "two programs there said so until its clock was set, and who calls both fails since a release",
        over(),
        (WEB, "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"a pod on one node says so, {what}", world, harmful=("rollback_workload", "scale_workload"))
        for what, world in (
            ("and nothing tells of its clock", clock(*said("shop"), on=PLAIN)),
            ("and no kernel is told of its time", clock(*said("shop"), on=PLAIN, in_time=(0, 0))),
            ("and another node is not in time", clock(*said("shop"), on=PLAIN, in_time=(0, 1))),
            ("and the node tells of something else", clock(*said("shop"), on=(node("n1"), OTHER_PROBLEM))),
            ("and a pod on the other too: who gives the tokens is ahead", clock(*logs("shop", EARLY, 0, 1))),
            ("and another program on the other", clock(*said("shop"), *said("cart", number=0))),
            ("now and then", clock(*said("shop", times=3))),
            ("and nobody heard the others", clock(*said("shop")[:1])),
            (
                "and another one there of its kind does not",
                clock(*said("shop"), WORKS, pods=3, nodes=("n1", "n2", "n2")),
            ),
        )
    ),
]
