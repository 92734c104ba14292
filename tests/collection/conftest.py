"""Make `ansible_collections.tuheg.ir` importable, as it is inside Ansible."""

from __future__ import annotations

from pathlib import Path

from tuheg_ir.project import find_project

find_project(Path(__file__)).module_utils("times")
