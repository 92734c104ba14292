"""Clients outside that are refused since they run another version, and those who may be refused for another reason."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

EDGE, INTAKE = "Deployment/edge", "Deployment/intake"
OLD, NEW = "Java-http-client/17.0.15", "Java-http-client/21.0.9"
ERROR = "ERROR RangeError: Invalid time value, batch refused"
STOPS = "/partners/haulnet/stops/812"
ACTS = ("rollback_workload", "restart_workload", "scale_workload", "isolate_workload")
ALERTS = (alert("StopsAreStale"),)


def asks(program: str, status: int = 202, address: str = "203.0.113.41", path: str = STOPS) -> str:
    """Return a line of an access log."""
    return f'{address} - - "POST {path} HTTP/1.1" {status} 31 "-" "{program}"'


def turned(*, bad: int = 500, new: str = NEW, mixed: bool = True, last: int = 40, **more: Any) -> tuple[str, ...]:
    """Return what an edge tells of a client whose version changes, one sender after the other (``mixed``)."""
    was, now = asks(OLD, **more), asks(new, bad, **more)
    amid = (now, was, now, was) if mixed else ()
    return (*[was] * 30, *amid, *[now] * last)


def edge(*lines: str, since: float = 3000) -> Log:
    """Return the log of the edge."""
    return log(pod("edge"), *lines, since=since)


def intake(*lines: str) -> Log:
    """Return the log of what is behind it, told as long and as often as that of the edge."""
    return log(pod("intake"), *lines, since=3000)


RARELY = log(pod("planner"), *["INFO planned"] * 9, *["ERROR no stops of late"] * 13, since=3000)
ELSEWHERE = log(pod("planner"), *["INFO planned"] * 30, *["ERROR no stops of late"] * 44, since=3000)
BEHIND = intake(*["INFO stop recorded"] * 30, *[ERROR] * 44)


def each_its_own() -> tuple[str, ...]:
    """Return what an edge tells of a client each of whose requests has an identifier in its path."""
    return tuple(line.replace("812", str(uuid5(NAMESPACE_URL, str(n)))) for n, line in enumerate(turned()))


def two_of(*lines: str) -> tuple[str, ...]:
    """Return a log of a client that asks for one more thing each time."""
    return tuple(told for line in lines for told in (line, line.replace("/stops/", "/stays/")))


def world(*logs: Log, also: tuple[list[Obj], ...] = (), alerts: Any = ALERTS, **more: Any) -> Snapshot:
    """Return an edge, what is behind it, and somebody who calls people."""
    found = (workload("edge"), workload("intake", **more), workload("planner"))
    return snapshot(*found, *also, logs=logs, alerts=alerts)


NORTH = [asks("northlane-webhooks/2", path="/partners/northlane/stops")] * 20
ASKED = ("dependency_failure", "page_human")
FAILS = [line.replace(" 202 ", " 500 ") for line in NORTH]
CALLS = workload("edge", env={"INTAKE_URL": "http://intake:8080"})
SENDER = workload("sender")
INSIDE = pods_of(SENDER)[0]["status"]["podIP"]
HOLDS = [
    Holds(
        "what is behind the edge tells of it",
        world(edge(*turned()), BEHIND),
        (INTAKE, *ASKED),
        excludes=(*no("rollback_workload", "restart_workload", at=INTAKE), *no("rollback_workload", at=EDGE)),
        harmful=ACTS,
    ),
    Holds(
        "it was released long enough before to have served the version before",
        world(edge(*turned()), BEHIND, before={"image": "intake:0"}, released=3500),
        (INTAKE, *ASKED),
        harmful=ACTS,
    ),
    Holds("nobody behind tells of it", world(edge(*turned())), (EDGE, *ASKED), harmful=ACTS),
    Holds("what they send is no longer valid", world(edge(*turned(bad=422))), (EDGE, *ASKED), harmful=ACTS),
    Holds("each request has an identifier of its own", world(edge(*each_its_own())), (EDGE, *ASKED), harmful=ACTS),
    Holds("they ask for two things", world(edge(*two_of(*turned()))), (EDGE, *ASKED), harmful=ACTS),
    Holds(
        "somebody whom the edge does not call tells of another error since then",
        snapshot(CALLS, workload("intake"), workload("planner"), logs=[edge(*turned()), ELSEWHERE], alerts=ALERTS),
        (EDGE, *ASKED),
        harmful=ACTS,
    ),
    Holds(
        "somebody tells of an error since then, far less often than the edge refuses",
        world(edge(*turned()), RARELY),
        (EDGE, *ASKED),
        harmful=ACTS,
    ),
    Holds("others are served all the time", world(edge(*NORTH, *turned())), (EDGE, *ASKED), harmful=ACTS),
    Holds(
        "what is behind the edge was released then, and still takes the version before",
        world(edge(*turned()), BEHIND, before={"image": "intake:0"}, released=1900),
        (INTAKE, *ASKED),
        harmful=ACTS,
    ),
]
UNTIL = [asks(OLD)] * 30
TURN = [asks(NEW, 500), asks(OLD), asks(NEW, 500)]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=("restart_workload", "scale_workload", "isolate_workload"))
    for what, found in (
        ("the version before is refused as well by then", world(edge(*UNTIL, *TURN, *[asks(OLD, 500)] * 9, *TURN * 3))),
        ("the next version is served at times", world(edge(*turned(), *[asks(NEW), asks(NEW, 500)] * 3))),
        ("the version before never came back amid it", world(edge(*turned(mixed=False)), BEHIND)),
        ("both go on asking: two clients", world(edge(*turned(), *[asks(OLD), asks(NEW, 500)] * 9))),
        ("both always asked", world(edge(*[asks(OLD), asks(NEW, 500)] * 30))),
        (
            "other senders ask by the next version",
            world(edge(*UNTIL, *[asks(NEW, 500, "198.51.100.3")] * 9, asks(OLD))),
        ),
        ("all others fail as well since then", world(edge(*NORTH, *turned(), *FAILS, asks(NEW, 500)))),
        ("they ask for something else", world(edge(*UNTIL, *[asks(NEW, 500, path="/v9/other"), asks(OLD)] * 9))),
        ("their login is refused", world(edge(*turned(bad=401)))),
        ("they ask too much", world(edge(*turned(bad=429)))),
        ("nobody is behind the edge", world(edge(*turned(bad=502)))),
        ("three requests", world(edge(*turned(last=1)))),
        ("it is over", world(edge(*turned(), *[asks("northlane-webhooks/2")] * 60))),
        ("a browser", world(edge(*[asks("Mozilla/5.0 (X11)")] * 30, *[asks("Mozilla/6.0 (X11)", 500)] * 9))),
        ("who asks says no version", world(edge(*[asks("haulnet")] * 30, *[asks("haulnet", 500)] * 9))),
        ("nobody is called, and nobody suffers", world(edge(*[asks("x/1")] * 200, *turned(last=6)), alerts=())),
        (
            "the client is one of ours",
            world(edge(*turned(address=INSIDE)), also=(SENDER,)),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "a plain bad release behind the edge refuses the version before as well",
        world(
            edge(*UNTIL, *[asks(OLD, 500), asks(NEW, 500)] * 22), BEHIND, before={"image": "intake:0"}, released=1900
        ),
        (INTAKE, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "what is behind the edge was rolled out amid it: its older pods may have served the version before",
        world(edge(*turned()), BEHIND, before={"image": "intake:0"}, released=1800, started=1600),
        (INTAKE, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "somebody else was released then, who may be the client",
        world(edge(*turned()), also=(workload("sender", before={"image": "sender:0"}, released=1900),)),
        ("Deployment/sender", "code_defect", "rollback_workload"),
    ),
]
