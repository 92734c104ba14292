"""A sender whose host outside was away for half an hour after a release of it; what waited since melts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

AWAY = 'level=error msg="send failed" err="421 4.3.2 smtp.relay.example.com Service not available, closing channel"'
TIMED_OUT = 'level=error msg="send failed" err="dial tcp smtp.relay.example.com:587: i/o timeout"'
SENT = 'level=info msg=delivered reply="250 2.0.0 Ok"'
BEFORE_S, GONE_S, BACK_S = 3480.0, 3300.0, 1500.0
"""When a release came, the host went away, and was back."""


def hill(*, peak_s: float = BACK_S, most: float = 36000, left: float = 6000, grown_s: float = GONE_S) -> Series:
    """Return how many wait: from some age on ever more until another age, then ever less."""
    points = []
    for age in range(3600, -1, -30):
        if age > grown_s:
            value = 20.0
        elif age > peak_s:
            value = most * (grown_s - age) / (grown_s - peak_s)
        else:
            value = most - (most - left) * (peak_s - age) / peak_s
        points.append((NOW.timestamp() - age, max(value, 20.0)))
    return Series({"component": "sender", "queue": "mail"}, tuple(points))


def told(since: float, until: float, *lines: str, times: int = 1) -> list[str]:
    """Return lines that come at even times between two ages."""
    said = [*lines] * times
    step = (since - until) / max(1, len(said) - 1)
    return [f"{at(since - n * step)} {line}" for n, line in enumerate(said)]


def back_again(
    waits: Series | None = None,
    *,
    fails: str = AWAY,
    since: Sequence[str] = (SENT,) * 24,
    last: float = BACK_S + 30,
    ready: int = 2,
    released: bool = True,
    fires: str = "MailQueueBacklog",
    beside: Iterable[Obj] = (),
    more: Iterable[tuple[str, Series]] = (),
    **labels: str,
) -> Snapshot:
    """Return such a sender; ``since``: what its log tells until now; ``last``: when it complained last."""
    before = {"image": "sender:0"} if released else None
    sender = workload("sender", ready=ready, before=before, released=BEFORE_S, service=False)
    fired = Alert(
        fires, {"severity": "critical", "service": "sender", **labels}, {}, "firing", NOW - timedelta(minutes=40)
    )
    early = told(BEFORE_S - 30, GONE_S + 30, SENT, times=4)
    lines = (*early, *told(GONE_S, last, fails, times=30), *told(1100, 20, *since))
    logs = [Log(pod("sender", number), "sender", lines) for number in range(2)]
    figures = [errors("shop", 0.001), ("queue_depth", waits or hill()), *more]
    return snapshot(sender, workload("shop"), beside, logs=logs, figures=figures, alerts=[fired])


def killed_once(age: float = 2300, share: float = 0.4, restarts: int = 1) -> dict[str, Any]:
    """Return another program of which a container was killed for memory so long ago, and how much it uses since."""
    press = workload("press", service=False, started=10 * DAY)
    put(pods_of(press)[0], again("OOMKilled", 137, age=age, restarts=restarts), ready=True)
    used = [figure("memory_share", share, share, pod=pod("press", n), container="press") for n in range(2)]
    return {"beside": press, "more": used}


def worked_off(
    *more: Log, waits: Series | None = None, alerts: Iterable[Alert] = (), window: str = "1h", **others: Any
) -> Snapshot:
    """Return such a sender, not released, whose queue is as short as before; its alert looks back over an hour.

    ``more``: what others tell; ``alerts``: what else fires.
    """
    found = back_again(waits or emptied(), **{"released": False, "window": window, **others})
    return replace(found, logs=(*found.logs, *more), alerts=(*found.alerts, *alerts))


def emptied(ended_s: float = 600, left: float = 20, gone_s: float = GONE_S, back_s: float = BACK_S) -> Series:
    """Return how many wait: ever more from one age to another, and as few as before, or so many, from a third on."""
    step = (gone_s - back_s) / 4
    grows = [(gone_s - n * step, 9000.0 * (n + 1)) for n in range(3)]
    falls = [(back_s - 60, 24000.0), ((back_s + ended_s) / 2, 9000.0), (ended_s, left)]
    return series({"component": "sender", "queue": "mail"}, (3600, 20), *grows, (back_s + 30, 36000.0), *falls)


NEW_WEB = workload("web", before={"image": "web:0"}, released=3300)
PENDING = "WARN deadline check: 332 mails wait, oldest since 184 s"


def pending(since: float = 3000, until: float = 800, words: str = PENDING, of: str = "web") -> Log:
    """Return the log of another that warns of what waits from one age to another, and works before and since."""
    lines = [*told(3400, since + 60, "INFO request", times=10), *told(since, until, words, times=40)]
    return Log(pod(of), of, (*lines, *(told(until - 30, 20, "INFO request", times=20) if until > 60 else ())))


def late_web(window: str = "1h") -> Alert:
    """Return an alert about that other one, which began while it warned."""
    labels = {"severity": "critical", "service": "web", "window": window}
    return Alert("MailsLate", labels, {}, "firing", NOW - timedelta(minutes=35))
