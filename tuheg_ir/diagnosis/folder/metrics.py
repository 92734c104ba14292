"""metrics/<signal>.json: what Prometheus answered, as its matrix, one file a signal."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.folder.files import Notes, Unreadable, read_json
from tuheg_ir.diagnosis.model import Series

FOLDER = "metrics"
SERIES = 5000
POINTS = 20_000
_SIGNAL = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,99}")


def read(folder: Path, notes: Notes) -> dict[str, tuple[Series, ...]]:
    """Return the series by signal."""
    found: dict[str, tuple[Series, ...]] = {}
    try:
        files = sorted((folder / FOLDER).iterdir())
    except FileNotFoundError:
        return {}
    except OSError as error:
        notes.bad("metrics", f"{FOLDER}: {error.strerror or error}")
        return {}
    for path in files:
        if path.suffix != ".json" or path.name.startswith("."):
            continue
        try:
            signal, series = _signal(read_json(path), path.stem)
        except Unreadable as error:
            notes.bad("metrics", f"{FOLDER}/{path.name}: {error}")
            continue
        found[signal] = (*found.get(signal, ()), *series)
    return found


def _signal(data: Any, name: str) -> tuple[str, tuple[Series, ...]]:
    held = data
    if isinstance(data, dict):
        inner = data.get("data")
        held = (inner if isinstance(inner, dict) else data).get("result")
        name = data["signal"] if isinstance(data.get("signal"), str) else name
    if not isinstance(held, list):
        raise Unreadable("it has no list `result` of series, as Prometheus gives it")
    if not _SIGNAL.fullmatch(name):
        raise Unreadable(f"{name[:40]!r} is not the name of a signal")
    return name, series_of(held)


def series_of(result: Iterable[Any]) -> tuple[Series, ...]:
    """Return series from Prometheus' matrix or vector; what is no series is left out.

    A value that is no number (NaN, Inf: nothing was divided by nothing) is no data.
    """
    found = []
    for item in list(result)[:SERIES]:
        if not isinstance(item, dict) or not isinstance(item.get("metric"), dict):
            continue
        values = item.get("values") if "values" in item else [item.get("value")]
        if not isinstance(values, list):
            continue
        points = sorted(filter(None, map(_point, values[-POINTS:])))
        labels = {str(key): str(value) for key, value in item["metric"].items() if isinstance(value, (str, int, float))}
        if points:
            found.append(Series(labels=labels, points=tuple(points)))
    return tuple(found)


def _point(pair: Any) -> tuple[float, float] | None:
    if not isinstance(pair, (list, tuple)) or len(pair) != 2 or isinstance(pair[0], bool):
        return None
    try:
        when, value = float(pair[0]), float(pair[1])
    except (TypeError, ValueError, OverflowError):
        return None
    return (when, value) if math.isfinite(when) and math.isfinite(value) else None


def render(metrics: Mapping[str, Iterable[Series]], queries: Mapping[str, str]) -> dict[Path, str]:
    """Return file -> text."""
    return {
        Path(FOLDER, f"{signal}.json"): json.dumps(
            {
                "signal": signal,
                "query": queries.get(signal, ""),
                "result": [
                    {"metric": dict(each.labels), "values": [[when, repr(value)] for when, value in each.points]}
                    for each in series
                ],
            },
            ensure_ascii=False,
        )
        + "\n"
        for signal, series in metrics.items()
        if _SIGNAL.fullmatch(signal)
    }
