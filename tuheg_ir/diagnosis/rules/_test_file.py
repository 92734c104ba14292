"""Finds of a scanner for malware that are all the harmless test file, which a run of one's own sent to it.

All scanners find the file of EICAR, and it does nothing: it is sent to prove that they work. Anybody can send it, and
what else came in meanwhile is no proof: a run of an old schedule has to tell of it, and all has to be found amid it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Obj
from tuheg_ir.diagnosis.view.batch import complete, started, tries
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, moment, ref
from tuheg_ir.diagnosis.view.view import View

_OF_MALWARE = late(r"malware|virus|\binfect|trojan|eicar", re.IGNORECASE)
_OF_MORE = late(
    r"execut|spread|outbreak|persist|lateral|exfiltrat|outbound|beacon|encrypted|quarantine.{0,20}fail"
    r"|not (?:be )?remov",
    re.IGNORECASE,
)
"""Words of what malware has done: a file that does nothing did not do that."""
_FOUND = late(r"(?-i:\bFOUND)\s*$|\binfected\b|\bmalware\b|\bvirus(?:es)?\b|\bthreats?\b|\btrojan\b", re.IGNORECASE)
"""How ClamAV, and those who ask a scanner, tell of a find."""
_NONE = late(
    r"\b(?:database|definitions?|freshclam|up.to.date)\b|\bno (?:\w+ )?(?:malware|virus(?:es)?|threats?)\b"
    r"|\b0 (?:infected|viruses|threats)\b|\b(?:infected(?: files)?|viruses|threats)\W{1,3}0\b",
    re.IGNORECASE,
)
"""What a scanner tells of itself, and that it found nothing."""
_TEST_FILE = late(
    r"\beicar[-_. ]?(?:av[-_. ]?)?(?:test|hdb|signature|standard)\b|\beicar[-_. ]?(?:av[-_. ]?)?(?:test|hdb)[-_. ]"
    r"|\b44d88612fea8a8f36de82e1278abb02f\b|\b275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f\b",
    re.IGNORECASE,
)
"""How scanners call the test file, and its sums."""
_OTHER = late(
    r"\b(?:trojan|ransom\w*|worm|backdoor|exploit|rootkit|miner|downloader|dropper|phish\w*)\b", re.IGNORECASE
)
"""Kinds of malware: a file may bear the name of the test file and be another."""
BEFORE = timedelta(minutes=10)
"""So long an alert of many finds looks back."""
CLOCKS = timedelta(seconds=30)
SOON = timedelta(minutes=30)
"""An alert waits for some minutes; one that comes later tells of something else."""
KNOWN = timedelta(days=1)
"""A schedule that is younger may be of whoever came in."""
OFTEN = 3
"""So many finds show that it is the scanner of the alert that the run asked."""


def of_test_file(view: View, sign: Evidence) -> bool:
    """Tell whether a sign of trouble is no more than that the test file was found, which a run of ours sent."""
    if sign.source != "logs" or not _is_test_file(sign.fact):
        return False
    return any(test_file(view, alert, sign.object) for alert in view.alerts)


def test_file(view: View, alert: Alert, about: str) -> Evidence | None:
    """Return that all that was found, as an alert tells, is the test file that a run of ours sent; None: not so."""
    at = alert.starts_at
    if at is None or not _OF_MALWARE.search(alert.said) or _OF_MORE.search(alert.said):
        return None
    for job, began, done in _proofs(view):
        if not began <= at <= done + SOON:
            continue
        near = [find for find in _finds(view) if find[1] is None or find[1] >= began - BEFORE]
        mine = [line for who, _, line in near if who == about]
        if len(mine) >= OFTEN and all(_is_test_file(line) and _amid(when, began, done) for _, when, line in near):
            told = f"all {len(mine)} finds are the harmless test file, and came while {ref(job)} sent it"
            return Evidence("logs", about, f"{alert.name} fires; {told}: {mine[-1].strip()}", began)
    return None


def _is_test_file(line: str) -> bool:
    return _TEST_FILE.search(line) is not None and not _OTHER.search(line)


def _is_find(line: str) -> bool:
    return _FOUND.search(line) is not None and not _NONE.search(line)


def _amid(at: datetime | None, began: datetime, done: datetime) -> bool:
    return at is not None and began - CLOCKS <= at <= done + CLOCKS


def _proofs(view: View) -> Iterator[tuple[Obj, datetime, datetime]]:
    """Yield the runs of a schedule that is known for long which tell of the test file and are done, and from when on.

    One whose file was let through is not done: it fails.
    """
    for job in view.snapshot.of("Job"):
        above = view.workloads.get(controller(job))
        made = created(above.obj) if above else None
        began, done = started(job), moment(job, "status", "completionTime")
        if above is None or made is None or view.recent(made, KNOWN) or began is None or done is None:
            continue
        logs = view.logs_of(tries(job, above.pods))
        if complete(job) and any(_is_test_file(line) for log in logs for line in log.lines):
            yield job, began, done


@once_a_view
def _finds(view: View) -> tuple[tuple[str, datetime | None, str], ...]:
    """Return what those that serve tell of finds: who, when, and the line."""
    words = ("found", "infected", "malware", "virus", "threat", "trojan")
    found = []
    for workload in view.serving:
        for log in view.logs_of(workload.live):
            if speaks_of(log, words):
                upto, _ = times_around(log.lines)
                told = zip(upto, log.lines, strict=True)
                found += [(workload.ref, at, line) for at, line in told if _is_find(line)]
    return tuple(found)
