"""What runs on each node cannot clear tracked connections to pods that are gone, and pods there miss answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, OLD, SHOP, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, pod, service_for, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PROXY, DNS = "DaemonSet/kube-proxy", "Deployment/coredns"
GONE = "10.9.1.7"
LACKS = (
    'cleanup.go:47] "Failed to delete endpoint connections" err="error deleting conntrack entries for UDP peer'
    ' {10.96.0.10, 10.9.1.7}, error: error looking for path of conntrack: exec: \\"conntrack\\": executable file not'
    ' found in $PATH" servicePortName="kube-system/kube-dns:dns"'
)
RIGHT = (
    'proxier.go:1] "Failed to delete stale service connections" err="conntrack v1.4.6: Operation failed: Operation not'
    ' permitted" IP="10.96.0.10" port="kube-system/kube-dns:dns"'
)
OTHER = 'level=error msg="unable to flush conntrack entries of backend 10.9.1.7:53: Operation not permitted"'
CLEARED = 'proxier.go:9] "Deleted conntrack entries" peer="10.9.1.7" service="kube-system/kube-dns:dns"'
TABLE = 'conntrack.go:1] "Failed to set nf_conntrack_max" value=262144 dns="10.96.0.10"'
NO_NAME = "Error: getaddrinfo EAI_AGAIN cart"
PHP = "php_network_getaddresses: getaddrinfo for cart failed: Temporary failure in name resolution"
WELL = "INFO order paid"


def agents(
    *told: str,
    of: str = "kube-proxy",
    age: float = 600,
    released: float = 4 * DAY,
    left: int = 0,
    before: Obj | None = None,
) -> tuple[list[Obj], list[Log]]:
    """Return what runs on each of three nodes, what its pods tell, and how many are still of the template before."""
    more: dict[str, Any] = {} if before is None else {"before": before, "released": released}
    made = workload(of, kind="DaemonSet", pods=3, nodes=("n1", "n2", "n3"), service=False, **more)
    for each in made:
        if each["kind"] == "DaemonSet":
            each["status"] |= {"desiredNumberScheduled": 3, "numberReady": 3}
    for each in pods_of(made)[3 - left :] if left else ():
        each["metadata"]["labels"]["controller-revision-hash"] = f"{of}-r1"
    names = [str(each["metadata"]["name"]) for each in pods_of(made)]
    lines = [[(3500.0, "INFO started"), *([(age, line)] if line else [])] for line in (*told, "", "", "")]
    return made, [timed(name, *each, of=of) for name, each in zip(names, lines, strict=False)]


def says(name: str, number: int, line: str = "", since: int = 590) -> Log:
    """Return the log of a pod that works all the hour, and what it misses since."""
    lines = [(float(age), WELL) for age in range(3500, 0, -60)]
    lines += [(float(age), line) for age in range(since, 0, -60) if line]
    return timed(pod(name, number), *sorted(lines, key=lambda each: -each[0]))


def world(
    who: tuple[Iterable[Obj], Sequence[Log]],
    *,
    ill: Sequence[int] = (0, 1),
    since: int = 590,
    lines: tuple[str, str] = (NO_NAME, PHP),
    servers: bool = True,
    web: bool = True,
    **of_shop: Any,
) -> Snapshot:
    """Return two callers with a pod on each of three nodes, of which some miss names, and who runs on the nodes."""
    made, told = who
    spread: dict[str, Any] = {"pods": 3, "nodes": ("n1", "n2", "n3"), "env": CALLS_CART}
    logs = [says("shop", n, lines[0] if n in ill else "", since) for n in range(3)]
    logs += [says("web", n, lines[1] if n in ill else "", since - 5) for n in range(3) if web]
    dns = [*workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", port=53, nodes=("n1", "n3"), service=False)]
    dns += [service_for("kube-dns", port=53)]
    return snapshot(
        shop(**spread, **of_shop),
        workload("web", **spread),
        workload("cart"),
        dns if servers else [],
        made,
        logs=[*logs, *told],
        figures=[errors("shop", 0.2, since)],
    )


BACK = (PROXY, "code_defect", "rollback_workload")
ASK = (PROXY, "network_fault", "page_human")
BARS = (*no("restart_workload", "rollback_workload", "scale_workload", at=DNS), *no("restart_workload", at=PROXY))
IMAGE: Obj = {"image": "registry.k8s.io/kube-proxy:v1.30.6"}
HARM = ("restart_workload", "scale_workload")
HOLDS = [
    Holds(
        "its new image lacks the program, and a pod of the former one is silent",
        world(agents(LACKS, LACKS, before=IMAGE, left=1)),
        BACK,
        excludes=(*BARS, *no("rollback_workload", "restart_workload", at=SHOP)),
        harmful=HARM,
        alone=True,
    ),
    Holds(
        "all of its pods are of the image that lacks the program, and names are missed on all nodes",
        world(agents(LACKS, LACKS, LACKS, before=IMAGE), ill=(0, 1, 2)),
        BACK,
        excludes=BARS,
        harmful=HARM,
        alone=True,
    ),
    Holds(
        "who misses names was released shortly before, and nobody sees the name servers",
        world(agents(LACKS, LACKS, before=IMAGE, left=1), servers=False, before=OLD, released=900),
        BACK,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=HARM,
    ),
    Holds(
        "it may not do so, and nobody knows since when: a person looks",
        world(agents(RIGHT, RIGHT)),
        ASK,
        excludes=BARS,
        harmful=(*HARM, "rollback_workload"),
        alone=True,
    ),
    Holds(
        "a release took the right to do so from it: its pods tell of it, and one of the template before does not",
        world(agents(RIGHT, RIGHT, before={"securityContext": {"privileged": True}}, left=1)),
        (PROXY, "configuration_error", "rollback_workload"),
        excludes=BARS,
        harmful=HARM,
        alone=True,
    ),
    Holds(
        "another program does it, and was released; those that are left say so too",
        world(agents(OTHER, OTHER, OTHER, of="router", before={"args": ["-v"]}, left=1), ill=(0, 1, 2)),
        ("DaemonSet/router", "network_fault", "page_human"),
        harmful=(*HARM, "rollback_workload"),
        alone=True,
    ),
]
NOT_IT = [
    ("it cleared them", world(agents(CLEARED, CLEARED, before=IMAGE, left=1))),
    ("it tells of another trouble with its table", world(agents(TABLE, TABLE, before=IMAGE, left=1))),
    ("names are missed where it cleared all as well", world(agents(LACKS, LACKS, before=IMAGE, left=1), ill=(0, 1, 2))),
    ("names were missed long before", world(agents(LACKS, LACKS, before=IMAGE, left=1), since=2400)),
    ("it told of it long before", world(agents(LACKS, LACKS, age=3000, before=IMAGE, left=1))),
    ("the pod is there", world(agents(*[LACKS.replace(GONE, "10.1.0.1")] * 2, before=IMAGE, left=1))),
]
DOES_NOT_HOLD = [
    *(DoesNotHold(what, seen, harmful=("rollback_workload", "restart_workload")) for what, seen in NOT_IT),
    DoesNotHold(
        "nobody misses names, but is refused",
        world(agents(LACKS, LACKS, before=IMAGE, left=1), lines=("ERROR cart:8080 answered 503",) * 2),
        harmful=("rollback_workload",),
    ),
]
