# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the handbook's checks and name what is wrong. Documented in plugins/modules/diagnose.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.tuheg.ir.plugins.plugin_utils.door import Missing, open_door, preload
from ansible_collections.tuheg.ir.plugins.plugin_utils.reading import AUTH_SPEC, ReadingAction, failed

preload("tuheg_ir.diagnosis.diagnose")

_NOTHING: dict[str, Any] = {"verdict": "unknown", "findings": [], "excluded": [], "facts": {}, "sources": []}


class ActionModule(ReadingAction):
    """The action; reads only."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "cluster": {"type": "str", "default": ""},
        "namespace": {"type": "str", "required": True},
        "service": {"type": "str", "required": True},
        "services": {"type": "dict", "required": True},
        "prometheus_url": {"type": "str", "default": ""},
        "alertmanager_url": {"type": "str", "default": ""},
        "ingress_url": {"type": "str", "default": ""},
        "also_namespaces": {"type": "list", "elements": "str", "default": []},
        "window": {"type": "str", "default": ""},
        "timeout_s": {"type": "float", "default": 15.0},
        **AUTH_SPEC,
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Ask the package; without it the ladder goes on undiagnosed and says so."""
        try:
            diagnosis = open_door("tuheg_ir.diagnosis.diagnose")
            errors = open_door("tuheg_ir.errors")
        except Missing as missing:
            return _NOTHING | {"available": False, "note": f"not diagnosed: {missing}"}
        try:
            target = diagnosis.Target(
                arguments["namespace"],
                services=arguments["services"],
                prometheus_url=arguments["prometheus_url"],
                alertmanager_url=arguments["alertmanager_url"],
                ingress_url=arguments["ingress_url"],
                window=arguments["window"],
                also=tuple(arguments["also_namespaces"]),
            )
            found = diagnosis.diagnose_service(
                self.auth(arguments),
                target,
                arguments["service"],
                cluster=arguments["cluster"],
                deadline_s=arguments["timeout_s"],
            )
        except errors.TuhegError as error:
            return failed(error.as_dict(), type(error).__name__.removesuffix("Error").lower())
        return dict(found) | {"available": True, "note": ""}
