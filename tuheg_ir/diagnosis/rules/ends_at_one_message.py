"""A reader ends again and again at one and the same message: its broker gives out again what nobody has acknowledged.

Each start, each further pod and each version before meets it as well. A person takes it out, and mends who reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._one_message import Ended, ended_at_one, others_fail_at_it, sent_by
from tuheg_ir.diagnosis.view.crashes import Crash, ended_by_themselves, only_of_newest, probe_kills
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

SUSPECT = timedelta(hours=6)
"""A template that is younger may have brought the fault; one that served longer has read many a message."""
_IN_VAIN = (*RESTARTS, "scale_workload", "rollback_workload")


def when(view: View) -> Iterator[Match]:
    """Lives of a reader that was not released of late end by a fault of its own, all at one and the same message."""
    for workload in view.serving:
        ended = ended_by_themselves(view, workload)
        if not ended or role(workload) in DATA or probe_kills(view, workload, [crash.pod for crash in ended]):
            continue
        if releases(view, workload, SUSPECT) and only_of_newest(workload, ended):
            continue  # the version before may well have read it
        found = ended_at_one(view, workload, ended)
        if found is None:
            continue
        also = others_fail_at_it(view, workload, found)
        if also is None and any(view.recent(at, SUSPECT) for _, at in outside_changes(view, workload)):
            continue  # it may stumble at each message since its settings are others
        sender = sent_by(view, workload, found)
        if sender is None or not releases(view, sender[0], SUSPECT):
            beside = tuple(each for each in (sender and sender[1], also) if each is not None)
            yield _match(view, workload, ended, found, beside)


def _match(view: View, workload: Workload, ended: Sequence[Crash], found: Ended, beside: tuple[Evidence, ...]) -> Match:
    lives = sorted(found.lives, key=lambda life: (life.at is not None, life.at))
    first, last = lives[0], lives[-1]
    told = f"{len(lives)} of its lives ended at message {found.names[0]}: {last.line}"
    began = (*(seen.time for seen in suffering(view, workload.ref)), first.at, *(c.ended.at for c in ended))
    return Match(
        component=workload.ref,
        evidence=(
            *(crash.evidence() for crash in ended[:2]),
            Evidence("logs", f"Pod/{last.log.pod}", told, first.at),
            Evidence("logs", f"Pod/{last.log.pod}", f"and by a fault of its own: {last.error}", last.at),
            *beside,
        ),
        certainty=0.75 if len(lives) > 1 else 0.6,
        since=oldest((*began, *(each.time for each in beside))),
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=not_for(
            (workload.ref,), "the same message is given out again: to each start, version and further pod", _IN_VAIN
        ),
    )


RULE = Rule(
    name="ends_at_one_message",
    title="A reader ends again and again at one and the same message",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no reader's known lives all ended by a fault of its own at one and the same message",
    follows=True,
)
