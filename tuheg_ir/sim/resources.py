"""The table of resources: ``resources.yml`` as typed rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from tuheg_ir.sim.status import Obj, qualified

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, where its value is, whether only wide output shows it."""

    name: str
    where: str
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Resource:
    """One row of ``resources.yml``; the file's head says what the fields mean."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = _VERBS
    review: bool = False
    status: bool = False
    subresources: dict[str, Obj] = field(default_factory=dict)
    generation: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    unconditional: bool = True
    upsert: bool = False
    columns: tuple[Column, ...] = ()

    @property
    def key(self) -> str:
        """Return the name that RBAC and messages use: ``deployments.apps``, ``pods``."""
        return qualified(self.plural, self.group)

    @property
    def api_version(self) -> str:
        """Return ``apps/v1``, or ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def all_fields(self) -> tuple[str, ...]:
        """Return every field that a field selector may name."""
        return ("metadata.name", *(("metadata.namespace",) if self.namespaced else ()), *self.fields)

    @property
    def all_subresources(self) -> dict[str, Obj]:
        """Return the subresources, status among them."""
        own = {"kind": self.kind, "verbs": ["get", "patch", "update"]}
        return self.subresources | ({"status": own} if self.status else {})


def _columns(row: Obj) -> tuple[Column, ...]:
    name = Column("Name", "metadata.name")
    columns = []
    for shown, where in row.pop("columns", []):
        bare = shown.lstrip("*#")
        kind = "integer" if "#" in shown[:2] else "string"
        columns.append(Column(bare, where, kind, int(shown.startswith("*"))))
    return tuple(columns) if row.pop("nameless", False) else (name, *columns)


def _resource(row: Obj) -> Resource:
    lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
    columns = _columns(row)
    rest: dict[str, Any] = {key: value for key, value in row.items() if key != "columns"}
    singular = rest.pop("singular", row["kind"].lower())
    kept = {key: value for key, value in lists.items() if key != "columns"}
    return Resource(**(rest | kept), singular=singular, columns=columns)


@cache
def resources() -> dict[tuple[str, str, str], Resource]:
    """Return all resources by (group, version, plural), in the order of the file."""
    text = (files("tuheg_ir.sim") / "resources.yml").read_text(encoding="utf-8")
    rows = [_resource(row) for row in yaml.load(text, Loader=yaml.CSafeLoader)]
    return {(row.group, row.version, row.plural): row for row in rows}


@cache
def by_key() -> dict[str, Resource]:
    """Return all resources by key (``deployments.apps``)."""
    return {row.key: row for row in resources().values()}


@cache
def by_kind() -> dict[tuple[str, str], Resource]:
    """Return all resources by (apiVersion, kind) as objects carry them."""
    return {(row.api_version, row.kind): row for row in resources().values()}
