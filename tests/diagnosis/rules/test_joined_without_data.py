"""Members that came to a ring without the rows that are theirs answer with nothing, and a person has them rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors
from tests.diagnosis.rules.tiny import DAY, at, figure, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

RING = "StatefulSet/ring"
SETTINGS = "Config.java:1225 - Node configuration:[allocate_tokens_for_keyspace=null; auto_bootstrap={}; num_tokens=16]"
NOT_TO = SETTINGS.format("false")
SEED = "StorageService.java:552 - This node will not auto bootstrap because it is configured to be a seed node."
NEW = "SystemKeyspace.java:1729 - No host ID found, created f579f3a5 (Note: This should happen exactly once per node)."
TOKENS = "Generated random tokens. tokens are [553360106421597573, -8899762594949559313]"
SAVED = "StorageService.java:1102 - Using saved tokens [553360106421597573]"
IN = "StorageService.java:3105 - Node /10.1.7.3:7000 state jump to NORMAL"
JOINS = "StorageService.java:1681 - JOINING: Finish joining ring"
WAITS = "StorageService.java:1681 - JOINING: waiting for ring information"
FETCHES = "StorageService.java:1681 - JOINING: Starting to bootstrap..."
REBUILT = "StorageService.java:1450 - rebuild from dc: north, (All keyspaces), (All tokens)"
STREAMED = "StreamResultFuture.java:245 - [Stream #1c9f] All sessions completed"


def ring(
    *lines: str,
    came: float = 2000,
    elder: float = 30 * DAY,
    used: tuple[float, float] = (0.24, 0.001),
    image: str = "cassandra:4.1.7",
    ready: int = 4,
    felt: Sequence[tuple[str, Series]] = (),
    released: float = 600,
    address: str = "10.1.7.3",
) -> Snapshot:
    """Return a ring of three members, and a fourth that came some time ago and tells lines; ``used``: of volumes."""
    objects = workload("ring", image, kind="StatefulSet", pods=4, ready=ready, port=9042, age=elder)
    for n, each in enumerate(pods_of(objects)):
        each["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": f"data-ring-{n}"}}]
    pods_of(objects)[3]["metadata"]["creationTimestamp"] = at(came)
    pods_of(objects)[3]["status"]["podIP"] = address
    told = tuple(f"INFO  [main] {at(came - 60 - n)} {line}" for n, line in enumerate(lines))
    figures: list[Any] = [
        figure("volume_used_share", share, share, persistentvolumeclaim=f"data-ring-{n}")
        for n, share in enumerate((used[0],) * 3 + (used[1],))
        if share
    ]
    return snapshot(
        objects,
        workload("shop", env={"CASSANDRA_CONTACT_POINTS": "ring"}, before=IMAGE, released=released),
        logs=[Log("ring-3", "cassandra", told), Log("ring-0", "cassandra", (f"INFO {at(900)} {IN}",))],
        figures=[*figures, *felt],
        alerts=[alert("LookupsNotFound")],
    )


HOLDS = [
    Holds(
        f"it came new, is in, and has fetched nothing: {what}",
        world,
        (RING, "configuration_error", "page_human"),
        excludes=(
            *no("restart_workload", "rollback_workload", "scale_workload", at=RING),
            *no("rollback_workload", "restart_workload", at=SHOP),
        ),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
        alone=True,
    )
    for what, world in (
        ("it is set not to", ring(NOT_TO, NEW, JOINS, IN)),
        ("it is a seed, in older words", ring(SEED, TOKENS, IN)),
        ("it is set not to, as YAML tells", ring("auto_bootstrap: false", NEW, IN)),
        ("a kin of it", ring(SEED, TOKENS, IN, image="scylladb/scylla:6.1")),
        ("nobody measures volumes", ring(NOT_TO, NEW, JOINS, IN, used=(0, 0))),
        ("yesterday", ring(NOT_TO, NEW, JOINS, IN, came=DAY)),
        (
            "users fail since then, and not since a release",
            ring(NOT_TO, NEW, JOINS, IN, felt=[errors("shop", 0.3, 1900)]),
        ),
        (
            "users fail since then, which was after a release",
            ring(NOT_TO, NEW, JOINS, IN, felt=[errors("shop", 0.3, 1900)], released=2300),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a member came to a ring: {what}", world, harmful=("restart_workload", "scale_workload"))
    for what, world in (
        ("it fetches as it should", ring(SETTINGS.format("true"), NEW, FETCHES, IN)),
        ("it was set not to, and was rebuilt since", ring(NOT_TO, NEW, JOINS, IN, REBUILT)),
        ("it was set not to, and rows were streamed to it", ring(NOT_TO, NEW, JOINS, IN, STREAMED)),
        ("it was a member before, with its rows", ring(NOT_TO, SAVED, JOINS, IN)),
        ("it is not in yet", ring(NOT_TO, NEW, WAITS)),
        ("it is not in yet, and tells of another one", ring(NOT_TO, NEW, WAITS, IN, address="10.1.7.4")),
        ("it holds as much as the others", ring(NOT_TO, NEW, JOINS, IN, used=(0.24, 0.2))),
        ("all came at once: there was nothing to fetch", ring(NOT_TO, NEW, JOINS, IN, elder=2000 + HOUR / 2)),
        ("long ago", ring(NOT_TO, NEW, JOINS, IN, came=5 * DAY)),
        ("its log does not tell why", ring(NEW, JOINS, IN)),
    )
] + [
    *(
        DoesNotHold(
            f"a member came without rows, and users fail since a later release: {what}",
            ring(NOT_TO, NEW, JOINS, IN, came=came, felt=[errors("shop", 0.3, 560)]),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, came in (("it came long before", DAY), ("it came minutes before", 1500))
    ),
    DoesNotHold("it does not serve", ring(NOT_TO, NEW, JOINS, IN, ready=3)),
]
