"""Who opens a shell on a node through a console that the internet reaches: the console is cut off, not the nodes."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, HEALTHY, Answers
from tests.diagnosis.rules.scenes import WELL, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

MAP, AGENT = "Deployment/map", "DaemonSet/agent"
THIEF, COLLEAGUE = "203.0.113.7", "10.20.4.17"
SHELL = "POST /api/control/{}/host_exec (200) 88ms remote=%s:51871"
NSENTER = "Spawned nsenter -t1 -m --no-fork /bin/sh -l, pipe-6129"


def console(asks: str = SHELL % THIEF, opens: str = NSENTER, kind: str = "LoadBalancer", later: float = 0) -> Snapshot:
    """Return a console with agents on the nodes: who asks it for what, and what an agent does then."""
    app, agent = workload("map"), workload("agent", kind="DaemonSet", env={"MAP_URL": "http://map:8080"})
    next(each for each in app if each["kind"] == "Service")["spec"]["type"] = kind
    told = log("agent-0", *[opens] if opens else [], since=600 - later, of="agent")
    return snapshot(app, agent, shop(), logs=[log(pod("map"), asks, since=600), told], figures=[WELL])


ALARM = (AGENT, "security_incident", "isolate_workload")
ANSWERS = [
    Answers(
        "a stranger is given a shell, and it opens on a node at once",
        console(),
        [(MAP, "security_incident", "isolate_workload")],
        also=(),
    ),
    Answers("a shell opens on a node much later", console(later=300), [ALARM]),
    Answers("a shell opens on a node, and a colleague asked for it", console(SHELL % COLLEAGUE), [ALARM]),
    Answers("a shell opens on a node, and no way leads to the console", console(kind="ClusterIP"), [ALARM]),
    *(
        Answers(what, world, [(MAP, *HEALTHY), (MAP, *ASK), ("Deployment/shop", *HEALTHY), (AGENT, *HEALTHY)])
        for what, world in (
            ("a colleague is given a shell, and no node tells of one", console(SHELL % COLLEAGUE, opens="")),
            ("somebody outside, who may have logged in, is given one, and no node tells of it", console(opens="")),
            ("a stranger asks for a shell, and is turned away", console((SHELL % THIEF).replace("200", "403"), "")),
        )
    ),
]
