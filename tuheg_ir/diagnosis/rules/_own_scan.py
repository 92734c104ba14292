"""A scan for weak places that the house runs on itself by a schedule, and that is over: what it knocked at is answered.

It comes from the address of a run of its own, which a scanner's image tells. What others ask meanwhile is as ever: a
stranger who knocks beside it is no part of it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._scanned import MANY, OTHERS, weak_place
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view.marked import complains, shape_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, newest, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

_SCANNER = late(
    r"(?<![a-z])(?:zap|zaproxy|nuclei|nikto|wapiti|arachni|burp(?:suite)?|dastardly|sqlmap|w3af|skipfish|stackhawk"
    r"|acunetix|openvas|testssl|wpscan)(?![a-z])",
    re.IGNORECASE,
)
"""In images of what looks for weak places by asking."""
_OF_KNOCKS = late(
    r"\b4(?:xx|0[0-9]|29)\b|client.?error|log.?in|auth|credential|suspicious|malicious|scan|probe|attack|waf|bot\b"
    r"|forbidden|unauthori[sz]ed|locked",
    re.IGNORECASE,
)
"""What an alert says that counts what was turned away."""
_OF_HARM = late(r"5xx|latenc|slow|crash|\boom|memory|disk|replica|\bspace\b|egress|exfil", re.IGNORECASE)
CLOCKS = timedelta(minutes=1)
LATER = timedelta(minutes=15)
"""An alert that looks back over some time comes so much after the end at most."""


class Scan(NamedTuple):
    """A scan that is over: the schedule or run, its pod, from when to when, and how many of its knocks are told."""

    ref: str
    pod: str
    began: datetime
    ended: datetime
    knocks: int


@once_a_view
def own_scan(view: View) -> Scan | None:
    """Return the one scan of the house's own that is over; None if there is none, or anybody else knocked as well."""
    found = [
        scan for workload in view.workloads.values() for pod in workload.pods if (scan := _scan(view, workload, pod))
    ]
    pods = {scan.pod for scan in found}
    return max(found, key=lambda scan: scan.ref.startswith("CronJob/")) if len(pods) == 1 else None


def _scan(view: View, workload: Workload, pod: Pod) -> Scan | None:
    images = (text(each, "image") for each in items(workload.template, "spec", "containers"))
    if workload.kind not in BATCH or pod.phase != "Succeeded" or not pod.address or pod.on_host_network:
        return None
    ended = newest(c.ended.at for c in pod.containers if c.ended and not c.ended.badly)
    began = oldest((pod.started, pod.created))
    if began is None or ended is None or not any(map(_SCANNER.search, images)):
        return None
    own = re.compile(rf"(?<![\d.]){re.escape(pod.address)}(?![\d.])")
    knocks = [line for log in view.logs for line in log.lines if log.pod != pod.name and weak_place(line)]
    mine = [line for line in knocks if own.search(line)]
    others = [line for line in knocks if not own.search(line) and not _within(line, began, ended)]
    last = newest(stamp(line) for line in mine)
    if len(mine) < MANY or others or last is None or last > ended + CLOCKS:
        return None
    return Scan(workload.ref, pod.name, began, ended, len(mine))


def _within(line: str, began: datetime, ended: datetime) -> bool:
    """Tell whether a line was told during a scan: a program behind others does not know who asks it."""
    at = stamp(line)
    return at is not None and began <= at <= ended + CLOCKS


def own_scan_over(view: View, alert: Alert, _ref: str) -> Evidence | None:
    """Return that an alert counts what was turned away, and began as the house's own scan went on; else None."""
    scan, at = own_scan(view), alert.starts_at
    if scan is None or at is None or not scan.began <= at <= scan.ended + LATER:
        return None
    if not _OF_KNOCKS.search(alert.said) or _OF_HARM.search(alert.said):
        return None
    told = f"{scan.knocks} requests for weak places came from {scan.pod}, a scan of the house's own, which is over"
    return Evidence("logs", scan.ref, f"{alert.name} fires; {told}", scan.ended)


def of_own_scan(view: View, sign: Evidence) -> bool:
    """Tell whether a log complains of what the scan asked for, and no more since it is over."""
    workload = view.workloads.get(belongs_to(view, sign)) if sign.source == "logs" else None
    line = next((hit.line for hit in view.hits if view.hit_evidence(hit) == sign), sign.fact.partition(": ")[2])
    return workload is not None and told_of_scan(view, workload, line)


def told_of_scan(view: View, workload: Workload, line: str) -> bool:
    """Tell whether a workload told the like of a line as the scan went on, and hardly at any other time.

    As many mistakes of others as ever are told alike.
    """
    scan, shape = own_scan(view), shape_of(line)
    if scan is None:
        return False
    told = (each for each in view.lines_of(workload) if shape_of(each) == shape and complains(each))
    times = [at for each in told if (at := stamp(each)) is not None]
    during = sum(scan.began <= at <= scan.ended + CLOCKS for at in times)
    return during > 0 and len(times) - during <= OTHERS * during
