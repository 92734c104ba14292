"""While a host outside was away another told of something: of the outage, or of what it gets wrong by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.back_again import NEW_WEB, late_web, pending, worked_off
from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.tiny import NOW, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

SENDER, WEB, HEALTHY = "Deployment/sender", "Deployment/web", ("no_fault", "no_action")
WRONG = "ERROR invoice 17: total 118.00 does not match its lines 119.00, not sent"
BACK = (WEB, "code_defect", "rollback_workload")
BILLS = Alert(
    "InvoicesWrong",
    {"severity": "critical", "service": "web", "window": "1h"},
    {},
    "firing",
    NOW - timedelta(minutes=35),
)
CHARGED = BILLS._replace(name="PayoutsWrong")
QUEUED = '{"level":"warn","msg":"confirmation is pending since 900 s","order":"B17"}'
BADLY = '{"level":"error","msg":"confirmation is pending since 900 s","error":"bad signature"}'
REJECTED = "ERROR payout 17 rejected by bank: bad signature, 12 payouts are pending"


def beside(words: str, *, fires: Alert | None = None, until: float = 800, env: Any = None) -> Snapshot:
    """Return such a sender, and a web that was released, told this meanwhile and tells of nothing since."""
    web = workload("web", before={"image": "web:0"}, released=3300, env=env) if env else NEW_WEB
    return worked_off(pending(3000, until, words), beside=web, alerts=[fires or late_web()])


ASKS = {"MAIL_URL": "http://sender:8080"}
ASKS_HOST = {"SMTP_HOST": "smtp.relay.example.com"}
HOLDS = [
    Holds(
        f"a host outside was away and is back, and another told meanwhile {what}",
        world,
        (SENDER, *HEALTHY),
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    )
    for what, world in (
        ("that more wait, not of what", beside("WARN 332 orders wait, oldest since 184 s")),
        ("of what was not done in time", beside("WARN order 17 not yet confirmed after 900 s")),
        ("how long each has waited", beside('WARN plan of an order is late, "waitingSec":1082,"attempts":2')),
        ("that a backlog grows, and how old it is", beside("WARN mail backlog is 332: oldest 184 s")),
        ("that one waits, in the field of its message", beside(QUEUED)),
        ("that the host does not answer", beside("ERROR dial tcp smtp.relay.example.com:587: i/o timeout", until=1600)),
        (
            "that it does not answer, and is set to ask that host",
            beside("ERROR confirm failed: unexpected status 503 Service Unavailable", env=ASKS_HOST),
        ),
        ("that the reader does not, by no name", beside("ERROR send failed: i/o timeout", env=ASKS)),
        ("that the reader does not", beside("ERROR POST http://sender:8080/v1: 503 Service Unavailable", env=ASKS)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a host outside was away and is back, and another, newly released, told meanwhile {what}",
        world,
        instead,
        harmful=("no_action",),
    )
    for what, world, instead in (
        ("of its own bills", beside(WRONG, fires=BILLS), BACK),
        ("of its own bills, until a moment later", beside(WRONG, until=650), BACK),
        ("of its own prices", beside("WARN price list of tenant 17 is empty, charged 0.00"), BACK),
        ("of its own mistake, and asks the reader", beside("ERROR mail 17 has no subject", env=ASKS), BACK),
        ("that more is pending, of what was rejected", beside(REJECTED), BACK),
        (
            "of its own sums, and the oldest of them",
            beside("ERROR ledger out of balance by 118.00, oldest entry 17"),
            BACK,
        ),
        (
            "that it charged twice what is pending",
            beside("ERROR charged tenant 17 twice while invoice is pending"),
            BACK,
        ),
        ("that it took the oldest of its prices", beside("ERROR oldest price list used: price is 0.00"), BACK),
        (
            "that it cannot read what lies in the backlog",
            beside("ERROR backlog item 17: cannot parse plan, dropped"),
            BACK,
        ),
        ("that one waits, and in a field what is wrong", beside(BADLY), BACK),
        (
            "that some wait, while people are called for what is wrong",
            beside("WARN 332 orders wait", fires=CHARGED),
            (),
        ),
        ("that it will wait for the next try", beside("WARN invoice 17 rejected, waiting 5 s before next try"), BACK),
        ("that it waits for what it has itself", beside("ERROR waiting for a connection of the pool: 30 wait"), BACK),
        ("that another host does not answer", beside("ERROR dial tcp pay.example.org:443: i/o timeout", env=ASKS), ()),
        ("that nobody named answers, and asks none of both", beside("ERROR confirm failed: i/o timeout"), BACK),
    )
]
