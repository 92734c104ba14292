"""What only the younger pods of a template took at their start: an edit from after the older ones had started.

A drain or an eviction makes some pods anew, and they are the first to read what somebody wrote days ago.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._credentials import is_old, refusals
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._refused_logins import refuses_login
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.changes import keys_of, reads
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.odd import PROVEN, odd_pods, odd_since, same_template, told_apart, well_before
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, last_write, moment, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.silent import complained_since
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import read_write, unseen_secrets
from tuheg_ir.named import NamedTuple

_SETTINGS = ("ConfigMap", "Secret")
_OF_OTHERS = ("certificate",)
_REFUSED = ("_authentication", "_full")
"""Ends of troubles that new pods have for other reasons: a login of which other rules know more, no session left."""
_NAMELESS = "outside_authentication"
"""A client that is refused tells often by what status, and not by whom."""
_SEVERAL = 2
"""So many pods that are younger than all others are seldom ill by chance."""
_SETTLED = timedelta(minutes=2)
"""So long after the start of its containers a pod's status is written for that."""


class Taken(NamedTuple):
    """An edit that the ill pods of a workload were the first to start with; ``at``: when it was written, if known.

    ``nameless``: what they tell of somebody who refuses them, and whom they do not name.
    """

    ref: str
    at: datetime | None
    ill: tuple[Pod, ...]
    well: tuple[Pod, ...]
    told: Mapping[str, str]
    measured: bool
    nameless: tuple[str, ...]


@once
def taken_in_between(view: View, workload: Workload) -> Taken | None:
    """Return the one edit that tells the ill pods of a template, all younger, from the well ones, all older."""
    measured = odd_pods(view, workload, few=False)
    told = measured or told_apart(view, workload)
    ill = tuple(pod for pod in workload.live if pod.name in told)
    well = tuple(pod for pod in workload.live if pod.name not in told and pod.ready)
    if not ill or not well or not same_template((*ill, *well)) or another_build(view, workload, set(told)):
        return None
    if not _younger(view, ill, well) or _by_their_node(ill, well) or _refused(view, workload, set(told)):
        return None
    if not all(soon_after(_ill_since(view, workload, pod), pod.started) for pod in ill):
        return None  # what served well with the edit at first is not ill for it
    edits = list(_edits(view, workload, ill, well))
    env = {f"{kind}/{label}" for kind, label, _, _ in keys_of(workload.template)}
    # What is mounted changes under those that run as well.
    edits = [each for each in edits if each[0] in env] or edits
    nameless = tuple(hit.line for hit in view.hits_of(workload.ref, _NAMELESS) if hit.pod in told)
    return Taken(*edits[0], ill, well, told, bool(measured), nameless) if len(edits) == 1 else None


def may_be_taken(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether odd pods are the first to have started with some edit, and are not known to have been well with it.

    Which of several edits it is, or whether it is their node instead, nobody may know: a start of the others takes the
    edits as well. Who is well with them, for minutes, shows that they are good.
    """
    ill = [pod for pod in workload.live if pod.name in odd]
    rest = (pod for pod in workload.live if pod.name not in odd and pod.ready)
    well = [pod for pod in rest if pod.started is None or not view.recent(pod.started, PROVEN)]
    if not ill or not well or not any(_edits(view, workload, ill, well)):
        return False
    began = [(_ill_since(view, workload, pod), pod.started) for pod in ill]
    return all(since is None or soon_after(since, started) for since, started in began)


def may_be_taken_unseen(view: View, workload: Workload, odd: Collection[str]) -> bool:
    """Tell whether several odd pods, all younger than all well ones, are ill since they took a Secret that is not read.

    One may be ill by itself. Of several that all started since some moment a start makes none better, if they took what
    nobody may look at: whoever runs from before would be given it too.
    """
    ill = [pod for pod in workload.live if pod.name in odd]
    well = [pod for pod in workload.live if pod.name not in odd and pod.ready]
    if len(ill) < _SEVERAL or not _younger(view, ill, well) or not unseen_secrets(view, workload.template):
        return False
    began = [(_ill_since(view, workload, pod), pod.started) for pod in ill]
    return all(since is None or soon_after(since, started) for since, started in began)


def _younger(view: View, ill: Sequence[Pod], well: Sequence[Pod]) -> bool:
    """Tell whether all ill pods started after all well ones, and not just now."""
    starts, before = [pod.started for pod in ill], [pod.started for pod in well]
    first, last, upto = oldest(starts), newest(starts), newest(before)
    if first is None or last is None or upto is None or None in starts or None in before:
        return False
    return first - upto >= PROVEN and view.now - last >= PROVEN


def _ill_since(view: View, workload: Workload, pod: Pod) -> datetime | None:
    """Return since when a pod is ill, by its figures; by its log, where they begin no sooner than it was ill."""
    began = odd_since(view, [pod.name])
    if began is not None and (soon_after(began, pod.started) or well_before(view, [pod], began)):
        return began
    hits = (hit for hit in view.hits_of(workload.ref) if hit.pod == pod.name and not hit.previous)
    logs = (complained_since(log.lines) for log in view.logs_of([pod], previous=False))
    return newest((*(hit.first for hit in hits if hit.count >= OFTEN), *logs))


def _by_their_node(ill: Sequence[Pod], well: Sequence[Pod]) -> bool:
    """Tell whether the ill pods are on one node, and no well one is there: it may be the node."""
    nodes = {pod.node for pod in ill}
    return len(nodes) == 1 and not nodes & {pod.node for pod in well}


def _refused(view: View, workload: Workload, ill: Collection[str]) -> bool:
    """Tell whether ill pods meet what others know more of; of who refuses them without a name nobody does."""
    known = {hit.line for each in refusals(view) for hit in (c.hit for c in each.complaints) if hit.pod in ill}
    return any(
        hit.trouble in _OF_OTHERS or hit.trouble.endswith(_REFUSED)
        for hit in view.hits_of(workload.ref)
        if hit.pod in ill and (hit.trouble != _NAMELESS or hit.line in known)
    )


def _edits(
    view: View, workload: Workload, ill: Sequence[Pod], well: Sequence[Pod]
) -> Iterator[tuple[str, datetime | None]]:
    for kind, label in sorted(reads(workload.template)):
        obj = view.objects(kind).get(label) if kind in _SETTINGS else None
        if obj is None:
            continue
        at = read_write(workload.template, obj)
        if (at or last_write(obj) is None) and _between(obj, at, ill, well):
            yield f"{kind}/{label}", at


def _between(obj: Obj, at: datetime | None, ill: Sequence[Pod], well: Sequence[Pod]) -> bool:
    """Tell whether an object was written after the well pods had started, and before the ill ones did.

    Where no managedFields tell when, the versions do, which a cluster counts up with each write of anything.
    """
    if at is not None:
        return all(p.started and p.started < at for p in well) and all(p.started and at < p.started for p in ill)
    version, before, after = _version(obj), _versions(well), _versions(ill)
    told = 0 < max(before) < version < min(after) and 0 not in before
    return told and all(map(_unchanged_since_start, ill))


def _unchanged_since_start(pod: Pod) -> bool:
    """Tell whether a pod was last written as it started: its version counts each write of its status as well."""
    turns = (moment(each, "lastTransitionTime") for each in items(pod.obj, "status", "conditions"))
    ends = (each.ended.at for each in pod.containers if each.ended and each.state == "terminated")
    last = newest((*turns, *ends))
    return last is None or (pod.started is not None and last - pod.started <= _SETTLED)


def _versions(pods: Iterable[Pod]) -> list[int]:
    return [_version(pod.obj) for pod in pods]


def _version(obj: Obj) -> int:
    """Return the count of the write that an object is of; 0 where it is not known."""
    said = text(obj, "metadata", "resourceVersion")
    return int(said) if said.isdecimal() else 0


def of_taken(view: View, workload: Workload, taken: Taken) -> Match:
    """Return that an edit makes those ill that started with it; a start of any pod takes it as well."""
    kind, _, label = taken.ref.partition("/")
    readers = [w for w in view.serving if w is not workload and (kind, label) in reads(w.template)]
    refusing = [w.ref for w in readers if taken.nameless and _may_refuse(view, w, taken)]
    beside = [w.ref for w in readers if w.ref not in refusing]
    apart = f"{len(taken.ill)} pods that started since fail; {len(taken.well)} older ones of the same template are well"
    how = "" if taken.at else ", by their resourceVersions"
    wrote = f"it was written after the well pods of {workload.ref} had started, and before the ill ones did{how}"
    first = oldest(pod.started for pod in taken.ill)
    seen = "metrics" if taken.measured else "logs"
    return Match(
        component=taken.ref,
        evidence=(
            Evidence("objects", taken.ref, wrote, taken.at),
            Evidence("objects", workload.ref, apart, first),
            *(Evidence(seen, f"Pod/{pod}", what, first) for pod, what in sorted(taken.told.items())[:3]),
            *(Evidence("objects", each, "it runs since before that, and may refuse them") for each in refusing[:2]),
        ),
        certainty=_certainty(taken, refusing),
        since=odd_since(view, taken.told) or first,
        explains=behind(view, workload.ref),
        excludes=(
            *excluding(workload.ref, "older pods of the same template are well", "rollback_workload"),
            *not_for((workload.ref, *beside), f"each start reads {taken.ref} as it is now", RESTARTS),
        ),
    )


def _may_refuse(view: View, reader: Workload, taken: Taken) -> bool:
    """Tell whether somebody else who is asked may hold what was before an edit: the edit may be good, and he refuses.

    Then his restart is the remedy. Whom no Service leads to refuses nobody, and would take the edit.
    """
    at = taken.at or min(pod.started for pod in taken.ill if pod.started)
    return bool(view.leading_to(reader.ref)) and is_old(reader, at)


def _certainty(taken: Taken, refusing: Sequence[str]) -> float:
    """Return how sure it is that an edit is bad: less where nobody knows who refuses those that started with it.

    It may be who holds the former one; it may be they that refuse their own users; and a key is mostly in a Secret.
    """
    if not taken.nameless:
        return 0.65
    doubtful = refusing or any(map(refuses_login, taken.nameless)) or not taken.ref.startswith("Secret/")
    return 0.25 if doubtful else 0.5
