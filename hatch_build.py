"""Build hook: an installed tuheg-ir carries the project's playbooks, collection, rights and example inventory.

A hook, not the static `force-include` table: that table is also applied to editable installs, which
would leave stale copies in site-packages while the checkout is the truth.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PACKAGED = {
    "playbooks": "tuheg_ir/_project/playbooks",
    "collection": "tuheg_ir/_project/collections/ansible_collections/tuheg/ir",
    "inventories/example": "tuheg_ir/_project/inventories/example",
    "rbac/tuheg-ir.yml": "tuheg_ir/_project/rbac/tuheg-ir.yml",
    "ansible.cfg": "tuheg_ir/_project/ansible.cfg",
}


class PackagedProject(BuildHookInterface[Any]):
    """Add the project's data to wheels, not to editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend what hatchling puts into the wheel."""
        if version == "standard":
            build_data["force_include"].update(_PACKAGED)
