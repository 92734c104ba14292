"""How the probes of an inventory's services are answered now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from tuheg_ir.diagnosis.collector.context import Context, NotConfigured
from tuheg_ir.diagnosis.folder.about import plain
from tuheg_ir.project import module_utils

MOST_S = 8.0
"""A probe of a starved service takes its time; by then it has said enough."""


def read(context: Context) -> list[dict[str, Any]]:
    """Ask them all. Raises NotConfigured where no service has any."""
    target = context.target
    asked = {name: spec for name, spec in target.services.items() if spec.get("probes")}
    if not asked:
        raise NotConfigured("no service has probes")
    results: Iterable[Any] = module_utils("probes").probes.run_probes(
        asked,
        prometheus_url=target.prometheus_url,
        ingress_url=target.ingress_url,
        namespace=target.namespace,
        window=target.window,
        since=None,
        timeout_s=min(MOST_S, 0.5 * context.left_s),
    )
    return [plain(asdict(result)) for result in results]
