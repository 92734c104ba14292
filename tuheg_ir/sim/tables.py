"""Tables: the server-side columns that `kubectl get` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tuheg_ir.sim.cells import CELLS
from tuheg_ir.sim.resources import Column, Resource
from tuheg_ir.sim.selectors import at
from tuheg_ir.sim.status import Obj

META_GROUP = "meta.k8s.io/v1"


def _cell(column: Column, obj: Obj, now: datetime) -> Any:
    if column.where.startswith("@"):
        return CELLS[column.where[1:]](obj, now)
    value = at(obj, column.where)
    if value is None:
        value = 0 if column.type == "integer" else "<none>" if column.priority else ""
    return value if column.type == "integer" else str(value)


def _definition(column: Column) -> Obj:
    form = "name" if column.name == "Name" and column.priority == 0 else ""
    return {
        "name": column.name,
        "type": column.type,
        "format": form,
        "description": "",
        "priority": column.priority,
    }


def partial(obj: Obj) -> Obj:
    """Return only what PartialObjectMetadata has."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META_GROUP, "metadata": obj["metadata"]}


def table(
    resource: Resource,
    objects: Sequence[Obj],
    now: datetime,
    meta: Obj,
    *,
    include: str = "Metadata",
    headers: bool = True,
) -> Obj:
    """Return a Table of ``objects``; ``include`` (None, Metadata, Object) says what each row carries."""
    rows = []
    for obj in objects:
        row: Obj = {"cells": [_cell(column, obj, now) for column in resource.columns]}
        carried = obj if include == "Object" else partial(obj) if include == "Metadata" else None
        rows.append(row | ({"object": carried} if carried else {}))
    definitions = [_definition(column) for column in resource.columns] if headers else None
    return {
        "kind": "Table",
        "apiVersion": META_GROUP,
        "metadata": meta,
        "columnDefinitions": definitions,
        "rows": rows,
    }
