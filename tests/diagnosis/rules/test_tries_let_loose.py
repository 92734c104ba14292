"""A program that may try hundreds of times since its release, and does: what keeps it busy is itself."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import errors, latency
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

BOOKING, STORE, SITE = "Deployment/booking", "Deployment/redis", "Deployment/site"
USES = {"REDIS_URL": "redis://redis:6379/0"}
FEW, MANY = {"LOCK_ATTEMPTS": "3", "LOCK_PAUSE": "50ms"}, {"LOCK_ATTEMPTS": "400", "LOCK_PAUSE": "0ms"}
FIELDS = "ERROR seat not taken key=hall:7 attempts=211 error=lock is held by another"
WORDS = "WARN lock hall:7: retry 87 of 400"
AFTER = 'ERROR {"msg": "seat not taken after 314 attempts"}'
WITHIN = FIELDS.replace("211", "3")
REFUSED = "ERROR dial tcp 10.96.0.5:6379: connect: connection refused attempts=211"
BUSY = figure("cpu_share", 0.2, 0.97, since=1500, pod=pod("redis"))


def told(line: str, times: int = 12, since: float = 1200) -> list[Log]:
    return [log(pod("booking"), *[line] * times, since=since)]


def world(
    line: str = FIELDS,
    *,
    before: Any = None,
    env: Any = None,
    released: float = 3300,
    busy: tuple[str, Series] = BUSY,
    store: Any = None,
    logs: list[Log] | None = None,
    felt: float = 0.3,
) -> Snapshot:
    """Return who books seats under locks of a store, with a site before it that suffers since 20 minutes."""
    booking = workload(
        "booking",
        env={**USES, **(env or MANY)},
        before=before or {"env": {**USES, **FEW}},
        released=released,
        age=40 * DAY,
    )
    site = workload("site", env={"BOOKING_URL": "http://booking:8080"}, age=40 * DAY)
    figures = [errors("booking", felt, since=1200), latency("site", now=9.0 if felt > 0.1 else 0.1, since=1200), busy]
    return snapshot(booking, site, store or redis(age=40 * DAY), logs=logs or told(line), figures=figures)


ACTS: tuple[str, str, str] = (BOOKING, "configuration_error", "rollback_workload")
HOLDS = [
    Holds(
        "a field tells how often it tried, and the store works far more",
        world(),
        ACTS,
        excludes=(
            *no("restart_workload", "scale_workload", at=BOOKING),
            *no("restart_workload", "scale_workload", at=STORE),
            *no("rollback_workload", "restart_workload", at=SITE),
        ),
        alone=True,
        began=1200,
    ),
    Holds("words tell the number of a try", world(WORDS), ACTS),
    Holds("words tell how many there were", world(AFTER), ACTS),
]
OLDER = {"image": "registry.example/booking:0", "env": {**USES, **FEW}}
DOES_NOT_HOLD = [
    DoesNotHold(what, found, instead)
    for what, found, instead in (
        ("it tries as often as it did before", world(WITHIN), ()),
        ("a few lines", world(logs=told(FIELDS, 3)), ()),
        ("twice as many are no fine tuning yet", world(before={"env": {**USES, **MANY, "LOCK_ATTEMPTS": "200"}}), ()),
        (
            "a pause of so many seconds",
            world(before={"env": {**USES, "RETRY_DELAY": "3"}}, env={"RETRY_DELAY": "400"}),
            (),
        ),
        ("the store works as much as ever", world(busy=figure("cpu_share", 0.2, 0.22, pod=pod("redis"))), ()),
        ("the store refuses it", world(REFUSED), ()),
        ("the store is down", world(store=redis(age=40 * DAY, ready=0)), ()),
        (
            "it tried as often before its release",
            world(logs=[timed(pod("booking"), (3500, FIELDS), *[(300 - n, FIELDS) for n in range(9)])]),
            (),
        ),
        ("it was long ago", world(logs=[timed(pod("booking"), *[(2500 - n, FIELDS) for n in range(9)])]), ()),
        ("its release is of yesterday", world(released=DAY), ()),
        ("the release brought another version as well", world(before=OLDER), ()),
        ("nobody suffers", world(felt=0.001), ()),
    )
]
