"""Make `ansible_collections.tuheg.ir` importable, as it is inside Ansible."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings

from tuheg_ir.project import find_project

find_project(Path(__file__)).module_utils("times")

# The machine may be busy: an example that takes long is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
