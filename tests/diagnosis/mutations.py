"""Changes of a case that must not change its answer, and removals that must lower its confidence.

They work on the files of a folder (path -> text), so that what is tried is what a user could hand in.
A mutation that does not apply says why: ``Skipped``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.diagnosis import exporters, loggers, noise, renaming, shifting
from tests.diagnosis.casemaker.write import dump
from tests.diagnosis.files import Files, Obj, Skipped, data, parse

Mutation = Callable[[Files], Files | Skipped]

KEPT_LABELS = re.compile(r"pod-template-hash|controller-revision-hash|kubernetes\.io/service-name|.*job-name")
"""Labels that controllers write and read themselves; a cluster without them does not exist."""


def without_labels(files: Files) -> Files | Skipped:
    """Take away every label that no selector needs; nodes keep theirs, which kubelets and clouds write."""
    items = parse(files)
    if not items:
        return Skipped("the case has no objects")
    needed = {key for obj in items for key in _selected(obj)}

    def slim(meta: Mapping[str, Any], *, pod: bool) -> Obj:
        labels = {
            key: value
            for key, value in (meta.get("labels") or {}).items()
            if KEPT_LABELS.fullmatch(key) or (pod and key in needed)
        }
        rest = {key: value for key, value in meta.items() if key != "labels"}
        return rest | ({"labels": labels} if labels else {})

    made = []
    for obj in items:
        if obj["kind"] == "Node":
            made.append(obj)
            continue
        changed = obj | {"metadata": slim(obj["metadata"], pod=obj["kind"] == "Pod")}
        template = (obj.get("spec") or {}).get("template") if obj["kind"] != "Job" else None
        if template:
            inner = template | {"metadata": slim(template.get("metadata") or {}, pod=True)}
            changed["spec"] = obj["spec"] | {"template": inner}
        made.append(changed)
    return dict(files) | {"objects.yaml": dump({"apiVersion": "v1", "kind": "List", "items": made})}


def _selected(obj: Obj) -> Iterator[str]:
    """Yield the label keys that an object selects by."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    selector = spec.get("selector") or {}
    yield from selector.get("matchLabels", selector) or {}
    yield from _peers(spec)


def _peers(value: Any) -> Iterator[str]:
    """Yield the label keys of the pod selectors of a network policy."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "podSelector" and isinstance(inner, dict):
                yield from inner.get("matchLabels") or {}
            yield from _peers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _peers(inner)


MUTATIONS: Mapping[str, Mutation] = {
    "other names": renaming.rename,
    "times shifted": shifting.shift,
    "noise added": noise.add,
    "labels missing": without_labels,
    "other exporters": exporters.other,
    "other loggers": loggers.other,
}


def all_at_once(files: Files) -> Files:
    """Make every mutation that applies, one on top of the other."""
    for mutate in MUTATIONS.values():
        made = mutate(files)
        files = files if isinstance(made, Skipped) else made
    return files


def without_metrics(files: Files) -> Files | Skipped:
    return _without(files, "metrics/", "the case has no metrics")


def without_logs(files: Files) -> Files | Skipped:
    return _without(files, "logs/", "the case has no logs")


def _without(files: Files, prefix: str, reason: str) -> Files | Skipped:
    kept = {path: text for path, text in files.items() if not path.startswith(prefix)}
    return Skipped(reason) if len(kept) == len(files) else kept


def without_events(files: Files) -> Files | Skipped:
    items = parse(files)
    kept = [obj for obj in items if obj["kind"] != "Event"]
    if len(kept) == len(items):
        return Skipped("the case has no events")
    return dict(files) | {"objects.yaml": dump({"apiVersion": "v1", "kind": "List", "items": kept})}


@dataclass(frozen=True, slots=True)
class Removal:
    """What is left of a case when evidence was taken away, and what was taken last."""

    name: str
    files: Files


def removals(files: Files) -> Iterator[Removal]:
    """Yield what is left after metrics, then logs as well, then events as well are gone; skips what is not there."""
    left: Files = files
    for name, remove in (("metrics", without_metrics), ("logs", without_logs), ("events", without_events)):
        made = remove(left)
        if not isinstance(made, Skipped):
            left = made
            yield Removal(name, left)


@lru_cache(maxsize=512)
def read(folder: Path) -> Files:
    """Return the files of a case."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(files: Files, folder: Path) -> Path:
    """Write files into a folder of their own and return it."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def expected(files: Files) -> Obj:
    """Return a case's expectations; a mutation may have renamed what they name."""
    made: Obj = data(files["expected.yaml"])
    return made
