"""What is known before an incident: faults, severities, and the platform of an inventory.

Importing this package is cheap: a module is imported when something of it is asked for, YAML is read when something
is loaded.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuheg_ir.catalogue.loader import load_catalogue
    from tuheg_ir.catalogue.model import Call, Catalogue, Fault, Phase, Severity, Text
    from tuheg_ir.catalogue.platform import Platform, clusters, load_platform

_IN = {
    "loader": ("load_catalogue",),
    "model": ("Call", "Catalogue", "Fault", "Phase", "Severity", "Text"),
    "platform": ("Platform", "clusters", "load_platform"),
}
_PLACES = {name: module for module, names in _IN.items() for name in names}

__all__ = [
    "Call",
    "Catalogue",
    "Fault",
    "Phase",
    "Platform",
    "Severity",
    "Text",
    "clusters",
    "load_catalogue",
    "load_platform",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for the first time."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
