"""When a release was tried before and taken back: what failed then may be its own, and may come with it again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.view.reading import last_write, name
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Revision, Workload


def tried_before(view: View, workload: Workload) -> tuple[tuple[datetime, datetime], ...]:
    """Return from when until when earlier revisions of a workload ran that may have brought what its release brings.

    What was only followed by others had its first minutes alone. What was taken back was in force until then, and so
    was the template of the release itself where it served once before.
    """
    return tuple(_tried(view, workload))


def amid(spans: Collection[tuple[datetime, datetime]], at: datetime | None) -> bool:
    """Tell whether something is of one of some spans; not if it is not known when it was."""
    return at is not None and any(start <= at <= end for start, end in spans)


def _tried(view: View, workload: Workload) -> Iterator[tuple[datetime, datetime]]:
    past = workload.revisions
    for number, each in enumerate(past):
        made = each.created
        if made is None or number == 1:
            continue  # the one before was in force until the release
        taken_back = any(one.created is not None and one.created < made for one in past[1:number])
        if workload.returned if number == 0 else taken_back:
            yield made + BEFORE, max(made + SOON, _ended(view, workload, each, made))
        elif number:
            yield made + BEFORE, made + SOON


def _ended(view: View, workload: Workload, revision: Revision, made: datetime) -> datetime:
    """Return when a revision was no longer in force, as far as is known: at the latest some time before the release.

    Its ReplicaSet was written last when its pods were gone. One that comes after it ended it; the older one that came
    back does not tell when. Nobody tries again within minutes what he took back.
    """
    sets = (each for each in view.snapshot.of("ReplicaSet") if name(each) == revision.name and not revision.wanted)
    written = (last_write(each) for each in sets)
    followed = (each.created for each in workload.revisions if each.created is not None and each.created > made)
    came = workload.released_at
    known = [at for at in (*written, *followed, came - SOON if came else None) if at is not None]
    return min(known, default=made + SOON) - BEFORE
