"""What a storage cluster tells of itself: which of its checks fail so that whoever has a volume of it waits.

Ceph says so in the status of its CephCluster (Rook), in the log of its monitors, by its exporter and by its own alerts,
all by the same names of checks. Most of its checks warn of what is to come; here are those by which nobody writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import mapping, moment, name, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple


class Check(NamedTuple):
    """A check by which writes, or all, wait: the cause, whose volumes it concerns, and its alert.

    ``only``: what its message has to tell, where the check fails for other reasons too.
    """

    cause: str
    volumes: str
    alert: str
    only: str = ""


KIND = "CephCluster"
SIGNAL = "storage_check"
FULL, AWAY = "resource_exhaustion", "dependency_failure"
_ALL, _FILES = r"ceph|\brbd\b", r"cephfs"
CHECKS = {
    "OSD_FULL": Check(FULL, _ALL, "CephOSDFull"),
    "POOL_FULL": Check(FULL, _ALL, "CephPoolFull"),
    "PG_AVAILABILITY": Check(AWAY, _ALL, "CephPGUnavilableBlockingIO", "inactive|incomplete|down"),
    "OSDMAP_FLAGS": Check(AWAY, _ALL, "", "pause"),
    "REQUEST_STUCK": Check(AWAY, _ALL, ""),
    "MDS_ALL_DOWN": Check(AWAY, _FILES, "CephFilesystemOffline"),
    "MDS_DAMAGE": Check(AWAY, _FILES, "CephFilesystemDamaged"),
}
"""Ceph's own alerts are called as its mixin does, the misspelt one too."""
_FAILS = late(r"Health check (?:failed|update): (?P<what>.{1,300}?) \((?P<code>[A-Z_]{3,40})\)")
_CLEARED = late(r"Health check cleared: (?P<code>[A-Z_]{3,40})\b")


class Failing(NamedTuple):
    """A check that fails: its name, who tells it, since when."""

    code: str
    seen: Evidence
    since: datetime | None

    @property
    def check(self) -> Check:
        """Return what the check means."""
        return CHECKS[self.code]


@once_a_view
def failing(view: View) -> tuple[Failing, ...]:
    """Return the checks by which a storage cluster's volumes cannot be written, by each who tells it; the full first.

    What its status tells stands above what its log tells: the one is of now, the other of when it was last heard.
    """
    status = tuple(_by_status(view))
    known = any(mapping(obj, "status", "ceph") for obj in view.snapshot.of(KIND))
    heard = [each for each in _by_logs(view) if not known or each.code in {s.code for s in status}]
    found = (*status, *heard, *_by_figures(view), *_by_alerts(view))
    return tuple(sorted(found, key=lambda each: (each.check.cause != FULL, list(CHECKS).index(each.code))))


def _by_status(view: View) -> Iterator[Failing]:
    for obj in view.snapshot.of(KIND):
        since = moment(obj, "status", "ceph", "lastChanged")
        for code, detail in mapping(obj, "status", "ceph", "details").items():
            message = text(detail, "message")
            if _blocks(code, message):
                seen = Evidence("objects", f"{KIND}/{name(obj)}", f"it tells {code}: {message[:160]}", since)
                yield Failing(code, seen, since)


def _by_logs(view: View) -> Iterator[Failing]:
    """Yield the checks that monitors told to fail, and none told to be well again since."""
    told = sorted(_told(view), key=lambda each: each[0])
    state: dict[str, tuple[datetime, str, str]] = {}
    for at, code, what, pod in told:
        if not what:
            state.pop(code, None)
        elif _blocks(code, what):
            state.setdefault(code, (at, what, pod))
    for code, (at, what, pod) in state.items():
        yield Failing(code, Evidence("logs", f"Pod/{pod}", f"it tells {code}: {what[:160]}", at), at)


def _told(view: View) -> Iterator[tuple[datetime, str, str, str]]:
    """Yield (when, check, what fails, pod) of lines about checks; what fails is "" where one is well again."""
    for log in view.snapshot.logs:
        lines = () if log.previous else log.lines
        if not any("Health check " in line for line in lines):
            continue
        for line, at in zip(lines, times_near(lines), strict=True):
            found = _FAILS.search(line) or _CLEARED.search(line)
            if found is not None and at is not None:
                yield at, found["code"], found.groupdict().get("what") or "", log.pod


def _by_figures(view: View) -> Iterator[Failing]:
    for code, value in view.figures.latest(SIGNAL, "component").items():
        if value >= 1 and code in CHECKS and not CHECKS[code].only:
            since = view.figures.crossed(SIGNAL, 0.5, component=code)
            yield Failing(code, Evidence("metrics", KIND, f"its check {code} fails", since), since)


def _by_alerts(view: View) -> Iterator[Failing]:
    by_name = {check.alert: code for code, check in CHECKS.items() if check.alert}
    for alert in view.alerts:
        if code := by_name.get(alert.name):
            yield Failing(code, alert.fires(KIND), alert.starts_at)


def _blocks(code: str, message: str) -> bool:
    check = CHECKS.get(code)
    return check is not None and (not check.only or re.search(check.only, message) is not None)
