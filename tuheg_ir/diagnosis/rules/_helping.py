"""What several rules say: remedies that would not help here, and settings that a program got of late."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import created, written
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import slept

HOURS = timedelta(hours=6)
"""Settings that were written longer ago than this have proved themselves."""
ON_CALLERS = ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload")
"""What people do to a caller whose trouble comes from behind."""


def not_for(
    targets: Iterable[str], reason: str, remedies: Iterable[str] = ON_CALLERS, *, final: bool = False
) -> tuple[Excluded, ...]:
    """Return the remedies as excluded for each target."""
    chosen = tuple(remedies)
    return tuple(Excluded(remedy, target, reason, final) for target in targets for remedy in chosen)


def spared(view: View, cache: str) -> tuple[str, ...]:
    """Return the databases that get all requests which a cache no longer answers."""
    needed = {need for caller in view.graph.callers(cache) for need in view.graph.needs(caller)}
    return tuple(
        sorted(
            ref for ref in needed if ref != cache and ref in view.workloads and role(view.workloads[ref]) == "database"
        )
    )


def behind(view: View, *refs: str, but: str = "") -> tuple[str, ...]:
    """Return workloads with all that call them, in order: everything that suffers with them, ``but`` for one."""
    found = {ref for ref in refs if ref}
    for ref in tuple(found):
        found |= view.graph.callers(ref)
    return tuple(sorted(found - {but}))


def sharing(view: View, workload: Workload, *roles: str) -> list[Workload]:
    """Return the programs that ask the same stores of some roles as a workload does, as a broker."""
    shared = {store.ref for store in of_role(view.workloads, *roles)} & view.graph.calls.get(workload.ref, set())
    others = (w for w in view.serving if w is not workload and role(w) not in DATA) if shared else ()
    return [w for w in others if view.graph.calls.get(w.ref, set()) & shared]


def not_their_own(view: View, refs: Iterable[str], began: datetime | None) -> tuple[str, ...]:
    """Return those of some workloads that may suffer of what began elsewhere then.

    Not one whose users suffer since a release of its own that came after that: it served well amid it.
    """
    return tuple(ref for ref in refs if not _fails_by_itself(view, ref, began))


def _fails_by_itself(view: View, ref: str, began: datetime | None) -> bool:
    workload = view.workloads.get(ref)
    if workload is None or began is None or workload.released_at is None or workload.released_at <= began:
        return False
    return any(since_release(workload, since) for _, since in troubles(view, ref))


def released_since(view: View, refs: Iterable[str], began: datetime | None) -> tuple[str, ...]:
    """Return those of some workloads with whose release a trouble began: taking that back may help."""
    found = ((ref, view.workloads.get(ref)) for ref in refs)
    return tuple(ref for ref, workload in found if workload is not None and since_release(workload, began))


def settings_written(view: View, workload: Workload, before: datetime | None) -> tuple[Evidence, ...]:
    """Return the one ConfigMap that a program reads and that was written within hours before a trouble of it.

    One that was written earlier counts if the program was first started with it just before the trouble.
    """
    found = list(_woken(view, workload, before))
    for named, obj in view.maps_read(workload.template):
        at, made = written(obj), created(obj)
        if at is None or made is None or at <= made or (before is not None and at > before):
            continue
        if view.recent(at, HOURS):
            found.append(Evidence("objects", f"ConfigMap/{named}", f"{workload.ref} reads it, and it was changed", at))
    return tuple(found) if len(found) == 1 else ()


def _woken(view: View, workload: Workload, before: datetime | None) -> Iterator[Evidence]:
    """Yield the ConfigMaps that were written long ago, and that a program read only just before a trouble of it."""
    edits, started = slept(view, workload)
    if started is None or not soon_after(before, started):
        return
    told = f"it was changed, and {workload.ref} reads that since its start at {started:%d %b %H:%M}"
    for ref, at in edits:
        if ref.startswith("ConfigMap/") and not view.recent(at, HOURS):
            yield Evidence("objects", ref, told, at)


def names(said: str, label: str) -> bool:
    """Tell whether a text names an object, and not only one whose name is longer."""
    return re.search(rf"(?<![\w.-]){re.escape(label)}(?![\w-])", said) is not None
