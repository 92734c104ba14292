"""A sender that holds a part of its work back until an hour that its settings name, and an alert of what waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.diagnosis.rules.scenes import WELL, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

# It is 12:00 UTC, which is 13:00 in Madrid.
HELD = '{"level":"info","msg":"promo lane held","reason":"quiet_hours","opens_at":"2026-03-04T14:00:00+01:00"}'
IN_UTC = 'msg="promo paused by sending window" resumes_at=2026-03-04T13:00:00Z'
IN_WORDS = "INFO promo messages deferred for the blackout window until 2026-03-04T14:00:00+01:00"
OF_A_LANE = HELD.replace('"promo lane held"', '"lane held","lane":"promo"')
OF_TEXTS = "INFO promo sms held for quiet hours until 2026-03-04T14:00:00+01:00"
RULES = 'promo:\n  quiet_hours: {from: "22:00", to: "14:00", tz: Europe/Madrid}  # law\n'
WINDOW = "sending window: 14:00-22:00 Europe/Madrid"
BLACKOUT = "blackout: 22:00-14:00"
SENT = '{"level":"info","msg":"sent","lane":"otp","ms":120}'


def waiting_for(of: str = "promo", name: str = "TextsNotDraining", **more: str) -> Alert:
    """Return a page about what waits in a lane."""
    labels = {"service": "sender", "severity": "critical", **more}
    return Alert(name, labels, {"summary": f"thousands of {of} texts, all unsent"}, "firing", NOW)


def shut(
    said: str = HELD,
    rules: str = RULES,
    *,
    after: Iterable[str] = (SENT,) * 40,
    written: float = 90 * DAY,
    ready: int = 2,
    fires: Alert | None = None,
    env: bool = False,
) -> Snapshot:
    """Return such a sender; ``written``: how long ago its settings were; ``env``: they stand in its template."""
    spec: Obj = {} if env else {"volumes": [{"name": "rules", "configMap": {"name": "rules"}}]}
    sender = workload("sender", ready=ready, env={"QUIET": rules} if env else None, spec=spec)
    made = thing("ConfigMap", "rules", age=written, data={"rules.yaml": "none" if env else rules})
    logs = [log(pod("sender", n), *[SENT] * 20, said, *after, since=3000) for n in range(2)]
    return snapshot(shop(), sender, made, logs=logs, figures=[WELL], alerts=[fires or waiting_for()])


def at_the_end_of_time(world: Snapshot) -> Snapshot:
    """Return the same, and lines of the last seconds that there can be."""
    line = "9999-12-31T23:59:58Z " + HELD.replace("2026-03-04T14:00:00+01:00", "9999-12-31T23:59:59Z")
    return replace(world, logs=tuple(each._replace(lines=(*each.lines, line)) for each in world.logs))


BEFORE_NOW = HELD.replace("14:00:00+01:00", "11:00:00Z")
TO_BE_LATE = HELD.replace("14:00:00+01:00", "14:00:00Z")
FAR = HELD.replace("2026-03-04", "2026-03-09")
ZONELESS = HELD.replace("+01:00", "")
