"""Read the folders under tests/diagnosis/cases as plain data, without the code that they measure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from tests.diagnosis.files import data

CASES = Path(__file__).parent / "cases"
HALVES = ("tuning", "validation")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def instant(text: str) -> datetime:
    """Return a time as Kubernetes writes it; UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def times(thing: Any) -> Iterator[datetime]:
    """Yield every time that is written anywhere in an object."""
    if isinstance(thing, Mapping):
        for value in thing.values():
            yield from times(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from times(value)
    elif (
        isinstance(thing, str)
        and len(thing) in {20, 27}
        and thing[4:5] == "-"
        and thing[10] == "T"
        and thing[-1] == "Z"
    ):
        yield instant(thing)


@dataclass(frozen=True)
class Case:
    """One folder; what is absent is empty."""

    folder: Path

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    def yaml(self, name: str) -> Any:
        path = self.folder / name
        return data(path.read_text(encoding="utf-8")) if path.exists() else None

    @cached_property
    def expected(self) -> dict[str, Any]:
        return dict(self.yaml("expected.yaml"))

    @cached_property
    def listed(self) -> dict[str, Any]:
        return dict(self.yaml("objects.yaml"))

    @property
    def objects(self) -> list[dict[str, Any]]:
        return list(self.listed["items"])

    @cached_property
    def metrics(self) -> dict[str, dict[str, Any]]:
        return {path.stem: json.loads(path.read_text()) for path in sorted(self.folder.glob("metrics/*.json"))}

    @cached_property
    def alerts(self) -> list[dict[str, Any]]:
        one, many = self.yaml("alert.yaml"), self.yaml("alerts.yaml")
        return [*([one] if one else []), *(many or [])]

    @cached_property
    def logs(self) -> list[tuple[str, str | None, bool, Path]]:
        """Return pod, container (None: the only one or the first), whether it is of the run before, and the file."""
        found: list[tuple[str, str | None, bool, Path]] = []
        for path in sorted(self.folder.glob("logs/**/*.log")):
            stem, previous = path.name.removesuffix(".log"), path.name.endswith(".previous.log")
            stem = stem.removesuffix(".previous") if previous else stem
            flat = path.parent.name == "logs"
            found.append((stem if flat else path.parent.name, None if flat else stem, previous, path))
        return found

    @cached_property
    def taken_at(self) -> datetime:
        """Return when it was taken: as written, else the newest time of all that happened."""
        stated = (self.yaml("snapshot.yaml") or {}).get("taken_at")
        if stated:
            return instant(str(stated))
        alerts = [{key: alert.get(key) for key in ("startsAt", "endsAt")} for alert in self.alerts]
        points = [row[0] for data in self.metrics.values() for series in data["result"] for row in series["values"]]
        newest = max([*times(self.objects), *times(alerts)])
        return max([newest, *(datetime.fromtimestamp(point, UTC) for point in points)])

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        return [obj for obj in self.objects if obj["kind"] in kinds]

    def owned(self, obj: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        """Return the objects of a kind whose controller is this one."""
        uid = obj["metadata"]["uid"]
        return [o for o in self.of(kind) if any(r["uid"] == uid for r in o["metadata"].get("ownerReferences", ()))]


@lru_cache(maxsize=1)
def all_cases() -> tuple[Case, ...]:
    """Return the cases of both halves; a half that is not there has none."""
    return tuple(Case(folder) for half in HALVES for folder in sorted((CASES / half).glob("*/")) if folder.is_dir())


def is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
