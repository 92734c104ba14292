"""A node is short of disk, memory or processes and evicts pods: no fault of their templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, evicted, node, pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WELL, errors, failing, logs, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, figure, pod, series, snapshot, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Series, Snapshot

DISK = "The node was low on resource: ephemeral-storage."


def evictions(message: str, count: int, age: float = 600) -> list[Obj]:
    """Return a shop of which a node evicted pods."""
    objects = shop()
    return [*objects, *(evicted(f"shop-gone{n}", pods_of(objects)[0], "n2", message, age) for n in range(count))]


MEMORY = "The node was low on resource: memory. Container shop was using 200000Ki, request is 128Mi."
LOW = [node("n1", MemoryPressure="True"), node("n2", MemoryPressure="True")]
GONE = event("Pod/shop-gone0", "Evicted", MEMORY, age=300, count=1)
LIMITED: dict[str, Any] = {"resources": {"limits": {"memory": "512Mi"}}}
FREE: dict[str, Any] = {"resources": {"requests": {"memory": "256Mi"}}}


def agent(**more: Any) -> list[Obj]:
    """Return an agent on each node that was released three quarters of an hour ago."""
    made = {"kind": "DaemonSet", "service": False, "released": 2700, "before": LIMITED, **FREE, **more}
    return workload("agent", **made)


def used(*sizes: float, of: str = "agent-{}") -> list[tuple[str, Series]]:
    """Return the memory of pods that grew from 200 MB."""
    return [figure("memory_bytes", 2e8, size, 1500, pod=of.format(n)) for n, size in enumerate(sizes)]


def collector(*, age: float = 9 * DAY, **more: Any) -> list[Obj]:
    """Return an agent on four nodes that was not released of late."""
    made = {"kind": "DaemonSet", "service": False, "pods": 4, "nodes": ("n1", "n2", "n3", "n4"), "age": age, **more}
    return workload("agent", **made)


def eaten(*sizes: float, first: float = 8e9, others: float = 3e8) -> list[tuple[str, Series]]:
    """Return the memory of the agent's pods, the one on n2 growing from so much, and of its neighbours."""
    mine = [figure("memory_bytes", first if n == 1 else s, s, 1500, pod=f"agent-{n}") for n, s in enumerate(sizes)]
    return [*mine, *(figure("memory_bytes", 2e8, others, 1500, pod=f"shop-pod{n}") for n in range(2))]


def small() -> Obj:
    """Return n2, short of its memory of 16 GB."""
    made = node("n2", MemoryPressure="True")
    made["status"]["capacity"] = {"memory": "16266420Ki"}
    return made


ASKS_LITTLE: dict[str, Any] = {"resources": {"requests": {"memory": "256Mi"}}}


def lone(**more: Any) -> list[Obj]:
    """Return a program of one pod on n2, whose template and process are ten days old."""
    made = {"service": False, "pods": 1, "nodes": ("n2",), "age": 10 * DAY, **ASKS_LITTLE, **more}
    return workload("render", **made)


def climb(start: float, end: float, *, rest: float = 0.0, of: str = "render-pod0") -> list[tuple[str, Series]]:
    """Return the memory of the lone pod in the last hour, which rises by the same each minute; ``rest``: until then."""
    times = [3600 - 60 * n for n in range(60)]
    size = [start + (end - start) * min(1.0, (3600 - each) / (3600 - rest)) for each in times]
    points = tuple((NOW.timestamp() - each, value) for each, value in zip(times, size, strict=True))
    return [("memory_bytes", Series({"pod": of}, points))]


EATEN = eaten(2e8, 1.2e10, 2e8, 3e8)
MOUNTS: dict[str, Any] = {"volumeMounts": [{"name": "pods", "mountPropagation": "Bidirectional"}]}
ASKED: dict[str, Any] = {"resources": {"requests": {"memory": "10Gi"}}}


def fat(size: str, *, limit: str = "512Mi", name: str = "ledger") -> list[Obj]:
    """Return what lost its limit and was evicted from n2; it runs on other nodes now."""
    made = workload(name, nodes=("n3", "n4"), released=2700, before={"resources": {"limits": {"memory": limit}}})
    said = f"The node was low on resource: memory. Container {name} was using {size}, which exceeds its request of 0. "
    return [*made, evicted(f"{name}-gone", pods_of(made)[0], "n2", said, 2600)]


GROWN = (
    "The node was low on resource: memory. Container ledger was using {}Ki, request is 256Mi, has larger consumption."
)
AGAIN = [
    evicted(
        f"ledger-gone{n}", pods_of(workload("ledger", before={"image": "ledger:0"}))[0], "n2", GROWN.format(size), age
    )
    for n, (size, age) in enumerate(((11502336, 5000), (10920104, 1200)))
]


def full(age: float = 300) -> Obj:
    """Return n2, short of its disk of 100 GB."""
    made = node("n2", DiskPressure="True", since=age)
    made["status"]["capacity"] = {"ephemeral-storage": "100000000Ki"}
    return made


def kept(*, mine: float = 8e10, first: float = 1e10, others: float = 2e8) -> list[tuple[str, Series]]:
    """Return what pods hold on disk: one that was evicted grew, its neighbours did not."""
    sizes = {"render-gone0": (first, mine), "shop-gone0": (others, others)}
    return [figure("pod_disk_bytes", *pair, 400, pod=name) for name, pair in sizes.items()]


def renderer(released: float = 2700) -> list[Obj]:
    """Return what was released and evicted from n2 in the end; its scratch volume is no part of what is told."""
    made = workload("render", nodes=("n3",), released=released, before={"env": {"KEEP": "false"}})
    said = f"{DISK} Container render was using 48Ki, request is 0, has larger consumption of ephemeral-storage. "
    return [*made, evicted("render-gone0", pods_of(made)[0], "n2", said, 2600)]


CLAIM = {"persistentVolumeClaim": {"claimName": "tiles"}}


def moved(
    used: str = "60000000Ki", now: Obj | None = None, before: Obj | None = None, released: float = 2700
) -> list[Obj]:
    """Return what was evicted from n2 and whose release put its tiles onto another volume; nobody measures it."""
    volume = {"name": "tiles", **({"emptyDir": {}} if now is None else now)}
    made = workload("render", nodes=("n3",), released=released, before={"env": {"A": "1"}}, spec={"volumes": [volume]})
    (older,) = (each for each in made if each["metadata"]["name"] == "render-r1")
    older["spec"]["template"]["spec"] |= {"volumes": [{"name": "tiles", **(CLAIM if before is None else before)}]}
    said = f"{DISK} Container render was using {used}, request is 0, has larger consumption of ephemeral-storage. "
    return [*made, evicted("render-gone0", pods_of(made)[0], "n2", said, 2600)]


NO_THREAD = "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process limits"
NO_CHILD = '{"err": {"message": "spawn /usr/bin/gs EAGAIN", "code": "EAGAIN", "errno": -11}}'
NO_FILE = "ERROR accept tcp [::]:8080: accept4: too many open files"
NO_EXEC = "Readiness probe errored: OCI runtime exec failed: fork/exec /proc/self/exe: resource temporarily unavailable"
SYNC = "Deployment/sync"


def crowd(
    held: float = 24000,
    first: float = 20000,
    *,
    taken: float = 32700,
    words: str = NO_THREAD,
    told: tuple[int, ...] = (1,),
    measured: bool = True,
    asked: tuple[float, float] = (50, 50),
    gone: float = 0,
    **more: Any,
) -> Snapshot:
    """Return n2, whose process numbers run out, with a pod of the shop and one of what was released two hours ago.

    ``held``: the threads of that one, ``first`` those of an hour ago; ``taken``: all on the node now. ``told``: which
    pods of the shop say that they cannot start any; ``measured``: whether anybody counts them. ``asked``: the requests
    of what was released, an hour ago and now; ``gone``: the threads of its pod before.
    """
    sync = workload("sync", **{"pods": 1, "nodes": ("n2",), "released": 7200, "before": IMAGE, **more})
    ages = ((3600, 1.0), (2400, 0.75), (900, 0.0))
    mine = [(age, held + part * (first - held)) for age, part in ages]
    all_of_it = [(age, taken - part * 8000) for age, part in ages]
    counted = [
        ("node_threads", series({"node": "n2"}, *all_of_it)),
        ("node_threads", series({"node": "n1"}, (3600, 1600))),
        *(("node_threads_limit", series({"node": name}, (3600, 32768))) for name in ("n1", "n2")),
        ("pod_threads", series({"pod": pod("sync")}, *mine)),
        ("pod_threads", series({"pod": pod("shop", 1)}, (3600, 200))),
        *([("pod_threads", series({"pod": "sync-6f4b-x2x9q"}, (3600, gone)))] if gone else []),
        figure("request_rate", *asked, 2400, component="sync"),
    ]
    figures = [*failing(0.001, 0.6), errors("shop"), *(counted if measured else [])]
    return snapshot(shop(), sync, node("n1"), node("n2"), figures=figures, logs=logs("shop", words, *told))


def both(*more: Obj, told: str = NO_CHILD) -> Snapshot:
    """Return two workloads of which only those pods on n2 can start nothing, and nobody measures why."""
    said = [*logs("shop", NO_THREAD, 1), *logs("labels", told, 1)]
    figures = [*failing(0.001, 0.6), errors("shop")]
    return snapshot(shop(), workload("labels"), more, node("n1"), node("n2"), figures=figures, logs=said)


def leaky(*more: Obj, threads: Sequence[float] = (), taken: float = 0, **of: Any) -> Snapshot:
    """Return n2 where the shop and what was released two hours ago can start no thread, and the shop well elsewhere.

    ``threads``: those of the pods of what was released; ``taken``: all of the node.
    """
    sync = workload("sync", **{"pods": 1, "nodes": ("n2",), "released": 7200, "before": IMAGE, **of})
    said = [*logs("shop", NO_THREAD, 1), *logs("sync", NO_THREAD, 0)]
    counted = [("pod_threads", series({"pod": pod("sync", n)}, (3600, held))) for n, held in enumerate(threads)]
    all_of_it = [("node_threads_limit", series({"node": "n2"}, (3600, 32768)))]
    all_of_it += [("node_threads", series({"node": "n2"}, (900, taken)))] if taken else []
    figures = [*failing(0.001, 0.6), errors("shop"), *counted, *all_of_it]
    return snapshot(shop(), sync, more, node("n1"), node("n2"), figures=figures, logs=said)


def beside(**of: Any) -> list[Obj]:
    """Return one more program on n2, which was released as well."""
    return workload("bell", **{"pods": 1, "nodes": ("n2",), "released": 9000, "before": IMAGE, **of})


NOT_SYNC = no("rollback_workload", "restart_workload", at=SYNC)
HOLDS = [
    Holds(
        "it has no process number left, and what was released holds most of them and took those of late",
        crowd(),
        (SYNC, "resource_exhaustion", "rollback_workload"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    *(
        Holds(
            f"it has no process number left, and {what}: a person has to find who holds them",
            world,
            ("Node/n2", "resource_exhaustion", "page_human"),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("who holds most of them was not released", crowd(before=None)),
            ("who holds most of them was released days ago", crowd(released=5 * DAY)),
            ("who was released holds few of them", crowd(9000, 2000)),
            ("who was released holds most, as many as ever", crowd(24000, 24000)),
            ("who was released holds most, and others have come", crowd(24000, 22000)),
            ("who was released came after they had run out", crowd(released=60)),
            ("who was released has far more to do", crowd(released=40 * HOUR, asked=(50, 600))),
            ("who was released took what its pod before had held", crowd(24000, 10, released=2700, gone=22000)),
            ("two that run there tell of it, and none elsewhere", both()),
            (
                "one that runs there tells of it, and no probe of another one can be started there",
                snapshot(
                    shop(),
                    workload("labels"),
                    [node("n1"), node("n2"), event(f"Pod/{pod('labels', 1)}", "Unhealthy", NO_EXEC, count=90)],
                    figures=[*failing(0.001, 0.6), errors("shop")],
                    logs=logs("shop", NO_THREAD, 1),
                ),
            ),
        )
    ),
    *(
        Holds(
            f"who was released can start no thread there either, {what}: it may be who holds all",
            world,
            ("Node/n2", "resource_exhaustion", "page_human"),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            spares=NOT_SYNC,
            believed="process_exhausted",
            harmful=("restart_workload",),
        )
        for what, world in (
            ("and nobody measures its threads", leaky()),
            ("and another one there was released days ago", leaky(*beside(released=3 * DAY))),
        )
    ),
    Holds(
        "who was released can start no thread there either, and only those of the node are measured",
        leaky(taken=32700),
        ("Node/n2", "resource_exhaustion", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        spares=NOT_SYNC,
        harmful=("restart_workload",),
    ),
    *(
        Holds(
            f"who was released can start no thread there either, {what}: a person has to find who holds all",
            world,
            ("Node/n2", "resource_exhaustion", "page_human"),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            spares=NOT_SYNC,
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("and a pod of it elsewhere can", leaky(pods=2, nodes=("n2", "n1"))),
            ("and another one was released there", leaky(*beside())),
            ("and its figures show no growth", leaky(threads=(24000,))),
        )
    ),
    *(
        Holds(
            f"who was released can start no thread there either, {what}: it is not its fault",
            world,
            ("Node/n2", "resource_exhaustion", "page_human"),
            excludes=[*no("rollback_workload", "restart_workload", at=SHOP), *NOT_SYNC],
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("and it holds few", leaky(threads=(300,))),
            ("and it came when there were none left", leaky(taken=32700, released=200)),
            ("and that was days ago", leaky(released=5 * DAY)),
        )
    ),
    Holds(
        "a lone pod holds most of it, far beyond what it asks for, and grows as it has since its start",
        snapshot(evictions(MEMORY, 1), GONE, lone(), small(), figures=climb(9.6e9, 9.9e9)),
        ("Deployment/render", "resource_exhaustion", "restart_workload"),
        excludes=[*no("rollback_workload", at=SHOP), *no("rollback_workload", at="Deployment/render")],
        alone=True,
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"a lone pod holds most of it, and it is not known to leak: {what}",
            snapshot(evictions(MEMORY, 1), GONE, lone(**more), small(), figures=figures),
            ("Node/n2", "resource_exhaustion", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, more, figures in (
            ("it has come to rest", {}, climb(9.6e9, 9.9e9, rest=1800)),
            ("it hardly grows any more", {}, climb(9.88e9, 9.9e9)),
            ("it filled within hours", {}, climb(2e9, 9.9e9)),
            ("it asks for nothing", {"resources": {}}, climb(9.6e9, 9.9e9)),
            ("it asks for a good part of it", {"resources": {"requests": {"memory": "4Gi"}}}, climb(9.6e9, 9.9e9)),
            ("it was released this morning", {"before": {"image": "a:0"}, "released": 9000}, climb(9.6e9, 9.9e9)),
        )
    ),
    Holds(
        "a lone pod that leaks is a cache: others lose what it holds",
        snapshot(evictions(MEMORY, 1), GONE, lone(image="redis:7"), small(), figures=climb(9.6e9, 9.9e9)),
        ("Deployment/render", "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "one pod of an old agent holds most of it, and its like are small",
        snapshot(evictions(MEMORY, 1), GONE, collector(), small(), figures=EATEN),
        ("DaemonSet/agent", "resource_exhaustion", "restart_workload"),
        excludes=[*no("rollback_workload", at=SHOP), *no("rollback_workload", at="DaemonSet/agent")],
        alone=True,
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"one pod holds most of it, and a new process is no help: {what}",
            snapshot(evictions(MEMORY, 1), GONE, objects, small(), figures=EATEN),
            ("DaemonSet/agent", "resource_exhaustion", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, objects in (
            ("it filled within hours", collector(started=3 * 3600)),
            ("others use the file systems that it serves", collector(**MOUNTS)),
            ("it is a cache", collector(image="redis:7")),
        )
    ),
    *(
        Holds(
            f"nobody is known to eat its memory: {what}",
            snapshot(evictions(MEMORY, 1), GONE, objects, place, figures=figures),
            ("Node/n2", "resource_exhaustion", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, objects, place, figures in (
            ("nobody measures", collector(), small(), []),
            ("its like are as large", collector(), small(), eaten(9e9, 1.2e10, 9e9, 9e9)),
            ("nothing is known of its like", collector(pods=1, nodes=("n2",)), small(), eaten(1.2e10, first=1.2e10)),
            ("others hold more together", collector(), small(), eaten(2e8, 5e9, 2e8, 2e8)),
            ("it is as large as ever, and a neighbour grew", collector(), small(), eaten(2e8, 9e9, 2e8, first=9e9)),
            ("it asked for as much", collector(**ASKED), small(), EATEN),
            ("nobody knows how large the node is", collector(), LOW[1:], EATEN),
            ("it was released this morning", collector(before={"image": "a:0"}, released=9000), small(), EATEN),
        )
    ),
    Holds(
        "a release that was evicted there too had filled most of its disk",
        snapshot(evictions(DISK, 1), GONE, renderer(), full(), figures=kept()),
        ("Deployment/render", "resource_exhaustion", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
        alone=True,
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"its node says how much a release wrote before it was evicted, onto {what}",
            snapshot(evictions(DISK, 1), GONE, moved(before=before), full()),
            ("Deployment/render", "resource_exhaustion", "rollback_workload"),
            excludes=no("rollback_workload", at=SHOP),
            alone=True,
            harmful=("scale_workload",),
        )
        for what, before in (
            ("a scratch volume in place of a claim", CLAIM),
            ("a scratch volume whose bound is gone", {"emptyDir": {"sizeLimit": "2Gi"}}),
        )
    ),
    *(
        Holds(
            f"its node says how much a program wrote, and its release is not what let it: {what}",
            snapshot(evictions(DISK, 1), GONE, moved(**more), full()),
            ("Node/n2", "resource_exhaustion", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, more in (
            ("its scratch volume has no bound as ever", {"before": {"emptyDir": {}}}),
            ("its scratch volume has no bound as ever, under another name", {"before": {"name": "t", "emptyDir": {}}}),
            ("its scratch volume is small", {"now": {"emptyDir": {"sizeLimit": "2Gi"}}}),
            ("its scratch volume is kept in memory", {"now": {"emptyDir": {"medium": "Memory"}}}),
            ("it keeps its tiles on a claim", {"now": CLAIM}),
            ("it wrote a small part", {"used": "6000000Ki"}),
            ("it came when the disk was full", {"released": 120.0}),
        )
    ),
    *(
        Holds(
            f"no release is known to fill its disk: {what}",
            snapshot(evictions(DISK, 1), GONE, renderer(released), full(), figures=figures),
            ("Node/n2", "resource_exhaustion", "page_human"),
        )
        for what, released, figures in (
            ("nobody measures", 2700, []),
            ("what it wrote is a small part", 2700, kept(mine=5e9, first=1e9)),
            ("another holds much too", 2700, kept(others=3e10)),
            ("it holds as much as ever", 2700, kept(first=8e10)),
            ("it came when the disk was full", 120, kept()),
        )
    ),
    Holds(
        "a program without any limit is evicted again and again since its release",
        snapshot(
            workload("ledger", nodes=("n3",), pods=1, before={"image": "ledger:0"}, released=7200, **FREE),
            AGAIN,
            node("n2", MemoryPressure="True", since=200),
        ),
        ("Deployment/ledger", "resource_exhaustion", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    Holds(
        "it says so, and evicts",
        snapshot(evictions(DISK, 2), node("n1"), node("n2", DiskPressure="True")),
        ("Node/n2", "resource_exhaustion", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "it evicted a short while ago",
        snapshot(evictions(DISK, 1), NODES),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
    Holds(
        "a release of an agent on each of them has grown to be the largest there",
        snapshot(evictions(MEMORY, 2), GONE, agent(), LOW, figures=used(9e9, 8e9)),
        ("DaemonSet/agent", "resource_exhaustion", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a release of an agent has grown evenly to twice of what it began with",
        snapshot(evictions(MEMORY, 1), GONE, agent(), LOW[1:], figures=climb(2e8, 4.2e8, of="agent-1")),
        ("DaemonSet/agent", "resource_exhaustion", "rollback_workload"),
    ),
    Holds(
        "nobody measures it, and a release took away the limit of what runs there",
        snapshot(evictions(MEMORY, 2), GONE, agent(kind="Deployment"), LOW),
        ("Deployment/agent", "resource_exhaustion", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "what lost its limit was evicted itself, with many times what it might use before",
        snapshot(evictions(MEMORY, 1), GONE, fat("9820544Ki"), LOW[1:]),
        ("Deployment/ledger", "resource_exhaustion", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "only what lost its limit was evicted",
        snapshot(fat("4Gi", name="search"), node("n2", MemoryPressure="True")),
        ("Deployment/search", "resource_exhaustion", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "another one that was evicted there used more",
        snapshot(evictions(MEMORY.replace("200000Ki", "20Gi"), 1), GONE, fat("2Gi", limit="4Gi"), LOW[1:]),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
    Holds(
        "the agent that was released is small",
        snapshot(
            evictions(MEMORY, 1), GONE, agent(), LOW[1:], figures=[*used(3e8, 3e8), *used(2e9, 9e9, of="shop-pod{}")]
        ),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
    Holds(
        "the agent was released when it was evicting already",
        snapshot(evictions(MEMORY, 1), GONE, agent(released=120), LOW[1:]),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
    Holds(
        "it is the disk that is full",
        snapshot(evictions(DISK, 1), GONE, agent(), node("n2", DiskPressure="True")),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"one pod cannot start what it needs, {what}: that may be a limit of its own",
            world,
            (SHOP, "resource_exhaustion", "restart_workload"),
        )
        for what, world in (
            ("and its node has numbers left", crowd(taken=20000)),
            ("and nobody counts those of its node", crowd(measured=False)),
            ("though its node has none: it lacks files", crowd(words=NO_FILE)),
        )
    ),
    DoesNotHold(
        "one pod cannot start what it needs, and another one there lacks files: a person looks at the node",
        both(told=NO_FILE),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "it evicted a day ago",
        snapshot(evictions("The node was low on resource: memory.", 1, age=DAY), NODES, figures=[WELL]),
        HEALTHY,
    ),
    DoesNotHold(
        "the pod wrote more than it may",
        snapshot(evictions("Pod ephemeral local storage usage exceeds the total limit", 1), NODES),
        (SHOP, "resource_exhaustion", "page_human"),
    ),
]
