"""A run failed, and no later one was well: a person looks, if anybody misses it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.runs import TEMPLATE, cron_job, run
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, shop
from tests.diagnosis.rules.tiny import DAY, at, snapshot, thing
from tuheg_ir.diagnosis.model import Log, Snapshot

REPORT = "CronJob/report"
MISSED = [alert("ReportFailed", cronjob="report")]


def last_word(line: str) -> Snapshot:
    """Return a run that failed, as its last word tells."""
    ended = thing("Pod", "report-1-x", age=660, spec=TEMPLATE["spec"], status={"phase": "Failed"})
    ended["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-1", "controller": True}]
    told = Log("report-1-x", "report", (f"{at(650)} INFO begins", f"{at(610)} ERROR {line}"))
    return snapshot(shop(), cron_job(), run(failed=600), ended, figures=[WELL], alerts=MISSED, logs=[told])


HOLDS = [
    Holds(
        "an alert speaks of it",
        snapshot(shop(), cron_job(), run(failed=600), figures=[WELL], alerts=MISSED),
        (REPORT, "service_crash", "page_human"),
        sure=(0.25, 0.45),
    ),
    *(
        Holds(
            f"the word of the cause is that of its last words: {line}",
            last_word(line),
            (REPORT, word, "page_human"),
        )
        for line, word in (
            ("open /etc/report.yml: permission denied", "configuration_error"),
            ("gave up", "service_crash"),
        )
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
