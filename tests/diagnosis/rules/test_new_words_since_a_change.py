"""A log repeats new warnings since the one thing that was changed in the namespace."""

from __future__ import annotations

from datetime import timedelta

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.new_words import CART, CRASHED, FAILED, SESSIONS, warned
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, alert, logs, shop
from tests.diagnosis.rules.tiny import NOW, log, pod, postgres, snapshot, thing, workload

GUARD = "ConfigMap/guard"
WAITS = "WARN plan waited 9.1 s before it began, queue=54"
REFUSED = 'WARN {"method": "GET", "path": "/v1", "status": 429}'
LONG_FIRING = alert("BackupVolumeNearlyFull")._replace(starts_at=NOW - timedelta(days=9))
HOLDS = [
    Holds(
        "requests are refused since one of those who ask was released",
        snapshot(
            shop(),
            workload("cart", env={"SHOP_URL": "http://shop:8080"}, before=OLD, released=660),
            logs=[warned(words=REFUSED)],
            alerts=[alert()],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a client of the database that warns was released",
        snapshot(
            shop(env=URL),
            postgres(),
            workload("cart", env=URL, before=OLD, released=660),
            logs=[warned(of="postgres-0")],
            alerts=[alert()],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a ConfigMap that the warner does not even read was written",
        snapshot(shop(), thing("ConfigMap", "guard", written=660), logs=[warned()], alerts=[alert()]),
        (GUARD, "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"another workload was released: {words}",
            snapshot(shop(), workload("cart", before=OLD, released=660), logs=[warned(words=words)], alerts=[alert()]),
            (CART, "code_defect", "rollback_workload"),
            sure=(0.25, 0.45),
        )
        for words in (SESSIONS, "WARN unknown form of a message from queue billing")
    ),
    *(
        Holds(
            f"another workload was released, and a program has work waiting: {what}",
            snapshot(
                shop(),
                workload("cart", env=env, before=OLD, released=660),
                logs=[warned(words=words)],
                alerts=[alert()],
            ),
            (CART, "code_defect", remedy),
            sure=(0.25, 0.45),
        )
        for what, env, words, remedy in (
            ("it may wait for its own hands, and a person looks", {}, WAITS, "page_human"),
            (
                "it has no thread to do it",
                {},
                "WARN the heartbeat ran for 1.6 s, this could be caused by thread pool starvation",
                "page_human",
            ),
            ("it says for how long it did", {}, "WARN slow POST /a 200 7231ms (db 11ms, queue 5061ms)", "page_human"),
            ("the released asks it", {"SHOP_URL": "http://shop:8080"}, WAITS, "rollback_workload"),
        )
    ),
    Holds(
        "all its new pods repeat an error of which nothing is known, and somebody is called",
        snapshot(
            shop(before=IMAGE, released=900),
            logs=logs("shop", "fail: Customs.Sender[210] unsafe legacy renegotiation disabled", 0, 1, since=880),
            alerts=[alert("OutboxAge", app="shop")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        sure=(0.25, 0.45),
    ),
    *(
        Holds(
            f"two pods fail at what has no name since ten minutes, and the new image {what}",
            snapshot(
                shop(before=IMAGE, released=released),
                logs=[log(pod("shop", n), *["INFO request"] * 20, *[words] * 20, since=1200) for n in (0, 1)],
                alerts=[alert()],
            ),
            (SHOP, "code_defect", remedy),
            harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
        )
        for what, released, words, remedy in (
            ("served a minute before", 660, "ERROR no such cart", "rollback_workload"),
            ("served well for fourteen minutes", 1440, "ERROR no such cart", "page_human"),
            ("served well for fourteen minutes, and it stumbles itself", 1440, CRASHED, "rollback_workload"),
        )
    ),
    *(
        Holds(
            f"the shop fails since its release, and beside it {what}",
            snapshot(
                shop(before=IMAGE, released=660),
                workload("web", env={"SHOP_URL": "http://shop:8080"}),
                logs=[
                    *(
                        log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such cart"] * 20, since=1200)
                        for n in (0, 1)
                    ),
                    *told,
                ],
                alerts=[alert(), *fires],
            ),
            (SHOP, "code_defect", "rollback_workload"),
            believed=by,
        )
        for what, told, fires, by in (
            ("an alert fires that always does", (), [LONG_FIRING], ""),
            ("an alert about it fires since days", (), [LONG_FIRING._replace(labels={"deployment": "shop"})], ""),
            (
                "its caller told of single failures half an hour before",
                [
                    log(
                        pod("web"),
                        FAILED,
                        *["INFO request"] * 20,
                        FAILED,
                        *["INFO request"] * 20,
                        *[FAILED] * 18,
                        since=2000,
                    )
                ],
                (),
                "unanswered_since_release",
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "requests are refused, and what was released asks nothing",
        snapshot(shop(), workload("cart", before=OLD, released=660), logs=[warned(words=REFUSED)], alerts=[alert()]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "a database speaks of its clients, and what was released is none of them",
        snapshot(
            shop(env=URL),
            postgres(),
            workload("cart", before=OLD, released=660),
            logs=[warned(of="postgres-0")],
            alerts=[alert()],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "only one of its new pods repeats it",
        snapshot(
            shop(before=IMAGE, released=900),
            logs=[*logs("shop", "fail: Customs.Sender[210]", 0), log(pod("shop", 1), *["info: sent"] * 9)],
            alerts=[alert("OutboxAge", app="shop")],
        ),
        (),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "another workload was released after people had been called",
        snapshot(shop(), workload("cart", before=OLD, released=300), logs=[warned(240)], alerts=[alert()]),
        ("unknown", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a ConfigMap was written after people had been called",
        snapshot(shop(), thing("ConfigMap", "guard", written=300), logs=[warned(240)], alerts=[alert()]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "its new pods have new logs, and people had been called before",
        snapshot(
            shop(before=IMAGE, released=300),
            logs=logs("shop", "fail: Customs.Sender[210] unsafe legacy renegotiation disabled", 0, 1, since=280),
            alerts=[alert("OutboxAge", app="shop")],
        ),
        (),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "both",
        snapshot(
            shop(),
            thing("ConfigMap", "guard", written=660),
            workload("cart", before=OLD, released=660),
            logs=[warned()],
            alerts=[alert()],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "it has warned for as long as the log goes back",
        snapshot(
            shop(),
            thing("ConfigMap", "guard", written=660),
            logs=[log(pod("shop"), *["WARN session used from 34 addresses"] * 80, since=1200)],
            alerts=[alert()],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "nobody is called, and a release may bring new words",
        snapshot(shop(), workload("cart", before=OLD, released=660), logs=[warned()]),
        ("unknown", "page_human"),
    ),
]
