"""A release that a host outside cuts off, while it serves another program here; and a host that is ill by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, errors, policy
from tests.diagnosis.rules.tiny import NOW, at, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

GATEWAY, PORTAL, IMPORTER = "Deployment/gateway", "Deployment/portal", "Deployment/importer"
HOST = "edi.payer.example"
ROLL_BACK = "rollback_workload"
CUT = f'ERROR Post "https://{HOST}/x12": read tcp 10.8.0.1:56597->203.0.113.18:443: read: connection reset by peer'
LINES = (
    CUT,
    f'ERROR Post "https://{HOST}/x12": net/http: TLS handshake timeout',
    f"ERROR request to https://{HOST}/x12 failed, reason: read ECONNRESET",
)
SERVED = f"INFO polled url=https://{HOST}/x12/835 status=200 files=2"


def told(name: str, number: int, line: str, *, since: float, every: float = 60, until: float = 20) -> Log:
    """Return a log that repeats a line."""
    count = int((since - until) / every) + 1
    return Log(pod(name, number), name, tuple(f"{at(since - n * every)} {line}" for n in range(count)))


def world(
    line: str = CUT,
    *,
    pods: tuple[int, ...] = (0, 1),
    first: float = 3980,
    until: float = 20,
    served: str = SERVED,
    served_since: float = 7200,
    served_every: float = 60,
    served_until: float = 20,
    importer: dict[str, Any] | None = None,
    alarm: float = 2600,
    beside: Any = (),
    also: tuple[Log, ...] = (),
    **now: Any,
) -> Snapshot:
    """Return a gateway that was released and is cut off, a portal that calls it, and an importer that is served."""
    made = workload("gateway", **{"before": OLD, "released": 4000, **now})
    portal = workload("portal", env={"GATEWAY_URL": "http://gateway:8080"})
    fires = Alert("ChecksFail", {"service": "portal"}, {}, "firing", NOW - timedelta(seconds=alarm))
    return snapshot(
        made,
        portal,
        workload("importer", **{"pods": 1, **(importer or {})}),
        beside,
        logs=[
            *(told("gateway", n, line, since=first, until=until) for n in pods),
            told("importer", 0, served, since=served_since, every=served_every, until=served_until),
            *also,
        ],
        figures=[errors("gateway", 0.45, 3900, before=0.45), errors("portal", 0.3, 3900, before=0.3)],
        alerts=[fires],
    )


BACK = (GATEWAY, "code_defect", ROLL_BACK)
HOLDS = [
    *(
        Holds(
            f"another program is served from the same node: {line}",
            world(line),
            BACK,
            excludes=(*no("restart_workload", at=GATEWAY), *no(ROLL_BACK, at=PORTAL), *no(ROLL_BACK, at=IMPORTER)),
            alone=True,
        )
        for line in LINES
    ),
    Holds("that one connects anew now and then", world(served_every=330, released=2000, first=1980, alarm=1500), BACK),
    Holds(
        "who calls it was released later",
        world(beside=workload("web", before=OLD, released=2000)),
        BACK,
    ),
    Holds(
        "it brought settings alone",
        world(env={"A": "2"}, before={"env": {"A": "1"}}),
        (GATEWAY, "configuration_error", ROLL_BACK),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=(ROLL_BACK, "restart_workload"))
    for what, found in (
        ("the other program may live on a connection of before", world(released=2000, first=1980, alarm=1500)),
        ("the other program is not served any more", world(served_until=2400)),
        ("the other program tells of no success", world(served=f"INFO polling https://{HOST}/x12/835")),
        ("the other program is cut off as well", world(also=(told("importer", 0, CUT, since=3900),))),
        ("the other program calls another host", world(served=SERVED.replace("edi.", "api."))),
        ("the other program was started since", world(importer={"started": 3000})),
        ("the other program runs on another node", world(importer={"nodes": ("n3",)})),
        ("nobody knows whether it was served before", world(served_since=3990)),
        ("one of its pods only", world(pods=(0,))),
        ("all its pods are on one node", world(nodes=("n1",))),
        ("it began long after they started", world(first=3000)),
        ("it is over", world(until=2400)),
        ("it gets answers of the host, and errors", world(CUT.partition(": read")[0] + ": 503 Service Unavailable")),
        ("it is only slow", world(f'ERROR Post "https://{HOST}/x12": context deadline exceeded (awaiting headers)')),
        ("some of its calls are served", world(also=(told("gateway", 0, SERVED, since=3000),))),
        ("the alert rang before", world(alarm=6000)),
        ("nothing was released", world(before=None)),
        ("another was released in those minutes", world(beside=workload("proxy", before=OLD, released=4050))),
        ("a policy was made in those minutes", world(beside=policy("out", "web", age=4020, egress=[{}]))),
        (
            "a ConfigMap was written in those minutes",
            world(beside=thing("ConfigMap", "payers", written=4010, data={"payers.yaml": "a: 1"})),
        ),
    )
]
