"""Younger members of one program join nobody since a policy closed the port where members meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, younger
from tests.diagnosis.rules.scenes import alert, errors, policy
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

LIBCLUSTER = '[warning] [libcluster:room] unable to connect to :"room@{}"'
MEMBERLIST = "[WARN] memberlist: Failed to join {}: dial tcp {}:7946: i/o timeout"
PEKKO = "WARN Association with remote system [pekko://rooms@{}:7800] has failed, address is now gated for [50] ms"
AMONG = "NetworkPolicy/rooms"
ANEW: Obj = {"young": (), "tell": (0, 1, 2), "of": (0, 1, 2), "released": 900, "since": 890}
"""All pods were made anew by a release, and join nobody since."""


def for_rooms(*ports: int, age: float = 3000, **more: Any) -> Obj:
    """Return a policy that lets pods in to rooms at some ports, their web port from all others alone."""
    web = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}
    among = {"from": [{"podSelector": {"matchLabels": {"app": "rooms"}}}], "ports": [{"port": p} for p in ports]}
    return policy("rooms", "rooms", ingress=[web, *([among] if ports else [])], age=age, **more)


def unjoined(
    *policies: Obj,
    said: str = LIBCLUSTER,
    port: int = 7800,
    since: float = 880,
    until: float = 0.0,
    young: tuple[int, ...] = (2,),
    tell: tuple[int, ...] = (2,),
    of: tuple[int, ...] = (0, 1),
    gone: bool = False,
    figures: Sequence[tuple[str, Series]] = (),
    made: float = 900,
    **more: Any,
) -> Snapshot:
    """Return three pods, of which some are young and tell that they do not come through to others at their port."""
    pods = workload("rooms", pods=3, age=10 * DAY, **more)
    if young:
        younger(pods, len(young), age=made)
    for holder in [each for each in pods if each["kind"] in ("Deployment", "ReplicaSet")] + pods_of(pods):
        (first,) = holder["spec"].get("template", holder)["spec"]["containers"]
        first["ports"] = [{"name": "http", "containerPort": 8080}, {"name": "peers", "containerPort": port}]
    addresses = [each["status"]["podIP"] for each in pods_of(pods)]
    named = ["10.9.9.9"] if gone else [addresses[n] for n in of]
    lines = [said.format(each, each) for each in named] * 6
    step = (since - until) / len(lines)
    logs = [
        timed(pod("rooms", n), *((since - at * step, line) for at, line in enumerate(lines)), (1.0, "INFO joined room"))
        if n in tell
        else log(pod("rooms", n), *["INFO joined room"] * 8, since=1800)
        for n in range(3)
    ]
    return snapshot(pods, *policies, logs=logs, figures=figures, alerts=[alert(service="rooms")])


HOLDS = [
    *(
        Holds(
            f"a pod that was added since a policy was written joins none of the others{what}",
            made,
            (AMONG, "network_fault", "page_human"),
            excludes=no("restart_workload", "rollback_workload", "scale_workload", at="Deployment/rooms"),
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
            alone=True,
        )
        for what, made in (
            (" at a port that is for nobody", unjoined(for_rooms())),
            (", and the others are let in where names are told only", unjoined(for_rooms(4369))),
            (" at the port that it names", unjoined(for_rooms(), said=MEMBERLIST, port=7946)),
            (", which other words tell", unjoined(for_rooms(), said=PEKKO)),
            (" at the port that it names, and another is open", unjoined(for_rooms(8080), said=MEMBERLIST, port=7946)),
        )
    ),
    Holds(
        "all pods were made anew by a release of other code since a policy was written, and join nobody",
        unjoined(for_rooms(), before={"image": "rooms:0"}, **ANEW),
        (AMONG, "network_fault", "page_human"),
        harmful=("rollback_workload",),
    ),
]
ROOMS_BEFORE = {"image": "rooms:0", "env": {"PEER_PORT": "7801"}}
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a younger pod joins none of the others, and {what}", made)
        for what, made in (
            ("the policy lets them in there", unjoined(for_rooms(7800))),
            ("the policy lets others in at the port, to which members need not come", unjoined(for_rooms(8080, 7800))),
            ("the policy is younger than its words", unjoined(for_rooms(age=600))),
            ("another one that joined is as young", unjoined(for_rooms(), young=(1, 2))),
            ("a policy lets them in by their addresses", unjoined(for_rooms(), policy("all", "rooms", ingress=[{}]))),
            ("the port that it names is open", unjoined(for_rooms(7946), said=MEMBERLIST)),
            ("it names pods that are gone", unjoined(for_rooms(), gone=True)),
            ("it has been silent of it for long", unjoined(for_rooms(), made=2700, since=2600, until=1800)),
            ("its words are of something else", unjoined(for_rooms(), said="INFO member up: {}")),
            ("one of their own ports is open, where they may meet", unjoined(for_rooms(8080), port=9100)),
            ("a port is open that they do not declare", unjoined(for_rooms(9000), port=9100)),
            ("a port is open beside that where names are told", unjoined(for_rooms(4369, 8080), port=9100)),
            ("older ones miss one another as well", unjoined(for_rooms(), tell=(0, 1, 2), of=(0, 1))),
        )
    ),
    DoesNotHold(
        "all pods join nobody since a release that changed where they meet",
        unjoined(for_rooms(), before=ROOMS_BEFORE, **ANEW),
    ),
    *(
        DoesNotHold(f"all pods join nobody since a release of other code, and {what}", made, answer)
        for what, made, answer in (
            (
                "a port is open where they may meet",
                unjoined(for_rooms(8080), port=9100, before={"image": "rooms:0"}, **ANEW),
                ASK,
            ),
            (
                "requests fail since, and what is closed is measured only",
                unjoined(
                    for_rooms(8080),
                    port=9100,
                    before={"image": "rooms:0"},
                    figures=[errors("rooms", 0.4, 880)],
                    **ANEW,
                ),
                ("Deployment/rooms", "code_defect", "rollback_workload"),
            ),
        )
    ),
]
