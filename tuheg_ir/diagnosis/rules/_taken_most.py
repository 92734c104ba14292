"""What all pods of a node share and may use up, as process numbers or connections, and whose release took most."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._opens_anew import opens_anew
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, traffic_growth
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=48)
"""What leaves a few dead children a minute takes that long to use up a node."""
FULL = 0.97
"""Share of it from which on a node has none for whoever asks now: the rest comes and goes."""
MOST = 0.5
"""Share of what a node has, and of what came to it, that nobody else can have as well."""


class Common(NamedTuple):
    """What a node has one number of for all: the signals of what is taken, of its limit and of what a pod holds."""

    what: str
    taken: str
    limit: str
    held: str


NUMBERS = Common("process numbers", "node_threads", "node_threads_limit", "pod_threads")
CONNECTIONS = Common("connections", "node_connections", "node_connections_limit", "pod_open_files")


def used_up(view: View, common: Common, node: str) -> Iterator[Evidence]:
    """Yield that nothing is left of it on a node, as figures tell."""
    taken, limit = (view.figures.now(signal, node=node) for signal in (common.taken, common.limit))
    if taken is not None and limit and taken >= FULL * limit:
        since = view.figures.crossed(common.taken, FULL * limit, node=node)
        yield Evidence("metrics", f"Node/{node}", f"{taken:.0f} of its {limit:.0f} {common.what} are taken", since)


def taken_by(
    view: View, common: Common, nodes: Collection[str], began: datetime | None
) -> tuple[Workload, tuple[Evidence, ...]] | None:
    """Return the one workload released before nodes ran out that holds most of it, and what shows it.

    What came to the nodes in the time that is measured came to its pods: it goes on with it. Who has far more to do
    than before needs more, whatever was released.
    """
    found = []
    for workload in view.serving:
        at = workload.released_at
        if at is None or began is None or at >= began or not releases(view, workload, SUSPECT):
            continue
        if (traffic_growth(view, workload.ref) or 1.0) >= MUCH_MORE:
            continue
        seen = [_takes_most(view, common, workload, node, began) for node in nodes]
        if seen and all(seen):
            found.append((workload, (*(each for each in seen if each), *release_evidence(workload)[:2])))
    return found[0] if len(found) == 1 else None


def _takes_most(view: View, common: Common, workload: Workload, node: str, began: datetime) -> Evidence | None:
    """Return that a workload's newest pods hold most of what a node has, or open connections that stay when closed."""
    held = _holds_most(view, common, workload, node)
    return held or (opens_anew(view, workload, node, began) if common is CONNECTIONS else None)


def _holds_most(view: View, common: Common, workload: Workload, node: str) -> Evidence | None:
    """Return that the pods of a workload's newest template hold most of what a node has, and took it of late.

    What pods of its that are gone held before was not taken anew.
    """
    mine = [pod for pod in workload.newest_pods() if pod.node == node]
    held = sum(view.figures.now(common.held, pod=pod.name) or 0.0 for pod in mine)
    limit = view.figures.now(common.limit, node=node)
    if not mine or not limit or held < MOST * limit:
        return None
    first, most = view.figures.first(common.taken, node=node), view.figures.peak(common.taken, node=node)
    came = (most or 0.0) - (first or 0.0)
    anew = sum(_grew(view, common, pod) for pod in mine) - _held_before(view, common, workload)
    if came <= 0.0 or anew < MOST * came:
        return None
    told = f"{held:.0f} of the {limit:.0f} {common.what} of {node} are those of its pods, and what came of late too"
    return Evidence("metrics", workload.ref, told, oldest(pod.created for pod in mine))


def _grew(view: View, common: Common, pod: Pod) -> float:
    """Return how much came to a pod for as long as it is measured."""
    return (view.figures.now(common.held, pod=pod.name) or 0.0) - (view.figures.first(common.held, pod=pod.name) or 0.0)


def _held_before(view: View, common: Common, workload: Workload) -> float:
    """Return how much the pods of a workload that are gone, or go, held at most while they were measured."""
    newest = {pod.name for pod in workload.newest_pods()}
    names = {each.labels.get("pod", "") for each in view.figures.series(common.held)} - newest
    # Of a pod that is gone nobody knows whose it was, but for its name.
    gone = [each for each in names if view.owner_of(each) in (workload.ref, f"Pod/{each}")]
    mine = [each for each in gone if each.startswith(f"{workload.name}-")]
    return sum(view.figures.peak(common.held, pod=each) or 0.0 for each in mine)
