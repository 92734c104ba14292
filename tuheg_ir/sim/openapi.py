"""As much of OpenAPI as kubectl needs before it writes: that the server validates fields itself."""

from __future__ import annotations

from functools import cache

from tuheg_ir.sim.discovery import groups
from tuheg_ir.sim.resources import Resource, resources
from tuheg_ir.sim.status import Obj


def _root(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


@cache
def index() -> Obj:
    """Return what ``/openapi/v3`` says: one document a group and version."""
    places = [_root(group, version) for group, versions in groups().items() for version in versions]
    return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}?hash=1"} for place in places}}


def _operation(row: Resource) -> Obj:
    kind = {"group": row.group, "version": row.version, "kind": row.kind}
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    return {"parameters": parameters, "responses": {}, "x-kubernetes-group-version-kind": kind}


@cache
def document(place: str) -> Obj | None:
    """Return the document of ``apis/apps/v1`` (or ``api/v1``), None when it is not served."""
    paths = {}
    for row in resources().values():
        if _root(row.group, row.version) == place and not row.review:
            where = "/namespaces/{namespace}" if row.namespaced else ""
            paths[f"/{place}{where}/{row.plural}/{{name}}"] = {"patch": _operation(row)}
    if not paths:
        return None
    info = {"title": "Kubernetes", "version": "v1.36.3"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}
