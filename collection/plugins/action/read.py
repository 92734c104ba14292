# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what a remedy needs to decide. Documented in plugins/modules/read.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.tuheg.ir.plugins.module_utils import reader
from ansible_collections.tuheg.ir.plugins.plugin_utils.reading import AUTH_SPEC, ReadingAction


class ActionModule(ReadingAction):
    """The action; reads only."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "default": "Deployment", "choices": ["Deployment", "StatefulSet"]},
        "service": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "want": {"type": "list", "elements": "str", "default": ["workload"], "choices": list(reader.WANTS)},
        "lease": {"type": "str", "default": ""},
        "database": {"type": "dict", "default": {}},
        "timeout_s": {"type": "float", "default": 15.0},
        **AUTH_SPEC,
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read all at once."""
        with self.connect(arguments) as client:
            return reader.read(
                client,
                kind=arguments["kind"],
                namespace=arguments["namespace"],
                service=arguments["service"],
                want=arguments["want"],
                lease=arguments["lease"],
                database=arguments["database"],
                timeout_s=arguments["timeout_s"],
            )
