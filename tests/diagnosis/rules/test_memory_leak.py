"""Memory runs out without a release and without more traffic: new processes are small again for a while."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, again, looping, node, pods_of, put, younger
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WELL, alert, down, errors, killed, logs, rate, rising, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot


def old(**more: object) -> list[Obj]:
    return shop(before=IMAGE, released=20 * DAY, **more)


def killed_often(objects: list[Obj], lived: float) -> list[Obj]:
    """Return a workload whose containers are killed for memory again and again after so many seconds."""
    for each in pods_of(objects):
        put(each, again("OOMKilled", 137, age=200, restarts=5, lived=lived))
    return objects


def told(line: str) -> Snapshot:
    """Return a service without a release that repeats a line while its requests fail."""
    return snapshot(old(), figures=[errors("shop"), rate("shop", 20, 20)], logs=logs("shop", line, 0, 1))


def since(first: float) -> list[Obj]:
    """Return events of a container that is started again and again."""
    told = event(f"Pod/{pod('shop')}", "BackOff", "Back-off restarting failed container shop", count=600)
    return [{**told, "firstTimestamp": at(first)}]


def kept(
    *,
    medium: str = "Memory",
    well: float = 3 * DAY,
    count: int = 2,
    mounts: str = "scratch",
    mark: str = "",
    kind: str = "Deployment",
) -> Snapshot:
    """Return three pods with a scratch volume, the oldest of which is killed for memory soon after each start.

    ``well``: for how long the younger ones have run, ``count`` of them. ``mark``: of another template.
    """
    volumes = {"volumes": [{"name": "scratch", "emptyDir": {"medium": medium}}, {"name": "conf", "configMap": {}}]}
    objects = old(pods=1 + count, kind=kind, spec=volumes, volumeMounts=[{"name": mounts, "mountPath": "/run/kept"}])
    ends = looping("OOMKilled", 137, restarts=20, lived=12)
    put(pods_of(younger(objects, count, age=well))[0], ends, unready=9000)
    for each in pods_of(objects)[1:] if mark else ():
        each["metadata"]["labels"]["controller-revision-hash"] = mark
    return snapshot(objects)


def by_its_node(held: float = 0.5) -> Snapshot:
    """Return a shop killed on a node that is short of memory, which held such a part of its limit of 2 GiB."""
    limits = {"resources": {"limits": {"memory": "2Gi"}}}
    objects = old(**limits)
    short = node("n2", MemoryPressure="True")
    short["status"]["capacity"] = {"memory": "16Gi"}
    for each in pods_of(objects):
        each["spec"]["nodeName"] = "n2"
        put(each, again("OOMKilled", 137, age=200, restarts=4, lived=HOUR))
    used = [rising(pod("shop", n), held / 2, held) for n in range(2)]
    size = [figure("memory_bytes", 4e8, held * 2 * 2**30, pod=pod("shop", n)) for n in range(2)]
    return snapshot(objects, short, figures=[*used, *size, rate("shop", 20, 20)])


HOLDS = [
    Holds(
        "its node is short of memory too, and it came to its own limit",
        by_its_node(0.97),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
    Holds(
        "files in memory outlive each process of the oldest pod, and younger ones of its template have run for days",
        kept(),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    *(
        Holds(
            f"what is killed soon after each start is left to a person, {what}",
            world,
            (at_place, "resource_exhaustion", "page_human"),
            excludes=no("restart_workload", at=at_place),
        )
        for what, world, at_place in (
            ("as its volume is on the disk", kept(medium=""), SHOP),
            ("as its container mounts another", kept(mounts="conf"), SHOP),
            ("as its like have not run for a day", kept(well=3 * HOUR), SHOP),
            ("as there is no other", kept(count=0), SHOP),
            ("as its like are older than it", kept(well=30 * DAY), SHOP),
            ("as the others have another template", kept(mark="another"), SHOP),
            ("as each pod of it has its own work", kept(kind="StatefulSet"), "StatefulSet/shop"),
        )
    ),
    Holds(
        "it is killed at once since hours, as events tell",
        snapshot(down(old(), looping("OOMKilled", 137, restarts=30, lived=20), unready=9000), since(3 * HOUR)),
        (SHOP, "resource_exhaustion", "page_human"),
        sure=(0.45, 0.6),
        began=3 * HOUR,
    ),
    Holds(
        "what lived for long before it was killed began with that, whatever its start was like",
        snapshot(killed(old()), since(3 * HOUR), figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)]),
        (SHOP, "resource_exhaustion", "restart_workload"),
        began=300,
    ),
    Holds(
        "it rises in all pods",
        snapshot(killed(old()), figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)]),
        (SHOP, "resource_exhaustion", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "what is killed as soon as it runs is not started again",
        snapshot(down(old(), looping("OOMKilled", 137, restarts=30, lived=20), unready=9000)),
        (SHOP, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "nor what is killed minutes after each start, though it rises between",
        snapshot(killed_often(old(), lived=500), figures=[rising(pod("shop", 1), 0.4, 0.97), rate("shop", 20, 20)]),
        (SHOP, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "it says so of its own heap",
        told("ERROR java.lang.OutOfMemoryError: Java heap space"),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "what holds more than its limit, and runs on, is held to another limit",
        snapshot(old(), figures=[rising(pod("shop", 0), 1.4, 1.41), rate("shop", 20, 20), WELL]),
        HEALTHY,
    ),
    DoesNotHold(
        "nor is what holds a little more than its limit all the time, and runs on",
        snapshot(old(), figures=[rising(pod("shop", 0), 1.02, 1.05), rate("shop", 20, 20), WELL]),
        HEALTHY,
    ),
    DoesNotHold(
        "traffic has grown",
        snapshot(killed(old(), 2), figures=[rate("shop", 20, 60, 1500)]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "it was killed at half its limit, for want of memory on its node, and only fills anew after each start",
        by_its_node(),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
    DoesNotHold("it was killed hours ago", snapshot(killed(shop(), age=5 * HOUR), figures=[WELL]), HEALTHY),
    DoesNotHold(
        "a release came with it",
        snapshot(killed(shop(before=IMAGE, released=2 * HOUR)), figures=[rising(pod("shop", 1), 0.3, 0.95)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"{server} refused it for want of its own memory", told(line), (SHOP, "unknown", "page_human"))
        for server, line in (
            ("a database", "ERROR: out of memory (SQLSTATE 53200)"),
            ("another", "Code: 241. DB::Exception: Memory limit (total) exceeded: would use 3.52 GiB"),
            ("a search server", "circuit_breaking_exception: [parent] Data too large, data for [<http_request>]"),
        )
    ),
]


def killed_once(age: float = 40 * 60, share: float = 0.4, restarts: int = 1, pods: int = 1, **fires: str) -> Snapshot:
    """Return a shop of which containers were killed for memory so long ago, and how much its pods use since."""
    objects = shop()
    for each in pods_of(objects)[:pods]:
        put(each, again("OOMKilled", 137, age=age, restarts=restarts), ready=True)
    used = [figure("memory_share", share, share, pod=pod("shop", n), container="shop") for n in range(2)]
    return snapshot(objects, figures=[WELL, *used], alerts=[alert("MemoryKills", **fires)] if fires else [])


HOLDS += [
    Holds(f"a container was killed for memory once, and {what}", world, (SHOP, "resource_exhaustion", remedy))
    for what, world, remedy in (
        ("that was minutes ago", killed_once(age=600), "page_human"),
        ("it was so before", killed_once(restarts=2), "page_human"),
        ("so was another one", killed_once(pods=2), "page_human"),
        ("it has little room since", killed_once(share=0.8), "page_human"),
        ("an alert tells of it", killed_once(service="shop"), "page_human"),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold("one was killed once, long ago, has room since and nobody misses it", killed_once(), HEALTHY)
]


def leaks_beside(
    *more: tuple[str, Series],
    share: float = 0.6,
    second: float | None = 0.4,
    calls: bool = False,
    ready: bool = True,
    ill: str = "cart",
) -> Snapshot:
    """Return a shop that leaks, one of whose pods was killed for it minutes ago, while the cart fails.

    ``share``: how much of its limit that pod has come to use since; ``second``: the other one.
    """
    objects = old()
    put(pods_of(objects)[0], again("OOMKilled", 137, age=1080, restarts=5), ready=ready)
    objects[0]["status"]["readyReplicas"] = 1 + ready
    used = [rising(pod("shop"), 0.3, share)]
    used += [] if second is None else [figure("memory_share", second, second, pod=pod("shop", 1), container="shop")]
    cart = workload("cart", env={"SHOP_URL": "http://shop:8080"} if calls else {})
    return snapshot(
        objects,
        cart,
        figures=[*used, rate("shop", 20, 20), errors(ill), *more],
        alerts=[alert("CartErrors", service="cart"), alert("ContainerOOMKilled", service="shop")],
    )


HOLDS += [
    Holds(
        f"what was killed has begun anew, with room, and another one suffers: {what}",
        world,
        (SHOP, "resource_exhaustion", "page_human"),
        harmful=("restart_workload",),
    )
    for what, world in (
        ("its other pod has room as well", leaks_beside()),
        ("it has hardly filled again", leaks_beside(share=0.4, second=0.65)),
    )
]
HOLDS += [
    Holds(
        f"what was killed has begun anew, but {what}",
        world,
        (SHOP, "resource_exhaustion", "restart_workload"),
    )
    for what, world in (
        ("it is nearly full again", leaks_beside(share=0.85)),
        ("its other pod is nearly full", leaks_beside(second=0.88)),
        ("of its other pod nobody knows how full it is", leaks_beside(second=None)),
        ("nobody else suffers", leaks_beside(ill="none")),
        ("who suffers calls it", leaks_beside(calls=True)),
        ("its own requests fail", leaks_beside(errors("shop"))),
        ("it is not complete", leaks_beside(ready=False)),
    )
]
