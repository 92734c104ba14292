"""The probes of the example inventory, asked of the lab by the collection's own reader."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lab import settings
from lab.paths import CHECKOUT

INVENTORY = CHECKOUT / "inventories" / "example" / "group_vars" / "clusters.yml"
WINDOW = "20s"


@dataclass(frozen=True)
class Verdict:
    """What one probe says; `name` is service/probe, `verdict` healthy, unhealthy or unknown."""

    name: str
    verdict: str
    reason: str


@cache
def services(path: Path = INVENTORY) -> dict[str, Any]:
    """The platform's services as the inventory describes them."""
    described: dict[str, Any] = yaml.safe_load(path.read_text())["ir_services"]
    return described


def ask_probes(names: set[str] | None = None, timeout_s: float = 40.0, window: str = WINDOW) -> list[Verdict]:
    """Ask all probes now, or those called service/probe in `names`; they look back over `window`."""
    collections = str(CHECKOUT / "collections")
    if collections not in sys.path:
        sys.path.append(collections)
    from ansible_collections.tuheg.ir.plugins.module_utils import probes

    chosen = {
        service: {
            "probes": [
                probe for probe in spec.get("probes", []) if names is None or f"{service}/{probe['name']}" in names
            ]
        }
        for service, spec in services().items()
    }
    answers = probes.run_probes(
        chosen,
        prometheus_url=f"http://127.0.0.1:{settings.PROMETHEUS_PORT}",
        ingress_url=f"http://127.0.0.1:{settings.WEB_PORT}",
        namespace=settings.NAMESPACE,
        window=window,
        timeout_s=timeout_s,
    )
    return [Verdict(f"{answer.service}/{answer.name}", answer.verdict, answer.reason) for answer in answers]
