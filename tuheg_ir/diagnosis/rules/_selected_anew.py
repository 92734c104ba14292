"""When the selector of a Service was edited, by what a cluster keeps of who wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import created, moment, newest, writers
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.writers import fields


def selected_anew(service: Service) -> datetime | None:
    """Return when a Service's selector was edited, as far as is known: who wrote other fields later left it."""
    first = created(service.obj)
    when = newest(moment(each, "time") for each in writers(service.obj) if _may_select(fields(each)))
    return when if when is not None and first is not None and when - first > MINUTE else None


def selector_alone(service: Service, when: datetime) -> bool:
    """Tell whether who may have edited a Service's selector holds nothing else of it, no note either.

    The time of who holds more moves with whatever he edits: Helm's do so with each upgrade.
    """
    wrote = [each for each in writers(service.obj) if moment(each, "time") == when and _may_select(fields(each))]
    return bool(wrote) and all(map(_holds_it_alone, wrote))


def _holds_it_alone(entry: Mapping[str, Any]) -> bool:
    """Tell whether a writer holds fields of a selector and no others; of one that holds many, or all, none are told."""
    tree, ways = entry.get("fieldsV1"), fields(entry)
    alone = isinstance(tree, Mapping) and set(tree) == {"f:spec"}
    return alone and bool(ways) and all(way.startswith("spec.selector") for way in ways)


def _may_select(ways: Sequence[str]) -> bool:
    """Tell whether a writer's fields may be those of a selector; of one that holds very many, or all, none are told."""
    return not ways or any(way.startswith("spec.selector") for way in ways)
