# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the actions of this collection share: arguments, access to the cluster, errors.

They run in ansible-playbook's own process, change nothing in the cluster and so may run in
check mode.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible_collections.tuheg.ir.plugins.module_utils.kube import Client, connect
from ansible_collections.tuheg.ir.plugins.module_utils.kubeauth import given_access
from ansible_collections.tuheg.ir.plugins.module_utils.kubeerror import KubeError
from ansible_collections.tuheg.ir.plugins.plugin_utils.beforehand import find_filters, spare_collecting
from ansible_collections.tuheg.ir.plugins.plugin_utils.filtering import plain

find_filters()
spare_collecting()

AUTH_SPEC: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "raw", "no_log": True},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"]},
    "proxy": {"type": "str"},
    "no_proxy": {"type": "str"},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
}


class ReadingAction(ActionBase):  # type: ignore[misc]  # Ansible ships no types
    """Base of the actions: checks the arguments, calls act(), turns trouble into a result."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {}

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Called by Ansible."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        _result, given = self.validate_argument_spec(dict(self.SPEC))
        arguments = {name: plain(given.get(name)) for name in self.SPEC}
        try:
            return result | {"changed": False} | self.act(arguments)
        except KubeError as error:
            told = {"what": error.message, "which": self.subject(arguments), "next": error.next}
            return result | failed(told, error.kind)
        except ValueError as error:
            return result | failed({"what": str(error), "which": "", "next": "correct the arguments"}, "usage")

    def act(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do the work; the keys of the result."""
        raise NotImplementedError

    def variable(self, name: str) -> str:
        """A variable of the play as text, '' if it is not set."""
        value = self._templar.template(self._task_vars[name]) if name in self._task_vars else ""
        return "" if value is None else str(value)

    def subject(self, arguments: Mapping[str, Any]) -> str:
        """What the action is about, for errors."""
        return f"{arguments.get('kind') or ''} {arguments.get('name') or arguments.get('service') or ''}".strip()

    def auth(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The access that arguments and the task's own environment give.

        What this process' environment gives is found by the client itself.
        """
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        given = given_access({name: arguments.get(name) for name in AUTH_SPEC}, environment)
        if environment.get("KUBECONFIG") and not given.get("host"):
            given.setdefault("kubeconfig", environment["KUBECONFIG"])
        return dict(plain(given))

    def connect(self, arguments: Mapping[str, Any]) -> Client:
        """A client for the cluster."""
        return connect(self.auth(arguments), environ=os.environ)


def failed(told: Mapping[str, str], kind: str) -> dict[str, Any]:
    """A failed result that tells the error as one sentence and in its parts."""
    subject = f" [{told['which']}]" if told.get("which") else ""
    message = f"{told['what']}{subject}."
    if told.get("next"):
        message += f" Next: {told['next']}."
    parts = {name: told.get(name, "") for name in ("what", "which", "next")}
    return {"changed": False, "failed": True, "msg": message, **parts, "error": {"kind": kind, **parts}}
