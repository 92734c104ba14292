"""Pods that try the doors of others and run another build than their like, and what is pushed or tried by the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, built, younger
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__knocking import GO, SEARCH, WRONG, names, places
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS, may_be_a_test
from tests.diagnosis.rules.tiny import DAY, pod, postgres, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

EMQX = (
    "[warning] msg: authentication_failure, clientid: c7, peername: {shop}:51002, username: %s, "
    "reason: bad_username_or_password"
)
FRAME = (
    "[info] msg: terminate, reason: {{shutdown,frame_error}}, peername: {shop}:5102, connack_error: frame_parse_error"
)
NATS = "[ERR] {shop}:51002 - cid:1957 - Client parser ERROR, i=0: proto='\"GET / HTTP/1.1\\r\\nHost: nats\\r\"...'"
KESTREL = (
    'Connection id \\"0HN8\\" bad request data: \\"Invalid request line: \'\\\\x16\\\\x03\\\\x01\'\\" RemoteIp {shop}'
)
BROKERS = {"queue": [*names(EMQX), FRAME], "agent": [NATS], "web": [KESTREL]}


def pushed(
    at: Mapping[str, Sequence[str]],
    builds: str = "aabb",
    *,
    by: Sequence[int] = (2, 3),
    age: float = HOUR,
    name: str = "shop",
) -> Snapshot:
    """Return a shop whose last two pods are younger, the builds of all, and what its neighbours tell of some."""
    mine = built(younger(workload(name, pods=4, age=9 * DAY), 2, age=age), *builds)
    address = {each["metadata"]["name"]: each["status"]["podIP"] for each in mine if each["kind"] == "Pod"}
    logs = []
    for each, lines in at.items():
        told = [line.format(shop=address[pod(name, number)], web="10.9.9.9") for line in lines for number in by]
        label = "postgres-0" if each == "postgres" else pod(each)
        logs.append(timed(label, *((1900 - 30 * n, line) for n, line in enumerate(told)), of=each))
    others = [workload(each) for each in ("web", "cart", "jobs", "queue", "agent")]
    return snapshot(mine, *others, postgres(), redis(), logs=logs, figures=[WELL])


HOLDS = [
    *(
        Holds(
            f"only pods of another build try the doors of others: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("paths, names, and words of another protocol", pushed(SEARCH)),
            ("names at a broker, and HTTP and TLS at two others", pushed(BROKERS)),
        )
    ),
    *(
        may_be_a_test(f"pods try the doors of others: {what}", world)
        for what, world in (
            ("one that came with it runs the former build", pushed(SEARCH, "aaab", by=(3,))),
            ("all run the same build", pushed(SEARCH, "aaaa")),
            ("one of the same build does not", pushed(SEARCH, by=(3,))),
            ("each runs a build of its own, as nodes tell them", pushed(SEARCH, "abcd")),
            ("pods that are as old as the others do", pushed(SEARCH, age=9 * DAY)),
            ("the older ones do, and a new build does not", pushed(SEARCH, "bbaa", by=(0, 1))),
            ("one of each build does", pushed(SEARCH, by=(1, 3))),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("another build is well", pushed({})),
        ("another build lost its password", pushed({"postgres": names(WRONG, "shop"), "queue": names(EMQX, "shop")})),
        ("another build tries names at one server", pushed({"postgres": names(WRONG)})),
        ("another build asks one for its figures by another path", pushed({"cart": places(GO, "/actuator/env")})),
        (
            "another build speaks TLS with whom it spoke in the clear",
            pushed({"web": [KESTREL] * 9, "cart": [KESTREL] * 9, "queue": [FRAME] * 9, "agent": [NATS] * 9}),
        ),
        ("another build of a scanner looks everywhere", pushed(SEARCH, name="trivy-job")),
    )
]
