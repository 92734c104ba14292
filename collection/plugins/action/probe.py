# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask the probes of services. Documented in plugins/modules/probe.py."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ansible_collections.tuheg.ir.plugins.module_utils import probes, times
from ansible_collections.tuheg.ir.plugins.plugin_utils.reading import ReadingAction


class ActionModule(ReadingAction):
    """The action; asks Prometheus and the services themselves, not the API server."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "services": {"type": "dict", "required": True},
        "names": {"type": "list", "elements": "str"},
        "namespace": {"type": "str", "required": True},
        "prometheus_url": {"type": "str", "default": ""},
        "ingress_url": {"type": "str", "default": ""},
        "window": {"type": "str", "default": ""},
        "since": {"type": "raw"},
        "delay_s": {"type": "float", "default": 0.0},
        "timeout_s": {"type": "float", "default": 90.0},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Wait, ask, and put the answers together."""
        since = times.need_time(arguments["since"], "since") if arguments["since"] else None
        time.sleep(max(0.0, arguments["delay_s"]))
        results = probes.run_probes(
            arguments["services"],
            prometheus_url=arguments["prometheus_url"],
            ingress_url=arguments["ingress_url"],
            namespace=arguments["namespace"],
            window=arguments["window"],
            since=since,
            until_healthy=since is not None,
            timeout_s=arguments["timeout_s"],
            names=arguments["names"] or None,
        )
        all_of_them = probes.overall(results)
        return {
            "verdict": all_of_them.verdict,
            "reason": all_of_them.reason,
            "results": [each.as_dict() for each in results],
        }
