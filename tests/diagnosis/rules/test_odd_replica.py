"""One replica stands out from those with the same template: it is stuck."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules import test_node_keeps_former_pods as former_pods
from tests.diagnosis.rules.cases import Answers, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import NODES, agent, built, node, pods_of, rollout
from tests.diagnosis.rules.scenes import API, CALLS_CART, CART, OLD, SHOP, errors, failing, latency, logs, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    at,
    event,
    figure,
    log,
    pod,
    postgres,
    series,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot

FULL = "socket.error: [Errno 24] Too many open files"
REFUSED = 'ERROR partner refused {"status": 429, "told": "throughput of 3 messages per second exceeded"}'
THREADS = "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory"
DEADLOCK = "Found one Java-level deadlock:"
SETTINGS = "INFO Tomcat initialized with port 8080, maxThreads=200"
NO_SESSION = "FATAL: sorry, too many clients already"
POOL_BUSY = "WARN All 100 threads of the executor are busy, accept queue at 60"


def silent(
    *left: float,
    says: str = DEADLOCK,
    who: tuple[int, ...] = (1,),
    signal: str = "request_rate_by_pod",
    felt: float = 0.2,
    feels: str = "shop",
    fell: float = 1500,
    times: int = 5,
    did: float = 8.0,
    born: float = 10 * DAY,
    **more: Any,
) -> Snapshot:
    """Return a shop, a cart that it calls, and what share of its work each pod of the cart still does.

    ``did``: how much that was. ``feels``: whose requests fail. ``born``: age of the second pod.
    """
    cart = workload("cart", pods=len(left), **more)
    if born < 10 * DAY:
        pods_of(cart)[1]["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(born)}}
    return snapshot(
        shop(env=CALLS_CART),
        cart,
        figures=[
            *(figure(signal, did, did * share, fell, pod=pod("cart", n)) for n, share in enumerate(left)),
            *failing(*[0.0] * len(left), of="cart"),
            errors(feels, felt, fell),
        ],
        logs=logs("cart", says, *who, times=times),
    )


def apart(
    *slow: float,
    nodes: tuple[str, ...] = NODES,
    beside: tuple[float, ...] = (),
    asked: tuple[float, ...] = (),
    short: str = "",
    says: str = "",
    disks: tuple[float, ...] = (),
) -> Snapshot:
    """Return a shop with how long each of its pods takes, and where it is.

    ``beside``: the same of an api. ``asked``: how many requests each pod of the shop gets. ``short``: a node short of
    disk. ``says``: what the second pod repeats. ``disks``: how long an operation of each node's disk takes.
    """
    all_of = [("shop", slow), *([("api", beside)] if beside else [])]
    return snapshot(
        *(workload(name, pods=len(each), nodes=nodes) for name, each in all_of),
        *([node(short, DiskPressure="True")] if short else []),
        figures=[
            *(
                figure("latency_p95_by_pod", 0.1, took, pod=pod(name, n))
                for name, each in all_of
                for n, took in enumerate(each)
            ),
            *(figure("request_rate_by_pod", 50.0, rate, pod=pod("shop", n)) for n, rate in enumerate(asked)),
            *(figure("node_disk_wait", 0.002, took, node=NODES[n], device="sda") for n, took in enumerate(disks)),
            latency("shop", 0.1, 1.5),
        ],
        logs=logs("shop", says, 1) if says else [],
    )


NO_SPACE = "ERROR store failed: open /data/a.json.tmp: no space left on device"


def without_room(*pods: int, kept: bool = True) -> Snapshot:
    """Return a shop whose second pod fails, and which of its pods repeat that no space is left on their volumes."""
    objects = shop(pods=4)
    for each in pods_of(objects) if kept else ():
        each["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    figures = [*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22)]
    return snapshot(objects, figures=figures, logs=logs("shop", NO_SPACE, *pods))


NO_NAME = "ERROR [Orders] Error: getaddrinfo EAI_AGAIN cart"
SERVED = "INFO GET /cart 200 in 12 ms"
PROBED = '10.1.0.1 - - "GET /healthz HTTP/1.1" 200 15 "-" "kube-probe/1.31"'
NO_ANSWER = "ERROR [Orders] Error: connect ETIMEDOUT 10.96.0.66:6379"


def unreached(
    *second: str,
    first: str = "",
    nodes: tuple[str, ...] = NODES,
    beside: str = "",
    calls: bool = True,
    full: bool = False,
) -> Snapshot:
    """Return a shop whose second pod is slow, what it repeats, and what its first pod does.

    ``beside``: what pods of a cart on the same nodes tell, which calls an api. ``full``: its node has no room for one
    more connection.
    """
    told = [log(pod("shop", 1), *second * 9, since=240), *(logs("shop", first, 0) if first else [])]
    figures = [figure("latency_p95_by_pod", 0.1, 9.0 if n == 1 else 0.1, pod=pod("shop", n)) for n in range(4)]
    env = {"API_URL": "http://api:8080"} if calls else None
    cart = [*workload("cart", pods=4, nodes=nodes, env=env), *workload("api")] if beside else []
    return snapshot(
        shop(pods=4, nodes=nodes),
        cart,
        [event("Node/n2", "ConntrackFull", "nf_conntrack: table full, dropping packet")] if full else [],
        figures=[*figures, latency("shop", 0.1, 1.5)],
        logs=[*told, *(logs("cart", beside, 0, 1, 2, 3, times=20) if beside else [])],
    )


def replaced(
    *was: float, now: tuple[float, ...] = (0.1, 9.0, 0.1, 9.0), left: float = 870, since: float = 900
) -> Snapshot:
    """Return a shop whose pods were made 15 minutes ago, and how long each of them and of those before them takes.

    ``left``: how many seconds ago those before were measured for the last time. ``since``: since when who takes long
    now does.
    """
    ends = NOW.timestamp() - left
    before = [figure("latency_p95_by_pod", took, took, pod=f"shop-former-pod{n}")[1] for n, took in enumerate(was)]
    gone = [each._replace(points=tuple(p for p in each.points if p[0] <= ends)) for each in before]
    new = [series({"pod": pod("shop", n)}, (3600, 0.1), (since, took)) for n, took in enumerate(now)]
    there = [each._replace(points=tuple(p for p in each.points if p[0] >= NOW.timestamp() - 900)) for each in new]
    return snapshot(
        shop(pods=4, nodes=NODES, started=900),
        figures=[*(("latency_p95_by_pod", each) for each in (*gone, *there)), latency("shop", 2.0, 2.0)],
    )


SPINS = (0.01, 0.6, 0.01, 0.01)


def starved(
    waits: tuple[float, ...] = (0.01, 0.5, 0.01, 0.01),
    *,
    limit: float = 0.0,
    takes: float = 0.1,
    since: float = 600,
    does: float = 0.3,
    busy: float | None = None,
    size: float = 0,
    made: float | None = None,
) -> Snapshot:
    """Return a shop of four, of which the one on n2 is slow, beside a batch; ``waits``: shares of time for a processor.

    ``limit``: in which share of periods that one is throttled. ``takes``: how many processors the batch takes, since
    when. ``does``: how many the slow one uses, of 0.3 before. ``busy``: the share of n2's that is used.
    ``size``: how many n2 has. ``made``: how long ago the pod of the batch was, which was not measured before.
    """
    one: dict[str, Any] = {"pod": pod("shop", 1), "container": "shop"}
    aged: dict[str, Any] = {} if made is None else {"age": made}
    taken = figure("cpu_usage", 0.1, takes, since, pod=pod("batch"), container="batch")
    if made is not None:
        points = tuple(each for each in taken[1].points if each[0] > NOW.timestamp() - made)
        taken = ("cpu_usage", Series(taken[1].labels, points))
    return snapshot(
        shop(pods=4, nodes=NODES),
        workload("batch", pods=1, nodes=("n2",), **aged),
        thing("Node", "n2", age=200 * DAY, status={"capacity": {"cpu": f"{size:g}"} if size else {}}),
        figures=[
            *(figure("latency_p95_by_pod", 0.1, 9.0 if n == 1 else 0.1, pod=pod("shop", n)) for n in range(4)),
            *(figure("cpu_waiting", 0.01, w, pod=pod("shop", n), container="shop") for n, w in enumerate(waits)),
            figure("throttled_share", 0.0, limit, **one),
            figure("cpu_usage", 0.3, does, **one),
            taken,
            *([figure("node_cpu_share", 0.2, busy, node="n2")] if busy is not None else []),
            latency("shop", 0.1, 1.5),
        ],
    )


def meets(
    one: int, others: int, *, says: str = REFUSED, slow: float = 0.1, own: int = 0, meanwhile: float = 240
) -> Snapshot:
    """Return a shop of three of which the last fails more requests, and how often each tells that a partner refuses it.

    ``slow``: how long the last one takes. ``own``: how often it tells of an error of its own. ``meanwhile``: over how
    many seconds the others tell it.
    """
    lines = [REFUSED] * one + ["ERROR lost the thread of work"] * own
    return snapshot(
        shop(pods=3),
        figures=[
            *failing(0.04, 0.04, 0.3),
            errors("shop", 0.12),
            *(figure("latency_p95_by_pod", 0.1, slow if n == 2 else 0.1, pod=pod("shop", n)) for n in range(3)),
        ],
        logs=[
            *logs("shop", says, 0, 1, times=others, since=meanwhile),
            log(pod("shop", 2), *["INFO sent"] * int(meanwhile > 240), since=meanwhile),
            log(pod("shop", 2), *lines),
        ],
    )


HOLDS = [
    *(
        Holds(
            f"one of three fails requests: {what}",
            world,
            (SHOP, "service_crash", "restart_workload"),
        )
        for what, world in (
            ("the others tell of it far less often", meets(40, 6)),
            ("the others tell of something else", meets(12, 12, says="ERROR order without a total")),
            ("it is slow besides", meets(12, 12, slow=3.0)),
            ("most errors are its own", meets(12, 12, own=30)),
            ("the others met it in the course of a day", meets(60, 40, meanwhile=20 * 3600)),
            (
                "the others meet it now and then, and it does so often since minutes",
                meets(60, 24, meanwhile=3500),
            ),
        )
    ),
    Holds(
        "it was refused a session once, and has failed for another reason since",
        snapshot(
            shop(pods=3),
            figures=[*failing(0.0, 0.0, 0.9), errors("shop")],
            logs=logs("shop", NO_SESSION, 2, times=1),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    *(
        Holds(
            f"one of four answers nobody any more, and says that it is stuck: {what}",
            world,
            (CART, "service_crash", "restart_workload"),
            excludes=no("rollback_workload", at=CART),
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("a deadlock", silent(1.0, 0.0, 0.9, 1.1)),
            ("all of its threads are taken", silent(1.0, 0.0, 0.9, 1.1, says=POOL_BUSY)),
            ("only the processor is measured", silent(1.0, 0.06, 0.9, 1.1, signal="cpu_usage")),
        )
    ),
    Holds(
        "one of four fails, and says that it has no files left",
        snapshot(
            shop(pods=4),
            figures=[*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22)],
            logs=logs("shop", FULL, 1),
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "one of four fails, and all say that they lack files now and then",
        snapshot(
            shop(pods=4),
            figures=[*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22)],
            logs=logs("shop", FULL, 0, 1, 2, 3),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds(
        "one of four fails for want of room that a new pod has",
        without_room(1, kept=False),
        (SHOP, "service_crash", "restart_workload"),
        believed="volume_full",
    ),
    Holds(
        "one of four fails, and its heap is full",
        snapshot(
            shop(pods=4),
            figures=[*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22)],
            logs=logs("shop", "[info][gc] GC(812) Pause Full (G1 Compaction Pause) 1020M->1012M(1024M) 2812.339ms", 1),
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "one of four fails",
        snapshot(
            shop(pods=4, before={"image": "shop:0"}, released=9 * DAY),
            figures=[*failing(0.001, 0.9, 0.001, 0.001), errors("shop", 0.22, before=0.0)],
        ),
        (SHOP, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "one of four is slow, and says that it is stuck",
        snapshot(
            workload("api", pods=4),
            figures=[
                *(figure("latency_p95_by_pod", 0.1, 9.0 if n == 2 else 0.1, pod=pod("api", n)) for n in range(4)),
                latency("api", 0.1, 1.5),
            ],
            logs=logs("api", "WARN Thread starvation or clock leap detected", 2, times=5),
        ),
        (API, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
HOLDS += [
    Holds(
        what,
        world,
        (SHOP, cause, "page_human"),
        excludes=no("restart_workload", at=SHOP),
        believed=believed,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    )
    for what, world, cause, believed in (
        (
            "two of four are slow, both on one node that carries no other: it is what they share",
            apart(0.1, 9.0, 9.0, 0.1, nodes=("n1", "n2", "n2", "n3")),
            "dependency_failure",
            "",
        ),
        ("one of four is slow, and waits for a processor without a limit", starved(), "dependency_failure", ""),
        (
            "one of four is slow and does less, since a neighbour takes far more of a node that has no more",
            starved((), takes=3.0, does=0.1, size=3.5),
            "dependency_failure",
            "",
        ),
        (
            "one of four does less since a pod was made beside it that takes most of their node",
            starved((), takes=3.0, does=0.1, size=3.5, made=610),
            "dependency_failure",
            "",
        ),
        (
            "one of four is slow, and its node says that it is short of something",
            apart(0.1, 9.0, 0.1, 0.1, short="n2"),
            "dependency_failure",
            "",
        ),
        (
            "two of four are slow, and the disks of their nodes take far longer than those of the others",
            apart(0.1, 9.0, 9.0, 0.1, disks=(0.002, 0.2, 0.09, 0.02)),
            "dependency_failure",
            "",
        ),
        (
            "two of four are slow since they were made, as two of those were in whose place they came",
            replaced(0.1, 9.0, 9.0, 0.1),
            "dependency_failure",
            "",
        ),
        (
            "one of four is slow, and gets nearly all requests: whoever stands there is slow",
            apart(0.1, 9.0, 0.1, 0.1, asked=(0.5, 200.0, 0.5, 0.5)),
            "capacity",
            "",
        ),
        (
            "one of four is slow, and the clock of its node is off",
            apart(0.1, 9.0, 0.1, 0.1, says="ERROR put object: RequestTimeTooSkewed"),
            "configuration_error",
            "",
        ),
        ("one of four fails for want of room on its volume", without_room(1), "resource_exhaustion", "volume_full"),
        (
            "one of four is slow, finds no names and reaches an address no more: it is the way from its node",
            unreached(NO_NAME, NO_ANSWER, first=NO_ANSWER),
            "dependency_failure",
            "",
        ),
        *(
            (f"one of four is slow and reaches nobody: {what}", made, "dependency_failure", "")
            for what, made in (
                ("who works beside it calls nobody", unreached(NO_NAME, NO_ANSWER, beside=SERVED, calls=False)),
                ("who is beside it gets no answer either", unreached(NO_NAME, NO_ANSWER, beside=NO_ANSWER)),
                (
                    "its node has no room for a further connection, and who is beside it keeps his",
                    unreached(NO_NAME, NO_ANSWER, beside=SERVED, full=True),
                ),
                ("who is beside it is only probed", unreached(NO_NAME, NO_ANSWER, beside=PROBED)),
            )
        ),
        (
            "one of four is slow, and its log is that of a miner, which shows who came",
            apart(0.1, 9.0, 0.1, 0.1, says="[cpu] accepted (20/0) diff 75000 (44 ms)"),
            "security_incident",
            "intrusion",
        ),
    )
]
HOLDS += [
    Holds(
        what,
        world,
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload", "scale_workload"),
    )
    for what, world in (
        ("one of four is slow, and waits at its own limit", starved(limit=0.6)),
        (
            "one of four is slow and reaches nobody, and who is beside it, and calls others, works",
            unreached(NO_NAME, NO_ANSWER, beside=SERVED),
        ),
        ("one of four is slow and finds no names, and reaches all addresses", unreached(NO_NAME)),
        ("one of four is slow and reaches nobody, as another does", unreached(NO_NAME, NO_ANSWER, first=NO_NAME)),
        (
            "one of two on a node is slow and reaches nobody",
            unreached(NO_NAME, NO_ANSWER, nodes=("n1", "n2", "n2", "n3")),
        ),
        ("all of four wait as much for a processor, and one is slow", starved((0.3, 0.4, 0.3, 0.3))),
        ("one of four is slow, and waits for none but its own threads, which spin", starved(SPINS, does=7.6)),
        ("one of four spins beside a busy one", starved(SPINS, takes=3.0, does=7.6)),
        ("one of four is slow and waits, and its node has processors left", starved(busy=0.6)),
        ("one of four does nothing at all any more beside a busy one", starved((), takes=3.2, does=0.0, size=3.5)),
        ("one of four does less beside a busy one, and nothing is known of its node", starved((), takes=3.0, does=0.1)),
        ("one of four is slow and does less, and no neighbour takes more", starved((), does=0.1, size=0.2)),
        (
            "one of four is slow and does less, and a neighbour took more long before",
            starved((), takes=3, since=3e3, does=0.1, size=3.5),
        ),
        (
            "one of four is slow and does less beside a busy one, and waits for nothing",
            starved((0.01,) * 4, takes=3, does=0.1),
        ),
        (
            "one of four is slow and does less beside a busy one on an idle node",
            starved((), takes=3, does=0.1, busy=0.3),
        ),
        ("two of four are slow, each alone on its node, as all are", apart(0.1, 9.0, 9.0, 0.1)),
        (
            "two of four are slow, and one on a node of theirs is well",
            apart(0.1, 9.0, 9.0, 0.1, nodes=("n2", "n2", "n2", "n3")),
        ),
        *(
            (f"two of four are slow, and those in whose place they came {what}", world)
            for what, world in (
                ("were all well", replaced(0.1, 0.1, 0.1, 0.1)),
                ("were all as slow", replaced(9.0, 9.0, 9.0, 9.0)),
                ("are not known", replaced()),
                ("were as odd, and these were well for minutes first", replaced(0.1, 9.0, 9.0, 0.1, since=500)),
                ("were as odd, and went long before", replaced(0.1, 9.0, 9.0, 0.1, left=1800)),
            )
        ),
        *(
            (f"two of four are slow, and {what}", apart(0.1, 9.0, 9.0, 0.1, disks=disks))
            for what, disks in (
                ("the disk of only one of their nodes takes far longer", (0.002, 0.2, 0.002, 0.002)),
                ("the disk of another one's node takes as long", (0.002, 0.2, 0.2, 0.15)),
                ("nothing is known of another one's node", (0.002, 0.2, 0.2)),
                ("the disks of their nodes are quick as well", (0.001, 0.015, 0.015, 0.001)),
            )
        ),
        (
            "one of four fails at once, and so gets nearly all requests",
            snapshot(
                workload("shop", pods=4),
                figures=[
                    *failing(0.001, 0.9, 0.001, 0.001, since=600),
                    *(figure("request_rate_by_pod", 50.0, r, pod=pod("shop", n)) for n, r in enumerate((9, 400, 9, 9))),
                    errors("shop", 0.6),
                ],
            ),
        ),
        (
            "one of four is slow, and gets as many requests as the others",
            apart(0.1, 9.0, 0.1, 0.1, asked=(50.0, 60.0, 50.0, 50.0)),
        ),
    )
]
HOLDS += [
    Holds(
        f"one of four fails and has no threads left, and {what}",
        snapshot(
            shop(pods=4, nodes=NODES),
            workload("cart", pods=4, nodes=NODES),
            figures=[errors("shop"), *failing(0.0, 0.6, 0.0, 0.0)],
            logs=[*logs("shop", THREADS, 1), *(each for n in pods for each in logs("cart", THREADS, n))],
        ),
        (SHOP, cause, remedy),
        believed="node_pressure" if remedy == "page_human" else "",
        harmful=("restart_workload",) if remedy == "page_human" else (),
    )
    for what, pods, cause, remedy in (
        ("on the same node alone one of another has none", (1,), "dependency_failure", "page_human"),
        ("one of another has none on another node", (2,), "resource_exhaustion", "restart_workload"),
        ("no other lacks any", (), "resource_exhaustion", "restart_workload"),
    )
]
ANSWERS = [
    Answers(
        "one of four is slow, on the node where one of another workload is too",
        apart(0.1, 9.0, 0.1, 0.1, beside=(0.1, 9.0, 0.1, 0.1)),
        {("Node/n2", "resource_exhaustion", "page_human")},
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all meet one error of a partner, and of a few requests one of them fails more",
        meets(12, 12),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it came when the database had no session left; its like have theirs from before",
        snapshot(
            workload("shop", pods=3, env={"DATABASE_HOST": "postgres"}),
            postgres(),
            figures=[*failing(0.0, 0.0, 0.9), errors("shop")],
            logs=logs("shop", NO_SESSION, 2),
        ),
        ("StatefulSet/postgres", "database_connection", "page_human"),
        harmful=("restart_workload", "restart_connection_pool", "scale_workload"),
    ),
    DoesNotHold(
        "it came when a database outside had no session left",
        snapshot(shop(pods=3), figures=[*failing(0.0, 0.0, 0.9), errors("shop")], logs=logs("shop", NO_SESSION, 2)),
        ("database_connection", "page_human"),
        harmful=("restart_workload", "restart_connection_pool", "scale_workload"),
    ),
    *(
        DoesNotHold(what, world, harmful=("rollback_workload", "restart_workload", "scale_workload"))
        for what, world in (
            ("one says that it is stuck, and works as before", silent(1.0, 0.9, 0.9, 1.1)),
            ("one is asked nothing any more, and says nothing of itself", silent(1.0, 0.0, 0.9, 1.1, says="INFO ok")),
            ("one is asked nothing any more, and all say that they are stuck", silent(1, 0, 0.9, 1, who=(0, 1, 2, 3))),
            ("another one is asked nothing any more", silent(1.0, 1.0, 0.0, 1.1)),
            ("nobody suffers by it", silent(1.0, 0.0, 0.9, 1.1, felt=0.001)),
            ("all work less since", silent(0.3, 0.0, 0.2, 0.3)),
            ("half of them is asked nothing any more", silent(1.0, 0.0, 0.0, 1.1)),
            ("one is asked nothing any more, and told its settings once", silent(1, 0, 0.9, 1, says=SETTINGS, times=1)),
            ("one is asked nothing any more, and says once that it is stuck", silent(1.0, 0.0, 0.9, 1.1, times=1)),
            ("one is asked nothing any more, and was asked next to nothing", silent(1.0, 0.0, 0.9, 1.1, did=0.05)),
            (
                "one works less than in its start, some minutes ago",
                silent(1, 0.1, 1, 1, says=POOL_BUSY, signal="cpu_share", did=0.8, born=900),
            ),
            ("one holds data, and may have given its part to another", silent(1.0, 0.0, 0.9, 1.1, image="postgres:16")),
        )
    ),
    DoesNotHold(
        "one says that it is stuck since a release that all of them are of: new ones will be as well",
        silent(1.0, 0.0, 0.9, 1.1, felt=0.25, feels="cart", fell=840, before=OLD, released=900),
        (CART, "code_defect", "rollback_workload"),
        harmful=("restart_workload", "scale_workload"),
    ),
    DoesNotHold(
        "one says that it is stuck, two hours after a release: new ones may be as well",
        silent(1.0, 0.0, 0.9, 1.1, before=OLD, released=7200),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    ),
    DoesNotHold(
        "one fails for less than a minute: it may be the first of all",
        snapshot(shop(pods=4), figures=[*failing(0.001, 0.9, 0.001, 0.001, since=45), errors("shop", 0.22, 45)]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "one that has just started took long for its first answers",
        snapshot(
            shop(pods=3, started=40),
            figures=[
                (
                    "latency_p95_by_pod",
                    Series({"pod": pod("shop", n)}, ((NOW.timestamp() - 30, 0.02), (NOW.timestamp() - 15, took))),
                )
                for n, took in enumerate((0.6, 0.02, 0.02))
            ],
        ),
        ("unknown", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold("all fail", snapshot(shop(pods=4), figures=failing(0.9, 0.9, 0.9, 0.9)), ("unknown", "page_human")),
    DoesNotHold(
        "the one that fails is of a new template",
        snapshot(
            rollout("shop", None, before=OLD, old=3, new=1),
            figures=[*failing(0.001, 0.001, 0.001, 0.6), errors("shop", 0.15)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the one that fails runs another build of the same image, which a restart would give them all",
        snapshot(built(shop(pods=4), "aa", "aa", "aa", "bb"), figures=[*failing(0.001, 0.001, 0.001, 0.6)]),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "an agent of its node was replaced right before, and it has not come to the others yet",
        snapshot(agent(630), shop(pods=4, nodes=NODES), figures=failing(0.9, 0.001, 0.001, 0.001)),
        ("DaemonSet/agent", "configuration_error", "rollback_workload"),
        harmful=("restart_workload",),
    ),
]
HOLDS += [
    Holds(
        "one of three does not reach whom new pods stand behind, which its node has not heard of: nor would a new one",
        former_pods.world(),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        believed="node_keeps_former_pods",
        harmful=("rollback_workload", "restart_workload"),
    )
]
