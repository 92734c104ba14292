"""Pods of one template run different builds of its image: those that pulled the tag after it was pushed again fail."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, built, looping, rollout
from tests.diagnosis.rules.scenes import API, OLD, SHOP, WELL, errors, failing, logs, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot, workload

ONE_FAILS = [*failing(0.001, 0.001, 0.9, 0.001), errors("shop", 0.22)]
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
DOES_NOT_HOLD = [
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
        "a build comes with the image of a release",
        snapshot(
            built(rollout("shop", None, before=OLD, old=3, new=1), "aa", "aa", "aa", "bb"),
            figures=[*failing(0.001, 0.001, 0.001, 0.6), errors("shop", 0.15)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "another build does well",
        snapshot(built(shop(pods=3), "aa", "bb", "aa"), figures=[WELL]),
        ("no_fault", "no_action"),
    ),
]
