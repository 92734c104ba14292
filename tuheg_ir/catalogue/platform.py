"""The platform that an inventory describes: one cluster, its namespace and its services."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuheg_ir.catalogue.ini import Variables
from tuheg_ir.catalogue.inventory import Inventory, open_inventory
from tuheg_ir.catalogue.services import check_services
from tuheg_ir.catalogue.strict import Field
from tuheg_ir.errors import InventoryError, UsageError

GROUP = "clusters"
"""The group of an inventory whose hosts are clusters."""
_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class Platform:
    """What the inventory says about one cluster.

    ``services`` is ``ir_services`` as written (and checked), ``vars`` are all variables of the
    cluster as plain data.
    """

    cluster: str
    namespace: str
    default_service: str
    services: dict[str, dict[str, Any]]
    vars: dict[str, Any]

    def service(self, name: str | None = None) -> dict[str, Any]:
        """Return a service (default: the default one); UsageError listing what there is."""
        wanted = name or self.default_service
        if wanted not in self.services:
            known = ", ".join(self.services)
            raise UsageError("The inventory has no such service", wanted, f"Services of {self.cluster}: {known}.")
        return self.services[wanted]


def clusters(inventory: Path) -> list[str]:
    """Return the names of the clusters of an inventory, in the order of its file."""
    return _clusters(open_inventory(inventory))


def load_platform(inventory: Path, cluster: str) -> Platform:
    """Read what an inventory says about a cluster, without starting Ansible.

    ``inventory`` is a folder or its INI file. Every ``ir_*`` variable must be plain data: a Jinja
    expression is refused. Raises InventoryError naming file, line, field and what to do.
    """
    opened = open_inventory(inventory)
    known = _clusters(opened)
    if cluster not in known:
        raise InventoryError("The inventory has no such cluster", cluster, f"Clusters there: {', '.join(known)}.")
    variables, encrypted = opened.variables(cluster)
    for name, field in variables.items():
        if name.startswith("ir_"):
            _refuse_jinja(field)
    namespace = _needed(variables, "ir_namespace", opened, encrypted)
    services = check_services(_needed(variables, "ir_services", opened, encrypted))
    default = _needed(variables, "ir_default_service", opened, encrypted)
    if also := variables.get("ir_also_namespaces"):
        _check_also(also, namespace)
    return Platform(
        cluster=cluster,
        namespace=namespace.text(_NAME, "the name of a namespace"),
        default_service=default.choice(*services),
        services=services,
        vars={name: field.value for name, field in variables.items()},
    )


def _clusters(inventory: Inventory) -> list[str]:
    found = inventory.hosts.members(GROUP)
    if not found:
        groups = ", ".join(inventory.hosts.groups) or "none"
        raise InventoryError(
            f"The inventory has no cluster in its group [{GROUP}]",
            str(inventory.file),
            f"Add [{GROUP}] with one line a cluster. Groups there: {groups}.",
        )
    return found


def _needed(variables: Variables, name: str, inventory: Inventory, encrypted: list[Path]) -> Field:
    if name in variables:
        return variables[name]
    left_out = ", ".join(str(file) for file in encrypted)
    hint = f" Encrypted files are not read: {left_out}." if left_out else ""
    raise InventoryError(
        f"The inventory does not set {name}",
        str(inventory.folder),
        f"Set it in {inventory.folder / 'group_vars' / (GROUP + '.yml')}.{hint}",
    )


def _check_also(also: Field, namespace: Field) -> None:
    """Refuse what is no list of other namespaces."""
    also.texts()
    for each in also.items():
        if each.text(_NAME, "the name of a namespace") == namespace.value:
            each.fail(f"is {each.value!r}, the platform's own namespace", "Leave it out: it is read anyway.")


def _refuse_jinja(field: Field) -> None:
    """Refuse a template anywhere below a field: only Ansible could tell its value."""
    value = field.value
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_jinja(Field(field.document, (*field.key, str(key)), item))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _refuse_jinja(Field(field.document, (*field.key, number), item))
    elif isinstance(value, str) and re.search(r"\{\{|\{%|\{#", value):
        field.fail(
            f"is a Jinja expression ({value!r})",
            "Write the plain value: the platform is read without starting Ansible.",
        )
