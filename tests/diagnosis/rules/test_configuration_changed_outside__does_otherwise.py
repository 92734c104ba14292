"""A file that a program read anew, and by which it does otherwise with most of its work; what only looks like it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold
from tests.diagnosis.rules.reread import JAVA, NODE, PYTHON, READ, names_the_file, of_another_reason, rereading
from tests.diagnosis.rules.scenes import OLD, WELL, alert
from tests.diagnosis.rules.test_queue_backlog import broker
from tests.diagnosis.rules.tiny import Obj, pod, timed, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

FIELDS = (
    '{{"L":"info","m":"order shipped","order":"o-{n}","score":0.1{n}}}',
    '{{"L":"info","m":"order kept for a clerk","order":"o-{n}","score":0.1{n},"above":0.08}}',
)
JSON = (
    '{{"level":"info","msg":"claim paid at once","claim":"c-{n}"}}',
    '{{"level":"info","msg":"claim sent to an adjuster","claim":"c-{n}"}}',
)
TEXT = "INFO Dispatch : parcel p-{n} goes by van", "INFO Dispatch : parcel p-{n} goes by courier express"
LOGFMT = 'level=info msg="image kept" id={n}', 'level=info msg="image moved to quarantine" id={n}'
OTHERS = TEXT[0], "INFO Nightly : index {n} written"
BUSY: dict[str, Any] = {"env": {"AMQP_URL": "amqp://rabbitmq:5672"}}
DESK = workload("desk", **BUSY)
QUEUED: tuple[Obj, ...] = (*broker(), *DESK)
OF_DESK = [alert("InboxLong", service="desk")]


def doing(
    *beside: Obj,
    lines: tuple[str, str] = FIELDS,
    told: str = JAVA,
    turned: float = READ - 20,
    still: int = 9,
    also: bool = False,
    every: int = 60,
    since: int = 60,
    strays: int = 0,
    pods: int = 2,
    reach: int = 3300,
    until: int = 0,
    alerts: Iterable[Alert] = (),
    figures: Iterable[Any] = (WELL,),
    cart: dict[str, Any] | None = None,
) -> Snapshot:
    """Return a cart that does something, reads a file which somebody wrote, and does otherwise with most of it.

    still: of so many pieces one is done as before; also: the new lines come beside those of before, all of which
    are told; every, since: how many seconds lie between two pieces, before and now; strays: of so many before one was
    done as now; pods: how many of its two turn; reach, until: from when to when its logs go.
    """
    logs = []
    for number in range(2):
        said = [(float(age), 0) for age in range(reach, int(turned), -every)]
        said += [(float(age), 1) for age in range(int(turned), until, -since)]
        rows: list[tuple[float, str]] = []
        for n, (age, kind) in enumerate(said):
            other = number < pods and (bool(n % still) if kind else bool(strays) and not n % strays)
            rows.append((age, lines[other].format(n=n + 10)))
            if other and also:
                rows.append((age, lines[0].format(n=n + 10)))
        logs.append(timed(pod("cart", number), *sorted([*rows, (READ, told)], key=lambda each: -each[0])))
    return rereading(logs, *beside, called="TooManyKept", alerts=alerts, figures=figures, cart=cart)


HOLDS = [
    *names_the_file(
        "a program does otherwise since it read a file",
        (
            ("its fields have names of their own", doing()),
            ("in JSON", doing(lines=JSON, told=NODE)),
            ("in plain text", doing(lines=TEXT, told=PYTHON)),
            ("in key=value", doing(lines=LOGFMT)),
            ("a third of it goes on as before", doing(still=3)),
            ("its callers are complained of", doing(alerts=[alert(service="shop")])),
            ("who takes it from a queue is complained of", doing(*QUEUED, alerts=OF_DESK, cart=BUSY)),
            ("it was released hours before", doing(cart={"before": OLD, "released": 8000.0})),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a program read a file, and does as before, or for another reason: {what}", world, ())
    for what, world in (
        ("it did so before as well", doing(turned=2900)),
        ("it did so now and then before", doing(strays=9)),
        ("it does so since much later", doing(turned=500)),
        ("most is done as before", doing(still=2, since=50)),
        ("it only tells more of what it does", doing(also=True)),
        ("it tells of something else", doing(lines=OTHERS)),
        ("hardly anything comes any more", doing(since=200)),
        ("far more comes", doing(since=15)),
        ("one pod of two does", doing(pods=1)),
        ("nobody knows what it did before", doing(reach=1250)),
        ("it tells nothing since", doing(until=1000)),
        ("who is complained of takes nothing of it", doing(*DESK, alerts=OF_DESK)),
        (
            "who takes its work was released as it began",
            doing(*broker(), *workload("desk", before=OLD, released=READ - 30, **BUSY), alerts=OF_DESK, cart=BUSY),
        ),
        *of_another_reason(doing, READ, READ + 30),
    )
]
