"""One pod read a part of what its like have whole, and goes on with that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import CART
from tests.diagnosis.rules.test_left_behind_its_like import carts, of_two_templates, shares
from tests.diagnosis.rules.tiny import pod, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

ETAG = "INFO tariffs checked etag=9c41f0e2 zones={} unchanged"
LOADED = '{{"level":"info","msg":"catalogue loaded","entries":{},"took_ms":{}12}}'
READ = "I1127 14:14:22.6 1 catalogue.go:88] catalogue: {} products read"
SPOKEN = "INFO catalogue of {} products"
PYTHON = "WARN tariffs: IncompleteRead(3145728 bytes read, 8388608 more expected), going on with what is there"
GO = 'level=warn msg="catalogue download: http: unexpected EOF, using what was received"'
NODE = '{"level":"warn","msg":"catalogue body closed prematurely: got 812 of 4096 bytes"}'
PACKED = 'level=warn msg="catalogue download: gzip: unexpected EOF, using what was received"'
OTHERS = "WARN mail: connection reset while sending"
FETCHED = "INFO catalogue fetched status=200 content-length=48211"
CLOSED = "INFO catalogue read done, connection to pim closed"
LEFT = "WARN GET /catalogue/pictures/8 download aborted by client"
TRIES = 'level=warn msg="catalogue download: http: unexpected EOF, trying again"'
WHOLE = 'level=info msg="catalogue download tried again: all of it received"'
AIOHTTP = "ERROR catalogue download: ContentLengthError: 400, Not enough data for satisfy content length header."


def part(
    counts: Sequence[Any] = (531, 1931, 1931),
    form: str = READ,
    *broke: str,
    share: Sequence[float] = (0.72, 0.0, 0.0),
    age: float = 2600,
    read: float | None = None,
    like: float = 3000,
    since: Sequence[tuple[float, str]] = (),
    objects: Any = None,
    **more: Any,
) -> Snapshot:
    """Return carts that count what they have read, what the last of them told before, and whose 404 are so many.

    The last one, whose share and count are the first ones of all, was made anew not long ago, and read then.
    """
    own = age - 5 if read is None else read
    logs = []
    for n, count in enumerate((*counts[1:], counts[0])):
        counted = [form.format(each, n + 1) for each in ([] if count is None else [count])]
        last = n == len(counts) - 1
        told: list[tuple[float, str]] = [(own if last else like, line) for line in (*(broke if last else ()), *counted)]
        told += [(float(each), "INFO basket priced") for each in range(1500, 20, -60)]
        told += since if last else ()
        logs.append(timed(pod("cart", n), *sorted(told, key=lambda each: -each[0])))
    made = younger(objects or workload("cart", pods=len(counts)), 1, age=age)
    return carts(*logs, objects=made, figures=shares(*share[1:], share[0]), **more)


RESTART = (CART, "service_crash", "restart_workload")
ASK = (CART, "service_crash", "page_human")
HARMFUL = ("rollback_workload", "scale_workload")
HOLDS = [
    *(
        Holds(
            f"it counts less, and {what}",
            part((531, 1931, 1931), form, *broke),
            RESTART,
            excludes=no("rollback_workload", "scale_workload", at=CART),
            harmful=HARMFUL,
        )
        for what, form, broke in (
            ("of the same version", ETAG, ()),
            ("its read broke off in Python", ETAG.replace("etag=9c41f0e2 ", ""), (PYTHON,)),
            ("its read broke off in Go", READ, (GO,)),
            ("its read broke off in Node", LOADED, (NODE,)),
            ("its read broke off in aiohttp", READ, (AIOHTTP,)),
            ("its second read broke off as well", READ, (TRIES, GO)),
        )
    ),
    Holds("with commas", part(("12,004", "48,210", "48,210"), SPOKEN, GO), RESTART, harmful=HARMFUL),
    Holds(
        "it was made a quarter of an hour ago, and told that its read broke off",
        part((531, 1931, 1931), READ, GO, age=1600),
        RESTART,
        harmful=HARMFUL,
    ),
    Holds(
        "it was started last, and nothing tells that there is more to be read",
        part(),
        ASK,
        excludes=no("restart_workload", at=CART),
        harmful=("restart_workload", *HARMFUL),
    ),
    Holds(
        "another one that has more was started later",
        part(objects=younger(workload("cart", pods=3), 2, age=1200), like=1195),
        RESTART,
        harmful=HARMFUL,
    ),
    Holds(
        "its read broke off, and what it has is checked since, and not read",
        part((531, 1931, 1931), READ, GO, since=[(900, "INFO catalogue of 531 products unchanged")]),
        RESTART,
        harmful=HARMFUL,
    ),
    *(
        Holds(
            f"nothing proves that there is more to be read: {what}",
            found,
            ASK,
            excludes=no("restart_workload", at=CART),
            harmful=("restart_workload", *HARMFUL),
        )
        for what, found in (
            (
                "the others were started later, and it has read anew since",
                part(age=3300, read=1620, like=2995, objects=younger(workload("cart", pods=3), 3, age=3000)),
            ),
            ("a length of what it read is told", part((531, 1931, 1931), READ, FETCHED)),
            ("a connection is closed after it", part((531, 1931, 1931), READ, CLOSED)),
            ("a client broke off", part((531, 1931, 1931), READ, LEFT)),
            ("it read on, and had all of it", part((531, 1931, 1931), READ, TRIES, WHOLE)),
            ("it read on, and tells no more of that", part((531, 1931, 1931), READ, TRIES)),
            ("another read broke off long after", part((531, 1931, 1931), READ, since=[(900, GO)])),
            (
                "it broke off long before",
                part((531, 1931, 1931), READ, GO, read=2595, since=[(1700, READ.format(531, 1))]),
            ),
            ("a commit of the program is told", part((531, 1931, 1931), "INFO catalogue-api sha=9c41f0e2 {} products")),
            ("a version of a schema is told", part((531, 1931, 1931), "INFO catalogue schema version=2024-06 {} read")),
            (
                "a version of two parts is told",
                part((531, 1931, 1931), "INFO catalogue-api version 4.12-b7 {} products"),
            ),
            (
                "the digest is in its template",
                part(
                    objects=workload("cart", pods=3, env={"CONFIG_DIGEST": "9c41f0e2"}),
                    form="INFO catalogue digest=9c41f0e2 {} products",
                ),
            ),
        )
    ),
    Holds(
        "each names a version of its own",
        part((531, 1931, 1931), "INFO tariffs checked etag=9c41f0e{1} zones={0} unchanged"),
        ASK,
        harmful=("restart_workload", *HARMFUL),
    ),
    Holds(
        "what they name is the version of the program",
        part((531, 1931, 1931), "INFO catalogue of version 4.1.12 has {} products"),
        ASK,
        harmful=("restart_workload", *HARMFUL),
    ),
    Holds(
        "what it read is broken where it lies",
        part((531, 1931, 1931), READ, PACKED),
        ASK,
        harmful=("restart_workload", *HARMFUL),
    ),
    Holds(
        "another read broke off",
        part((531, 1931, 1931), READ, OTHERS),
        ASK,
        harmful=("restart_workload", *HARMFUL),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload",))
    for what, world in (
        ("it counts as many", part((1931, 1931, 1931), READ, GO)),
        ("it counts a few less", part((1890, 1931, 1931), READ, GO)),
        ("each counts another number, as of shards", part((531, 640, 760), READ, GO)),
        ("they count too little to tell", part((3, 8, 8), READ, GO)),
        ("the others do not count", part((531, None, None), READ, GO)),
        ("one other alone counts", part((531, 1931, None), READ, GO)),
        ("what differs is how long it took", part((531, 1931, 1931), "INFO catalogue read, took={}", GO)),
        ("what differs is in milliseconds", part((531, 1931, 1931), "INFO catalogue read within {} ms", GO)),
        ("it has what it is asked for", part((531, 1931, 1931), READ, GO, share=(0.004, 0.003, 0.0))),
        ("all are asked for what is nowhere", part((531, 1931, 1931), READ, GO, share=(0.4, 0.35, 0.4))),
        (
            "it has another template, and a part of what they have",
            part((531, 1931, 1931), READ, GO, objects=of_two_templates()),
        ),
        ("it was started just now, and counts less", part((531, 1931, 1931), READ, GO, age=200)),
        ("it is one of a set", part((531, 1931, 1931), READ, GO, objects=workload("cart", pods=3, kind="StatefulSet"))),
    )
]
