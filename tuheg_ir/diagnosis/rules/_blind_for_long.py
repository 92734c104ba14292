"""Whether a blind autoscaler is no trouble: it would give no replica if it saw, or it was as blind in better weeks."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.rules._figures import busy_pods
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.scaling import Autoscaler, due
from tuheg_ir.diagnosis.view.trouble import suffering, suffers_since, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WEEKS = timedelta(days=15)
"""Within this time each hour of a week came twice, with whatever load it brings."""
_BUSY = 0.8
"""A pod that uses more of its processor limit than this may be short of it."""


def has_enough(view: View, workload: Workload, scaler: Autoscaler) -> bool:
    """Tell whether an autoscaler that goes by the processor alone would want no more replicas than there are."""
    wants = due(view, scaler, workload)
    by = {text(each, "type") or "Resource" for each in items(scaler.obj, "spec", "metrics")}
    alone = len(items(scaler.obj, "spec", "metrics")) == 1 and by == {"Resource"}
    return alone and wants is not None and wants.replicas <= len(workload.live) and not _is_busy(view, workload)


def only_above_it(view: View, workload: Workload, scaler: Autoscaler) -> bool:
    """Tell whether an autoscaler is blind for weeks, and nothing but alerts about callers tells of its workload.

    A caller asks others too. Not where more is asked of it or of those, or its pods do more than they should.
    """
    if scaler.blind_since is None or view.now - scaler.blind_since < _WEEKS:
        return False
    told = {view.about_alert(alert) for alert in view.alerts}
    itself = workload.ref in told or any(seen.source != "alerts" for seen in suffering(view, workload.ref))
    if itself or any(troubles(view, workload.ref)) or _is_busy(view, workload):
        return False
    wants = due(view, scaler, workload)
    if wants is not None and wants.replicas > len(workload.live):
        return False
    asking = (workload.ref, *view.graph.callers(workload.ref))
    return not any(more_asked(view, ref, suffers_since(view, ref)) for ref in asking)


def _is_busy(view: View, workload: Workload) -> bool:
    """Tell whether a pod uses nearly all of the processor time that it may have."""
    return any(busy_pods(view, workload, _BUSY))
