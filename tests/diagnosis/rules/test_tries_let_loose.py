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
RACE = '{"level":"warn","msg":"tx still conflicting, retrying","key":"seats:live","attempt":%d}'
LATE = "WARN retry 211 of 400 for hall:7: read tcp 10.1.0.9:5120->10.96.0.5:6379: i/o timeout"
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
    image: str = "registry.example/app:1",
    beside: float = 40 * DAY,
    asked: tuple[tuple[str, Series], ...] = (),
) -> Snapshot:
    """Return who books seats under locks of a store, with a site before it that suffers since 20 minutes.

    ``beside``: how long ago another one that asks the store was released; ``asked``: what the booking itself is asked.
    """
    booking = workload(
        "booking",
        image=image,
        env={**USES, **(env or MANY)},
        before=before or {"env": {**USES, **FEW}},
        released=released,
        age=40 * DAY,
    )
    site = workload("site", env={"BOOKING_URL": "http://booking:8080"}, age=40 * DAY)
    other = workload("prices", env=USES, before={"env": {**USES, "TTL": "9"}}, released=beside, age=40 * DAY)
    figures = [errors("booking", felt, since=1200), latency("site", now=9.0 if felt > 0.1 else 0.1, since=1200), busy]
    objects = (booking, site, other, store or redis(age=40 * DAY))
    return snapshot(*objects, logs=logs or told(line), figures=[*figures, *asked])


ACTS: tuple[str, str, str] = (BOOKING, "configuration_error", "rollback_workload")
DEFECT: tuple[str, str, str] = (BOOKING, "code_defect", "rollback_workload")
NEWER = "registry.example/app:2"
OLDER = {"image": "registry.example/app:1", "env": {**USES, **FEW}}
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
    Holds("its release is of yesterday, and this is the first busy hour", world(released=DAY), ACTS),
    Holds("the release brought another version as well", world(before=OLDER, image=NEWER), DEFECT),
    Holds(
        "a new version has a number of tries that the one before had not, and its store knows no limit",
        world(
            RACE % 387,
            before={"image": "registry.example/app:0", "env": USES},
            image=NEWER,
            env={"TX_MAX_RETRIES": "500"},
            released=0.6 * DAY,
            busy=figure("cpu_usage", 0.06, 0.97, since=1500, pod=pod("redis")),
            logs=[timed(pod("booking"), *((1200 - n, RACE % (60 + n % 300)) for n in range(0, 1190, 10)))],
        ),
        DEFECT,
    ),
    Holds(
        "twice as many ask for it in the busy hour, and each costs far more",
        world(asked=(figure("request_rate", 30.0, 60.0, since=1500, component="booking"),), released=2 * DAY),
        ACTS,
    ),
]
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
        ("its release is of last week", world(released=6 * DAY), ()),
        ("the store does not answer", world(LATE), ()),
        ("another one that asks the store was released as it began", world(released=DAY, beside=1260), ()),
        (
            "so many more ask for it",
            world(asked=(figure("request_rate", 30.0, 120.0, since=1500, component="booking"),)),
            (),
        ),
        (
            "the store works more than it did, which is still next to nothing",
            world(busy=figure("cpu_usage", 0.01, 0.06, since=1500, pod=pod("redis"))),
            (),
        ),
        ("a new setting, and no more tries than any program makes", world(WITHIN, before={"env": USES}), ()),
        ("a new setting of few tries", world(before={"env": USES}, env={**MANY, "LOCK_ATTEMPTS": "60"}), ()),
        ("nobody suffers", world(felt=0.001), ()),
    )
]
