"""A release writes into a shared store what another program, which brought nothing of it, cannot read.

It is another version beside the stable one; or another program, where words say that the form as a whole is strange:
that of a younger language or library. Such words are of who wrote it, and never of a program that only reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for, not_their_own, settings_written
from tuheg_ir.diagnosis.rules._twins import another_program, programs
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import MISREAD, Hit
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import created, items, oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Pod, Workload

_FORM = late(
    r"unsupported pickle protocol|incompatible marshal file format|igbinary_unserialize_header: unsupported version",
    re.IGNORECASE,
)
"""How a language tells that something was written out by a younger one of its kind.

Not that it is of no such form at all: what is cut off, packed, or a note in the place of a big file is neither.
"""
_FILE = late(
    r"\bpickle\.load\(|\b(?:joblib|torch|np|numpy|dill)\.load\b|\b(?:read_pickle|load_model)\b"
    r"|\bFile\.(?:open|read|binread)\b|\.(?:pkl|pickle|joblib|pth?|sav|marshal)(?:[\"'\s),]|$)"
)
"""How a trace tells that it is a file which is read, as a model, and no entry of a store."""
AS_MUCH = 1.5
"""A share of failures that is at most so many times the former one is the same trouble."""
_TRACE = 20
"""So many lines of a trace before its error tell where it comes from."""
_LONG = 1000
"""So much of a line is looked at."""


def when(view: View) -> Iterator[Match]:
    """A service misreads data since another version of it, which does not, was put beside it on the same store.

    Or since another program on that store was released, where it is the form as a whole that cannot be read.
    """
    for old in view.serving:
        hits = _misread(view, old)
        said = (*felt(view, old.ref), *suffering(view, old.ref))
        first = _began(view, old, hits, said)
        if sum(hit.count for hit in hits) < OFTEN or not said or _came(old, first):
            continue
        # What was taken back may have left its entries behind.
        others = (w for w in view.serving if w is not old and not w.returned)
        came = [w for w in others if _came(w, first) and _concerns(view, w, old)]
        if len(came) != 1 or _misread(view, came[0]):
            continue
        if _beside(view, came[0], old) or (_of_form(hits) and _writes_alone(view, came[0], old, hits, first)):
            yield _match(view, came[0], old, hits, said[0], first)


def _misread(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells of data that it cannot read; a line that says it in two ways is one."""
    misread = view.hits_of(workload.ref, *MISREAD, "field_unknown")
    hits = [hit for hit in misread if not hit.previous]
    return tuple({(hit.pod, hit.line): hit for hit in hits if fresh(view, hit)}.values())


def _began(view: View, old: Workload, hits: tuple[Hit, ...], said: Sequence[Evidence]) -> datetime | None:
    """Return since when data are misread: as long as users suffer, where a release amid that began the logs anew."""
    first = oldest(hit.first for hit in hits)
    suffered = oldest(each.time for each in said)
    amid = suffered is not None and since_release(old, first) and _failed_as_much(view, old, suffered)
    return suffered if amid and _of_form(hits) else first


def _failed_as_much(view: View, old: Workload, since: datetime) -> bool:
    """Tell whether as many requests failed before a release as now: then it did not bring what they fail with.

    Where nobody measures it, what suffers since before has to do.
    """
    came, labels = old.released_at, labels_of(view, old.ref, "error_ratio")
    if came is None or since >= came + BEFORE:
        return False
    for label in labels:
        series = view.figures.series("error_ratio", component=label)
        was = [v for each in series for t, v in each.points if since.timestamp() <= t < came.timestamp()]
        now = view.figures.now("error_ratio", component=label)
        if was and now is not None and now <= AS_MUCH * median(was):
            return True
    return not labels


def _of_form(hits: tuple[Hit, ...]) -> bool:
    """Tell whether all that is misread is in a form that cannot be read at all."""
    return bool(hits) and all(_FORM.search(hit.line) for hit in hits)


def _writes_alone(view: View, new: Workload, old: Workload, hits: tuple[Hit, ...], first: datetime | None) -> bool:
    """Tell whether another program with a new image is the only one on a store that may write otherwise than before."""
    stores = _shared(view, new, old)
    runs = another_program(new, old) and new.ready >= max(1, new.wanted)
    if not stores or not runs or not _image_of_a_user(view, new, stores) or _of_a_file(view, old):
        return False
    others = (w for w in view.workloads.values() if w.ref not in (new.ref, old.ref) and _shared(view, w, old))
    ill = {hit.pod for hit in hits}
    # The log of who was started anew for it begins then, and what users feel does not.
    suffered = oldest((first, *(each.time for each in felt(view, old.ref))))
    mine = _unclear(view, old, [pod for pod in old.live if pod.name in ill], suffered)
    return not mine and not any(_unclear(view, w, w.live, first) for w in others)


def _unclear(view: View, other: Workload, pods: Sequence[Pod], first: datetime | None) -> bool:
    """Tell whether nobody knows that another user of a store writes, or reads, as it did before.

    A run may be of another image each time; what was taken back may have left its entries; pods that were all started
    then may be of another build, or of other settings; and some programs hear of their settings as they are written.
    """
    if other.kind in BATCH or other.returned:
        return True
    anew = bool(pods) and all(soon_after(first, pod.started) for pod in pods)
    return anew or any(soon_after(first, each.time) for each in settings_written(view, other, first))


def _image_of_a_user(view: View, new: Workload, stores: set[str]) -> bool:
    """Tell whether a release changed the image of a container that uses a store, and not of one that stands beside."""
    services = {s.name for s in view.services.values() if stores & set(s.backends)}
    known = services | {ref.partition("/")[2] for ref in stores}
    containers = {text(c, "name"): c for c in items(new.template, "spec", "containers")}
    told = {n: " ".join(str(c.get(key, "")) for key in ("env", "command", "args")) for n, c in containers.items()}
    users = {n for n, said in told.items() if any(names(said, each) for each in known)}
    if len(containers) == 1:
        users = set(containers)
    return bool(users & {change.container for change in new.changed("image")})


def _of_a_file(view: View, old: Workload) -> bool:
    """Tell whether a trace says that what cannot be read is a file."""
    for log in view.logs_of(old.live, previous=False):
        for at, line in enumerate(log.lines):
            if _FORM.search(line, 0, _LONG):
                trace = log.lines[max(0, at - _TRACE) : at + 1]
                if any(_FILE.search(each, 0, _LONG) for each in trace):
                    return True
    return False


def _came(workload: Workload, first: datetime | None) -> bool:
    """Tell whether a workload was released, or made, as something began."""
    return since_release(workload, first) or soon_after(first, created(workload.obj))


def _concerns(view: View, other: Workload, old: Workload) -> bool:
    """Tell whether a workload could give another what that cannot read: by a request, an answer, or a store."""
    near = view.graph.needs(old.ref) | view.graph.callers(old.ref)
    return other.ref in near or bool(_shared(view, other, old))


def _shared(view: View, one: Workload, other: Workload) -> set[str]:
    """Return the stores that two workloads use."""
    stores = {store.ref for store in of_role(view.workloads, *DATA)}
    return stores & view.graph.calls.get(one.ref, set()) & view.graph.calls.get(other.ref, set())


def _beside(view: View, new: Workload, old: Workload) -> bool:
    """Tell whether a workload runs another version of the same program on the same store, and runs well."""
    if not programs(new) or not programs(old) or another_program(new, old):
        return False
    other = programs(new, tags=True) != programs(old, tags=True)
    return other and bool(_shared(view, new, old)) and new.ready >= max(1, new.wanted)


def _match(
    view: View, new: Workload, old: Workload, hits: tuple[Hit, ...], said: Evidence, first: datetime | None
) -> Match:
    store = ", ".join(sorted(_shared(view, new, old)))
    runs = ", ".join(sorted(programs(new, tags=True)))
    made = Evidence("objects", new.ref, f"it is new, and runs {runs}", created(new.obj))
    near = not_their_own(view, behind(view, old.ref, but=new.ref), first)
    spared = f"it reads in {store} what {new.ref} writes: nothing done to it makes it read that"
    return Match(
        component=new.ref,
        evidence=(
            *(release_evidence(new)[:2] or (made,)),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            said,
            Evidence("objects", old.ref, f"{_age(old, first)}, and it uses {store} too", old.released_at),
        ),
        certainty=0.7,
        remedy="rollback_workload" if new.changes else "page_human",
        since=first,
        explains=behind(view, old.ref, but=new.ref),
        excludes=(
            *excluding(new.ref, "new pods would write the same", *RESTARTS, "scale_workload"),
            *not_for(dict.fromkeys((old.ref, *near)), spared),
        ),
    )


def _age(old: Workload, first: datetime | None) -> str:
    late_one = old.released_at is not None and first is not None and first < old.released_at
    return "it was released when users suffered already" if late_one else "its own template is older"


RULE = Rule(
    name="store_in_another_form",
    title="A release writes into a shared store what another program cannot read",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service misreads what another version of it, or another program, writes into a store since its release",
)
