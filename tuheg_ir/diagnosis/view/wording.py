"""The words of a pod template: the values of its environment and its arguments, ConfigMaps that it reads too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View

_APART = late(r"[\s,;=&?\"'()\[\]{}]+|/(?!/)|://")
_LONG = 4000
"""No setting is read further than this."""


def words(template: Mapping[str, Any]) -> frozenset[str]:
    """Return the words of a template itself."""
    return frozenset(word for value in _values(template) for word in words_in(value))


def words_read(view: View, template: Mapping[str, Any]) -> frozenset[str]:
    """Return the words of a template and of the ConfigMaps that it reads, as they are now."""
    files = (value for _, obj in view.maps_read(template) for value in mapping(obj, "data").values())
    return words(template) | {word for value in files for word in words_in(str(value))}


def _values(template: Mapping[str, Any]) -> Iterator[str]:
    for container in items(template, "spec", "containers"):
        yield from (text(entry, "value") for entry in items(container, "env"))
        for field in ("command", "args"):
            given = container.get(field)
            yield from map(str, given if isinstance(given, list | tuple) else ())


def words_in(value: str) -> Iterator[str]:
    """Yield the words of a setting, and itself."""
    cut = value[:_LONG]
    yield from (cut, *_APART.split(cut))
