"""A reader that nobody touched ends on messages, or misreads them, that a newly released sender writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import crashes, first_restart
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import SOON, release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

NEAR = 15
"""So many lines before the one that tells what cannot be read may tell whose message it is: a trace stands between."""


def when(view: View) -> Iterator[Match]:
    """Most pods of a reader misread messages whose sender their logs name, since that one was released."""
    for reader in view.serving:
        hits = _misread(view, reader)
        if role(reader) in DATA or 2 * len({hit.pod for hit in hits}) <= len(reader.live) or not hits:
            continue
        hurt = [crash.evidence() for crash in crashes(view, reader)] or [seen for seen, _ in troubles(view, reader.ref)]
        hurt = hurt or list(suffering(view, reader.ref))
        began = _began(view, reader, hits)
        if not hurt or began is None or since_release(reader, began):
            continue
        told = list(_beside(view, reader, hits))
        senders = [w for w in _neighbours(view, reader) if any(_named(view, w, line) for line in told)]
        if len(senders) != 1 or not since_release(senders[0], began, SOON) or senders[0].returned:
            continue  # several may have sent it, or one that is as it was
        if not way_changed(view, reader, senders[0], began):
            line = next(each for each in told if _named(view, senders[0], each))
            yield _match(view, senders[0], reader, (*hurt[:2], view.hit_evidence(hits[0])), line, began)


def _misread(view: View, reader: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells of data that it cannot read, in last words too."""
    return tuple(hit for hit in view.hits_of(reader.ref, "answer_misread", "field_unknown") if fresh(view, hit))


def _began(view: View, reader: Workload, hits: tuple[Hit, ...]) -> datetime | None:
    """Return since when a reader misreads; logs of what ends again and again reach back to the last starts only."""
    restarts = (first_restart(view, pod) for pod in reader.live)
    backoffs = (event.first for event in view.events_of(reader.ref, "BackOff"))
    return oldest((*restarts, *backoffs, *(hit.first for hit in hits)))


def _neighbours(view: View, reader: Workload) -> list[Workload]:
    """Return the programs that share a broker or another store with a reader."""
    shared = {w.ref for w in of_role(view.workloads, *DATA)} & view.graph.calls.get(reader.ref, set())
    others = (w for w in view.serving if w is not reader and role(w) not in DATA)
    return [w for w in others if view.graph.calls.get(w.ref, set()) & shared]


def _beside(view: View, reader: Workload, hits: tuple[Hit, ...]) -> Iterator[str]:
    """Yield the lines that lead to those that tell what cannot be read, the nearest first."""
    bad = {(hit.pod, hit.line) for hit in hits}
    for log in view.logs_of(reader.live):
        for at, line in enumerate(log.lines):
            if any(log.pod == pod and told in line for pod, told in bad):
                yield from reversed(log.lines[max(0, at - NEAR) : at + 1])


def _named(view: View, sender: Workload, line: str) -> bool:
    labels = {sender.name, *(s.name for s in view.services.values() if sender.ref in s.backends)}
    return any(names(line, label) for label in labels)


def _match(
    view: View, sender: Workload, reader: Workload, seen: tuple[Evidence, ...], line: str, began: datetime
) -> Match:
    readers = behind(view, reader.ref, but=sender.ref)
    edits = tuple(ref for ref, _ in outside_changes(view, reader))
    return Match(
        component=sender.ref,
        evidence=(
            *release_evidence(sender)[:2],
            Evidence("logs", reader.ref, f"it misreads what {sender.name} sends: {line.strip()[:240]}", began),
            *seen,
            Evidence("objects", reader.ref, "its own template is older", reader.released_at),
        ),
        certainty=0.7,
        root_cause=release_cause(view, sender),
        since=began,
        explains=(*readers, *edits),
        excludes=(
            *excluding(sender.ref, "new pods would send the same", *RESTARTS, "scale_workload"),
            *not_for(readers, f"it cannot read what {sender.ref} sends since its release: no pod of it could"),
        ),
    )


RULE = Rule(
    name="sender_released",
    title="A sender writes since its release what its readers cannot read",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no reader misreads messages since the release of the one that its logs name as their sender",
)
