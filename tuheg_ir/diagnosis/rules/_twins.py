"""Workloads that run the same program, in one version or in two: canaries, colours, slots."""

from __future__ import annotations

from tuheg_ir.diagnosis.view.reading import items, text
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
    parts = (image.partition("@")[0].rpartition("/") for image in images if image)
    return {f"{path}/{named.partition(':')[0]}" for path, _, named in parts}
