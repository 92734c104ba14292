# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done once, in Ansible's own process, instead of anew in the process that it forks for every task.

Ansible imports an action before it forks and a filter after. What a forked process loads is lost with it.
"""

from __future__ import annotations

import gc
import os

from ansible.plugins.loader import filter_loader, test_loader
from ansible_collections.tuheg.ir.plugins.filter import decisions, remedies
from ansible_collections.tuheg.ir.plugins.module_utils import kubeconfig

# Our filters cost 20 ms of CPU in each task that has one; the others are imported where they are first used.
LOADED = (decisions, remedies, kubeconfig)


def find_filters() -> None:
    """Let Ansible find its filters and tests: whoever asks for the first one goes through all files, 10 ms of CPU."""
    filter_loader.get("ansible.builtin.bool")
    test_loader.get("ansible.builtin.failed")


def spare_collecting() -> None:
    """Keep Python's collector away from what is loaded by now, and out of the forked processes.

    Looking through memory that a forked process shares copies it, page by page; a process that lives for one task has
    no cycles worth looking for. About 10 ms of CPU a task (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    gc.freeze()
    os.register_at_fork(after_in_child=gc.disable)
