"""Somebody outside calls back no more: he has switched that off, as a log tells, and nobody has put it on again.

Whoever sends webhooks gives up on an address that refused them for days, and leaves it so when that is put right. Here
nothing fails then: what should come in does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.view import View

_CALLBACKS = late(r"web-?hooks?\b|/hooks?/|\bcallback[-_ ](?:url|endpoint)s?\b|/callbacks?/", re.IGNORECASE)
_OFF = late(
    r"\b(?:status|state)\\?\"?\s*[=:]\s*\\?\"?(?:disabled|deactivated|inactive|suspended)\b"
    r"|\b(?:has been|have been|was|were|is|are) (?:automatically )?(?:disabled|deactivated|suspended|switched off)\b",
    re.IGNORECASE,
)
_ON = late(r"\b(?:enabled|re-?activated|active)\b", re.IGNORECASE)
_OTHERS = late(
    r"\b(?:admission|validating|mutating|conversion)|livemode\W{1,4}false|\bstaging\b|\bsandbox\b|\btest[-_ ]?mode\b",
    re.IGNORECASE,
)
"""Webhooks of a cluster, and those that nobody lives on."""
_URL = late(r"https?://[\w.-]+(?::\d+)?(/[\w./-]+)")
LATELY = timedelta(days=1)
"""What a run of each night tells is known for a day."""
COMES = timedelta(hours=1)
"""Where something came in since then it is not switched off."""


def when(view: View) -> Iterator[Match]:
    """A log tells that callbacks are switched off, none comes in, and only alerts about one service tell of trouble."""
    about = {view.about_alert(alert) for alert in view.alerts}
    ref = next(iter(about), "")
    if len(about) != 1 or ref not in view.workloads:
        return
    told = _switched_off(view)
    if told is None or any(sign.source != "alerts" for sign in signs_of_trouble(view)):
        return
    at, pod, line, path = told
    if path and _comes(view, path):
        return
    fires = (each.fires(ref) for each in view.alerts[:2])
    yield Match(
        component=ref,
        evidence=(Evidence("logs", f"Pod/{pod}", f"callbacks are switched off: {line.strip()}", at), *fires),
        certainty=0.4,
        excludes=not_for((ref,), "it waits for what another one outside does not send"),
    )


def _switched_off(view: View) -> tuple[datetime, str, str, str] | None:
    """Return the last line which tells that callbacks are switched off, and that nothing later says are on again."""
    found: dict[str, tuple[datetime, str, str, str, bool]] = {}
    for log in view.snapshot.logs:
        if not any("ook" in line or "callback" in line for line in log.lines):
            continue
        upto, _ = times_around(log.lines)
        for at, line in zip(upto, log.lines, strict=True):
            off = _OFF.search(line) is not None
            if at is None or not _CALLBACKS.search(line) or _OTHERS.search(line) or not (off or _ON.search(line)):
                continue
            url = _URL.search(line)
            key = url[0] if url else ""
            if key not in found or found[key][0] <= at:
                found[key] = (at, log.pod, line, url[1] if url else "", off)
    last = [each for each in found.values() if each[4] and view.recent(each[0], LATELY)]
    return max(last)[:4] if last else None


def _comes(view: View, path: str) -> bool:
    """Tell whether a server was asked for that path lately, whatever it answered."""
    for log in view.snapshot.logs:
        lines = [line for line in log.lines if path in line]
        if any(status_of(line) and _lately(view, line) for line in lines):
            return True
    return False


def _lately(view: View, line: str) -> bool:
    return view.recent(stamp(line), COMES)


RULE = Rule(
    name="callbacks_switched_off",
    title="Somebody outside has switched off the callbacks that a service lives on",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no log tells that callbacks from outside are switched off where only alerts tell of trouble",
)
