"""All failures of a caller name one address of the many behind a Service."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import later, looping, pods_of, younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, alert, errors, shop
from tests.diagnosis.rules.test_node_network import ill_node
from tests.diagnosis.rules.tiny import DAY, SPACE, Obj, log, pod, postgres, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

NEXT = "Deployment/cart-next"


def cart(pods: int = 3) -> list[Obj]:
    return workload("cart", pods=pods)


def address(objects: list[Obj], number: int = 0) -> str:
    return str(pods_of(objects)[number]["status"]["podIP"])


def said(*addresses: str, port: int = 8080) -> Log:
    """Return the log of a caller that fails at each of some addresses in turn."""
    lines = [f"ERROR quote from {each}:{port}: cannot unmarshal string into int64" for each in addresses]
    return log(pod("shop"), *(lines * 12)[:12])


def nobody(number: int) -> str:
    """Return an address beside those of the pods, which none of them has."""
    return f"{address(cart()).rpartition('.')[0]}.{number}"


def unlike(objects: list[Obj]) -> list[Obj]:
    """Return a workload of which the first pod has another template than the others."""
    pods_of(objects)[0]["metadata"]["labels"]["pod-template-hash"] = "next"
    return objects


def reading(written: float) -> list[Obj]:
    """Return a cart whose last pod was started a day ago, and what all of them read, which was written at an age."""
    made = workload("cart", pods=3, spec={"volumes": [{"name": "c", "configMap": {"name": "ports"}}]})
    return [*younger(made, 1, age=DAY), thing("ConfigMap", "ports", written=written)]


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
        "one pod of three, told by who listens at a port of search engines",
        snapshot(shop(env=CALLS_CART, port=9200), cart(), logs=[said(address(cart(), 1))], alerts=[alert()]),
        (CART, "service_crash", "restart_workload"),
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
        ("it alone was started since somebody wrote what all read, a day ago", reading(DAY + 1800), "page_human"),
        ("somebody wrote what all read since it was started", reading(DAY - 1800), "restart_workload"),
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
        "a detector of problems tells of the link of its node",
        snapshot(
            shop(env=CALLS_CART),
            cart(),
            ill_node("NetworkProblem", "eth0 link down often"),
            logs=[said(address(cart()))],
            alerts=[alert()],
        ),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it has another template than the others",
        snapshot(shop(env=CALLS_CART), unlike(cart()), logs=[said(address(cart()))], alerts=[alert()]),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "there is no other one",
        snapshot(
            shop(env=CALLS_CART), cart(1), service_for("cart"), logs=[said(address(cart()))], figures=[errors("shop")]
        ),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "a store names who logs in there, and with which password",
        snapshot(
            shop(env=CALLS_CART),
            cart(),
            postgres(),
            logs=[
                log("postgres-0", *[f'root@postgres {address(cart())}(49958) FATAL:  password of "root" is wrong'] * 9)
            ],
            alerts=[alert()],
        ),
        harmful=("restart_workload",),
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
HOLDS += [
    Holds(
        f"one pod of three, beside {what}",
        snapshot(
            shop(env=CALLS_CART),
            cart(),
            logs=[
                log(pod("shop"), *[f"ERROR no answer of {address(cart())}:8080", line.replace("IP", nobody(44))] * 9)
            ],
            alerts=[alert()],
        ),
        (CART, "service_crash", "restart_workload"),
    )
    for what, line in (
        ("failures at another port of one that is not listed", "ERROR no answer of IP:5432"),
        ("failures of clients that are not listed", "ERROR order of IP:41022 not saved"),
        ("answers of pods that are gone", "INFO quote from IP:8080 in 4 ms"),
        ("failures at a server elsewhere", "ERROR no answer of 203.0.113.7:8080"),
        ("clients that are not listed and have no port", "ERROR order not saved client_ip=IP"),
    )
]
DEADLINE = (
    "io.grpc.StatusRuntimeException: DEADLINE_EXCEEDED: deadline exceeded after 1.99s. "
    "[closed=[], open=[[buffered_nanos=1204411, remote_addr=cart.shop.svc/IP:8080]]]"
)
DOES_NOT_HOLD += [
    DoesNotHold(
        f"failures name it and {what}, {how}",
        snapshot(
            shop(env=CALLS_CART),
            cart(),
            logs=[
                log(pod("shop"), *[line.replace("IP", each) for each in (address(cart()), *others) for _ in range(7)])
            ],
            figures=[errors("shop")],
        ),
        harmful=("restart_workload",),
    )
    for what, others in (
        ("many that are gone", [nobody(n) for n in range(20, 30)]),
        ("one that is gone", [nobody(9)]),
    )
    for how, line in (
        ("as gRPC tells", f"ERROR {DEADLINE}"),
        ("as Go tells", 'level=error msg="quote failed" err="dial tcp IP:8080: i/o timeout"'),
        ("as a proxy tells", '198.51.100.7 - - "POST /v1/orders HTTP/1.1" 504 31 "-" "x/1" "IP:8080"'),
    )
]


def calls_payments(*lines: str) -> Snapshot:
    """Return a shop that calls cart and payments, both at port 8080, and tells of failures at one ill pod of cart."""
    env = {**CALLS_CART, "PAYMENTS_URL": "http://payments:8080"}
    told = [
        line.replace("IP", address(cart())) for line in (*lines, "ERROR cart: no answer of IP:8080") for _ in (1, 2)
    ]
    return snapshot(
        shop(env=env),
        cart(),
        workload("payments"),
        logs=[log(pod("shop"), *told * 4)],
        alerts=[alert()],
    )


GONE = nobody(77)
HOLDS += [
    Holds(
        f"one pod of three, beside failures at a pod of another service that is gone, told {how}",
        calls_payments(line),
        (CART, "service_crash", "restart_workload"),
    )
    for how, line in (
        ("by its name", f"ERROR payments: no answer of {GONE}:8080"),
        ("by its whole name", f"ERROR remote_addr=payments.{SPACE}.svc/{GONE}:8080: deadline exceeded"),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"beside failures at a pod that is gone, {what}", calls_payments(*lines), harmful=("restart_workload",))
    for what, lines in (
        ("and no service is named", [f"ERROR no answer of {GONE}:8080"]),
        ("of cart", [f"ERROR cart: no answer of {GONE}:8080"]),
        ("and both are named", [f"ERROR payments of cart not known: no answer of {GONE}:8080"]),
        (
            "as failures at its own name payments too",
            [f"ERROR POST /payments: no answer of {each}:8080" for each in ("IP", GONE)],
        ),
    )
]
