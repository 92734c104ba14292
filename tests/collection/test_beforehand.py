"""What Ansible's own process does once, so that the processes which it forks need not."""

from __future__ import annotations

import gc
import os
import sys

from ansible_collections.tuheg.ir.plugins.plugin_utils import beforehand


def in_a_fork() -> tuple[bool, bool]:
    """Return whether a forked process collects, and whether it has Ansible's filters."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        found = any(name.startswith("ansible.plugins.filter.core") for name in sys.modules)
        os.write(writing, bytes([gc.isenabled(), found]))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    told = os.read(reading, 2)
    os.close(reading)
    return bool(told[0]), bool(told[1])


def test_a_forked_process_finds_the_filters_loaded_and_does_not_collect() -> None:
    beforehand.find_filters()
    beforehand.spare_collecting()
    assert in_a_fork() == (False, True)
    assert gc.isenabled(), "Ansible's own process goes on collecting"


def test_what_is_loaded_by_then_is_looked_through_no_more() -> None:
    before = gc.get_freeze_count()
    kept = [[number] for number in range(1000)]
    beforehand.spare_collecting()
    assert gc.get_freeze_count() >= before + len(kept)
