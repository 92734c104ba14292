"""Trouble began in the minutes of the one thing that changed: a release of somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._onset import AFTER, near, others_written
from tuheg_ir.diagnosis.rules._outer_checks import downs
from tuheg_ir.diagnosis.rules.neighbour_released import BAD
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LOADED = 1.3


def when(view: View) -> Iterator[Match]:
    """The first trouble that users feel began with the release of one other workload, and nothing else changed then.

    Not where the logs of those who suffer speak against it: what they complain of is nearer, or an edge leads nobody to
    others, as these refuse its checks.
    """
    felt = [(since, w, seen) for w in view.serving for seen, since in troubles(view, w.ref) if since is not None]
    if not felt:
        return
    began, first, seen = min(felt, key=lambda each: (each[0], each[1].ref))
    sufferers = {w.ref for _, w, _ in felt}
    released = [w for w in view.workloads.values() if w.changes and not w.returned and near(w.released_at, began)]
    if len(released) != 1 or released[0].ref in sufferers or any(near(at, began) for at in others_written(view)):
        return
    if is_store(released[0]) or keeps_data(view, released[0]):
        return
    if not _against(view, sufferers, released[0]) and (traffic_growth(view, first.ref) or 1.0) < LOADED:
        yield _match(view, released[0], seen, began, tuple(sorted(sufferers)))


def _against(view: View, sufferers: set[str], released: Workload) -> bool:
    """Tell whether logs of those who suffer complained before the release, or complain of others than the released."""
    refused = {each.about for each in downs(view) if each.by.ref in sufferers}
    if refused and released.ref not in refused:
        return True
    named = re.compile(rf"(?<![\w-]){re.escape(released.name)}(?![\w-])", re.IGNORECASE)
    pods = [pod for ref in sorted(sufferers) for pod in view.workloads[ref].live]
    bad = [line for log in view.logs_of(pods, previous=False) for line in log.lines if BAD.search(line)]
    early = [at for line in bad if (at := stamp(line)) and released.released_at and at < released.released_at - AFTER]
    of_it = sum(named.search(line) is not None for line in bad)
    return len(bad) >= OFTEN and (len(early) >= OFTEN or 2 * of_it < len(bad))


def _match(view: View, released: Workload, seen: Evidence, began: datetime, sufferers: tuple[str, ...]) -> Match:
    return Match(
        component=released.ref,
        evidence=(seen, *release_evidence(released)),
        certainty=0.45,
        root_cause=release_cause(view, released),
        since=began,
        explains=sufferers,
    )


RULE = Rule(
    name="release_at_the_onset",
    title="Users suffer since the minute in which another workload was released, and nothing else changed",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no release of another workload is the only change in the minutes in which the trouble began",
    heard=True,
)
