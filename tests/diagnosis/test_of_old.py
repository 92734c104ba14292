"""What somebody of no concern tells all the while is not what an alert asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.diagnosis.rules.scenes import alert, errors, latency
from tests.diagnosis.rules.tiny import DAY, log, pod, secret_key, snapshot, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.view import View

EXPIRED = "ERROR 45.9.1.7 tls handshake failed: certificate has expired; session closed"
AWAY = "ERROR POST https://mail.partner.example/v1/send: 503 Service Unavailable, upstream connect error"
LEAKS = "WARN ProxyLeakTask Connection leak detection triggered for org.postgresql.jdbc.PgConnection on thread task-1"
SENT = "INFO sent"
HOURS = 7200.0
OFTEN = [SENT, EXPIRED, SENT] * 24
MAILER = "Deployment/mailer"


def world(
    lines: Sequence[str] = OFTEN,
    since: float = HOURS,
    *,
    about: str = "shop",
    asks: str = "",
    runs: float = 10 * DAY,
    store: str = "",
    **more: Any,
) -> Snapshot:
    """Return a shop that somebody was alarmed for ten minutes ago, and what a mailer tells, of which it knows nothing.

    ``about``: whom the alert names. ``asks``: whom the shop calls. ``runs``: for how long the mailer runs. ``store``:
    of which Secret both take the address of a store.
    """
    shares = {"DB_URL": secret_key(store, "url")} if store else {}
    env = {"URL": f"http://{asks}:8080"} if asks else {}
    return snapshot(
        workload("shop", env=env | shares),
        workload("mailer", pods=1, started=runs, env=shares),
        logs=[log(pod("mailer"), *lines, since=since)],
        **{"alerts": [alert(service=about)], "figures": [errors("shop", since=700)], **more},
    )


def told(snap: Snapshot) -> tuple[bool, bool]:
    """Return whether the mailer is found, and whether it is held back as what is of old."""
    diagnosis = decide(snap)
    old = any(each.component == MAILER and "long before" in each.reason for each in diagnosis.considered)
    return any(each.component == MAILER for each in diagnosis.findings), old


@pytest.mark.parametrize(
    "snap",
    [world(), world([SENT, AWAY, SENT] * 24), world(alerts=[alert(service="shop"), alert("Slow", service="shop")])],
    ids=["certificates of strangers", "a partner that is often away", "two alerts of one service"],
)
def test_the_noise_of_a_bystander_is_no_finding(snap: Snapshot) -> None:
    assert told(snap) == (False, True)


@pytest.mark.parametrize(
    "snap",
    [
        world([SENT] * 200 + [EXPIRED] * 20),
        world([SENT] * 100 + [EXPIRED, SENT] * 50),
        world([EXPIRED, *[SENT] * 12] * 14 + [EXPIRED] * 18),
        world(since=1500),
        world(runs=HOURS),
        world(about="mailer", figures=[]),
        world(alerts=[alert("MailerFails", service="shop")]),
        world(asks="mailer"),
        world(store="goods-db"),
        world(figures=[errors("mailer", since=700)]),
        world(figures=[latency("mailer", since=3000)]),
        world(alerts=[], figures=[]),
        world(about="nobody-known"),
        world(alerts=[alert(service="shop"), alert("Other", service="nobody-known")]),
    ],
    ids=[
        "it began with the trouble",
        "it began an hour before",
        "it is told far more often since",
        "the log does not reach back",
        "it tells of it since its start, two hours ago",
        "the alert is about it",
        "the name of the alert is of it as well",
        "who suffers asks it",
        "who suffers uses the same store: it may bring what that one shows",
        "its users feel it too",
        "its users are served slowly",
        "nobody was alarmed",
        "whom the alert is about is not known",
        "whom one of the alerts is about is not known",
    ],
)
def test_what_may_be_the_trouble_is_told(snap: Snapshot) -> None:
    assert told(snap) == (True, False)


def of_words(trouble: str) -> Rule:
    """Return a rule that holds where the mailer's log tells of a trouble."""

    def when(view: View) -> Iterator[Match]:
        yield from (Match(hit.component, (view.hit_evidence(hit),), 0.8) for hit in view.hits_of(MAILER, trouble))

    return Rule("words", "words", "code_defect", "page_human", Tier.STATED, when, "")


@pytest.mark.parametrize(
    ("line", "trouble", "found"), [(EXPIRED, "certificate", False), (LEAKS, "connection_leak", True)]
)
def test_what_somebody_holds_is_told_for_long_before_others_feel_it(line: str, trouble: str, found: bool) -> None:
    findings = decide(world([SENT, line, SENT] * 24), [of_words(trouble)]).findings
    assert (findings[0].rule == "words") == found
