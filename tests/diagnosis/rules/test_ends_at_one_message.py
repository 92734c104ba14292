"""A reader that ends at one message each time: nothing but taking that out helps, and mending who reads it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, down
from tests.diagnosis.rules.tiny import Obj, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RABBIT = workload("rabbitmq", "rabbitmq:3.13", kind="StatefulSet", port=5672)
KAFKA = workload("kafka", "bitnami/kafka:3", kind="StatefulSet", port=9092)
TO_RABBIT, TO_KAFKA = {"AMQP_URL": "amqp://rabbitmq:5672"}, {"KAFKA_BROKERS": "kafka:9092"}
READS = {"volumes": [{"name": "c", "configMap": {"name": "shop-settings"}}]}
OWN = {"volumes": [{"name": "c", "configMap": {"name": "mailer-settings"}}]}
VAIN = ("restart_workload", "scale_workload", "rollback_workload")

NODE = (
    '{{"level":30,"orderRef":"KN-77-{0}","redelivered":true,"deliveryTag":1,"msg":"order received"}}',
    "TypeError: Cannot read properties of null (reading 'countryCode')",
    "    at toOrder (/app/dist/mapping.js:87:43)",
)
GO = (
    'level=info msg="batch written" partition=2 rows=500',
    "level=debug msg=decoding partition=3 offset={0} bytes=412",
    "panic: runtime error: index out of range [0] with length 0",
)
CELERY = (
    "[INFO/MainProcess] Task shop.tasks.invoice[5f1d7c0e-2b54-4f0a-9a57-0d1b7f{0}] received",
    "Traceback (most recent call last):",
    '  File "/app/shop/tasks.py", line 71, in invoice',
    "IndexError: list index out of range",
)
JAVA = (
    "INFO  [pool-1-thread-2] c.s.Listener : Handling message id=OB-{0} type=REFUND",
    "ERROR [pool-1-thread-2] c.s.Main : shutting down: java.lang.IllegalStateException: no currency for refund",
)
PLACE = ("panic: cannot decode message scans-0@{0}: invalid character '<' looking for beginning of value",)
TRACED = (
    "level=info msg=applied partition=2 offset=58101",
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "shop/internal/apply.(*Applier).Apply(0xc0001c4000, {{{{0xc0000a6150, 0xe}}, 0x3, 0x359bf, ...}})",
    "\t/src/internal/apply/apply.go:112 +0x2b8",
)
"""Go tells in hexadecimal what its functions were given: part 3, 219583."""
GIVEN = (
    "[info] applied partition=2 offset=58101",
    "** (EXIT) AssertionError: no such clause in Shop.Projection.apply/3",
    "    (shop 4.1.0) lib/shop/projection.ex:41: Shop.Projection.apply(:route, 3, 219583)",
)
LOST = (
    JAVA[0],
    "ERROR java.lang.IllegalStateException: no tax table: Connection to postgres:5432 refused. Check that the hostname"
    " and port are correct and that the postmaster is accepting TCP/IP connections.",
)
STARTS = ("INFO loaded surcharge table of 412700 rows", "panic: runtime error: index out of range [0] with length 0")
COUNTED = ("INFO fetched 50000 records of batch {0}", GO[2])


def life(number: int, said: tuple[str, ...], message: int, *, previous: bool) -> Log:
    lines = [each.format(message) for each in ("INFO starting 2.9.0", *said)]
    return log(pod("shop", number), *lines, since=700 if previous else 300, previous=previous)


def lives(said: tuple[str, ...], *messages: int) -> list[Log]:
    """Return the logs of lives, two of each pod, each with the message that it gets."""
    return [life(n // 2, said, each, previous=n % 2 == 0) for n, each in enumerate(messages)]


def ends(said: tuple[str, ...], *messages: int, of: list[Obj] | None = None, more: tuple[Log, ...] = ()) -> Snapshot:
    objects = of or down(workload("shop", pods=2, env={**TO_RABBIT, **TO_KAFKA}), looping())
    logs = [*lives(said, *messages), *more]
    return snapshot(objects, RABBIT, KAFKA, workload("feed", env=TO_RABBIT), postgres(), logs=logs, alerts=[alert()])


SAME = (219583, 219583, 219583)
EDITED = thing("ConfigMap", "shop-settings", written=1200, data={"app.yaml": "a: b"})
SENT = log(pod("feed"), "INFO published order=KN-77-219583 confirmed=true", since=900)


def skips(
    line: str,
    *,
    of: tuple[str, ...] = TRACED,
    edited: bool = True,
    release: float = 0,
    also: bool = False,
    own: float = 0,
) -> Snapshot:
    """Return a reader whose lives end at the record that their trace tells, and another program that tells a line.

    ``edited``: its settings are others since; ``release``: so long ago its template became another; ``also``: the
    other program reads the same settings; ``own``: so long ago its own were written.
    """
    more: dict[str, Any] = {"before": IMAGE, "released": release} if release else {}
    same: dict[str, Any] = {"spec": READS} if also else {"spec": OWN} if own else {}
    return snapshot(
        down(workload("shop", pods=2, env=TO_KAFKA, spec=READS, **more), looping()),
        *([EDITED] if edited else []),
        *([thing("ConfigMap", "mailer-settings", written=own, data={"app.yaml": "a: b"})] if own else []),
        KAFKA,
        workload("mailer", env=TO_KAFKA, **same),
        logs=[*lives(of, *SAME), log(pod("mailer"), line, "INFO mailed 7 of 7", since=1500)],
        alerts=[alert()],
    )


AT_SCANS = ("level=info msg=applied topic=scans partition=2 offset=58101", *TRACED[1:])
ITS_OWN = ("ConfigMap/shop-settings", "configuration_error", "page_human")
BAD = "WARN skipping record scans-3@219583: unsupported schema 1, it has no route"

HOLDS = [
    Holds(
        "of a queue that gives it out again, with who sent it",
        ends(NODE, *SAME, more=(SENT,)),
        (SHOP, "code_defect", "page_human"),
        excludes=no(*VAIN, at=SHOP),
        harmful=VAIN,
    ),
    Holds(
        "at one record of a log, after others that it could read",
        ends(GO, *SAME),
        (SHOP, "code_defect", "page_human"),
        excludes=no(*VAIN, at=SHOP),
    ),
    Holds(
        "by the id of a task, above a trace",
        ends(CELERY, *SAME),
        (SHOP, "code_defect", "page_human"),
        excludes=no(*VAIN, at=SHOP),
    ),
    Holds(
        "by the id that a listener tells, and the error calls itself one",
        ends(JAVA, *SAME[:2]),
        (SHOP, "code_defect", "page_human"),
    ),
    Holds(
        "one life alone is known, which tells that the message was given out before",
        ends(NODE, 219583),
        (SHOP, "code_defect", "page_human"),
        sure=(0.4, 0.8),
    ),
    Holds(
        "one life alone is known, whose last words name the record",
        ends(PLACE, 88121),
        (SHOP, "code_defect", "page_human"),
    ),
    Holds(
        "a release came since, and the template before ends at it as well",
        ends(NODE, *SAME, of=down(rollout("shop", looping(), before=IMAGE, old=1, env=TO_RABBIT), looping())),
        (SHOP, "code_defect", "page_human"),
        harmful=VAIN,
    ),
]
HOLDS += [
    Holds(
        f"a trace tells the numbers of a record that another program cannot read either: {what}",
        world,
        (SHOP, "code_defect", "page_human"),
        excludes=no(*VAIN, at=SHOP),
        harmful=VAIN,
    )
    for what, world in (
        ("in hexadecimal, after an innocent edit of its settings", skips(BAD)),
        ("in decimals", skips("ERROR cannot decode record topic=scans partition=3 offset=219583", of=GIVEN)),
        ("of the topic that it reads", skips(BAD, of=AT_SCANS)),
        ("with an edit, and one of the other's own long before", skips(BAD, own=9000)),
        ("with no edit", skips("WARN malformed event scans-3 at offset 219583", edited=False)),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a trace tells numbers, and {what}", world, harmful=("scale_workload",))
        for what, world in (
            ("another program cannot read another record", skips(BAD.replace("583", "599"))),
            ("another program cannot read that of another part", skips(BAD.replace("scans-3", "scans-7"))),
            ("another program reads that record well", skips("INFO mailed record scans-3@219583")),
            ("the numbers are places in the program", skips(BAD, of=(*TRACED[:2], "\t/src/a.go:3 +0x3 +0x359bf"))),
        )
    ),
    *(
        DoesNotHold(f"its settings were edited, and {what}", world, ITS_OWN)
        for what, world in (
            ("the other that fails at its record reads the same ones", skips(BAD, also=True)),
            ("those of the other that fails at its record were with them", skips(BAD, own=1205)),
            ("who fails at such a record reads another topic", skips(BAD.replace("scans", "audit"), of=AT_SCANS)),
            (
                "its last words count seconds as another program counts a record",
                skips("WARN malformed event audit-3 at offset 1500", of=(*TRACED[:2], "exit 2, start 3 in 1500 ms")),
            ),
            (
                "another program names the schema of a record that it sent well",
                skips("INFO published scans-3@219583 schema id=12"),
            ),
        )
    ),
    DoesNotHold(
        "another program cannot read the record of the trace either, but what a release replaced may have read it",
        skips(BAD, edited=False, release=600),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "each life ends at another message",
        ends(NODE, 219583, 219601, 219622),
        (SHOP, *("service_crash",), "page_human"),
    ),
    DoesNotHold(
        "what all lives tell is how many they fetch, each of another batch",
        ends(COUNTED, 31, 32, 33),
        (SHOP, "service_crash", "page_human"),
    ),
    DoesNotHold("it ends at its start, before any message", ends(STARTS, *SAME), (SHOP, "service_crash", "page_human")),
    DoesNotHold("what it stumbles over is a database that is away", ends(LOST, *SAME), harmful=VAIN[1:]),
    DoesNotHold(
        "a release came just before, and what it replaced may well have read it",
        ends(NODE, *SAME, of=down(workload("shop", before=IMAGE, released=600, pods=2, env=TO_RABBIT), looping())),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it runs again, and the one life that ended tells of no second time",
        ends(JAVA, 219583, of=workload("shop", env=TO_RABBIT)),
    ),
    *(
        DoesNotHold(
            f"who sent the message was released since: {what}",
            snapshot(
                down(workload("shop", pods=2, env=TO_RABBIT), looping()),
                RABBIT,
                workload("feed", env=TO_RABBIT, before=IMAGE, released=1200),
                logs=[*lives(NODE, *SAME), sent],
            ),
            harmful=("restart_workload", "scale_workload"),
        )
        for what, sent in (
            ("it may write all of them so", SENT),
            ("it names their schema", log(pod("feed"), "INFO published order=KN-77-219583 schema id=12", since=900)),
        )
    ),
    DoesNotHold(
        "its settings are others since: it may stumble at any message",
        snapshot(
            down(workload("shop", pods=2, env=TO_RABBIT, spec=READS), looping()),
            EDITED,
            RABBIT,
            logs=lives(NODE, *SAME),
        ),
        harmful=("rollback_workload", "scale_workload"),
    ),
]
