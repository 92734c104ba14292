"""What the rules of load share: whether more replicas can be had, and who has to be asked."""

from __future__ import annotations

from tuheg_ir.diagnosis.harm import harms
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import excluding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.workloads import Workload


def remedy_for_load(view: View, workload: Workload) -> tuple[str, tuple[Evidence, ...], tuple[Excluded, ...]]:
    """Return what helps a workload that has too much to do, how one sees it, and what it rules out."""
    scaler = autoscaler(view, workload.ref)
    if scaler and scaler.blind:
        told = Evidence("objects", scaler.ref, f"the autoscaler sees nothing: {scaler.blind}", scaler.blind_since)
        return "scale_workload", (told,), ()
    if scaler and (scaler.at_most or scaler.limited):
        told = Evidence("objects", scaler.ref, f"the autoscaler has given all it may: {scaler.now} of {scaler.most}")
        reason = "the autoscaler is at its maximum and takes further replicas back; a person has to raise it"
        return "page_human", (told,), excluding(workload.ref, reason, "scale_workload")
    barred = [each for each in harms(view, workload.ref) if each.remedy == "scale_workload"]
    if barred:
        return "page_human", (Evidence("objects", workload.ref, barred[0].reason),), tuple(barred)
    return "scale_workload", (), ()
