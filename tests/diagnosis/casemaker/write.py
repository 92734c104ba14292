"""Writes a made case as a folder in the public snapshot format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.diagnosis.casemaker.case import Made
from tests.diagnosis.casemaker.signals import RANGE_S, STEP_S
from tuheg_ir.diagnosis.folder.objects import render


class _Plain(yaml.CSafeDumper):
    """No anchors: the same dictionary may stand in several places."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def dump(value: Any) -> str:
    """Return a value as YAML; a List one object a line, as our snapshots are: that is read ten times as fast."""
    if isinstance(value, dict) and value.get("kind") == "List" and value.get("items"):
        return render({"": value["items"]})
    text: str = yaml.dump(
        value, Dumper=_Plain, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110
    )
    return text


def files(case: Made) -> dict[str, str]:
    """Return the files of a case by their path in its folder."""
    world = case.world
    made = {
        "expected.yaml": dump(case.expected),
        "objects.yaml": dump({"apiVersion": "v1", "kind": "List", "items": world.objects}),
    }
    for path, lines in world.logs.items():
        made[f"logs/{path}"] = "\n".join(lines) + "\n"
    for signal, result in world.metrics.items():
        made[f"metrics/{signal}.json"] = series(signal, result)
    if world.raw:
        made["metrics/raw.prom"] = "\n".join(world.raw) + "\n"
    for name, value in (
        ("alert.yaml", world.alert),
        ("database.yaml", world.databases),
        ("snapshot.yaml", world.snapshot),
    ):
        if value:
            made[name] = dump(value)
    return made


def series(signal: str, result: list[dict[str, Any]]) -> str:
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in result)
    query = f"{signal}[{RANGE_S}s:{STEP_S}s]"
    return f'{{"signal": "{signal}", "query": "{query}", "result": [\n{rows}\n]}}\n'


def write(case: Made, root: Path) -> Path:
    """Write a case anew and return its folder."""
    folder = root / case.name
    for old in sorted(folder.rglob("*"), reverse=True) if folder.exists() else []:
        old.rmdir() if old.is_dir() else old.unlink()
    for path, text in files(case).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder
