"""Trouble began in the minutes in which the one object beside it was edited, or came into force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._first_signs import Signs, first_signs, turned_signs
from tuheg_ir.diagnosis.rules._in_force import POLICY, Edit, edits
from tuheg_ir.diagnosis.rules._onset import AFTER, near
from tuheg_ir.diagnosis.rules._passed_on import passed_on
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.network import lets_in
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SETTINGS = ("ConfigMap/", "Secret/")
REACH = timedelta(minutes=45)
"""A log that holds nothing but errors holds no more than so much time, as a rule; what came before is not known."""


def when(view: View) -> Iterator[Match]:
    """All that concerns who suffers, and came into force as that began, is one object; no release of them came then.

    It concerns who reads it, is bound, scaled or found by it, and who needs one of those. It comes into force as it is
    written, and for what is only read or asked at a start with the pods that are the first to start with it.
    """
    found = tuple(edits(view))
    suffer: dict[str, list[tuple[Workload, Signs, Edit]]] = {}
    for workload in view.serving if found else ():
        signs = first_signs(view, workload) or turned_signs(view, workload)
        edit = _only(view, workload, found, signs) if signs else None
        if signs and edit and not more_asked(view, workload.ref, signs.began):
            suffer.setdefault(edit.ref, []).append((workload, signs, edit))
    for told in suffer.values():
        yield _match(told)


def _only(view: View, workload: Workload, found: Sequence[Edit], signs: Signs) -> Edit | None:
    """Return the one edit that came into force as a workload fell ill; those of its own before those of others."""
    around = {workload.ref, *view.graph.needs(workload.ref)}
    released = (each.released_at for ref, each in view.workloads.items() if ref in around and each.changes)
    if any(_fits(at, signs) for at in released):
        return None
    fits = [each for each in found if each.on in around and any(_fits(at, signs) for at in each.times)]
    fits = [each for each in fits if not called_before(view, each.at) and not _lets_in(view, each, around)]
    fits = [each for each in fits if not _passed_on(view, workload, each, signs)]
    for chosen in (_at_once(fits, signs, workload.ref), _at_once(fits, signs), _own(fits, workload.ref), fits):
        if chosen:
            return chosen[0] if len({each.ref for each in chosen}) == 1 else None
    return None


def _lets_in(view: View, edit: Edit, around: set[str]) -> bool:
    """Tell whether an edit is of a policy that lets in all of some workloads that call the one that it binds."""
    policy = next((each for each in view.policies if each.ref == edit.ref), None)
    callers = [view.workloads[ref] for ref in sorted(around) if edit.on in view.graph.calls.get(ref, ())]
    return policy is not None and not policy.egress and bool(callers) and all(lets_in(policy, w) for w in callers)


def _passed_on(view: View, workload: Workload, edit: Edit, signs: Signs) -> bool:
    """Tell whether settings of a workload's own were edited that only passes on what others had begun to tell."""
    own = edit.on == workload.ref and edit.ref.startswith(_SETTINGS)
    return own and passed_on(view, workload, edit.ref, edit.at, signs.began)


def _at_once(fits: Iterable[Edit], signs: Signs, on: str = "") -> list[Edit]:
    """Return the edits that were written just then: they are nearer than what a start brought into force."""
    return [each for each in fits if _fits(each.at, signs) and on in ("", each.on)]


def _own(fits: Iterable[Edit], on: str) -> list[Edit]:
    return [each for each in fits if each.on == on]


def _fits(at: datetime | None, signs: Signs) -> bool:
    if at is None or signs.exact:
        return near(at, signs.began)
    return -AFTER <= signs.began - at <= REACH


def _match(told: Sequence[tuple[Workload, Signs, Edit]]) -> Match:
    _, _, edit = told[0]
    wrote = "it was written; nothing else that concerns who suffers came into force as that began"
    return Match(
        component=edit.ref,
        evidence=(
            Evidence("objects", edit.ref, wrote, edit.at),
            *(seen for _, signs, _ in told[:3] for seen in signs.seen),
        ),
        certainty=0.4 if any(signs.exact for _, signs, _ in told) else 0.3,
        root_cause="network_fault" if edit.ref.startswith(f"{POLICY}/") else "",
        since=oldest(signs.began for _, signs, _ in told),
        explains=tuple(dict.fromkeys(ref for workload, _, each in told for ref in (workload.ref, each.on))),
    )


RULE = Rule(
    name="edited_at_the_onset",
    title="Trouble began as the one object beside it was edited, or came into force",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no trouble began as one object beside it was edited or came into force",
    follows=True,
)
