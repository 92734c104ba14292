"""A CronJob that somebody suspended, and that an alert misses."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.runs import cron_job
from tests.diagnosis.rules.scenes import WELL, alert, shop
from tests.diagnosis.rules.tiny import DAY, snapshot

MISSED = [alert("ReportNotRunning", cronjob="report")]

HOLDS = [
    Holds(
        "an alert misses its runs",
        snapshot(shop(), cron_job(suspend=True, well=3 * DAY, written=2 * DAY), figures=[WELL], alerts=MISSED),
        ("CronJob/report", "configuration_error", "page_human"),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody misses its runs", snapshot(shop(), cron_job(suspend=True), figures=[WELL]), HEALTHY),
    DoesNotHold(
        "it is not suspended",
        snapshot(shop(), cron_job(), figures=[WELL], alerts=MISSED),
        ("unknown", "page_human"),
    ),
]
