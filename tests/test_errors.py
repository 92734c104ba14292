"""Errors say what, which and what next, and carry the exit code of their kind."""

import subprocess
import sys

import pytest

from tuheg_ir import errors
from tuheg_ir.errors import TuhegError


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("TuhegError", 1),
        ("UsageError", 2),
        ("NotHealedError", 3),
        ("UnusableError", 4),
        ("ProjectError", 4),
        ("CatalogueError", 4),
        ("InventoryError", 4),
        ("ClusterError", 4),
        ("StoreError", 4),
        ("RefusedError", 5),
        ("UnknownError", 6),
        ("Interrupted", 130),
    ],
)
def test_each_kind_has_its_exit_code(kind: str, code: int) -> None:
    error = getattr(errors, kind)("It broke")
    assert isinstance(error, TuhegError)
    assert error.exit_code == code


def test_every_kind_is_drawn_in_the_docstring() -> None:
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, TuhegError)}
    drawn = errors.__doc__ or ""
    assert [kind for kind in kinds if kind not in drawn] == []


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("It broke",), "It broke"),
        (("It broke", "here"), "It broke: here"),
        (("It broke", "here", "Mend it."), "It broke: here. Mend it."),
        (("It broke", "", "Mend it."), "It broke. Mend it."),
        (("Is it broken?", "", "Look."), "Is it broken? Look."),
    ],
)
def test_the_text_joins_the_parts(parts: tuple[str, ...], text: str) -> None:
    assert str(TuhegError(*parts)) == text


def test_as_dict_gives_the_parts() -> None:
    assert TuhegError("a", "b", "c").as_dict() == {"what": "a", "which": "b", "next": "c"}


@pytest.mark.parametrize(
    "module",
    [
        "tuheg_ir",
        "tuheg_ir.errors",
        "tuheg_ir.project",
        "tuheg_ir.catalogue",
        "tuheg_ir.journal",
        "tuheg_ir.messages",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    heavy = "sqlalchemy jinja2 ansible ansible_runner kubernetes click rich requests yaml"
    code = f"import sys, {module}; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
