"""Who lost the lease that lets it act while the API server was away, and never asked for it again."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log

API = "https://10.96.0.1:443/apis/coordination.k8s.io/v1/namespaces/town/leases/shop"
REFUSED = (
    f'E0101 leaderelection.go:332] error retrieving resource lock town/shop: Get "{API}": '
    "dial tcp 10.96.0.1:443: connect: connection refused"
)
GO = (REFUSED, "I0101 leaderelection.go:285] failed to renew lease town/shop: timed out waiting for the condition")
OWN = (*GO, '{"level":"warn","msg":"leadership lost","lease":"shop"}', '{"level":"info","msg":"publisher stopped"}')
JAVA = (
    "WARN i.f.k.c.e.l.LeaderElector - Exception occurred while renewing lock 'LeaseLock: town - shop (shop-1)': "
    "java.net.ConnectException: Connection refused",
    "DEBUG i.f.k.c.e.l.LeaderElector - Renew deadline reached after 10 seconds while renewing lock LeaseLock: shop",
)
PYTHON = ("ERROR connect to 10.96.0.1:443: connection refused", "INFO leader shop-1 stopped leading")
SKIPS = '{"level":"debug","msg":"tick skipped","leader":false}'
TRIES = "I0101 leaderelection.go:250] attempting to acquire leader lease town/shop..."
LEADS = "I0101 leaderelection.go:260] successfully acquired lease town/shop"
ANOTHER = '{"level":"info","msg":"new leader elected: shop-7"}'
FORBIDDEN = (
    "E0101 leaderelection.go:332] error retrieving resource lock town/shop: leases.coordination.k8s.io is forbidden"
)
CALLED: dict[str, Any] = {"alerts": [alert("JobsWait")]}


def lost(*said: str, number: int = 0, after: str = SKIPS, age: float = 1500, count: int = 20, then: str = "") -> Log:
    """Return the log of a pod that did its work until it lost its lease, and what it tells since.

    ``then``: what it tells of the lease later.
    """
    lines = [(age + 30.0 * n, '{"level":"info","msg":"batch published","jobs":200}') for n in range(20, 0, -1)]
    lines += [(age - 5.0 * n, line) for n, line in enumerate(said)]
    lines += [(age - 60.0 - n * (age - 60) / max(count, 1), after) for n in range(count)]
    lines += [(age - 90.0, then)] if then else []
    return Log(
        pod("shop", number), "shop", tuple(f"{at(each)} {line}" for each, line in sorted(lines, key=lambda x: -x[0]))
    )


def lease(renewed: float, holder: str = f"{pod('shop')}_6be8c451", label: str = "shop") -> Obj:
    """Return a lease, who holds it, and how long ago it was renewed."""
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": at(renewed)}
    return thing("Lease", label, spec=spec)


def one(*more: Any, **of: Any) -> list[Obj]:
    return [*shop(**{"pods": 1, **of}), *more]


RESTART = (SHOP, "service_crash", "restart_workload")
HOLDS = [
    Holds(
        "the one pod lost its lease while the API server was away, and only tells that it does not lead",
        snapshot(one(lease(1520)), logs=[lost(*OWN)], **CALLED),
        RESTART,
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
        began=1495,
    ),
    Holds("nobody read the leases", snapshot(one(), logs=[lost(*OWN)], **CALLED), RESTART),
    Holds("the client's own words are all", snapshot(one(lease(1520)), logs=[lost(*GO)], **CALLED), RESTART),
    Holds("the client is one for Java", snapshot(one(lease(1520)), logs=[lost(*JAVA)], **CALLED), RESTART),
    Holds("the client is one for Python", snapshot(one(lease(1520)), logs=[lost(*PYTHON)], **CALLED), RESTART),
    Holds(
        "it serves requests all the while",
        snapshot(one(lease(1520)), logs=[lost(*OWN, after="INFO GET /orders 200")], **CALLED),
        RESTART,
    ),
    Holds(
        "both pods lost it within the same minute",
        snapshot(shop(), lease(1520), logs=[lost(*OWN), lost(*OWN, number=1)], **CALLED),
        RESTART,
        harmful=("scale_workload",),
    ),
    Holds(
        "another one lost a lease of its own, and leads again",
        snapshot(
            one(lease(1520), lease(5, f"{pod('cart')}_1", "cart")),
            workload("cart", pods=1),
            logs=[lost(*OWN)],
            **CALLED,
        ),
        RESTART,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload", "rollback_workload"))
    for what, world in (
        ("it has it again", snapshot(one(lease(5)), logs=[lost(*OWN, then=LEADS)], **CALLED)),
        ("its lease is renewed, whatever it told", snapshot(one(lease(5)), logs=[lost(*OWN)], **CALLED)),
        ("it asks for it, and waits", snapshot(one(lease(1520)), logs=[lost(*OWN, then=TRIES)], **CALLED)),
        ("it asks, and may not have it", snapshot(one(lease(1520)), logs=[lost(*OWN, then=FORBIDDEN)], **CALLED)),
        ("it tells who leads now", snapshot(one(), logs=[lost(*OWN, then=ANOTHER)], **CALLED)),
        (
            "it asks at once, within the same second",
            snapshot(one(lease(1520)), logs=[lost(*OWN[:3], f"{TRIES}")], **CALLED),
        ),
        (
            "somebody else holds the lease that it names",
            snapshot(one(lease(5, "standby-1_7")), logs=[lost(*OWN)], **CALLED),
        ),
        (
            "the other pod of two leads",
            snapshot(shop(), logs=[lost(*OWN), lost(LEADS, number=1, after="INFO published")], **CALLED),
        ),
        ("of the other pod nobody read a log", snapshot(shop(), logs=[lost(*OWN)], **CALLED)),
        ("it was minutes ago", snapshot(one(lease(320)), logs=[lost(*OWN, age=300)], **CALLED)),
        ("its log ends with it", snapshot(one(lease(1520)), logs=[lost(*OWN, count=0)], **CALLED)),
        ("nothing was away: it may be too slow to renew it", snapshot(one(), logs=[lost(*OWN[1:])], **CALLED)),
        (
            "the API server is away still",
            snapshot(one(lease(1520)), logs=[lost(*OWN, after=REFUSED)], **CALLED),
        ),
        ("nobody suffers for want of a leader", snapshot(one(lease(1520)), logs=[lost(*OWN)])),
        (
            "it was released with it",
            snapshot(one(lease(1520), before=IMAGE, released=0.5 * HOUR), logs=[lost(*OWN)], **CALLED),
        ),
        (
            "it was the process before that lost it, and it ended",
            snapshot(one(lease(5)), logs=[lost(*OWN)._replace(previous=True)], **CALLED),
        ),
        ("sales are led by others", snapshot(one(), logs=[lost(REFUSED, "WARN lost lead 4711: expired")], **CALLED)),
        ("a lease of an address", snapshot(one(), logs=[lost(REFUSED, "WARN dhcp: lease lost")], **CALLED)),
    )
]
