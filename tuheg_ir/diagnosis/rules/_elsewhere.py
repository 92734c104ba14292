"""Whether a line of a log tells of another namespace, or another cluster of a store, than the ones looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import mapping, name
from tuheg_ir.diagnosis.view.view import View

_NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_IS = r"\\?[\"']?\s?[=:]\s?\\?[\"']?"
_SPACE = late(rf"\bnamespace{_IS}(?P<space>{_NAME})(?![\w.-])", re.IGNORECASE)
_CLUSTER = late(rf"\bcluster(?:[-_]?name)?{_IS}(?P<space>{_NAME})/(?P<cluster>{_NAME})(?![\w.-])", re.IGNORECASE)
"""How an operator names the cluster of a store: by its namespace and name."""


def elsewhere(view: View, line: str, stores: Iterable[Obj]) -> bool:
    """Tell whether a line names a namespace and none of some objects is in it, or a cluster that none of them is of."""
    objects = tuple(stores)
    spaces = {str(mapping(obj, "metadata").get("namespace") or view.snapshot.namespace) for obj in objects}
    clusters = list(_CLUSTER.finditer(line))
    told = {found["space"] for found in (*_SPACE.finditer(line), *clusters)}
    if told and not told & (spaces or {view.snapshot.namespace}):
        return True
    return bool(clusters and objects) and not any(
        name(obj) == found["cluster"] or name(obj).startswith(f"{found['cluster']}-")
        for found in clusters
        for obj in objects
    )
