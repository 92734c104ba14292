"""Instant vectors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """One series at one moment; ``time`` is that of its sample."""

    labels: dict[str, str]
    value: float
    time: float = 0.0


Vector = list[Element]


def bare(element: Element, value: float) -> Element:
    """Return the element with another value: that has no metric name any more."""
    labels = {name: kept for name, kept in element.labels.items() if name != "__name__"}
    return Element(labels, value, element.time)
