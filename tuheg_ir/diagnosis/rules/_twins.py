"""Workloads that run the same program, in one version or in two: canaries, colours, slots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, takewhile
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules.run_held_open import HELPERS
from tuheg_ir.diagnosis.seal import is_secret_name
from tuheg_ir.diagnosis.view.reading import at, items, text
from tuheg_ir.diagnosis.view.workloads import Workload

_SLOT = late(r"(?:.*[-_.])?(?:colou?r|slot|track|version|release|revision)", re.IGNORECASE)
"""Names of labels and variables that say which of several like ones this is."""


def another_program(one: Workload, other: Workload) -> bool:
    """Tell whether two workloads run different programs; a canary runs the same, in another version."""
    mine, theirs = programs(one), programs(other)
    return bool(mine and theirs) and not mine <= theirs and not theirs <= mine


def own_container(workload: Workload) -> Mapping[str, Any] | None:
    """Return the container that does a workload's own work; None where nobody can tell which of several that is.

    It is called like the workload, or is the only one but for helpers.
    """
    found = [*items(workload.template, "spec", "containers")]
    named = [each for each in found if text(each, "name") == workload.name]
    work = named or [e for e in found if len(found) == 1 or not HELPERS.search(f"{text(e, 'name')} {text(e, 'image')}")]
    return work[0] if len(work) == 1 else None


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
        words = takewhile(lambda word: not word.startswith("-"), _words(container))
        found.add((program_of(text(container, "image")), *words))
    return found


def started_alike(one: Workload, other: Workload) -> bool:
    """Tell whether two workloads start the same: the program with every word and variable that says what it is to do.

    A module, a line for a shell or a variable may make of one image a server or a worker.
    """
    mine, theirs = _told(one), _told(other)
    return mine <= theirs or theirs <= mine


def _told(workload: Workload) -> set[tuple[str, tuple[str, ...], frozenset[tuple[str, str]]]]:
    """Return the programs of the containers with all their words and variables, but for secrets and their own slot."""
    found = set()
    for container in items(workload.template, "spec", "containers"):
        said = frozenset((text(each, "name"), text(each, "value")) for each in items(container, "env") if _tells(each))
        found.add((program_of(text(container, "image")), tuple(_words(container)), said))
    return found


def _tells(variable: Mapping[str, Any]) -> bool:
    named = text(variable, "name")
    secret = is_secret_name(named) or text(variable, "valueFrom", "secretKeyRef", "name")
    return not secret and not _SLOT.fullmatch(named)


def _words(container: Mapping[str, Any]) -> list[str]:
    given = [each for of in ("command", "args") if isinstance(each := at(container, of), list | tuple)]
    return [str(word) for word in chain.from_iterable(given)]


def by_a_slot(selector: Mapping[str, str], workload: Workload) -> bool:
    """Tell whether a selector means the like of a workload by the label of a slot, and not by one of what it is for.

    One that selects by a single label has the names alone to tell them by.
    """
    other = [key.rpartition("/")[2] for key, value in selector.items() if workload.labels.get(key) != value]
    slots = all(_SLOT.fullmatch(key) or key == "role" for key in other)
    return in_another_slot(selector, workload) and (len(selector) == 1 or slots)


def told_by_slot(one: Workload, other: Workload) -> bool:
    """Tell whether it is by the labels of a slot alone that the pods of two workloads differ, as a canary's do."""
    keys = (one.labels.keys() | other.labels.keys()) - {"pod-template-hash"}
    differ = [key.rpartition("/")[2] for key in keys if one.labels.get(key) != other.labels.get(key)]
    return all(_SLOT.fullmatch(key) for key in differ)


def in_another_slot(selector: Mapping[str, str], workload: Workload) -> bool:
    """Tell whether a selector means the like of a workload in another slot: all but one of the labels are its own."""
    alike = sum(workload.labels.get(key) == value for key, value in selector.items())
    return alike == len(selector) - 1 and set(selector) <= set(workload.labels)


def program_of(image: str) -> str:
    """Return an image without tag and digest."""
    path, _, named = image.partition("@")[0].rpartition("/")
    return f"{path}/{named.partition(':')[0]}"
