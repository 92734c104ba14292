"""All failures of a caller name one address of the many behind a Service."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import later, looping, pods_of, younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log

NEXT = "Deployment/cart-next"


def cart(pods: int = 3) -> list[Obj]:
    return workload("cart", pods=pods)


def address(objects: list[Obj], number: int = 0) -> str:
    return str(pods_of(objects)[number]["status"]["podIP"])


def said(*addresses: str, port: int = 8080) -> Log:
    """Return the log of a caller that fails at each of some addresses in turn."""
    lines = [f"ERROR quote from {each}:{port}: cannot unmarshal string into int64" for each in addresses]
    return log(pod("shop"), *(lines * 12)[:12])


def both() -> list[Obj]:
    """Return a second version of one pod behind the Service of the first."""
    beside = workload("cart-next", pods=1, service=False)
    for each in pods_of(beside):
        each["metadata"]["labels"] |= {"app": "cart"}
    beside[0]["spec"]["template"]["metadata"]["labels"] = {"app": "cart", "track": "next"}
    return [*cart(), *beside]


HOLDS = [
    Holds(
        "one pod of three",
        snapshot(shop(env=CALLS_CART), cart(), logs=[said(address(cart(), 1))], alerts=[alert()]),
        (CART, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=CART),
        harmful=("rollback_workload",),
    ),
    Holds(
        "the one pod of a second version",
        snapshot(shop(env=CALLS_CART), both(), logs=[said(address(workload("cart-next")))], alerts=[alert()]),
        (NEXT, "code_defect", "switch_traffic"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
HOLDS += [
    Holds(
        f"one pod of three, and {what}",
        snapshot(shop(env=CALLS_CART), world, logs=[said(address(world, 2))], alerts=[alert()]),
        (CART, "service_crash", remedy),
        excludes=no("rollback_workload", at=CART),
        harmful={"restart_workload", "rollback_workload"} - {remedy},
    )
    for what, world, remedy in (
        (
            "one that was started after it has never been ready",
            later(cart(4), 1, looping()),
            "page_human",
        ),
        ("it was started last, a while ago: what it got then may be why", younger(cart(), 1), "page_human"),
        ("it was started last, a day ago, and was well", younger(cart(), 1, age=DAY), "restart_workload"),
        ("another one was started last", younger(cart(), 1)[::-1], "restart_workload"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all three are named",
        snapshot(
            shop(env=CALLS_CART), cart(), logs=[said(*(address(cart(), n) for n in range(3)))], figures=[errors("shop")]
        ),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "there is no other one",
        snapshot(
            shop(env=CALLS_CART), cart(1), service_for("cart"), logs=[said(address(cart()))], figures=[errors("shop")]
        ),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "it is the address of a client: the port is not one at which the pod listens",
        snapshot(shop(env=CALLS_CART), cart(), logs=[said(address(cart()), port=40512)], figures=[errors("shop")]),
        (SHOP, "unknown", "page_human"),
    ),
]
POST = '"POST /v1/orders HTTP/1.1" 500 31 "-" "x/1"'
DOES_NOT_HOLD += [
    DoesNotHold(
        f"it is the address of a client {where}",
        snapshot(
            shop(env=CALLS_CART),
            cart(),
            logs=[log(pod("shop"), *[line.replace("IP", address(cart()))] * 9)],
            figures=[errors("shop")],
        ),
        (SHOP, "unknown", "page_human"),
    )
    for where, line in (
        ("at the head of an access log", f"IP - - {POST}"),
        ("that others pass on, at the head of an access log", f"IP, 198.51.100.7 - - {POST}"),
        ("at the end of an access log", f'198.51.100.7 - - {POST} "IP"'),
        ("in an access log of Gin", "[GIN] 2026/03/04 - 11:59:00 | 500 | 1.2ms | IP | POST /v1/orders 500"),
        ("in a field of an error", 'level=ERROR msg="order not saved" remote_addr=IP err="no such column"'),
        ("in JSON", '{"level":"error","msg":"order not saved","client_ip":"IP","err":"no such column"}'),
        ("whose address is passed on", '{"level":"error","msg":"not saved","x-forwarded-for":"198.51.100.7, IP"}'),
    )
]
HOLDS += [
    Holds(
        f"one pod of three, named {where}",
        snapshot(
            shop(env=CALLS_CART),
            cart(),
            logs=[log(pod("shop"), *[line.replace("IP", address(cart()))] * 9)],
            alerts=[alert()],
        ),
        (CART, "service_crash", "restart_workload"),
    )
    for where, line in (
        ("as who was asked in an access log", f'198.51.100.7 - - {POST} "IP:8080"'),
        ("beside a client", 'level=ERROR msg="no answer" client_ip=198.51.100.7 upstream=IP:8080'),
        ("at a port at which it listens", 'level=ERROR msg="no answer" remote_addr=IP:8080'),
        ("with its answer", "ERROR GET /v1/prices 503 of IP"),
        ("without a port", "ERROR no answer of IP within 2 s"),
    )
]
