"""What is known before an incident: faults, severities, and the platform of an inventory.

Importing this package is cheap; YAML is read when something is loaded.
"""

from tuheg_ir.catalogue.ladder import ladder
from tuheg_ir.catalogue.loader import load_catalogue
from tuheg_ir.catalogue.model import Call, Catalogue, Fault, Phase, Severity, Text
from tuheg_ir.catalogue.platform import Platform, clusters, load_platform

__all__ = [
    "Call",
    "Catalogue",
    "Fault",
    "Phase",
    "Platform",
    "Severity",
    "Text",
    "clusters",
    "ladder",
    "load_catalogue",
    "load_platform",
]
