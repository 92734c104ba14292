"""One of two balancers before the cluster sends nothing any more; else less is asked, or somebody turned it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, ingress, rate
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

EDGE, FRONT = "Deployment/edge", "Service/front"
ONE, TWO, USER = "10.10.0.11", "10.10.0.12", "198.51.100.7"
COMMON = '{} - - [04/Mar/2026:{}] "GET /api/day HTTP/2.0" 200 7429 "-" "Mozilla/5.0 (X11)" 794 0.040 [shop] [] x 7429'
JSON = '{{"remote_addr":"{}","when":"{}","method":"GET","uri":"/api/day","status":200,"took":0.04}}'
SILENT = 1800.0
ACTS = ("rollback_workload", "restart_workload", "scale_workload", "isolate_workload", "switch_traffic")


def sent(
    first: str = ONE,
    other: str = TWO,
    *,
    form: str = COMMON,
    until: float = SILENT,
    every: int = 60,
    upto: float = 60,
    begins: int = 3600,
) -> list[tuple[float, str]]:
    """Return the requests that two balancers send a pod by turns, the first one until some time."""
    told = []
    for number, age in enumerate(range(begins, int(upto), -every)):
        who = first if number % 2 == 0 else other
        if who != first or age >= until:
            told.append((float(age), form.format(who, "12:00:00 +0000")))
    return told


def front(*addresses: tuple[str, str], written: float | None = None, kind: str = "LoadBalancer") -> Obj:
    """Return the Service of the edge with the addresses of its balancers."""
    made = thing("Service", "front", written=written, spec={"type": kind, "selector": {"app": "edge"}})
    told = addresses or ((ONE, "lb-a.shop.example"), (TWO, "lb-b.shop.example"))
    made["status"] = {"loadBalancer": {"ingress": [{"ip": ip, "hostname": name} for ip, name in told]}}
    return made


def world(
    one: list[tuple[float, str]] | None = None,
    two: list[tuple[float, str]] | None = None,
    *,
    before: Obj | None = None,
    figures: Sequence[tuple[str, Series]] | None = None,
    edge: dict[str, Any] | None = None,
    heard: bool = True,
) -> Snapshot:
    """Return an edge of two pods with a shop behind it, and what each pod was sent."""
    told: list[Log] = [timed(pod("edge"), *(sent() if one is None else one))]
    told += [timed(pod("edge", 1), *(sent() if two is None else two))] if heard else []
    return snapshot(
        workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.12", **(edge or {})),
        workload("shop"),
        [before or front(), ingress("shop", "www.shop.example")],
        logs=told,
        figures=[rate("shop", 50, 26, SILENT), errors("shop", 0.001, SILENT)] if figures is None else figures,
        alerts=[alert("FewLogins", service="shop")],
    )


STEADY = [rate("shop", 50, 49, SILENT), errors("shop", 0.001, SILENT)]
HOLDS = [
    *(
        Holds(
            what,
            seen,
            (FRONT, "network_fault", "page_human"),
            excludes=(*no("restart_workload", "scale_workload", at=EDGE), *no("rollback_workload", at=SHOP)),
            alone=True,
            harmful=ACTS,
        )
        for what, seen in (
            ("one of two sends nothing, and half is asked", world()),
            ("an access log in JSON", world(sent(form=JSON), sent(form=JSON))),
            (
                "the edge was released a while before",
                world(edge={"before": {"args": ["-v"]}, "released": SILENT + 9000}),
            ),
            ("users reach a node as well", world([*sent(), *sent(USER, USER)])),
        )
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, seen, (), harmful=ACTS)
    for what, seen in (
        ("both send on", world(sent(until=0), sent(until=0))),
        ("the other one has taken over what it sent", world(figures=STEADY)),
        ("nobody measures how much is asked", world(figures=[errors("shop", 0.001, SILENT)])),
        ("one pod is sent requests by it still", world(two=sent(until=0))),
        ("one pod is not heard", world(heard=False)),
        ("it sends again", world([*sent(), (120, COMMON.format(ONE, "12:00:00 +0000"))])),
        ("it is silent for some minutes only", world(sent(until=400), sent(until=400))),
        ("it seldom sent anything", world(sent(every=300), sent(every=300))),
        ("too little came since to tell", world(sent(upto=1500), sent(upto=1500))),
        ("who is silent is no balancer", world(sent(USER), sent(USER))),
        ("it is the only balancer", world(before=front((ONE, "")))),
        ("the Service has no balancer", world(before=front(kind="NodePort"))),
        ("the Service was edited right before", world(before=front(written=SILENT + 60))),
        ("the edge was released right before", world(edge={"before": {"args": ["-v"]}, "released": SILENT + 60})),
        ("a pod of the edge is not ready", world(edge={"ready": 1})),
    )
]
