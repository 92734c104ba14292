"""What one pod of several has not and its like have: by what each answers, and by what its callers tell of each.

A pod whose copy of something stands still answers all that is older as ever: only for what came since is it asked in
vain, and its like, asked for the very same, have it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._fewer import fewer
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.askers import THING, answer_of, of_probe
from tuheg_ir.diagnosis.view.ended_apart import ended_for_good
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.marked import LATELY, OFTEN, complains
from tuheg_ir.diagnosis.view.odd import CLEARLY
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.took import without_names
from tuheg_ir.diagnosis.view.trouble import ERRORS, of_pods
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

_NOTHING = late(
    r"\b404\b|\b(?:not|never) found\b|\bNotFound\b|\bNOT_FOUND\b|\bno such \w|\bunknown (?!error|host|reason|cause)\w"
    r"|\bnot (?:in|known|listed|there)\b|\bdo(?:es not|esn't) exist\b",
    re.IGNORECASE,
)
"""How a caller tells that whom it asked has nothing of the kind."""
_TOKEN = late(r"(?<![\w.-])[\w-]{0,40}\d[\w-]{0,40}(?![\w.-])")
_TOOK = late(r"\d+(?:ms|s|us|ns|m|h|kb|mb|b)|v\d+|[1-5]\d\d", re.IGNORECASE)
"""A figure, a version or a status names nothing that is asked for."""
_NAMES = 4
"""A shorter one may stand for anything."""
_NONE = 404
THINGS = 3
"""So many different things that others have and a pod has not are no matter of one of them."""
_RARELY = 10
"""So many times as often as all its like together a pod has to be asked in vain: some ask for what is nowhere."""
_REFUSED = 400
_SHARE = "not_found_ratio_by_pod"


class _Told(NamedTuple):
    """An answer of a pod: when, whether there was what was asked for, which kind of it and what; by which line."""

    at: datetime
    pod: str
    well: bool
    kind: str
    things: frozenset[str]
    line: str


class Lacks(NamedTuple):
    """A pod that lacks something: since when, what shows it, and whether a task of it had ended before.

    part: it holds a part of what its like have whole, and if that is proven to be there for a new process as well;
    None where it counts no less than they.
    """

    pod: Pod
    since: datetime
    evidence: tuple[Evidence, ...]
    ended: bool
    part: bool | None = None


def lacks(view: View, workload: Workload) -> Lacks | None:
    """Return the one pod that lacks what its like have; None where others do as well, as where each has its own."""
    told = [*_own_answers(view, workload), *_told_by_callers(view, workload)]
    shares = of_pods(view, workload.ref, _SHARE)
    for pod in workload.live if told or shares else ():
        if found := _lacks(view, workload, pod, told, shares):
            return found
    return None


def _lacks(
    view: View, workload: Workload, pod: Pod, told: Sequence[_Told], shares: Mapping[str, float]
) -> Lacks | None:
    """Return what a pod lacks: several things that its like have, or what it is asked for since a task of it ended."""
    kinds = {kind for kind in {each.kind for each in told} if _others_have(told, kind, pod.name)}
    missed = [each for each in told if each.kind in kinds and each.pod == pod.name and not each.well]
    well = [each for each in told if each.kind in kinds and each.pod != pod.name and each.well]
    by_lines = len(missed) >= OFTEN and len(well) >= OFTEN
    share, others = shares.get(pod.name, 0.0), [value for name, value in shares.items() if name != pod.name]
    if others and share <= max(others):
        return None
    by_share = len(shares) == len(workload.live) and share > max(ERRORS, CLEARLY * max(others))
    first = min((each.at for each in missed), default=None) if by_lines else None
    turned = view.figures.crossed(_SHARE, ERRORS, pod=pod.name) if by_share else None
    began = oldest((first, turned))
    if began is None:
        return None
    end = ended_for_good(view, pod)
    ended = end is not None and end[0] <= began
    part = fewer(view, workload, pod) if by_share and not ended else None
    if not ended and not part and not (by_lines and _are_known(missed, well)):
        return None
    ref, evidence = f"Pod/{pod.name}", list[Evidence]()
    if end is not None and ended:
        evidence.append(Evidence("logs", ref, f"the process goes on without a task of it: {end[1]}", end[0]))
    evidence += part.evidence if part else ()
    if by_lines:
        fact = f"{len(missed)} times it had not what was asked for, and its like had it {len(well)} times"
        evidence.append(Evidence("logs", ref, f"{fact}: {missed[-1].line[:300]}", first))
    if by_share:
        fact = f"{share:.0%} of its requests are answered with 404, and {max(others):.1%} at most of its like's"
        evidence.append(Evidence("metrics", ref, fact, turned))
    return Lacks(pod, began, tuple(evidence), ended, part.proven if part else None)


def _others_have(told: Sequence[_Told], kind: str, pod: str) -> bool:
    """Tell whether the like of a pod nearly always have what they are asked for of a kind, and it often has not."""
    counts = Counter((each.pod == pod, each.well) for each in told if each.kind == kind)
    return counts[False, True] > 0 and counts[True, False] > _RARELY * counts[False, False]


def _are_known(missed: Sequence[_Told], well: Sequence[_Told]) -> bool:
    """Tell whether several things that a pod has not were there by two others, before it was asked and after.

    What was there only before may be deleted, and what came later made since; what one other alone has it may keep for
    itself. What most of these lines name is not what was asked for.
    """
    times = Counter(thing for each in missed for thing in each.things)
    some = {thing for thing, count in times.items() if 2 * count <= len(missed)}
    asked = {thing: [each.at for each in missed if thing in each.things] for thing in some}
    known = [(thing, each) for each in well for thing in each.things if thing in asked]
    things = {thing for thing, _ in known}
    paths = {thing for thing in things if thing.startswith("/")}
    before = any(each.at < max(asked[thing]) for thing, each in known)
    after = any(each.at > min(asked[thing]) for thing, each in known)
    several = max(len(paths), len(things - paths)) >= THINGS
    return several and before and after and len({each.pod for _, each in known}) > 1


def _own_answers(view: View, workload: Workload) -> Iterator[_Told]:
    """Yield what pods answered lately by their own logs: that there is nothing, or well."""
    for log in view.logs_of(workload.live, previous=False):
        for line, at in zip(log.lines, times_around(log.lines)[0], strict=True):
            status = answer_of(line) if at is not None and view.recent(at, LATELY) else 0
            if at is None or not (status == _NONE or 0 < status < _REFUSED) or of_probe(line):
                continue
            if found := THING.search(line):
                thing = frozenset((found[1],))
                yield _Told(at, log.pod, status != _NONE, without_names(found[1]), thing, line.strip())


def _told_by_callers(view: View, workload: Workload) -> Iterator[_Told]:
    """Yield what those who call a workload tell lately of one pod of it: it has nothing of the kind, or all is well."""
    marks = {mark: pod.name for pod in workload.live for mark in (pod.name, pod.address) if mark}
    for ref in sorted(view.graph.callers(workload.ref) - {workload.ref}):
        caller = view.workloads.get(ref)
        for log in view.logs_of(caller.live, previous=False) if caller else ():
            if not speaks_of(log, marks):
                continue
            for line, at in zip(log.lines, times_around(log.lines)[0], strict=True):
                asked = {pod for mark, pod in marks.items() if mark in line and names(line, mark)}
                if len(asked) != 1 or at is None or not view.recent(at, LATELY):
                    continue
                failed = complains(line) or answer_of(line) >= _REFUSED
                nothing = _NOTHING.search(line) is not None
                if failed == nothing:
                    yield _Told(at, asked.pop(), not failed, ref, _things(line, marks), line.strip())


def _things(line: str, marks: Collection[str]) -> frozenset[str]:
    """Return what a line names by number, beside the pods and the time."""
    bare = without_time(line)
    for mark in marks:
        bare = bare.replace(mark, " ")
    found = (each[0] for each in _TOKEN.finditer(bare))
    return frozenset(each for each in found if len(each) >= _NAMES and not _TOOK.fullmatch(each))
