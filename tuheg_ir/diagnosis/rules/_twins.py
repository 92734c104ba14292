"""Workloads that run the same program, in one version or in two: canaries, colours, slots."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, takewhile

from tuheg_ir.diagnosis.view.reading import at, items, text
from tuheg_ir.diagnosis.view.workloads import Workload


def another_program(one: Workload, other: Workload) -> bool:
    """Tell whether two workloads run different programs; a canary runs the same, in another version."""
    mine, theirs = programs(one), programs(other)
    return bool(mine and theirs) and not mine <= theirs and not theirs <= mine


def programs(workload: Workload, *, tags: bool = False) -> set[str]:
    """Return the images of the containers, without tags and digests unless they are asked for."""
    images = [text(c, "image") for c in items(workload.template, "spec", "containers")]
    if tags:
        return {image for image in images if image}
    return {program_of(image) for image in images if image}


def started_otherwise(one: Workload, other: Workload) -> bool:
    """Tell whether two workloads start different programs of one image, as a worker beside the server that feeds it.

    Only what is started counts: a version that is given other options is the same program.
    """
    mine, theirs = _started(one), _started(other)
    return bool(mine and theirs) and not mine <= theirs and not theirs <= mine


def _started(workload: Workload) -> set[tuple[str, ...]]:
    """Return what the containers start: the image, and what they are told to start of it before the first option."""
    found = set()
    for container in items(workload.template, "spec", "containers"):
        given = [each for of in ("command", "args") if isinstance(each := at(container, of), list | tuple)]
        words = takewhile(lambda word: not word.startswith("-"), map(str, chain.from_iterable(given)))
        found.add((program_of(text(container, "image")), *words))
    return found


def in_another_slot(selector: Mapping[str, str], workload: Workload) -> bool:
    """Tell whether a selector means the like of a workload in another slot: all but one of the labels are its own."""
    alike = sum(workload.labels.get(key) == value for key, value in selector.items())
    return alike == len(selector) - 1 and set(selector) <= set(workload.labels)


def program_of(image: str) -> str:
    """Return an image without tag and digest."""
    path, _, named = image.partition("@")[0].rpartition("/")
    return f"{path}/{named.partition(':')[0]}"
