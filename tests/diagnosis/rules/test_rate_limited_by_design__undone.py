"""That a client is held back says nothing of work that is begun and not done."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, WELL, shop
from tests.diagnosis.rules.tiny import figure, snapshot, workload
from tests.diagnosis.rules.undone import fires
from tuheg_ir.diagnosis.model import Alert, Snapshot

LIMITED = figure("rate_limited_ratio", 0.02, 0.03, component="shop")


def limited(name: str, said: str, *more: Alert) -> Snapshot:
    """Return a shop that refuses a few requests by its limits, and an alert; who sends its mails, and a job."""
    beside = (workload("mailer"), workload("reindex", kind="Job", pods=1))
    shops = shop(env={"MAILER": "http://mailer:8080"})
    return snapshot(shops, *beside, figures=[WELL, LIMITED], alerts=[fires(name, said), *more])


REFUSALS = ("ShopClientErrors", "3% of answers are 4xx")
OF_JOB = fires("KubeJobNotCompleted", "Job is taking more than 12 h to complete", service="", job_name="reindex")


HOLDS = [
    Holds(f"the alert is of {what}", limited(name, said), (SHOP, *HEALTHY))
    for what, name, said in (
        ("refusals", "ShopClientErrors", "3% of answers are 4xx"),
        ("refusals, and what comes of them", "ShopThrottles", "429: exports of a client are not completed"),
    )
]
HOLDS += [
    Holds("a job that has nothing to do with it is not done", limited(*REFUSALS, OF_JOB), (SHOP, *HEALTHY)),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"work is begun and not done: {name}", limited(name, said), ASK, harmful=("no_action",))
    for name, said in (
        ("ExportsUnfinished", "exports are started and never finished"),
        ("OrdersStuck", "orders stuck in payment; no errors"),
        ("MailsMissing", "mails are not delivered"),
        ("UploadSessionsExpire", "half of the uploads stop half way"),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"work is begun and not done beside it: {what}", limited(*REFUSALS, alert), harmful=("no_action",))
    for what, alert in (
        ("of whom it calls", fires("MailsUnsent", "mails are queued and never sent", service="mailer")),
        ("of nobody who is known", fires("KubeJobNotCompleted", "not complete", service="", job_name="gone")),
    )
]
