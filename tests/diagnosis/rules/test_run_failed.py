"""A run failed, and no later one was well: a person looks, if anybody misses it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.runs import cron_job, run
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, shop
from tests.diagnosis.rules.tiny import DAY, snapshot

REPORT = "CronJob/report"
MISSED = [alert("ReportFailed", cronjob="report")]

HOLDS = [
    Holds(
        "an alert speaks of it",
        snapshot(shop(), cron_job(), run(failed=600), figures=[WELL], alerts=MISSED),
        (REPORT, "service_crash", "page_human"),
        sure=(0.25, 0.45),
    ),
    Holds(
        "an alert speaks of one of hours ago",
        snapshot(shop(), cron_job(), run(failed=5 * 3600), figures=[WELL], alerts=MISSED),
        (REPORT, "service_crash", "page_human"),
    ),
    Holds(
        "a Job of no CronJob",
        snapshot(shop(), run(failed=600, of=""), figures=[WELL], alerts=[alert("JobFailed", job_name="report-1")]),
        ("Job/report-1", "service_crash", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a later run was well", snapshot(shop(), cron_job(well=60), run(failed=600), figures=[WELL]), HEALTHY),
    DoesNotHold("it was well", snapshot(shop(), cron_job(), run(failed=None), figures=[WELL]), HEALTHY),
    DoesNotHold(
        "it failed a day ago, and nobody misses it",
        snapshot(shop(), cron_job(well=2 * DAY), run(failed=DAY), figures=[WELL]),
        (SHOP, "no_fault", "no_action"),
    ),
]
