"""A file that a program tells to have read anew, and by which it finds nothing since; what looks so and is another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold
from tests.diagnosis.rules.reread import JAVA, NODE, PYTHON, READ, names_the_file, of_another_reason, rereading
from tests.diagnosis.rules.scenes import OLD, WELL, alert, rate
from tests.diagnosis.rules.tiny import Obj, pod, timed, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

GO = '{{"level":"info","msg":"match","couriers":{found},"looked_at":{all},"took_ms":{n}}}'
LOGFMT = "level=info msg=quote offers={found} of_catalogue={all} zone=N{n}"
PART = "INFO matcher: {found} of {all} drivers within reach of r-{n}"
WORDS = "INFO Search : query q{n} found {found} rooms"
TWICE = "INFO Search : query q{n} found {found} rooms in {all} houses"
FAULTS = '{{"level":"info","msg":"pass","{what}":{found},"looked_at":{all}}}'
VIRUSES = "INFO scan: found {found} viruses in {all} files"
REVIEWED = "INFO screening: {found} of {all} orders held for review"
ASKED = rate("cart")


def looking(
    *beside: Obj,
    line: str = GO,
    told: str = JAVA,
    turned: float = READ - 20,
    was: int = 8,
    now: int = 0,
    every: int = 1,
    stray: int = 0,
    has: int = 90,
    pods: int = 2,
    reach: int = 3300,
    until: int = 0,
    alerts: Iterable[Alert] = (),
    figures: Iterable[Any] = (WELL,),
    cart: dict[str, Any] | None = None,
    what: str = "errors",
) -> Snapshot:
    """Return a cart that looks for something, reads a file which somebody wrote, and finds none of it since.

    was, now: how much it finds before and since; every: in how many lines once it finds what it does now; stray: in
    how many of them one after all; has: how much it looks through since; pods: how many of its two turn; reach, until:
    from when to when its logs go.
    """
    logs = []
    for number in range(2):
        lines = []
        for n, age in enumerate(range(reach, until, -70)):
            since = age <= turned and number < pods
            found = was if not since or n % every else 1 if stray and not n % stray else now
            through = has if since else 90
            many = {"found": found + n % 3 * (found > 1), "all": through + n % 7 * bool(through)}
            lines.append((float(age), line.format(**many, n=n, what=what)))
        logs.append(timed(pod("cart", number), *sorted([*lines, (READ, told)], key=lambda each: -each[0])))
    return rereading(logs, *beside, called="TooFewOrders", about="shop", alerts=alerts, figures=figures, cart=cart)


HOLDS = [
    *names_the_file(
        "a program finds nothing more since it read a file",
        (
            ("it counts in JSON how much it looked at", looking()),
            ("in key=value", looking(line=LOGFMT, told=NODE)),
            ("as a part of all there is", looking(line=PART, told=PYTHON)),
            ("in words, and is asked as often", looking(line=WORDS, figures=[WELL, ASKED])),
            ("in words, with what it looked through", looking(line=TWICE)),
            ("it is an error", looking(line=PART.replace("INFO", "ERROR"))),
            ("it counts what is at hand of a wholesaler", looking(line=FAULTS, what="wholesale_offers")),
            ("it finds one now and then", looking(stray=12)),
            ("it is complained of itself", looking(alerts=[alert("NothingFound", service="cart")])),
            ("it was released hours before", looking(cart={"before": OLD, "released": 8000.0})),
            ("who asks it was released a while before", looking(*workload("web", before=OLD, released=READ + 900))),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a program finds other things since it read a file, or nobody knows why not: {what}", world, ())
    for what, world in (
        ("found nothing before", looking(turned=2900)),
        ("finds nothing since much later", looking(turned=500)),
        ("finds nothing in every other line", looking(every=2)),
        ("finds less", looking(now=2)),
        ("one pod of two finds nothing", looking(pods=1)),
        ("there is nothing for it to find", looking(has=0)),
        ("nobody knows whether anybody asks it", looking(line=WORDS)),
        ("nobody asks it any more", looking(line=WORDS, figures=[WELL, rate("cart", 50, 2, READ)])),
        ("nobody knows what it found before", looking(reach=1250)),
        ("tells nothing since", looking(until=1000)),
        *(
            (f"counts no {word} since", looking(line=FAULTS, what=word))
            for word in (
                *("errors", "evicted", "in_flight", "duplicates", "anomalies", "mismatches", "bad_rows", "badRows"),
                *("alerts", "overdue", "unmatched", "isInvalid", "corrupt", "stock_outs", "debt", "gaps"),
            )
        ),
        ("none of what it looks for is ill", looking(line=VIRUSES)),
        ("none of all there is has to wait", looking(line=REVIEWED)),
        *(
            (f"a setting is nought that each line repeats: {word}", looking(line=FAULTS, what=word, was=1))
            for word in ("surcharge", "min_stars", "debug")
        ),
        *(
            (f"answers within a millisecond since, by {word}", looking(line=FAULTS, what=word))
            for word in ("took_ms", "replyMs")
        ),
        *of_another_reason(looking, READ, READ + 30),
    )
]
