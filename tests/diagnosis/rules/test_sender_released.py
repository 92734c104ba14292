"""Readers end on what a newly released sender writes; who has only the same store, or another name, is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, looping
from tests.diagnosis.rules.scenes import alert, down
from tests.diagnosis.rules.tiny import Obj, at, event, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

ORDERS, READER = "Deployment/orders", "Deployment/invoices"
RELEASED = (ORDERS, "code_defect", "rollback_workload")
AMQP = {"AMQP_URL": "amqp://rabbitmq:5672"}
TAKES = "INFO message id=7 producer={}/2.1"
INSERT = "INFO INSERT INTO invoices {} VALUES 7"
DATE = "ValueError: time data '31/02/2026' does not match format '%d/%m/%Y'"
PAIRS = "ERROR cannot take it topic=all key=7 headers=[('schema', b'2'), ('producer', b'{}/2.1')]"
TRACE = (
    "CRITICAL unhandled exception",
    "Traceback (most recent call last):",
    '  File "/app/worker.py", line 8, in take',
)
TEXT = "Input should be a valid integer [type=int_parsing, input_value='1,5', input_type=str]"
FIELDS = '{{"level":"error","msg":"cannot take it","err":"Field required [type=missing","producer":"{}"}}'
LATER = "INFO: message id=8"
SETTINGS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "rates"}}]}


def rates(written: float) -> Obj:
    return thing("ConfigMap", "rates", written=written, data={"VAT": "19"})


def reading(pods: int = 2, **more: Any) -> list[Obj]:
    return workload("invoices", **{"env": AMQP, "pods": pods, "service": False, **more})


def world(
    *beside: Any,
    sender: dict[str, Any] | None = None,
    names: tuple[str, ...] = ("orders",),
    of: tuple[int, ...] = (0, 1),
    since: float = 620,
    ends: bool = True,
    calls: bool = False,
    pods: int = 2,
    said: tuple[str, ...] = (*TRACE, TEXT),
    takes: tuple[str, ...] = (TAKES,) * 2,
    **reader: Any,
) -> Snapshot:
    """Return readers that misread messages of somebody since a time, and a sender that was released just before.

    ``takes``: how each reader tells that a message came; ``said``: what it says of one that it cannot read.
    """
    readers = reading(pods, **reader)
    last = [log(pod("invoices", n), *[*map(takes[n].format, names), *said] * 5, since=since) for n in of]
    backoff = [event(f"Pod/{pod('invoices', n)}", "BackOff", "Back-off restarting", age=since - 300) for n in of]
    orders = {"env": AMQP, "before": {"image": "registry.example/orders:0"}, "released": 700, **(sender or {})}
    return snapshot(
        down(readers, looping(lived=18)) if ends else readers,
        backoff if ends else [],
        workload("orders", **orders),
        workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
        *beside,
        logs=last,
        alerts=[alert(service="invoices")] if calls else [],
    )


def waiting(first: float, last: float) -> Obj:
    """Return that the kubelet waited with the starts of a reader in a span of time."""
    told = event(f"Pod/{pod('invoices')}", "BackOff", "Back-off restarting failed container", age=last)
    return {**told, "firstTimestamp": at(first)}


def counted(world: Snapshot, since: float = 620) -> Snapshot:
    """Return readers whose restarts are counted: they were started again at a time."""
    counts = [figure("restarts", 0, 5, since, pod=pod("invoices", n), container="invoices") for n in (0, 1)]
    return replace(world, metrics={"restarts": tuple(series for _, series in counts)})


def untimed(world: Snapshot) -> Snapshot:
    """Return readers of whose traces only the heading has a time, and their source stands in them."""
    return replace(world, logs=tuple(each._replace(lines=tuple(_untimed(each.lines))) for each in world.logs))


def _untimed(lines: tuple[str, ...]) -> Iterator[str]:
    for line in lines:
        _, _, said = line.partition(" ")
        yield line if said.startswith(("INFO", "CRITICAL")) else said
        if "File" in said:
            yield "    order = Order.of(body)"


HOLDS = [
    Holds(
        "they end again and again, and name the sender of what they cannot read",
        world(),
        RELEASED,
        excludes=(
            *no("restart_workload", "scale_workload", at=ORDERS),
            *no("rollback_workload", "restart_workload", "scale_workload", at=READER),
        ),
        alone=True,
    ),
    Holds("their settings were edited hours before", world(rates(5 * HOUR), **SETTINGS), RELEASED, alone=True),
    Holds("they go on, and people are called for them", world(ends=False, calls=True), RELEASED, alone=True),
    Holds(
        "their restarts are counted since then, and their logs reach back to the last start only",
        counted(world(since=400)),
        RELEASED,
        began=600,
        alone=True,
    ),
    Holds(
        "they end again and again for longer than their logs reach back, and were not released for long",
        world([waiting(800, 30)], since=300, sender={"released": 1900}),
        RELEASED,
        began=800,
        alone=True,
    ),
    Holds(
        "they were started again long before as well, for something else",
        counted(world(), since=3000),
        RELEASED,
        began=521,
        alone=True,
    ),
    Holds(
        "one line tells what and whose it is", world(names=(), said=(FIELDS.format("orders"),)), RELEASED, alone=True
    ),
    Holds("a trace has no times", untimed(world()), RELEASED, alone=True),
    Holds(
        "headers that stand in pairs of texts name the sender",
        world(takes=('INFO message key=7 headers=(("schema", "2"), ("origin", "{}/2.1"))',) * 2),
        RELEASED,
        alone=True,
    ),
    Holds("headers that stand in pairs name the sender", world(takes=(PAIRS,) * 2), RELEASED, alone=True),
    *(
        Holds(f"it writes times in another form, as {what} tells", world(said=(*TRACE, text)), RELEASED, alone=True)
        for what, text in (
            ("Python", "ValueError: time data '2026-03-04 11:26:01' does not match format '%Y-%m-%dT%H:%M:%S'"),
            ("Go", 'parsing time "04.03.2026" as "2006-01-02T15:04:05Z07:00": cannot parse "04.03.2026" as "2006"'),
        )
    ),
]
LIMITS = {"resources": {"limits": {"cpu": "1"}}}
BUILD = {"image": "registry.example/invoices:0"}
BILLING = workload("billing", env=AMQP)
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("rollback_workload", "scale_workload"))
        for what, world in (
            ("nobody tells who sent it", world(names=())),
            ("one outside sent it, and what the sender wrote just before was read", world(names=("orders", "acme"))),
            ("a line of its own, which tells of no sender, stands between", world(said=("INFO checked", *TRACE, TEXT))),
            (
                "another message stands between, without a word of who sent it",
                untimed(world(said=(LATER, *TRACE, TEXT))),
            ),
            ("one line tells that another one sent it", world(said=(FIELDS.format("acme"),))),
            ("headers in pairs name one outside", world(takes=(PAIRS,) * 2, names=("acme",))),
            *(
                (f"columns are called as headers and the sender are: {each}", world(takes=(each,) * 2))
                for each in (
                    INSERT.format('("id", "origin", "{}")'),
                    INSERT.format('("origin", "{}")'),
                    "INFO read columns ['id', 'origin', '{}'] of a file",
                    'INFO selected ("from", "{}", "to") of a table',
                    'INFO took rows [["from", "{}", "to"]]',
                )
            ),
            ("a user's file has a date that is none", world(said=(*TRACE, f"cannot import row 7 of a.csv: {DATE}"))),
            ("a topic has the sender's name", world(takes=("INFO message topic={} offset=7",) * 2)),
            (
                "a topic has the sender's name, and one outside sent it",
                world(takes=("INFO message topic=orders producer={}",) * 2, names=("acme",)),
            ),
            ("one reader tells that one outside sent it", world(takes=(TAKES, "INFO message producer=acme id={}"))),
            ("the sender's release changed its limits only", world(sender={"before": LIMITS})),
            (
                "the sender was released before the kubelet waited with a start for something else",
                world([waiting(3000, 2900)], ends=False, calls=True, sender={"released": 3100}),
            ),
            (
                "the sender was released before they were started again for something else",
                counted(world(sender={"released": 3100}), since=3000),
            ),
            ("another one sent it, which is as it was", world(BILLING, names=("billing",))),
            ("one with a longer name sent it", world(names=("orders-archive",))),
            ("it, or another one that is as it was, sent it", world(BILLING, names=("orders", "billing"))),
            ("the sender was released hours before", world(sender={"released": 3 * HOUR})),
            ("the sender was released later", world(sender={"released": 200})),
            ("the sender has no store with them", world(sender={"env": {}})),
            ("few of them misread", world(of=(0,), pods=3, ends=False, calls=True)),
            ("they go on, and nobody is called", world(ends=False)),
        )
    ),
    DoesNotHold(
        "they were released then as well",
        world(before=BUILD, released=640),
        (READER, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "they were released since the kubelet waited with a start for the first time",
        world([waiting(7000, 30)], sender={"released": 7100}, before=BUILD, released=4000),
        (READER, "service_crash", "page_human"),
    ),
    DoesNotHold(
        "they were released then as well, long after they were started again for something else",
        counted(world(before=BUILD, released=640, sender={"released": 3100}), 3000),
        (READER, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "their settings were edited just before",
        world(rates(680), **SETTINGS),
        ("ConfigMap/rates", "configuration_error", "page_human"),
    ),
]
