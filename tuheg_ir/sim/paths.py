"""What a URL of the API means: which resource, namespace, name, subresource; which form of answer."""

from __future__ import annotations

from dataclasses import dataclass

from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.resources import Resource, resources
from tuheg_ir.sim.status import ApiError, Obj

_SUBVERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a path of the API names."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def verb(self, request: Request) -> str:
        """Return the verb of RBAC for a request on this target."""
        if self.subresource or request.method in ("PUT", "PATCH", "POST"):
            return _SUBVERBS.get(request.method, "")
        if request.method == "GET":
            return "get" if self.name else "watch" if request.flag("watch") else "list"
        return "delete" if self.name else "deletecollection"

    def sub(self) -> Obj | None:
        """Return the row of the subresource; ApiError 404 for one that there is not."""
        if not self.subresource:
            return None
        row = self.resource.all_subresources.get(self.subresource)
        if row is None:
            raise ApiError.no_such_path()
        return row


def target(path: str) -> Target | None:
    """Return what a path names, None for a path that is no resource; 404 for a resource that is not served."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    if not any((row.group, row.version) == (group, version) for row in resources().values()):
        return None
    return _in_group(group, version, rest)


def _in_group(group: str, version: str, rest: list[str]) -> Target:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and (group, version, rest[2]) in resources():
        namespace, rest = rest[1], rest[2:]
    row = resources().get((group, version, rest[0]))
    if row is None or len(rest) > 3 or (namespace and not row.namespaced):
        raise ApiError.no_such_path()
    name, sub = ([*rest[1:], "", ""])[:2]
    if name and row.namespaced and not namespace:
        raise ApiError.no_such_path()
    return Target(row, namespace, name, sub)


@dataclass(frozen=True, slots=True)
class Form:
    """How the client wants the answer: plain JSON, a Table, metadata only, or aggregated discovery."""

    kind: str = ""  # "", "Table", "PartialObjectMetadata", "APIGroupDiscoveryList"


def form(accept: str) -> Form:
    """Return the first form in an Accept header that is served; ApiError 406 when there is none."""
    for offer in (accept or "*/*").split(","):
        media, *parameters = [part.strip() for part in offer.split(";")]
        wanted = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media not in ("application/json", "*/*", "application/*"):
            continue
        kind = wanted.get("as", "").removesuffix("List")
        if not kind:
            return Form()
        if kind == "APIGroupDiscovery":
            if wanted.get("v") == "v2":
                return Form("APIGroupDiscoveryList")
        elif kind in ("Table", "PartialObjectMetadata") and wanted.get("v") == "v1":
            return Form(kind)
    raise ApiError(
        406,
        "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, application/json;stream=watch",
        {},
    )
