"""Which build of an image a pod runs: where a tag was pushed again, pods of one template run different programs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tuheg_ir.diagnosis.view.changes import changes
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SEVERAL = 3
MOST = 2 / 3
"""Where so many images, most of all, have several digests each, nodes tell other things than builds by them."""


class Build(NamedTuple):
    """An image by its name, and the digest of what was had under that name."""

    image: str
    digest: str


def another_build(
    view: View, workload: Workload, odd: Collection[str], *, well: Collection[str] = ()
) -> tuple[Build, Build] | None:
    """Return the build that some pods all run, and the one that all of their well like run; None if it is the same.

    Their like are the ready pods whose template is the same, restarts left out: what came with a release is its own.
    Where the well ones differ among themselves another build does well, or digests tell nothing of builds.
    ``well``: containers whose build is not meant.
    """
    mine = [pod for pod in workload.live if pod.name in odd]
    like = [p for p in workload.live if p.name not in odd and p.ready and all(_alike(workload, p, m) for m in mine)]
    if not mine or not like or _tell_no_builds(view):
        return None
    for container in sorted(_builds(mine[0]).keys() - well):
        own, others = _run(mine, container), _run(like, container)
        if own and others and own.image == others.image and own.digest != others.digest:
            return own, others
    return None


@once_a_view
def _tell_no_builds(view: View) -> bool:
    """Tell whether nearly each image that runs twice does so under several digests: nobody pushes all tags again.

    Nodes of several architectures, or mirrors, may tell an own one each.
    """
    run: dict[str, list[str]] = {}
    for build in (each for w in view.workloads.values() for pod in w.live for each in _builds(pod).values()):
        run.setdefault(build.image, []).append(build.digest)
    twice = [digests for digests in run.values() if len(digests) > 1]
    several = sum(len(set(digests)) > 1 for digests in twice)
    return several >= SEVERAL and several >= MOST * len(twice)


def _alike(workload: Workload, one: Pod, other: Pod) -> bool:
    """Tell whether two pods have the same template, restarts left out."""
    if one.revision == other.revision:
        return True
    templates = {revision.name: revision.template for revision in workload.revisions}
    known = one.revision in templates and other.revision in templates
    return known and not changes(templates[one.revision], templates[other.revision])


def _run(pods: Iterable[Pod], container: str) -> Build | None:
    """Return the one build that pods run in a container; None where they differ, or it is not known of one."""
    found = {_builds(pod).get(container) for pod in pods}
    return found.pop() if len(found) == 1 else None


def _builds(pod: Pod) -> dict[str, Build]:
    """Return container -> what it runs, where that is known and its name may come to mean something else."""
    named = ((c.name, text(c.spec, "image"), c.digest) for c in pod.containers if not c.init and c.digest)
    return {container: Build(image, digest) for container, image, digest in named if image and "@" not in image}
