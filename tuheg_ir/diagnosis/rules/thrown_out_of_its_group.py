"""Consumers take longer for what they fetch at once than their group waits for them, since their release."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import finds_slow
from tuheg_ir.diagnosis.rules._held_up import WAITS, held_up_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._readers import backlogs
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import SOON, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 3
"""What a group gives up less often may have paused once."""
_THROWN_OUT = late(
    r"poll timeout has expired|maximum poll interval \(\d+ ?ms\) exceeded|MAX_POLL_EXCEEDED|heartbeat poll expired"
    r"|commit cannot be completed since the (?:consumer is not part of an active group|group has already rebalanced)",
    re.IGNORECASE,
)
"""Words by which Kafka's clients tell that they came back too late for more."""
_AT_ONCE = late(r"poll|fetch|batch|max.?(?:records|messages|bytes)|concurren|threads", re.IGNORECASE)
"""Settings of how much is fetched at once, how long that may take, and how many work on it."""
_FETCHED = late(
    r"poll[._-]?(?:max[._-]?)?(?:records|messages|size|count)|(?:records|messages)[._-]?per[._-]?poll"
    r"|consumer[._-]?(?:max[._-]?)?(?:fetch|batch)[._-]?(?:records|messages|size|count)",
    re.IGNORECASE,
)
"""Settings of how many messages are fetched at once; a batch alone may be of what is written, or measured."""
_MAY_TAKE = late(r"max[._-]?poll[._-]?interval", re.IGNORECASE)
"""The setting of how long what was fetched may take."""
FAR = 2.0
"""So many times as much for the same time is no fine tuning."""
BY_THE_PEAK = timedelta(hours=16)
"""How much there is to fetch has its hours: what was released in the evening fetches all it may in the morning."""
REACH = timedelta(hours=1)
"""Figures tell no more of before: whether what they ask became slow longer ago than this nobody can tell."""


def when(view: View) -> Iterator[Match]:
    """Since a release most pods of a consumer repeat that they came too late, and what they ask is no slower."""
    for workload in view.serving:
        lines = list(_told(view, workload))
        times = [at for _, line in lines if (at := stamp(line)) is not None]
        first, last = oldest(times), newest(times)
        pods = {pod for pod, _ in lines}
        if len(times) < AGAIN or 2 * len(pods) <= len(workload.live) or not view.recent(last, STILL):
            continue
        settings = tuple(c for c in workload.changed("env", "command") if _AT_ONCE.search(c.told()))
        within = BY_THE_PEAK if _waited_for_the_peak(view, workload, settings) else SOON
        if not since_release(workload, first, within) or _waits_for_others(view, workload):
            continue
        waiting = tuple(evidence for evidence, _ in backlogs(view, workload))
        if settings or waiting:
            fact = f"{len(lines)} lines of {len(pods)} pods: {lines[-1][1]}"
            shown = Evidence("logs", workload.ref, fact, first)
            yield _match(view, workload, (shown, *waiting[:1]), settings, first)


def _waited_for_the_peak(view: View, workload: Workload, settings: tuple[Change, ...]) -> bool:
    """Tell whether a release that proved itself for hours may be to blame: it changed nothing but how much it fetches.

    Its pods have processor time, each log tells of a while in which all was well, and whom they ask is no newer.
    """
    if len(settings) < len(workload.changes) or _more_at_once(settings) < FAR or starving(view, workload):
        return False
    needed = [w for ref in view.graph.needs(workload.ref) if (w := view.workloads.get(ref))]
    known = False
    for log in view.logs_of(workload.live, previous=False):
        told = next((stamp(line) for line in log.lines if _THROWN_OUT.search(line)), None)
        if told is None:
            continue
        began = next((at for line in log.lines if (at := stamp(line))), told)
        if told - began < SOON or not view.recent(told, REACH) or any(since_release(w, told) for w in needed):
            return False
        known = True
    return known


def _more_at_once(settings: Iterable[Change]) -> float:
    """Return how many times as much is fetched for the same time as before, by the settings that tell it in numbers."""
    times = 1.0
    for change in settings:
        if not (change.before.isdecimal() and change.after.isdecimal() and int(change.before) and int(change.after)):
            continue
        more = int(change.after) / int(change.before)
        if _FETCHED.search(change.field):
            times *= more
        elif _MAY_TAKE.search(change.field):
            times /= more
    return times


def _told(view: View, workload: Workload) -> Iterator[tuple[str, str]]:
    for log in view.logs_of(workload.live):
        for line in log.lines:
            if _THROWN_OUT.search(line):
                yield log.pod, line


def _waits_for_others(view: View, workload: Workload) -> bool:
    """Tell whether what a consumer asks for each message is slow or fails: it takes too long whatever it fetches."""
    return finds_slow(view, workload.ref) or any(hit.trouble in WAITS for hit in held_up_by(view, workload))


def _match(
    view: View,
    workload: Workload,
    shown: tuple[Evidence, ...],
    settings: tuple[Change, ...],
    began: datetime | None,
) -> Match:
    changed = tuple(Evidence("objects", workload.ref, f"released: {c.told()}", workload.released_at) for c in settings)
    return Match(
        component=workload.ref,
        evidence=(*shown, *(changed[:3] or release_evidence(workload))),
        certainty=0.75 if settings else 0.55,
        root_cause="configuration_error" if settings else release_cause(view, workload),
        since=began,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *not_for((workload.ref,), "the same release fetches as much again, and is given up again", RESTARTS),
            *not_for((workload.ref,), "further members only make the group share out anew", ("scale_workload",)),
        ),
    )


RULE = Rule(
    name="thrown_out_of_its_group",
    title="Consumers come too late for more messages since their release, and their group gives them up",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no consumers repeat since their release that they came back too late for more",
    follows=True,
)
