"""Work that is begun and not done, without an error anywhere, is no alert without trouble."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, WELL, shop
from tests.diagnosis.rules.tiny import series, snapshot
from tests.diagnosis.rules.undone import (
    CALM,
    EXPORTS,
    MAILS,
    NO_ERRORS,
    ORDERS,
    TASKS,
    UPLOADS,
    begun,
    fires,
    since,
)
from tuheg_ir.diagnosis.view.undone import of_failures, of_unended

ERRORS = fires("ShopErrors", "error ratio of shop is above 1%")
PERSON = (SHOP, *ASK)
GROWS = "jobs_in_work", series({"component": "shop"}, *((age, (4000 - age) / 100) for age in range(3600, 0, -120)))

HOLDS = [
    *(
        Holds(f"a third is left undone since half an hour: {what}", begun(words, since(1800), alert), PERSON)
        for what, words, alert in (
            ("uploads", UPLOADS, fires("UploadSessionsExpire", f"20 % are never finalised. {NO_ERRORS}")),
            ("payments, in fields", ORDERS, fires("OrdersWithoutPayment", "orders stuck in payment, no 5xx")),
            ("mails", MAILS, fires("GuestsMissMails", "Error-free, but mails are not delivered")),
            ("exports, by a worker", EXPORTS, fires("ExportsUnfinished", "exports started minus finished is 40")),
            ("tasks of a queue, and the alert is of errors", TASKS, ERRORS),
        )
    ),
    *(
        Holds(f"the alert is of errors, there are none, and {what}", world, (SHOP, *HEALTHY))
        for what, world in (
            ("all that is begun is done", begun(UPLOADS, lambda *_: False, ERRORS)),
            ("as much is left undone as ever", begun(UPLOADS, since(3600, 4), ERRORS)),
            ("what was left undone for a while is over", begun(UPLOADS, lambda _, age: 1500 < age < 2400, ERRORS)),
            ("the newest may still be done", begun(ORDERS, lambda _, age: age < 150, ERRORS, took=100)),
            ("two were given up", begun(MAILS, lambda number, _: number in (40, 50), ERRORS)),
            ("it says so of no work", snapshot(shop(), figures=[WELL, CALM], alerts=[ERRORS])),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"no log tells of the work: {alert.name}",
            snapshot(shop(), figures=[WELL, CALM], alerts=[alert]),
            ASK,
            harmful=("no_action",),
        )
        for alert in (
            fires("UploadSessionsExpire", f"a fifth is never finalised. {NO_ERRORS}"),
            fires("OrdersStuckInPayment", "paid orders are not confirmed, error ratio is as before"),
            fires("PaymentsUnconfirmed", "customers paid, and nothing fails: 0 errors"),
            fires("ExportJobsHang", "jobs open for more than 2 h; latency is fine"),
            fires("ConfirmationMailsMissing", "errors are not up; mails are not sent"),
            fires("QueueWork", "rate(jobs_started_total[5m]) - rate(jobs_finished_total[5m]) > 0; error ratio is flat"),
        )
    ),
    DoesNotHold(
        "the alert is of errors, and what is in work grows all the hour",
        snapshot(shop(), figures=[WELL, CALM, GROWS], alerts=[ERRORS]),
        ASK,
        harmful=("no_action",),
    ),
    DoesNotHold(
        "it only says that there are no errors",
        snapshot(shop(), figures=[WELL, CALM], alerts=[fires("FewerOrders", NO_ERRORS)]),
        ASK,
        harmful=("no_action",),
    ),
    DoesNotHold(
        "an alert that only informs is of work that does not end",
        snapshot(shop(), figures=[WELL, CALM], alerts=[fires("UploadsNeverFinished", NO_ERRORS, severity="info")]),
        ASK,
        harmful=("no_action",),
    ),
]


@pytest.mark.parametrize(
    "said",
    [
        "UploadSessionsExpire 20 % of upload sessions are never finalised",
        "OrdersNotCompleted",
        "PaymentsStuck payments pending for 20 min",
        "MailsUndelivered",
        "Jobs half of the parcels come without their last page: order without the next step",
        "ExportsHang exports hang",
        "Reports 40 carts abandoned since 18:40",
    ],
)
def test_alerts_of_work_that_does_not_end(said: str) -> None:
    assert of_unended(said)


@pytest.mark.parametrize(
    "said",
    [
        "KubeDeploymentReplicasMismatch has not matched the expected number of replicas",
        "CheckoutErrorBudgetBurn Customers may be unable to place or see orders",
        "PermitApiTrafficGone permit-api gets no requests",
        "X509CertificateExpired The certificate is expired",
        "PodNotReady Pod has been in a non-ready state for longer than 15 minutes",
        "HttpLatencyP95High p95 latency 27 s for 10 min",
    ],
)
def test_alerts_of_something_else(said: str) -> None:
    assert not of_unended(said)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("No errors are counted", False),
        ("without any errors", False),
        ("error ratio is flat", False),
        ("error-free", False),
        ("no 5xx or errors seen, no failed requests", False),
        ("12% errors; no errors before", True),
        ("More than 5% of errors", True),
    ],
)
def test_what_an_alert_says_that_there_is_none_of(said: str, *, left: bool) -> None:
    rest = of_failures(said).lower()
    assert ("error" in rest or "5xx" in rest or "failed" in rest) == left
