# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge a roll-out now, or watch it to its end. Documented in plugins/modules/rollout_status.py."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ansible_collections.tuheg.ir.plugins.module_utils import rollout, times
from ansible_collections.tuheg.ir.plugins.plugin_utils.reading import AUTH_SPEC, ReadingAction


class ActionModule(ReadingAction):
    """The action; reads only."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "default": "Deployment", "choices": ["Deployment", "StatefulSet"]},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "since": {"type": "raw"},
        "generation": {"type": "int"},
        "timeout_s": {"type": "float", "default": 60.0},
        **AUTH_SPEC,
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Watch, and tell what was seen."""
        started = time.monotonic()
        with self.connect(arguments) as client:
            look = rollout.watch_rollout(
                client,
                arguments["kind"],
                arguments["namespace"],
                arguments["name"],
                since=times.need_time(arguments["since"], "since") if arguments["since"] else None,
                generation=arguments["generation"],
                timeout_s=arguments["timeout_s"],
            )
        return look.as_dict() | {"waited_s": round(time.monotonic() - started, 3)}
