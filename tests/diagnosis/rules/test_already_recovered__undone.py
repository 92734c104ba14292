"""That requests are well again says nothing of work that they began and that is not done."""

from __future__ import annotations

from collections.abc import Callable

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.tiny import pod, series, snapshot, timed, workload
from tests.diagnosis.rules.undone import EXPORTS, MAILS, begun, fires, since
from tuheg_ir.diagnosis.model import Alert, Snapshot

FAILED = "error_ratio", series({"component": "shop"}, (3600, 0.0), (1200, 0.12), (600, 0.0))
SLOW = "latency_p95", series({"component": "shop"}, (3600, 0.1), (1500, 3.0), (700, 0.1))
ERRORS = fires("ShopErrors", "5% of requests failed with 5xx: orders may be incomplete")


def over(alert: Alert, *figures: object) -> Snapshot:
    """Return a shop whose requests failed for a while, and do no more."""
    return snapshot(shop(), figures=figures or (FAILED,), alerts=[alert])  # type: ignore[arg-type]


def beside(*alerts: Alert, **of: str) -> Snapshot:
    """Return the same, and an alert that a job is not done, which has nothing to do with it."""
    job = fires("KubeJobNotCompleted", "Job is taking more than 12 h to complete", **of)
    return snapshot(shop(), workload("reindex", kind="Job", pods=1), figures=[FAILED], alerts=[*alerts, job])


def slow(said: str) -> Snapshot:
    return over(fires("ShopSlow", said), SLOW)


def ended_by(words: Callable[[int, float], str], *steps: str) -> Snapshot:
    """Return a shop that queues mails all the hour; ``words``: how it tells, by number and age, of the end of each.

    ``steps``: what it tells before of each that ends as usual.
    """
    told = []
    for n, age in enumerate(range(3570, 30, -30)):
        usual = steps if words(n, age) == MAILS[1](n) else ()
        told += [(age, MAILS[0](n)), *((age - 5, f"[info] mail {77000 + n} {step}") for step in usual)]
        told += [(age - 10, words(n, age))]
    return snapshot(shop(), figures=[FAILED], logs=[timed(pod("shop"), *told)], alerts=[ERRORS])


def since_20_min(words: str, *steps: str) -> Snapshot:
    """Return such a shop that tells of the end of each second mail in other words since 20 minutes."""
    return ended_by(
        lambda n, age: f"[info] mail {77000 + n}{words}" if n % 2 and age <= 1200 else MAILS[1](n),
        *steps,
    )


def behind(by: float) -> Snapshot:
    """Return a shop that queues mails all the hour, and a mailer that delivers them, whose log ends sooner."""
    ages = list(enumerate(range(3570, 0, -30)))
    return snapshot(
        shop(env={"MAILER": "http://mailer:8025"}),
        workload("mailer"),
        figures=[FAILED],
        logs=[
            timed(pod("shop"), *((age, MAILS[0](n)) for n, age in ages)),
            timed(pod("mailer"), *((age - 10, MAILS[1](n)) for n, age in ages if age - 10 > by)),
        ],
        alerts=[ERRORS],
    )


TO = ("alpha", "beta", "gamma", "delta", "omega", "sigma")
HOLDS = [
    Holds(f"requests failed for a while, and {what}", world, (SHOP, *HEALTHY))
    for what, world in (
        ("the alert is of errors, and what they left", over(ERRORS)),
        ("a job of another is not done", beside(ERRORS, service="", job_name="reindex")),
        ("an alert was of requests within a time", slow("more than 5% of requests are not completed within 1s")),
        ("an alert was of answers in time", slow("responses from the shop do not arrive in time")),
        ("an alert was of requests that never end", slow("1% of requests to it never finish under 500 ms")),
        ("all exports are done", begun(EXPORTS, lambda *_: False, ERRORS, figures=[FAILED])),
        ("another provider delivers since", since_20_min(": relayed by the second provider")),
        ("each of many workers ends some", ended_by(lambda n, _: f"[info] mail {77000 + n} sent to {TO[n // 6 % 6]}")),
        ("the log of who delivers the mails is six minutes behind", behind(360)),
        ("those mails alone are lost", begun(MAILS, lambda _, at: 600 < at < 1200, ERRORS, figures=[FAILED])),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"requests failed or were slow for a while, and {what}", world, ASK, harmful=("no_action",))
    for what, world in (
        ("mails do not leave", over(fires("MailsUnsent", "mails are queued and never sent"))),
        ("uploads stop half way", over(fires("UploadSessionsExpire", "they stop half way; no errors"), SLOW)),
        ("a job of its own is not done", beside(ERRORS)),
        ("a job of nobody who is known is not done", beside(ERRORS, service="", job_name="gone")),
        ("all that an alert tells of is a job of another", beside(service="", job_name="reindex")),
        ("exports that were asked for are not done", slow("export requests are not completed within 30s")),
        ("requests end and mails do not", slow("requests are accepted and mails not sent within 30s")),
        ("mails do not arrive in time", slow("mails are not delivered within 30s")),
        ("requests wait for hours to be done", slow("requests for a refund are not completed within 2 h")),
        ("orders have no next step", over(fires("OrdersWithoutNextStep", "orders stuck for 20 min"))),
        ("mails bounce since", since_20_min(": delivered back to its sender")),
        ("mails are put off since", since_20_min(": stored, next attempt at night")),
        (
            "a second relay gets mails, and no more",
            since_20_min(" sent to the second relay", "sent to the first relay"),
        ),
        ("who delivers the mails tells nothing since 20 minutes", behind(1200)),
        ("a log tells of exports that are not done", begun(EXPORTS, since(1200), ERRORS, figures=[FAILED])),
        ("a log tells of mails that are not sent", begun(MAILS, since(900, 2), ERRORS, figures=[FAILED], every=30)),
    )
]
