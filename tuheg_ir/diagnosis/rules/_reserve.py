"""A reserve: the same program in another slot, which stands by whole and to which a Service could lead instead."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._colours import coloured, in_another_role
from tuheg_ir.diagnosis.rules._former_colour import has_users, set_up_alike
from tuheg_ir.diagnosis.rules._twins import programs
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ENOUGH = 0.75
"""A reserve of so many of the pods that are wanted carries most of what they do, and all that matters for a while."""


def reserve(view: View, workload: Workload) -> tuple[str, Evidence] | None:
    """Return the one Service that leads to a workload alone and could lead to its reserve, and that this stands by.

    The reserve is the same version, set up alike, so that users get from it what they got: what was never released to
    them, or was released before, is none. It has no users of its own and nothing ails it. What keeps data has others,
    and each pod of a StatefulSet may have a part of its own.
    """
    if is_store(workload) or keeps_data(view, workload) or workload.kind == "StatefulSet" or workload.older_pods():
        return None
    leading = view.leading_to(workload.ref)
    if len(leading) != 1 or leading[0].backends != (workload.ref,):
        return None  # to lead one of several elsewhere leaves the users of the others where they are
    (service,) = leading
    found = [other for other in view.serving if _stands_by(view, service, workload, other)]
    if len(found) != 1:
        return None
    told = f"{found[0].ready} pods of the same version stand by without users; {service.ref} could lead to them"
    return service.ref, Evidence("objects", found[0].ref, told)


def _stands_by(view: View, service: Service, workload: Workload, other: Workload) -> bool:
    if other.ref == workload.ref or other.kind != workload.kind or in_another_role(service, other):
        return False
    if not (coloured(service, other, workload) and _same_version(workload, other) and set_up_alike(workload, other)):
        return False
    whole = other.ready >= max(1, other.wanted) and all(pod.ready for pod in other.live)
    if (
        not whole
        or _resources(other) != _resources(workload)
        or other.ready <= workload.ready
        or other.ready < ENOUGH * workload.wanted
    ):
        return False
    ailing = any(troubles(view, other.ref)) or any(fresh(view, hit) for hit in view.hits_of(other.ref))
    return not ailing and not keeps_data(view, other) and not has_users(view, other)


def _same_version(workload: Workload, other: Workload) -> bool:
    """Tell whether two workloads run the same images, and no other builds of them: a tag may be pushed again."""
    images = programs(workload, tags=True)
    mine, theirs = _builds(workload), _builds(other)
    return images == programs(other, tags=True) and all(
        mine[image] == theirs[image] for image in images & mine.keys() & theirs.keys()
    )


def _resources(workload: Workload) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what the containers ask for and may use: a reserve that is kept small carries little."""
    containers = items(workload.template, "spec", "containers")
    return sorted(((text(each, "image"), mapping(each, "resources")) for each in containers), key=itemgetter(0))


def _builds(workload: Workload) -> dict[str, set[str]]:
    """Return image -> the digests of what pods run under that name, where they are known."""
    found: dict[str, set[str]] = {}
    for container in (each for pod in workload.live for each in pod.containers if each.digest):
        found.setdefault(text(container.spec, "image"), set()).add(container.digest)
    return found
