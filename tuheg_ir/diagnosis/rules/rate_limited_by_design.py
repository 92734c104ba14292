"""A client is refused by limits, or as its own key ran out, and nobody else feels anything: nothing is broken."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._doorman import of_the_door, turned_away_at_the_door
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, not_for
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._refused_clients import unproven
from tuheg_ir.diagnosis.rules._tighter import asked_more, limits_written, refused_more, tighter
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view.askers import answers_lately
from tuheg_ir.diagnosis.view.held_back import TOO_MANY, held_back, key_ended
from tuheg_ir.diagnosis.view.limited_behind import limited_behind
from tuheg_ir.diagnosis.view.refused_shares import REFUSED
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.undone import asks_for_the_end
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SHARE = 0.01
LOOK = 0.3
"""A person has to look whether limits that changed are as wanted."""
COMPLETE = "all workloads are complete, and none has crashed"
OTHERS = (*ON_CALLERS, "isolate_workload", "switch_traffic")


def when(view: View) -> Iterator[Match]:
    """Limits refuse requests, of all or who asks most, or a client's key ran out; alerts apart, nothing is wrong.

    Of limits that may be new somebody has to be known who is over: whoever else is refused may be refused wrongly.
    """
    doors = {each.ref: seen for each in view.serving if (seen := turned_away_at_the_door(view, each))}
    # what a server's limits refuse with a server's error looks like failures of its own
    signs = (sign for sign in signs_of_trouble(view) if sign.source != "alerts")
    if any(sign.object not in doors or not of_the_door(view, sign) for sign in signs):
        return
    # that a client is held back says nothing of work that does not end
    limited = {ref: ratios for ref, ratios in _limited(view).items() if not asks_for_the_end(view, ref)}
    told_of = set[str]()
    for ref, ratios in limited.items():
        if any(_not_as_wanted(view, ref, label) for label in ratios):
            yield from _for_a_person(view, ref)
            continue
        label, ratio = max(ratios.items(), key=lambda each: each[1])
        failing = view.figures.now("error_ratio", component=label)
        told = f"{ratio:.1%} of requests are refused with 429"
        told += f", {failing:.1%} fail otherwise" if failing is not None else ""
        workload = view.workloads.get(ref)
        seen = (key_ended(view, workload) or held_back(view, workload)) if workload else None
        seen = seen or next((word for gate in _before(view, ref) if (word := held_back(view, gate))), None)
        told_of |= {seen.object} if seen else set()
        shown = Evidence("metrics", ref, told, view.figures.crossed(REFUSED, SHARE, component=label))
        if seen is None and workload and (doubt := unproven(view, workload, label)):
            yield Match(ref, (shown, doubt), LOOK, root_cause="unknown", remedy="page_human")
            continue
        yield Match(
            component=_who_refuses(view, ref),
            evidence=(
                shown,
                *((seen,) if seen else ()),
                Evidence("objects", "", COMPLETE),
            ),
            certainty=0.65,
            excludes=_in_vain(*dict.fromkeys((ref, seen.object))) if seen else (),
        )
    for workload in (each for each in view.serving if each.ref not in told_of or each.ref in limited):
        if asks_for_the_end(view, workload.ref):
            continue
        seen = doors.get(workload.ref) or (key_ended(view, workload) if workload.ref not in limited else None)
        if seen is None and not labels_of(view, workload.ref, REFUSED):
            seen = held_back(view, workload)
        if seen is not None:
            yield Match(
                component=workload.ref,
                evidence=(seen, Evidence("objects", workload.ref, COMPLETE)),
                certainty=0.6,
                excludes=_in_vain(workload.ref),
            )


def _for_a_person(view: View, ref: str) -> Iterator[Match]:
    """Yield that more is refused since limits changed, and an alert only informs of it: nobody may call that well."""
    informs = (a for a in view.snapshot.alerts if a.state == "firing" and a not in view.alerts)
    for alert in [alert for alert in informs if view.about_alert(alert) == ref][:1]:
        seen = alert.fires(ref, "; more is refused since limits changed")
        yield Match(component=ref, evidence=(seen,), certainty=LOOK, root_cause="unknown", remedy="page_human")


def _limited(view: View) -> dict[str, dict[str, float]]:
    """Return of whom requests are refused: by each of its names, of which a workload may have several, what share."""
    found: dict[str, dict[str, float]] = {}
    for label, ratio in sorted(view.figures.latest(REFUSED, "component").items()):
        if ratio >= SHARE:
            found.setdefault(view.component(label) or f"Service/{label}", {})[label] = ratio
    return found


def _not_as_wanted(view: View, ref: str, label: str) -> bool:
    """Tell whether more is refused since limits, or who refuses, changed, and not because so much more is asked."""
    workload, since = view.workloads.get(ref), refused_more(view, label)
    more = tighter(view, label) is None and asked_more(view, ref, label)
    if workload is None or since is None or more:
        return False
    written = limits_written(view, workload, since, fewer=more is False)
    return bool(written) or (bool(workload.changes) and near(workload.released_at, since))


def _before(view: View, ref: str) -> Iterator[Workload]:
    """Yield those who ask a workload, and may refuse for it: a gateway's own log tells whom."""
    yield from (each for each in view.serving if ref in limited_behind(view, each))


def _who_refuses(view: View, ref: str) -> str:
    """Return the gateway that refuses for a workload, if each alert is about it and logs show it; else the workload.

    A gateway's figures have the name of who was asked for, and its log tells of whatever that one refuses itself.
    """
    workload = view.workloads.get(ref)
    if not view.alerts or (workload is not None and _refuses(view, workload)):
        return ref
    about = {view.about_alert(alert) for alert in view.alerts}
    return next((gate.ref for gate in _before(view, ref) if about == {gate.ref} and _refuses(view, gate)), ref)


def _refuses(view: View, workload: Workload) -> bool:
    return any(status == TOO_MANY for status, _ in answers_lately(view, workload))


def _in_vain(*refs: str) -> tuple[Excluded, ...]:
    return not_for(refs, "it works: this only lets the flood in or drops what is served", OTHERS)


RULE = Rule(
    name="rate_limited_by_design",
    title="A client is held back by rate limits, or its key ran out, as wanted",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no requests are refused by rate limits, or for a key that ran out, while all else is well",
)
