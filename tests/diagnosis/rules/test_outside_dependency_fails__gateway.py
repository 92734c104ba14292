"""A host outside is asked through a gateway, and a policy that keeps its callers from going out was edited before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CART, errors, shop
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOST = "hub.partner.example"
FAILS = (CART, "dependency_failure", "page_human")
POLICY = ("NetworkPolicy/out", "network_fault", "page_human")
ACT = ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload", "isolate_workload")
LATE = f'Get "https://{HOST}/v2/orders": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
OK = "level=info msg=fetched items=4"
EDITED, SINCE = 2400.0, 1200.0
INSIDE: list[Obj] = [{"to": [{"podSelector": {}}]}]
ELSEWHERE: list[Obj] = [{"to": [{"podSelector": {"matchLabels": {"app": "shop"}}}]}]
ANYWHERE: list[Obj] = [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
CART_POD = pods_of(workload("cart"))[0]["status"]["podIP"]


def rules(name: str, age: float, egress: list[Obj], *, inward: bool = False, **selector: str) -> Obj:
    """Return a policy for what pods ask, and who may ask them, of all pods or of those with some labels."""
    chosen = {"matchLabels": selector} if selector else {}
    body = {"podSelector": chosen, "policyTypes": ["Egress"], "egress": egress}
    both = {"policyTypes": ["Egress", "Ingress"], "ingress": [{}]} if inward else {}
    return thing("NetworkPolicy", name, written=age, spec=body | both)


def envoy(host: str = HOST, status: str = "503 - via_upstream", client: str = "10.9.9.9") -> str:
    """Return a line of a gateway of Envoy about one call."""
    return f'"GET /v2/orders HTTP/1.1" {status} - 0 121 5211 4584 "{client}" "{host}" "198.51.100.7:443" hub'


def squid(host: str = HOST, status: str = "TCP_TUNNEL/200", client: str = "10.9.9.9") -> str:
    """Return a line of a gateway of Squid about one call."""
    return f"1740 {client} {status} 5120 CONNECT {host}:443 - HIER_DIRECT/198.51.100.7 -"


def asked(
    *passed: str,
    since: float = SINCE,
    heard: float = 3400,
    again: Sequence[float] = (1100, 600, 100),
    egress: list[Obj] | None = None,
    gate: list[Obj] | None = None,
    inward: bool = False,
    **more: Any,
) -> Snapshot:
    """Return a cart that misses a host since then, a gateway and what it tells, and an edit of who may ask whom."""
    told = [(age, OK) for age in range(int(heard), int(since), -100)]
    told += [(age, LATE) for age in range(int(since), 20, -30)]
    lines = [(age, line) for age in again for line in passed]
    logs: list[Log] = [*(timed(pod("cart", n), *told) for n in (0, 1)), timed(pod("gate"), *lines)]
    return snapshot(
        shop(env={"CART_URL": "http://cart:8080"}),
        workload("cart", env={"HUB_URL": f"https://{HOST}/v2"}, **more),
        workload("gate", "envoyproxy/envoy:v1.35.3"),
        rules("out", EDITED, INSIDE if egress is None else egress, inward=inward),
        rules("gate", 90_000, ANYWHERE if gate is None else gate, app="gate"),
        figures=[errors("cart", since=since)],
        logs=logs,
    )


def at_once(*passed: str) -> Snapshot:
    """Return a cart that misses a host a minute after the edit."""
    return asked(*passed, since=EDITED - 60, again=(2200, 600, 100))


HOLDS = [
    *(
        Holds(f"a gateway passes on its answers since the edit: {what}", world, FAILS, alone=True, harmful=ACT)
        for what, world in (
            ("what fails is its own", asked(envoy())),
            ("some of them are well", asked(envoy(), envoy(status="200 - via_upstream"))),
            ("by the log of a Squid", asked(squid())),
            ("those of the caller's pod, from the minute of the edit on", at_once(envoy(client=CART_POD))),
        )
    ),
    Holds(
        "the edit may keep others from the caller as well",
        asked(envoy(), inward=True),
        FAILS,
        believed="changed_beside",
        harmful=ACT,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, POLICY, harmful=ACT)
        for what, world in (
            ("the gateway tells of nothing", asked()),
            ("it tells of another host alone", asked(envoy("api.bank.example"))),
            ("it tells of a host whose name only ends so", asked(envoy(f"old-{HOST}"))),
            ("it was answered before the edit alone", asked(envoy(), again=(3000, 2600))),
            ("it got no answer either", asked(envoy(status="503 UF upstream_reset_before_response_started"))),
            ("a Squid could not open the connection", asked(squid(status="TCP_TUNNEL/503").replace("DIRECT", "NONE"))),
            ("who misses it does so from the edit on, and others ask", at_once(envoy())),
            ("nobody knows what the caller told before the edit", asked(envoy(), heard=2000)),
            ("the edit keeps the caller from the gateway as well", asked(envoy(), egress=ELSEWHERE)),
            ("the gateway may not go out either", asked(envoy(), gate=ELSEWHERE)),
        )
    ),
]
