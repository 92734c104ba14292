"""Discovery: which groups, versions and resources there are, in the old form and the aggregated one."""

from __future__ import annotations

from functools import cache

from tuheg_ir.sim.resources import Resource, resources
from tuheg_ir.sim.status import Obj

# The release whose behaviour is imitated.
VERSION: Obj = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
AGGREGATED = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@cache
def groups() -> dict[str, list[str]]:
    """Return group -> its versions; '' is the core group."""
    found: dict[str, list[str]] = {}
    for group, version, _ in resources():
        versions = found.setdefault(group, [])
        if version not in versions:
            versions.append(version)
    return found


def _group(name: str, versions: list[str]) -> Obj:
    offered = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": offered, "preferredVersion": offered[0]}


@cache
def api_versions() -> Obj:
    """Return what ``/api`` says."""
    return {"kind": "APIVersions", "versions": groups()[""], "serverAddressByClientCIDRs": []}


@cache
def group_list() -> Obj:
    """Return what ``/apis`` says."""
    named = [_group(name, versions) for name, versions in groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}


def group(name: str) -> Obj | None:
    """Return what ``/apis/GROUP`` says, None for a group that is not served."""
    versions = groups().get(name) if name else None
    return None if versions is None else {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def _rows(row: Resource) -> list[Obj]:
    own: Obj = {
        "name": row.plural,
        "singularName": row.singular,
        "namespaced": row.namespaced,
        "kind": row.kind,
        "verbs": list(row.verbs),
    }
    if row.short:
        own["shortNames"] = list(row.short)
    if row.categories:
        own["categories"] = list(row.categories)
    subs = [
        {"name": f"{row.plural}/{name}", "singularName": "", "namespaced": row.namespaced, **sub}
        for name, sub in sorted(row.all_subresources.items())
    ]
    return [own, *subs]


@cache
def resource_list(group_name: str, version: str) -> Obj | None:
    """Return what ``/apis/GROUP/VERSION`` (or ``/api/v1``) says, None when it is not served."""
    served = [row for row in resources().values() if (row.group, row.version) == (group_name, version)]
    if not served:
        return None
    name = f"{group_name}/{version}" if group_name else version
    rows = [line for row in served for line in _rows(row)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": rows}


def _aggregated(row: Resource) -> Obj:
    blank = {"group": "", "version": "", "kind": ""}
    subs = [
        {
            "subresource": name,
            "responseKind": blank | {key: sub[key] for key in ("group", "version", "kind") if key in sub},
            "verbs": sub["verbs"],
        }
        for name, sub in sorted(row.all_subresources.items())
    ]
    found: Obj = {
        "resource": row.plural,
        "responseKind": blank | {"kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular,
        "verbs": list(row.verbs),
    }
    if row.short:
        found["shortNames"] = list(row.short)
    if row.categories:
        found["categories"] = list(row.categories)
    return found | ({"subresources": subs} if subs else {})


@cache
def aggregated(core: bool) -> Obj:
    """Return the aggregated discovery of ``/api`` (core) or ``/apis`` (all named groups)."""
    items = []
    for name, versions in groups().items():
        if bool(name) == core:
            continue
        described = [
            {
                "version": version,
                "resources": [
                    _aggregated(row) for row in resources().values() if (row.group, row.version) == (name, version)
                ],
                "freshness": "Current",
            }
            for version in versions
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": described})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
