# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write an event to the journal before its step. Documented in plugins/modules/record.py."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.tuheg.ir.plugins.plugin_utils.door import Missing, open_door, preload
from ansible_collections.tuheg.ir.plugins.plugin_utils.reading import ReadingAction, failed

# The journal asks for sqlite3 only when it is opened.
preload("tuheg_ir.journal.journal", "sqlite3")

_OPENING = ("cluster", "service", "fault", "severity")


class ActionModule(ReadingAction):
    """The action; writes to the journal on this machine, never to the cluster."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "kind": {"type": "str", "required": True},
        "data": {"type": "dict", "default": {}},
        "incident": {"type": "str", "required": True},
        "run": {"type": "str", "default": ""},
        "required": {"type": "bool", "default": False},
        "actor": {"type": "str", "default": ""},
        "process": {"type": "bool", "default": False},
        "uid": {"type": "str"},
        **{name: {"type": "str"} for name in _OPENING},
    }

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Record, or say in one sentence why not."""
        data = arguments["data"] | (process_of_play() if arguments["process"] else {})
        sent = {"kind": arguments["kind"], "data": data}
        nothing = {"recorded": False, "where": "none", "uid": "", **sent}
        if self._task.check_mode:
            return nothing | {"note": "check mode: nothing is written"}
        try:
            journal = open_door("tuheg_ir.journal")
            errors = open_door("tuheg_ir.errors")
        except Missing as missing:
            return nothing | {"note": f"not recorded: {missing}"}
        try:
            recorded = journal.record_event(
                self._opening(journal, arguments),
                arguments["kind"],
                data,
                run=arguments["run"] or None,
                actor=arguments["actor"] or self.variable("ir_actor") or getpass.getuser(),
            )
        except errors.StoreError as error:
            if arguments["required"]:
                return nothing | failed(error.as_dict(), "store")
            return nothing | {"note": f"not recorded: {error}"}
        except ImportError as error:
            return nothing | {"note": f"not recorded: the journal needs a Python package ({error})"}
        except errors.TuhegError as error:
            return nothing | failed(error.as_dict(), "refused" if error.exit_code == 5 else "usage")
        return {"recorded": True, "where": recorded.where, "uid": recorded.uid, "note": recorded.note, **sent}

    def _opening(self, journal: Any, arguments: Mapping[str, Any]) -> Any:
        """What opens the incident if the store does not know it: arguments, else the play's."""
        words = {
            name: arguments.get(name) or arguments["data"].get(name) or self.variable(f"ir_{name}") for name in _OPENING
        }
        uid = arguments.get("uid") or self.variable("ir_incident_uid") or None
        return journal.Opening(number=arguments["incident"], uid=uid, **words)


def process_of_play() -> dict[str, int]:
    """pid and start (clock ticks since boot) of ansible-playbook: together they name it for good.

    Actions run in a worker that it forked.
    """
    pid = os.getppid()
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return {"pid": pid, "start_time": int(stat.rpartition(")")[2].split()[19])}
