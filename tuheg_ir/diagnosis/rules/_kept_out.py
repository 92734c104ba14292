"""That users no longer reach a workload which is well: hardly any request comes, or an edge forbids them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._figures import stays_away
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, unplaced
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def kept_out(view: View, workload: Workload) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield that the requests to a complete workload stay away, or are forbidden before it, and since when."""
    if not 0 < workload.wanted <= workload.ready:
        return
    for seen in stays_away(view, workload.ref):
        yield seen, seen.time
    if not any(unplaced(view)) and not any(suffering(view, workload.ref)):
        return  # to keep strangers out is what such rules are for
    services = {service.name for service in view.leading_to(workload.ref)}
    hosts = {route.host for route in view.routes if route.service in services and route.host}
    for hit in view.hits:
        if hit.trouble != "edge_forbids" or hit.component == workload.ref or hit.count < OFTEN:
            continue
        if fresh(view, hit) and any(host in hit.line for host in hosts):
            yield view.hit_evidence(hit), hit.first
