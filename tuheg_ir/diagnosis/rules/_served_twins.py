"""Callers of one template of which a release serves some well while it fails others: then it is hardly the release.

All of them ask the same of it. What only some pods meet is their own, or lies between them and those that they ask.
"""

from __future__ import annotations

from collections.abc import Collection

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._former_pods import unreached_by
from tuheg_ir.diagnosis.view.answers import answers
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.odd import MOSTLY, odd_pods, same_template
from tuheg_ir.diagnosis.view.trouble import ERRORS
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def serves_twins(view: View, caller: Workload, called: Workload, ill: Collection[str]) -> Evidence | None:
    """Return what shows that a release serves pods well that ask the same of it as some that complain of it."""
    for each in unreached_by(view, caller):
        if each.called is called:
            told = f"it cannot be reached from {each.node} alone, since pods of it were made anew"
            return Evidence("logs", called.ref, told, each.since)
    well = [pod for pod in caller.live if pod.ready and pod.name not in ill]
    if not well or not ill or not same_template(caller.live):
        return None
    names = {pod.name for pod in well}
    if not (_by_figures(view, caller, {*ill}, names) or _by_logs(view, caller, ill, names)):
        return None
    told = f"{len(well)} pods of {caller.ref} do as well as ever with it, and have the template of those that complain"
    return Evidence("metrics", caller.ref, told)


def _by_figures(view: View, caller: Workload, ill: set[str], well: set[str]) -> bool:
    """Tell whether figures show that those who complain fail, and that the others work and do not."""
    rates = view.figures.latest("request_rate_by_pod", "pod")
    odd = {*odd_pods(view, caller, few=False)}
    return bool(odd) and ill >= odd and not odd & well and all(rates.get(pod, 0.0) > 0.0 for pod in well)


def _by_logs(view: View, caller: Workload, ill: Collection[str], well: Collection[str]) -> bool:
    """Tell whether their own logs of requests show it."""
    told = answers(view, caller)
    fail = [each for pod in ill if (each := told.get(pod)) is not None]
    serve = [each for pod in well if (each := told.get(pod)) is not None]
    if len(serve) < len(well) or not fail:
        return False
    return all(each.share >= MOSTLY for each in fail) and all(
        each.told >= OFTEN and each.share <= ERRORS for each in serve
    )
