"""Who asks for power with a program's account, where the audit log keeps who was let into its pods; or may not."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL
from tests.diagnosis.rules.test_intrusion__door_to_door import CURL, KUBECTL, MINE, Call, audited
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS
from tests.diagnosis.rules.tiny import DAY, SPACE, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

ACCOUNT, ANNA = f"system:serviceaccount:{SPACE}:shop", "anna@shop.test"
ELSEWHERE: tuple[Call, ...] = tuple(
    ("list", f"/api/v1/namespaces/{space}/secrets?limit=500", 403) for space in ("vault", "logging", "kube-system")
)
BINDS: Call = ("create", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{SPACE}/rolebindings", 403)
SHELL: Call = ("create", f"{MINE}/pods/db-0/exec?command=sh&stdin=true", 403)
DOORS = (*ELSEWHERE, BINDS, SHELL)
OWN: Call = ("get", f"{MINE}/configmaps/labels", 200)
ROLLS: Call = ("patch", f"/apis/apps/v1/namespaces/{SPACE}/deployments/cart", 200)
ENTERS: Call = ("create", f"{MINE}/pods/{pod('shop', 1)}/exec?command=sh&stdin=true&tty=true", 101)
DEBUGS: Call = ("patch", f"{MINE}/pods/{pod('shop')}/ephemeralcontainers", 200)
NOT_LET: Call = ("create", f"{MINE}/pods/{pod('shop')}/exec?command=sh", 403)


def asking(
    *calls: Call,
    own: Sequence[float] = (2800, 1900, 300),
    agent: str = KUBECTL,
    library: str = "node-fetch",
    people: Sequence[tuple[float, Call]] = ((2000, ROLLS),),
    released: float = 0,
) -> Snapshot:
    """Return a program, what tools of people ask for with its account, and what the audit log tells besides.

    ``own``: when its own library asks. ``people``: what a person of the house asks, and when.
    """
    before = {"image": "registry.example/shop:0"} if released else None
    objects = workload("shop", before=before, released=released or 30 * DAY)
    address = next(each["status"]["podIP"] for each in objects if each["kind"] == "Pod")
    told = [(3000.0, audited(OWN, 3000, "10.1.0.2", "kube-probe/1.31", "system:node:n1", {}))]
    told += [(age, audited(OWN, age, address, library, ACCOUNT, {})) for age in own]
    told += [(age, audited(call, age, "192.0.2.9", "kubectl/v1.31.1", ANNA, {})) for age, call in people]
    for number, call in enumerate(calls):
        age = 1200.0 - 20 * number
        told.append((age, audited(call, age, address, CURL if number == 0 else agent, ACCOUNT, {})))
    return snapshot(
        objects,
        workload("audit-relay", service=False, pods=1),
        logs=[timed(pod("audit-relay"), *sorted(told, reverse=True))],
        figures=[WELL],
    )


HOLDS = [
    *(
        Holds(
            f"nobody of the house sits in a pod whose account goes from door to door: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("by two tools", asking(*DOORS)),
            ("by one", asking(*DOORS, agent=CURL)),
            ("another one's shell was opened by a person", asking(*DOORS, people=[(2000, (*SHELL[:2], 101))])),
            ("a person was not let into it", asking(*DOORS, people=[(2000, NOT_LET)])),
            ("it was released the week before", asking(*DOORS, released=7 * DAY)),
        )
    ),
    *(
        Holds(
            f"it may be somebody of the house who goes from door to door: {what}",
            world,
            (SHOP, "security_incident", "page_human"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=(*RESTARTS, "isolate_workload"),
        )
        for what, world in (
            ("a person opened a shell there", asking(*DOORS, people=[(1500, ENTERS)])),
            ("a person put a container beside it", asking(*DOORS, people=[(1500, DEBUGS)])),
            ("the audit log keeps no shells", asking(*ELSEWHERE, BINDS, ("list", "/api/v1/nodes", 403))),
            ("it keeps nothing of people", asking(*DOORS, people=[])),
            ("it asks for little of others", asking(*ELSEWHERE[:2], BINDS, SHELL)),
            ("the program never asks by a library", asking(*DOORS, own=[])),
            ("it began to ask then", asking(*DOORS, own=[300])),
            ("it ceased to ask by its own", asking(*DOORS, own=[2800, 1900])),
            ("its own library is such a tool", asking(*DOORS, library="python-requests/2.31")),
            ("it was released in the morning", asking(*DOORS, released=5 * 3600)),
        )
    ),
]
