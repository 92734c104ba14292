"""Services outside that do not know the address by which pods leave, and what refuses for another reason."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, IMAGE, OLD, SHOP, alert, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SOLD = 'INFO "POST /memberships HTTP/1.1" 201'
AZURE = (
    "mssql: login error: Cannot open server 'museum' requested by the login. "
    "Client with IP address '198.51.100.23' is not allowed to access the server."
)
LINES = (
    AZURE,
    "ERROR 250001 (08001): Incoming request with IP/Token 198.51.100.23 is not allowed to access Snowflake.",
    "WARN https://api.bank.example/v1/debits -> 403 API_KEY_IP_ADDRESS_BLOCKED: The provided API key has an IP address "
    "restriction. The originating IP address of the call (198.51.100.23) violates this restriction.",
    "ERROR 403 the `museum` organization has an IP allow list enabled, and your IP address is not permitted to access",
    'ERROR POST https://sms.example/send 403 {"code":"IP_NOT_WHITELISTED"}',
    'ERROR POST https://api.bank.example/v1/debits 403 {"error":"198.51.100.23 is not on the allow list"}',
)
OURS = "ERROR POST http://cart:8080/add 403 your IP address is not allowed"
KEY = "ERROR POST https://sms.example/send 403 this key is not allowed to send"


def told(number: int, line: str = SOLD, of: str = "shop", since: float = 1200, well: int = 20) -> Log:
    """Return the log of a pod that was well at first, and then repeats a line."""
    return log(pod(of, number), *[SOLD] * well, *[line] * 20, since=since)


def there(line: str, of: str = "shop") -> list[Log]:
    """Return the logs of four pods, of which those on the second node are refused."""
    return [told(number, line if number % 2 else SOLD, of) for number in range(4)]


def world(*kept: Log, beside: Any = (), alerts: bool = True, **more: Any) -> Snapshot:
    """Return a shop of four pods on two nodes by turns, and what they tell."""
    nodes = [thing("Node", f"n{n}", labels={}) for n in (1, 2)]
    fires = [alert("SignupsFailing")] if alerts else []
    return snapshot(shop(pods=4, **more), *nodes, beside, logs=kept or there(AZURE), alerts=fires)


EVERYWHERE = [told(number, AZURE) for number in range(4)]
LONG = [(age, AZURE) for age in (*range(400000, 100000, -30000), 800, 600, 400, 200)]
NEW: dict[str, Any] = {"before": IMAGE, "released": 700}
ASK = (SHOP, "configuration_error", "page_human")
ACTS = ("rollback_workload", "scale_workload")
HOLDS = [
    *(
        Holds(
            f"pods on one of two nodes, though they were released just then: {line[:50]}",
            world(*there(line), **NEW),
            ASK,
            excludes=no(*ACTS, at=SHOP),
            harmful=ACTS,
        )
        for line in LINES
    ),
    Holds(
        "those of two workloads: the one that is refused more often is named",
        world(*there(AZURE), *there(AZURE, "cart")[:2], beside=workload("cart", pods=2)),
        ASK,
        excludes=no("rollback_workload", at=CART),
        alone=True,
    ),
    Holds("all pods, and nobody released anything", world(*EVERYWHERE), ASK, excludes=no(*ACTS, at=SHOP), harmful=ACTS),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all pods since a release: it may take another way out", world(*EVERYWHERE, **NEW), harmful=("scale_workload",)
    ),
    DoesNotHold(
        "all pods since a release of the proxy by which they leave",
        world(
            *EVERYWHERE,
            beside=workload("egress", "squid:6", before=OLD, released=700),
            env={"HTTPS_PROXY": "http://egress:8080"},
        ),
    ),
    DoesNotHold("all pods for days", world(*(timed(pod("shop", n), *LONG) for n in range(4)))),
    DoesNotHold(
        "some pods on each node",
        world(told(0, AZURE), told(1, AZURE), told(2), told(3), **NEW),
    ),
    DoesNotHold(
        "all are on one node",
        world(*there(AZURE), **NEW, nodes=("n1", "n1")),
    ),
    DoesNotHold("a call or two", world(*(log(pod("shop", n), *[SOLD] * 9, *[AZURE] * (n % 2)) for n in range(4)))),
    DoesNotHold("it is one of ours that refuses", world(*there(OURS), beside=workload("cart"))),
    DoesNotHold("a key is refused, and no address", world(*there(KEY))),
    DoesNotHold("nobody suffers", world(alerts=False)),
    DoesNotHold(
        "it refuses others itself",
        snapshot(
            workload("edge", "nginx:1.27", pods=4),
            logs=[told(n, "WARN client 198.51.100.23 is not allowed" if n % 2 else SOLD, "edge") for n in range(4)],
            alerts=[alert("SignupsFailing")],
        ),
    ),
]
