"""Whether a release closed a way by itself: policies go by the labels of pods, and it gave its own others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._reach import Bound, newest_of
from tuheg_ir.diagnosis.view.changes import changes
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.network import Policy, policies
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import mapping, oldest
from tuheg_ir.diagnosis.view.releases import releases, since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=6)
Closing = Callable[[Bound, Mapping[str, Workload]], Sequence[Policy]]
"""What closes one way, by the policies and the workloads that there are."""


class _Before(NamedTuple):
    """The policies as they bound when a workload still had its former labels."""

    policies: tuple[Policy, ...]


def closed_by_release(
    view: View, ends: Iterable[str], closing: Closing, said: Sequence[Complaint], since: datetime | None
) -> Workload | None:
    """Return the workload at an end of a closed way whose release alone closed it: with its labels before it is open.

    The policies are older, and the trouble began with the release and is told by its pods only. Not where a policy
    is perhaps not even enforced: a way that was closed for long, and whose trouble comes later, has another reason.
    """
    _, written = newest_of(closing(view, view.workloads))
    for ref in ends:
        workload = view.workloads[ref]
        before = with_former_labels(view, workload)
        if before is None or written is None or workload.released_at is None or written >= workload.released_at:
            continue
        began = oldest((since, *(at for _, at in troubles(view, ref))))
        older = {pod.name for pod in workload.older_pods()}
        if not since_release(workload, began) or any(each.hit.pod in older for each in said):
            continue
        found = {**view.workloads, ref: before}
        if not closing(_Before(policies(view.snapshot, found)), found):
            return workload
    return None


def relabelled(workload: Workload) -> Evidence:
    """Return which labels a release took from the pods of a workload."""
    old, new = _former(workload), workload.labels
    lost = ", ".join(f"{key}={value}" for key, value in sorted(old.items()) if new.get(key) != value)
    fact = f"released: its pods no longer have the label {lost}" if lost else "released: its pods have other labels"
    return Evidence("objects", workload.ref, fact[:240], workload.released_at)


def with_former_labels(view: View, workload: Workload) -> Workload | None:
    """Return a workload as it was before a release of late that changed its labels; None if none did.

    What holds data is nothing to go back with, and who went back already has not been there.
    """
    old = _former(workload)
    if workload.returned or not releases(view, workload, LATELY) or role(workload) in DATA:
        return None
    return replace(workload, labels=old) if old and old != workload.labels else None


def _former(workload: Workload) -> dict[str, str]:
    """Return the labels of the template before the newest one, without the marks that controllers add."""
    now = workload.current.template if workload.current else {}
    past = (each.template for each in workload.revisions[1:] if changes(each.template, now))
    found = mapping(next(past, {}), "metadata", "labels")
    return {str(key): str(value) for key, value in found.items() if not str(key).endswith("-hash")}
