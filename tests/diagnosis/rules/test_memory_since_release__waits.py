"""Memory that fills with calls which a host outside leaves unanswered: a release that came long before is innocent."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, rising, shop
from tests.diagnosis.rules.tiny import NOW, Obj, figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

GO = 'level=warn msg="push failed" error="Post \\"https://api.push.example.com/v2\\": context deadline exceeded"'
PYTHON = "WARNING HTTPSConnectionPool(host='api.push.example.com', port=443): Read timed out. (read timeout=30)"
INSIDE = "WARNING java.net.SocketTimeoutException: connect timed out: http://cart:8080/lines"
WORKS = "INFO delivered id=77 in 0.1 s"
VAIN = ("rollback_workload", "restart_workload", "scale_workload")


def held(age: float, *, low: float = 0.2, high: float = 0.97, of: int = 1) -> tuple[str, Series]:
    """Return memory that stood until so long ago, and rises evenly since."""
    points = tuple(
        (NOW.timestamp() - back, low + (high - low) * max(0.0, age - back) / age + (-0.001, 0.001)[back // 30 % 2])
        for back in range(3600, -1, -30)
    )
    return "memory_share", Series({"pod": pod("shop", of), "container": "shop"}, points)


def waits(
    line: str, since: float, *, times: int = 12, heard: float = 3500, well: int = 0, of: str = "shop", number: int = 1
) -> list[Log]:
    """Return the log of a pod that told of its work at first, and that it waits in vain since so long ago.

    ``well``: so many calls are answered since then.
    """
    late = [(since - n * since / (times + 1), line) for n in range(times)]
    told = [(heard, WORKS), (since + 60, WORKS), *late, *((since - n * since / (well + 1), WORKS) for n in range(well))]
    return [timed(pod(of, number), *sorted(told, key=lambda each: -each[0]))]


def lived(
    last: float, *, since: float = 6 * HOUR, restarts: int = 3, before: dict[str, Any] = IMAGE, **now: Any
) -> list[Obj]:
    """Return a shop of a release whose pods are killed again and again; ``last``: how long the last life was."""
    objects = shop(before=before, released=since, **now)
    for each in pods_of(objects):
        put(each, again("OOMKilled", 137, age=600, restarts=restarts, lived=last))
    return objects


def looped(last: float, line: str = GO, *more: Any, well: int = 0, **told: Any) -> Snapshot:
    """Return a shop that is killed again and again, and tells soon after its last start that it waits."""
    memory = [figure("memory_share", 0.8, 0.2, 600, pod=pod("shop", n)) for n in range(2)]
    return snapshot(
        lived(last, **told), *more, figures=[*memory, errors("shop")], logs=waits(line, 400, heard=590, well=well)
    )


def unmeasured(*logs: Log, last: float = HOUR, restarts: int = 3) -> Snapshot:
    """Return a shop that lived for long at first and is killed again and again since, and that nobody measures."""
    return snapshot(lived(last, restarts=restarts), logs=logs)


def fills(*figures: tuple[str, Series], logs: list[Log] | None = None, released: float = 3 * HOUR) -> Snapshot:
    return snapshot(shop(before=IMAGE, released=released), figures=[errors("shop"), *figures], logs=logs or [])


def waits_otherwise(before: dict[str, Any], now: dict[str, Any]) -> Snapshot:
    """Return a shop that fills since a host is late, and whose template of today differs in this."""
    objects = shop(before=before, released=3 * HOUR, **now)
    return snapshot(objects, figures=[errors("shop"), held(1500)], logs=waits(GO, 1500))


def half(*, times: int = 12) -> Snapshot:
    """Return a shop two of whose pods are of the template before, have room, and wait so many times."""
    objects = shop(before=IMAGE, released=3 * HOUR, pods=4)
    for each in pods_of(objects)[2:]:
        each["metadata"]["ownerReferences"][0]["name"] = "shop-r1"
    older = [figure("memory_share", 0.3, 0.3, pod=pod("shop", n)) for n in (2, 3)]
    logs = [*waits(GO, 1500), *(each for n in (2, 3) for each in waits(GO, 1500, number=n, times=times))]
    return snapshot(objects, figures=[errors("shop"), held(1500, of=0), held(1500), *older], logs=logs)


def beside() -> Snapshot:
    """Return a shop beside another Deployment of the version before, which waits as often, and has room."""
    return snapshot(
        shop(before={"image": "registry.example/shop:0"}, released=3 * HOUR),
        workload("stable", "registry.example/shop:0"),
        figures=[errors("shop"), held(1500), *(figure("memory_share", 0.3, 0.3, pod=pod("stable", n)) for n in (0, 1))],
        logs=[*waits(GO, 1500), *(each for n in (0, 1) for each in waits(GO, 1500, of="stable", number=n))],
    )


HOLDS = [
    Holds(
        f"memory runs out since a release, and {what}",
        world,
        (SHOP, "code_defect", "rollback_workload"),
    )
    for what, world in (
        ("nobody is waited for, though it stood at first", fills(held(1500))),
        ("it rose long before a host became slow", fills(rising(pod("shop", 1), 0.2, 0.97), logs=waits(GO, 900))),
        ("its host is late only since it is near its limit", fills(held(2400), logs=waits(GO, 200))),
        ("it stood for long while a host was late already", fills(held(900), logs=waits(GO, 3000))),
        ("a host was late once or twice alone", fills(held(1500), logs=waits(GO, 1500, times=3))),
        ("it began with the release as well as the waiting", fills(held(2400), logs=waits(GO, 2400), released=3000)),
        ("it waits for one of its own all the time, and fills in each life as soon", looped(2 * HOUR, INSIDE)),
        ("a host is always late, and each life is as long as the first", looped(1.8 * HOUR)),
        ("its lives are shorter since it is busy, and few of its calls are late", looped(HOUR, well=200)),
        ("pods of the template before wait for the same host, and have room", half()),
        ("a Deployment of the version before waits for the same host, and has room", beside()),
    )
]
HOLDS += [
    Holds(
        "nobody measures a release of another heap that lived far longer at first, and tells of its work alone",
        snapshot(
            lived(HOUR, before={"env": {"JAVA_OPTS": "-Xmx640m"}}, env={"JAVA_OPTS": "-Xmx1000m"}),
            logs=waits(WORKS, 400),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
HOLDS += [
    Holds(
        f"nobody measures a release that is killed for memory, {what}",
        world,
        (SHOP, "code_defect", remedy),
    )
    for what, remedy, world in (
        ("and nothing tells of its calls: it lived far longer at first", "page_human", unmeasured()),
        (
            "which lived far longer at first, and calls are not answered",
            "page_human",
            unmeasured(*waits(GO, 400, times=3)),
        ),
        (
            "which lived far longer at first, and tells of its work alone",
            "page_human",
            unmeasured(*waits(WORKS, 400)),
        ),
        (
            "whose lives are as long as the first, and calls are not answered",
            "rollback_workload",
            unmeasured(*waits(GO, 400, times=3), last=1.8 * HOUR),
        ),
        ("twice, and calls are not answered", "rollback_workload", unmeasured(*waits(GO, 400, times=3), restarts=2)),
    )
]
HOLDS += [
    Holds(
        f"a release changed how its calls wait, and memory fills since a host is late: {what}",
        waits_otherwise(before, now),
        (SHOP, "configuration_error", "rollback_workload"),
    )
    for what, before, now in (
        ("no end of time", {"env": {"HTTP_TIMEOUT": "2s"}}, {"env": {"HTTP_TIMEOUT": "0"}}),
        ("more at a time", {"args": ["--in-flight", "50"]}, {"args": ["--in-flight", "5000"]}),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "pods of the template before have room, but wait far less often",
        half(times=5),
        (SHOP, "dependency_failure", "page_human"),
        harmful=VAIN,
    ),
    DoesNotHold(
        "a release changed a setting of something else, and memory stood until a host was late",
        waits_otherwise(
            {"args": ["worker", "--level", "info"], "env": {"BANNER": "blue"}},
            {"args": ["worker", "--level", "debug"], "env": {"BANNER": "worker"}},
        ),
        (SHOP, "dependency_failure", "page_human"),
        harmful=VAIN,
    ),
    DoesNotHold(
        "memory stood for hours after the release, until a host outside answered no more in time",
        fills(held(1500), logs=waits(GO, 1500)),
        (SHOP, "dependency_failure", "page_human"),
        harmful=VAIN,
    ),
    DoesNotHold(
        "the same in another language, and it grows more slowly",
        fills(held(1800, high=0.93), logs=waits(PYTHON, 1800)),
        (SHOP, "dependency_failure", "page_human"),
        harmful=VAIN,
    ),
    DoesNotHold(
        "its first life was hours long, all since are short, and it waits for a host from each start on",
        looped(HOUR),
        (SHOP, "dependency_failure", "page_human"),
        harmful=VAIN,
    ),
    DoesNotHold(
        "the same in another language, over a day",
        looped(HOUR / 2, PYTHON, since=24 * HOUR, restarts=9),
        (SHOP, "dependency_failure", "page_human"),
        harmful=VAIN,
    ),
]
