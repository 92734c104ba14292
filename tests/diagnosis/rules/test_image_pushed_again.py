"""Pods of one template run different builds of its image: those that pulled the tag after it was pushed again fail."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, built, looping, pods_of, rollout
from tests.diagnosis.rules.scenes import API, OLD, SHOP, WELL, alert, errors, failing, logs, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ONE_FAILS = [*failing(0.001, 0.001, 0.9, 0.001), errors("shop", 0.22)]
EACH_ITS_OWN = (("cart", "cd"), ("stock", "ef"), ("mail", "gh"))
HOLDS = [
    Holds(
        "one of four fails, and it runs another build",
        snapshot(
            built(shop(pods=4, before={"image": "shop:0"}, released=9 * DAY), "aa", "aa", "bb", "aa"), figures=ONE_FAILS
        ),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "those that a restart made end at start, nothing is measured",
        snapshot(built(rollout("api", looping(), before={}, old=2, new=2, released=HOUR / 2), *"ccdd")),
        (API, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=API),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "one tells of failed requests in its log, and was placed anew",
        snapshot(
            built(workload("api", pods=3), "e", "e", "f"),
            logs=[*logs("api", "GET /v1/prices 200 4ms", 0, 1), *logs("api", "GET /v1/prices 500 3ms", 2)],
        ),
        (API, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "one tells of nothing but failed requests; of its like, which ask it at times, one in twelve fails",
        snapshot(
            built(workload("api", pods=3), "aa", "aa", "bb"),
            logs=[
                log(pod("api", n), *["GET /v1/prices 500 3ms"] * failed, *["GET /v1/prices 200 4ms"] * well)
                for n, failed, well in ((0, 4, 44), (1, 4, 44), (2, 30, 1))
            ],
        ),
        (API, "configuration_error", "page_human"),
    ),
    Holds(
        "one tells of many failed requests; of its like one answered next to none, and failed one of them",
        snapshot(
            built(workload("api", pods=3), "e", "e", "f"),
            logs=[
                log(pod("api", n), *["GET /v1/prices 500 3ms"] * failed, *["GET /v1/prices 200 4ms"] * well)
                for n, failed, well in ((0, 0, 300), (1, 1, 1), (2, 30, 60))
            ],
        ),
        (API, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
]
NIL = "NoMethodError (undefined method `label' for nil)"
NPE = 'ERROR c.e.Prices - failed java.lang.NullPointerException: Cannot invoke "Slot.label()" because "slot" is null'
SERVED = "GET /v1/prices 200 4ms"


def told(line: str, *ill: int, well: str = SERVED) -> list[Log]:
    """Return the logs of three pods that answer most, some of which repeat a line beside that."""
    return [
        log(pod("api", n), *[well] * 40, *[line] * (9 if n in ill else 0), *[f"{well} "] * 40, since=500)
        for n in range(3)
    ]


def called(*numbers: int) -> Log:
    """Return the log of a caller that fails at some pods of three, and is answered by all."""
    hosts = [str(each["status"]["podIP"]) for each in pods_of(workload("api", pods=3))]
    fails = [f'198.51.100.7 - - "POST /v1/orders HTTP/1.1" 500 31 "-" "x/1" ua="{hosts[n]}:8080"' for n in numbers]
    return log(pod("shop"), *(fails * 12)[:12])


HOLDS += [
    Holds(
        f"one of three repeats that its code breaks, and answers most ({what})",
        snapshot(built(workload("api", pods=3), "e", "f", "e"), logs=told(line, 1), alerts=[alert(service="api")]),
        (API, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=API),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    )
    for what, line in (("Ruby", NIL), ("Java", NPE))
]
HOLDS += [
    Holds(
        "one of three is named by all failures of who calls them, and tells nothing itself",
        snapshot(
            shop(env={"API_URL": "http://api:8080"}),
            built(workload("api", pods=3), "e", "f", "e"),
            logs=[called(1)],
            alerts=[alert()],
        ),
        (API, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
SLOTS = "FATAL:  remaining connection slots are reserved for non-replication superuser connections"
BUSY = "LOG:  checkpoint complete: wrote 2721 buffers (1.1%)"


def beside(first: str, second: str, *, quiet: float = 900, age: float = 3 * HOUR, **logs: str) -> Snapshot:
    """Return two servers of which one repeats an error, with an exporter beside each: which builds run in them.

    ``logs``: what the exporter of the first one says; ``quiet``: for how long the log of that server told nothing.
    """
    spec = {"containers": [{"name": name, "image": f"{name}:1"} for name in ("api", "exporter")]}
    made = workload("api", pods=2, age=age, spec=spec)
    for each, builds in zip(pods_of(made), (first, second), strict=True):
        status = each["status"]["containerStatuses"][0]
        each["status"]["containerStatuses"] = [
            {**status, "name": name, "imageID": f"mirror.example/x@sha256:{build * 8}"}
            for name, build in zip(("api", "exporter"), builds, strict=True)
        ]
    told = [(300 + quiet - n, BUSY) for n in range(9)] + [(300 - 20 * n, SLOTS) for n in range(12)]
    return snapshot(
        made,
        logs=[
            timed(pod("api"), *told),
            log(pod("api", 1), *[BUSY] * 40, since=300 + quiet),
            *(log(pod("api"), *[line] * 9, of=name) for name, line in logs.items()),
        ],
        alerts=[alert(service="api")],
    )


SCRAPED = "level=info msg=scraped"
HOLDS += [
    Holds(
        f"one of two began to repeat an error, {what}",
        world,
        (API, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    )
    for what, world in (
        ("it runs another build, and so does what runs beside it", beside("ac", "bd", exporter=SCRAPED)),
        ("what runs beside it is another build, and fails too", beside("ac", "ad", exporter="ERROR no such label")),
        ("what runs beside it is another build, and nobody reads its log", beside("ac", "ad")),
        ("it has run another build for days, and nobody knows what it said then", beside("ac", "bc", age=9 * DAY)),
        ("it has run another build for hours", beside("ac", "bc", quiet=2 * HOUR)),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"one of two began to repeat an error, {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("and what runs beside it is another build and well", beside("ac", "ad", exporter=SCRAPED)),
            ("and had run another build for days without it", beside("ac", "bc", age=9 * DAY, quiet=2 * HOUR)),
            ("and both run the same builds", beside("ac", "ac", exporter=SCRAPED)),
        )
    ),
    DoesNotHold(
        "one that runs another build has other words, and nobody suffers",
        snapshot(built(workload("api", pods=3), "e", "f", "e"), logs=told(NPE, 1)),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "all three repeat it, whatever build they run",
        snapshot(built(workload("api", pods=3), "e", "f", "e"), logs=told(NPE, 0, 1, 2), alerts=[alert(service="api")]),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "failures of who calls them name two of three",
        snapshot(
            shop(env={"API_URL": "http://api:8080"}),
            built(workload("api", pods=3), "e", "f", "e"),
            logs=[called(1, 2)],
            alerts=[alert()],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the one that fails runs the same build as one that is well",
        snapshot(built(shop(pods=4), "aa", "bb", "bb", "aa"), figures=ONE_FAILS),
        (SHOP, "service_crash", "restart_workload"),
    ),
    *(
        DoesNotHold(
            f"those that are well run {what}",
            snapshot(built(shop(pods=4), *builds), figures=ONE_FAILS),
            (SHOP, "service_crash", "restart_workload"),
        )
        for what, builds in (
            ("different builds too, each its own", ("aa", "bb", "cc", "dd")),
            ("two builds, neither of them that of the one that fails", ("aa", "bb", "cc", "aa")),
        )
    ),
    DoesNotHold(
        "one tells of some more failed requests than the other, and runs another build",
        snapshot(
            built(workload("api", pods=2), "e", "f"),
            logs=[
                log(pod("api", n), *["GET /v1/prices 500 3ms"] * failed, *["GET /v1/prices 200 4ms"] * 12)
                for n, failed in ((0, 2), (1, 7))
            ],
        ),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the others fail by their logs as well, one request in six: somebody behind all of them is slow",
        snapshot(
            built(workload("api", pods=2), "e", "f"),
            logs=[
                log(pod("api", n), *["POST /v1/flights 504 14709ms"] * failed, *["POST /v1/flights 200 4ms"] * well)
                for n, failed, well in ((0, 2, 10), (1, 12, 6))
            ],
        ),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "a build comes with the image of a release",
        snapshot(
            built(rollout("shop", None, before=OLD, old=3, new=1), "aa", "aa", "aa", "bb"),
            figures=[*failing(0.001, 0.001, 0.001, 0.6), errors("shop", 0.15)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "each image has as many digests as pods: nodes tell no builds by them",
        snapshot(
            built(shop(pods=4), "aa", "aa", "bb", "aa"),
            *(built(workload(name, pods=2, image=f"{name}:1"), *digests) for name, digests in EACH_ITS_OWN),
            figures=ONE_FAILS,
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "another build does well",
        snapshot(built(shop(pods=3), "aa", "bb", "aa"), figures=[WELL]),
        ("no_fault", "no_action"),
    ),
]
