"""Hosts outside that tell that they are late themselves, and those that tell of one thing, or of us, or are on time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WEB, alert, errors, shop
from tests.diagnosis.rules.tiny import NOW, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BEFORE = ((3600.0, "INFO cart opened"), (3000.0, "INFO cart opened"))
FIRES = alert("NothingToPack", service="web")
CARD = 'INFO GET https://api.cardhaven.example/v2/charges/ch_{n}a7 -> 200 {{"state":"pending","notice":"{said}"}}'
TEXTS = 'level=info msg="asked for a receipt" host=push.smsline.example code=202 id=msg-{n}88 warning="{said}"'
MAILS = "info: mail.postwerk.example answered 250 for item-{n}f3{n}: {said}"
LATE = "PW-118 settlements are delayed, callbacks follow"
WARNS = 'WARN https://api.cardhaven.example/v2/charges/ch_{n}a7 is open still: "{said}"'
OTHERS = (
    "delivery of messages is currently delayed",
    "we are experiencing unusual delays",
    "notification backlog, incident 4411",
    "processing is temporarily held up",
)


def says(
    said: str = LATE, form: str = CARD, *, times: int = 8, since: float = 1500, until: float = 60, same: str = ""
) -> Any:
    """Return what is told of so many things, one after the other: the same words each time."""
    step = (since - until) / (times - 1)
    return tuple((since - n * step, form.format(n=same or 100 + n, said=said)) for n in range(times))


def world(
    *told: tuple[float, str],
    before: Any = BEFORE,
    alerts: Any = (FIRES,),
    figures: Any = (),
    more: Any = (),
    since_release: float | None = None,
) -> Snapshot:
    """Return a shop that asks a host outside, who packs what it hands on, an alert about that one, and a log."""
    packs = workload("web", env={"SHOP_URL": "http://shop:8080"})
    kept = [timed(pod("shop"), *sorted((*before, *told), reverse=True), of="shop"), *more]
    old = {} if since_release is None else {"before": {"image": "shop:0"}, "released": since_release, "started": 9000}
    return snapshot(shop(**old), packs, logs=kept, alerts=alerts, figures=figures)


def waits(*ages: float) -> Log:
    return timed(pod("web"), *((age, "WARN nothing to pack for 9 minutes") for age in ages), of="web")


CAME = tuple((1600.0 + 60 * n, f"INFO hook cardhaven charge.settled ch_{n}bb") for n in range(8))
STILL = (*CAME, (90.0, "INFO hook cardhaven charge.settled ch_99bb"))
KINDS = ("card", "voucher", "invoice", "refund")
HARM = ("restart_workload", "rollback_workload", "scale_workload", "no_action")
SAYS = (SHOP, "dependency_failure", "page_human")
HOLDS = [
    Holds(
        "each charge is answered with the same notice",
        world(*says()),
        SAYS,
        excludes=(*no("restart_workload", at=SHOP), *no("restart_workload", at=WEB)),
        harmful=HARM,
        began=1500,
    ),
    Holds(
        "what came of it comes no more", world(*says(), before=(*BEFORE, *CAME)), SAYS, harmful=HARM, sure=(0.6, 0.9)
    ),
    Holds("something of it comes still", world(*says(), before=(*BEFORE, *STILL)), SAYS, harmful=HARM),
    Holds("who asks warns of it", world(*says(form=WARNS)), SAYS, harmful=HARM),
    Holds("who waits warns of that", world(*says(), more=[waits(*range(900, 60, -60))]), SAYS, harmful=HARM),
    Holds(
        "a release came an hour before",
        world(*says(), since_release=5400),
        SAYS,
        harmful=HARM,
    ),
    *(Holds(f"in a log of fields: {said}", world(*says(said, TEXTS)), SAYS, harmful=HARM) for said in OTHERS),
    *(Holds(f"in a sentence: {said}", world(*says(said, MAILS)), SAYS, harmful=HARM) for said in OTHERS[:2]),
]
ON_TIME = (30.0, CARD.format(n=909, said="settled"))
NEAR = [
    ("it is said of one thing alone", world(*says(same="555"))),
    ("it is one thing that is late", world(*says("your parcel is delayed"))),
    ("they are queued, as always", world(*says("messages are queued for delivery"))),
    (
        "each thing has another reason",
        world(*(line for n in KINDS for line in says(f"{n}s are delayed", times=4))),
    ),
    ("it is said a few times", world(*says(times=3))),
    ("it is on time again", world(*says(), ON_TIME)),
    ("it is not said any more", world(*says(until=1200))),
    ("it was said from the log's first line on", world(*says(), before=())),
    ("it is about what we used up", world(*says("requests are delayed: quota of your plan is used up"))),
    ("it is that of tests", world(*says("payouts are delayed (livemode: false)"))),
    ("two hosts say it", world(*says(), *says(form=TEXTS))),
    ("one of us says it", world(*says(form=CARD.replace("api.cardhaven.example", "web:8080")))),
    ("an alert is older than all of it", world(*says(), alerts=[FIRES._replace(starts_at=NOW - timedelta(hours=2))])),
]
DOES_NOT_HOLD = [
    *(DoesNotHold(what, made, instead=("unknown", "page_human"), harmful=HARM) for what, made in NEAR),
    DoesNotHold("nobody is alarmed", world(*says(), alerts=()), instead=("unknown", "page_human"), harmful=HARM),
    DoesNotHold("requests fail as well", world(*says(), figures=[errors("web")]), instead=("unknown", "page_human")),
    DoesNotHold(
        "it came with a release of who asks",
        world(*says(), since_release=1560),
        instead=("unknown", "page_human"),
    ),
]
