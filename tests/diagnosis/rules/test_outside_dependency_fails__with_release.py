"""A host outside that is slow for one caller since its release, which keeps connections: it may be slow by itself."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import CART, SHOP, latency
from tests.diagnosis.rules.test_connections_not_returned import WAITS
from tests.diagnosis.rules.test_connections_not_returned__amid_calls import LATELY, amid_calls, compared
from tests.diagnosis.rules.tiny import Obj, figure, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

FAILS_CART = (CART, "dependency_failure", "page_human")
FAILS = (SHOP, "dependency_failure", "page_human")
OFTEN_DONE = ("restart_connection_pool", "restart_workload", "rollback_workload", "scale_workload")
BACK = no("rollback_workload", at=SHOP)


def rented() -> Obj:
    """Return a Node that is called by what a cloud calls its machine, whose own name is another."""
    made = node("i-0abc123.prod.example")
    told = {"Hostname": "i-0abc123", "InternalDNS": "m-17.prod.example", "InternalIP": "10.0.1.2"}
    made["status"]["addresses"] = [{"type": kind, "address": address} for kind, address in told.items()]
    return made


def measured_at(host: str) -> Snapshot:
    """Return a cart whose calls became slow by figures, which tell a host with them."""
    return snapshot(
        workload("cart"),
        [node("worker-3.eu.compute.internal"), node("worker-2"), node("worker-4.prod.corp"), rented()],
        thing("Service", "pay", spec={"type": "ExternalName", "externalName": "pay.partner.example"}),
        figures=[
            latency("cart", 0.1, 9.0),
            figure("dependency_latency_p95", 0.2, 9.0, 600, component="cart", dependency=host),
        ],
    )


HOLDS = [
    Holds(
        "a host that answers late, and does answer", measured_at("slots.van.example"), FAILS_CART, harmful=OFTEN_DONE
    ),
    *(
        Holds(f"a host that answers late: {what}", measured_at(host), FAILS_CART, harmful=OFTEN_DONE)
        for what, host in (
            ("with a port", "slots.van.example:8443"),
            ("in a zone of one's own", "his.clinic.internal:2575"),
            ("beside a machine whose name begins alike", "worker-22.prod.example"),
            ("a Service that leads outside, by its whole name", "pay.town.svc.cluster.local"),
            ("a Service of another namespace", "vault.keys.svc.cluster.local"),
        )
    ),
    Holds(
        "a host is slow since a minute after a release that keeps connections, and nobody else tells of it",
        amid_calls(since=1440, **LATELY),
        FAILS,
        excludes=no("restart_workload", "restart_connection_pool", at=SHOP),
        spares=BACK,
        harmful=OFTEN_DONE,
    ),
    *(
        Holds(f"a host is slow, {what}", world, FAILS, excludes=BACK, harmful=OFTEN_DONE)
        for what, world in (
            ("for others too, since a release that keeps connections", compared(now=23.0, since=1440, **LATELY)),
            ("some time after a release that keeps connections", amid_calls(since=1000, **LATELY)),
            ("and no release came", amid_calls()),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a pool is empty, and nobody outside is slow", amid_calls(lines=(WAITS,), figures=False), harmful=OFTEN_DONE[2:]
    ),
    *(
        DoesNotHold(f"what is slow is the machine on which it is measured, {what}", measured_at(host))
        for what, host in (
            ("by its name", "worker-3.eu.compute.internal"),
            ("by its name and a domain", "worker-2.eu.compute.internal"),
            ("by its name and a port", "worker-4.prod.corp:9100"),
            ("by a name that its Node tells", "m-17.prod.example:9100"),
            ("by a short name that its Node tells", "i-0abc123.eu.example"),
            ("by its address, as a cloud calls it", "ip-10-0-1-2.ec2.internal"),
            ("by its address in a domain of one's own", "ip-10-0-1-3.prod.example:9100"),
            ("by what a cloud calls it in its zone", "gke-pool-1-x7d2.europe-west1-b.c.shop-prod.internal"),
            ("and it is a pod by its whole name", "cart-r1-a.town.svc.cluster.local"),
            ("and it is a pod of a cluster that is called otherwise", "cart-r1-a.town.svc.k8s.corp"),
            ("and it is a pod by its whole name and a port", "cart-r1-a.town.svc.cluster.local:8080"),
        )
    ),
]
