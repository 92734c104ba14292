# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep objects, events and logs of a service. Documented in plugins/modules/evidence.py."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ansible_collections.tuheg.ir.plugins.module_utils import evidence
from ansible_collections.tuheg.ir.plugins.plugin_utils.reading import AUTH_SPEC, ReadingAction


class ActionModule(ReadingAction):
    """The action; reads the cluster, writes files on this machine."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "service": {"type": "str", "required": True},
        "kind": {"type": "str", "default": "Deployment", "choices": ["Deployment", "StatefulSet"]},
        "namespace": {"type": "str", "required": True},
        "incident": {"type": "str", "default": ""},
        "run": {"type": "str", "default": ""},
        "folder": {"type": "str", "default": ""},
        "tail_lines": {"type": "int", "default": 200},
        "timeout_s": {"type": "float", "default": 15.0},
        **AUTH_SPEC,
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read, then write; what could not be read or written is told in `note`."""
        folder = evidence.place(arguments["folder"], arguments["incident"], arguments["run"], os.environ)
        if self._task.check_mode:
            return self._told(str(folder), [], ["check mode: nothing is written"])
        with self.connect(arguments) as client:
            kept = evidence.gather(
                client,
                arguments["kind"],
                arguments["namespace"],
                arguments["service"],
                tail_lines=arguments["tail_lines"],
                timeout_s=arguments["timeout_s"],
            )
        try:
            files = evidence.keep(kept, folder)
        except OSError as error:
            return self._told(str(folder), [], [f"evidence cannot be written to {folder}: {error.strerror}"])
        return self._told(str(folder), files, kept.notes)

    @staticmethod
    def _told(folder: str, files: list[str], notes: list[str]) -> dict[str, Any]:
        return {
            "changed": bool(files),
            "kept": bool(files),
            "folder": folder,
            "files": files,
            "note": "; ".join(notes),
        }
