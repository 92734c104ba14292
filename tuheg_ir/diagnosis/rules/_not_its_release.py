"""Who was not released and meets the very same as the pods of a release: then the release did not bring it.

The template before would meet it too, as soon as pods of it are started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules.image_cannot_be_pulled import REASONS
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stillborn import last_words, without_numbers
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP

_ADDRESS = late(r"[\d.]+|[0-9a-f:]*:[0-9a-f:]*")
_SAME = "it was not released, and tells the same: "


def not_its_release(view: View, workload: Workload, pods: Sequence[Pod]) -> Evidence | None:
    """Return that a workload which nobody released of late tells what the pods of a release tell; None if none does."""
    named = {pod.name for pod in pods}
    mine = [hit for hit in view.hits_of(workload.ref) if hit.pod in named]
    words = last_words(view, pods) | {without_numbers(hit.line) for hit in mine}
    missed = {each for hit in mine for each in _missed(hit)}
    waits = _cannot_pull(pods)
    for other in view.serving:
        if other is workload or releases(view, other, ASLEEP):
            continue
        if waits and _cannot_pull(other.live):
            fact = "it was not released, and its pods cannot pull their image either"
            return Evidence("objects", other.ref, fact)
        for hit in (hit for hit in view.hits_of(other.ref) if fresh(view, hit)):
            if without_numbers(hit.line) in words or missed.intersection(_missed(hit)):
                return Evidence("logs", other.ref, _SAME + hit.line[:160], hit.first)
        ill = [pod for pod in other.live if not pod.ready]
        if said := words & last_words(view, ill) if words else set():
            return Evidence("logs", other.ref, _SAME + min(said)[:160])
    return None


def _missed(hit: Hit) -> Iterator[tuple[str, str]]:
    """Yield (trouble, host) of what a line could not reach by its name; an address may be the resolver's or its own."""
    yield from ((hit.trouble, host) for host in hit.hosts if host != "localhost" and not _ADDRESS.fullmatch(host))


def _cannot_pull(pods: Sequence[Pod]) -> bool:
    """Tell whether pods wait for an image that cannot be had, and for nothing else."""
    waiting = [pod for pod in pods if not pod.ready]
    return bool(waiting) and all(any(c.reason in REASONS for c in pod.containers) for pod in waiting)
