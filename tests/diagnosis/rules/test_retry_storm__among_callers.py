"""Of one caller among several the figures tell little: it gets hardly any requests, or takes its work from a queue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, errors, latency, rate
from tests.diagnosis.rules.test_queue_backlog import broker
from tests.diagnosis.rules.test_retry_storm import BACK, EAGER, FULL, LEAPT, MORE_USERS, PAGES
from tests.diagnosis.rules.tiny import figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

READER = "Deployment/importer"
INSIDE = {**CALLS_CART, "AMQP_URL": "amqp://rabbitmq:5672"}
OUTSIDE = {**CALLS_CART, "SQS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/imports"}
NEW: dict[str, Any] = {"env": CALLS_CART, "before": IMAGE, "released": 660}
BY_SETTING = "configuration_error"
SCALE = (CART, "capacity", "scale_workload")
AT_LIMIT = (latency("cart"), *FULL)
FAILS = (errors("cart", 0.4, before=0.0),)


def among(
    *others: tuple[float, float],
    asked: tuple[float, float] = (60, 260),
    users: tuple[float, float] | None = (50, 52),
    more: tuple[tuple[str, Series], ...] = FAILS,
    other: dict[str, str] = CALLS_CART,
    **caller: Any,
) -> Snapshot:
    """Return a shop that was released, and others which ask the same cart and get so many requests before and now."""
    return snapshot(
        workload("shop", **(caller or EAGER)),
        workload("cart"),
        *(workload(f"office{n}", env=other) for n in range(len(others))),
        [] if other is CALLS_CART else broker(),
        figures=[
            *([rate("shop", *users)] if users else []),
            *(rate(f"office{n}", *each) for n, each in enumerate(others)),
            rate("cart", *asked),
            *more,
        ],
    )


def handed(
    gets: float = 0.3, leapt: tuple[str, Series] = LEAPT, users: tuple[str, Series] = MORE_USERS, **reader: Any
) -> Snapshot:
    """Return a reader of a queue that asks many times as often since its release, for it is given as much more.

    The queue grows as well. The shop, which asks the same cart, has twice the users later, by default.
    """
    return snapshot(
        workload("importer", **{"env": INSIDE, "before": IMAGE, "released": 2900, **reader}),
        broker(),
        workload("cart"),
        workload("shop", env=CALLS_CART),
        figures=[
            leapt,
            rate("importer", gets, gets),
            users,
            latency("cart", since=1400),
            *FULL,
            *(figure("cpu_share", 0.1, 0.6, 2880, pod=pod("importer", n)) for n in range(2)),
            figure("queue_depth", 10, 9000, 2890, component="importer"),
        ],
    )


def beside_an_edit(written: float) -> Snapshot:
    """Return a new shop that may ask a cart more often, and an office beside it whose flags were edited then."""
    world = among((40, 40), users=(50, 52), asked=(60, 700), **NEW)
    flags = thing("ConfigMap", "flags", age=9e6, written=written, data={"flags.yml": "batch: false"})
    office = workload("office0", env=CALLS_CART, envFrom=[{"configMapRef": {"name": "flags"}}])
    made = snapshot(office, flags)
    kept = {
        kind: [each for each in found if "office0" not in each["metadata"]["name"]]
        for kind, found in world.objects.items()
    }
    return replace(world, objects={kind: (*kept.get(kind, ()), *made.of(kind)) for kind in {*kept, *made.objects}})


HOLDS = [
    Holds(
        "what another caller reads was edited between the release and the many requests",
        beside_an_edit(590),
        (SHOP, "code_defect", "page_human"),
        harmful=(BACK,),
    ),
    Holds("it was edited before the release", beside_an_edit(2400), (SHOP, "code_defect", BACK)),
    *(
        Holds(
            f"a caller asks far more since its release, and another of few requests gets a few more: {what}",
            world,
            (SHOP, cause, BACK),
            harmful=("scale_workload",),
        )
        for what, world, cause in (
            ("five times as many", among((0.1, 0.5)), "configuration_error"),
            ("fifteen times as many", among((0.02, 0.3)), "configuration_error"),
            ("who is asked is at its limit", among((0.1, 0.5), more=AT_LIMIT), "configuration_error"),
            ("three of them", among((0.1, 0.5), (0.2, 0.9), (0.05, 0.2)), "configuration_error"),
            ("enough to be no probes", among((0.7, 2.5), more=AT_LIMIT), "configuration_error"),
            (
                "and works as much more",
                among(
                    (0.7, 2.5), more=(*FAILS, *(figure("cpu_share", 0.1, 0.4, pod=pod("office0", n)) for n in (0, 1)))
                ),
                "configuration_error",
            ),
            ("its image is new", among((0.1, 0.6), asked=(60, 420), **NEW), "code_defect"),
            ("nobody counts what the caller itself is asked", among((0.1, 0.5), users=None), "configuration_error"),
            (
                "hardly twice as many, too few for so many",
                among((4, 7.8), asked=(60, 165)),
                BY_SETTING,
            ),
        )
    ),
    Holds(
        "a caller asks many times as often since its release, more users came later, and a few at another at once",
        snapshot(
            workload("shop", **{**NEW, "released": 2900}),
            workload("cart"),
            workload("office0", env=CALLS_CART),
            figures=[LEAPT, MORE_USERS, rate("office0", 0.1, 0.7, 2880), latency("cart", since=1400), *FULL],
        ),
        (SHOP, "code_defect", BACK),
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"a reader of a queue asks many times as often since its release: {what}",
            world,
            (READER, cause, remedy),
            harmful=harmful,
        )
        for what, world, cause, remedy, harmful in (
            ("only its probes are counted", handed(), "code_defect", "page_human", (BACK,)),
            ("the queue is outside", handed(env=OUTSIDE), "code_defect", "page_human", (BACK,)),
            (
                "only its probes are counted, and no more users came",
                handed(leapt=rate("cart", 60, 400), users=rate("shop"), released=660),
                "code_defect",
                "page_human",
                (BACK,),
            ),
            ("the probes of eight pods are counted", handed(3.0, pods=8), "code_defect", "page_human", (BACK,)),
            ("users ask it as well, and are counted", handed(40.0), "code_defect", BACK, ()),
            (
                "it was set to ask for each alone",
                handed(
                    env={**INSIDE, **PAGES["env"]},
                    before={"env": {**INSIDE, **PAGES["before"]["env"]}},
                ),
                "configuration_error",
                BACK,
                (),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a caller was released, and another that asks gets many times its requests: {what}",
        world,
        instead,
        harmful=(BACK,),
    )
    for what, world, instead in (
        ("it gets a good part of all", among((10, 45), asked=(60, 230), **NEW), SCALE),
        (
            "many that each get few",
            among(*[(1.0, 4.0)] * 12, asked=(60, 260), **NEW),
            SCALE,
        ),
        ("all callers get few, and ask for each of those very often", among((0.1, 0.5), users=(0.2, 0.21), **NEW), ()),
        ("it takes its work from a broker", among((0.1, 0.5), other=INSIDE, **NEW), ()),
        ("hardly twice as many, and it may ask often for each", among((10, 19), asked=(60, 165), **NEW), SCALE),
        ("nobody counts the one that was released", among((4, 7.8), asked=(60, 165), users=None, **NEW), SCALE),
    )
]
