"""A server's licence is over, it says so or tells those who ask it, and somebody suffers since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

INDEX = "StatefulSet/index"
BLOCKS = "[ERROR] blocking [cluster:monitor/health] operation due to expired license. Cluster health is blocked"
SAYS = "[WARN ] License [expired] on [Wednesday, March 4, 2026]. If you have a new license, please update it."
PLAIN = "ERROR Your trial license has expired, publishing is limited"
TRIAL = "ERROR trial period has ended: set a license key"
SOON = "[WARN ] License [will expire] on [Wednesday, March 4, 2026]"
OF_DRIVERS = "WARN courier refused: driving licence expired"
OF_ROWS = "ERROR: courier 7 refused, his driving license has expired"
ASKED = "ERROR: canceling statement due to timeout: SELECT id FROM couriers WHERE note = 'license expired'"
CALM = "INFO license expired on trial cluster, basic features go on"
TOLD = (
    '{"error":{"type":"security_exception","reason":"current license is non-compliant for [security]",'
    '"license.expired.feature":"security"},"status":403}'
)
ENV: Obj = {"INDEX_URL": "http://index:9200"}


def told(name: str, line: str, *, since: float = 900, until: float = 30, times: int = 9) -> Log:
    """Return a log that tells so from one age to another."""
    step = (since - until) / max(1, times - 1)
    lines = [(since - n * step, line) for n in range(times)]
    lines += [(age, "INFO done") for age in range(3600, 20, -300)]
    ordered = sorted(lines, key=lambda each: -each[0])
    return Log(name, name.rpartition("-")[0], tuple(f"{at(age)} {text}" for age, text in ordered))


def ended(
    own: str = "",
    caller: str = "",
    *,
    image: str = "elasticsearch:8.14.1",
    figures: Any = None,
    alerts: Any = (),
    env: Obj = ENV,
    **more: Any,
) -> Snapshot:
    """Return an index and a shop that asks it, what each tells, and the shop's requests that fail since."""
    objects = (workload("index", image, kind="StatefulSet", pods=1, port=9200), shop(env=env))
    logs = [told("index-0", own, **more)] if own else []
    logs += [told(pod("shop"), caller, **more)] if caller else []
    felt = [errors("shop", since=840)] if figures is None else figures
    return snapshot(*objects, logs=logs, figures=felt, alerts=alerts)


OVER = (INDEX, "configuration_error", "page_human")
HARM = ("restart_workload", "rollback_workload", "scale_workload")
HOLDS = [
    *(
        Holds(
            f"the server says it: {line[:40]}",
            ended(line),
            OVER,
            excludes=(*no("restart_workload", at=INDEX), *no("restart_workload", "rollback_workload", at=SHOP)),
            harmful=HARM,
            began=900,
        )
        for line in (BLOCKS, SAYS, PLAIN, TRIAL)
    ),
    Holds("both say it", ended(BLOCKS, TOLD), OVER, alone=True, harmful=HARM),
    Holds(
        "only who asks is told so",
        ended("", TOLD),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=HARM,
    ),
    Holds("an alert fires since", ended(BLOCKS, figures=[WELL], alerts=(alert(service="shop"),)), OVER, harmful=HARM),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=HARM)
    for what, world in (
        ("it is still to come", ended(SOON)),
        ("it is told by the way", ended(CALM)),
        ("it is of the licences of people that it keeps", ended(OF_ROWS)),
        ("it is asked for that", ended(ASKED)),
        ("it was told twice", ended(BLOCKS, times=2)),
        ("it is told no more", ended(BLOCKS, until=1000, since=1800)),
        ("nobody suffers", ended(BLOCKS, figures=[WELL])),
        ("somebody suffers since long before", ended(BLOCKS, figures=[errors("shop", since=3000)])),
        ("who suffers does not ask it", ended(BLOCKS, env={})),
        ("one of our own knows the licences of people", ended("", OF_DRIVERS)),
        ("one of our own tells of a licence", ended("", PLAIN)),
    )
]
