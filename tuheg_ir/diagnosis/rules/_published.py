"""Services that give out addresses of pods that are not ready."""

from __future__ import annotations

from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import at


def publishes(service: Service) -> bool:
    """Tell whether a Service leads callers to pods that are not ready; one without an address of its own does not."""
    return bool(service.address) and at(service.obj, "spec", "publishNotReadyAddresses") is True
