"""A replica that stands by for the one which leads, and is not ready until it leads itself: it was made so."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_REPLICAS = late(r"replica|unavailable|not.{0,3}(?:ready|available)|roll.?out|progress", re.IGNORECASE)
"""Words of an alert about pods that are not ready. How users are served it does not say."""
_WAITS = late(
    r"attempting to acquire (?:leader )?lease|\bstand(?:ing)?[ -]?by\b|waiting (?:to become|for) (?:the )?lead"
    r"|(?:became|becoming|running as|acting as|started as|i am) (?:an? |the )?(?:follower|passive|secondary|backup)\b"
    r"|\b(?:is|am) not (?:the )?(?:current )?leader\b|stopped leading",
    re.IGNORECASE,
)
_LEADS = late(
    r"successfully acquired lease|(?:became|becoming|elected as|am now|is now|acting as) (?:the )?(?:new )?"
    r"(?:leader|active)\b|started leading|acquired leadership|leader election won|enabling active operation",
    re.IGNORECASE,
)
_BY_DESIGN = late(
    r"(?:read(?:y|yz|iness)\b.{0,40}\b(?:503|not ready|false|fails?|unready)|\b(?:un|not )ready)\b.{0,20}"
    r"\b(?:until|unless|while|as long as)\s(?:(?:this|it|i|we)\b.{0,20}\s)?(?:(?:is|am|not|becomes?|has)\s)?"
    r"(?:the\s)?(?:leads?\b|leading|leader\b(?! (?:is|has|can|elect))|active|elected|promoted|stand(?:ing)?[ -]?by)",
    re.IGNORECASE,
)
"""How a program says that it is not ready unless it leads itself: who only lacks a leader is ill."""
_SET_SO = late(
    r"read(?:y|iness)\w{0,40}[\"']?\s?[:=]\s?[\"']?(?:only[-_ ])?(?:leader|active|primary|master)(?:[-_ ]only)?"
    r"[\"']?[ \t]*(?:[\r\n,}#]|$)",
    re.IGNORECASE,
)
_ASKS_WHO_LEADS = late(r"/(?:is[-_]?)?(?:leader|primary|master|active)(?:/|\?|$)", re.IGNORECASE)
"""Paths of a probe that only who leads answers well. A command may as well ask for the link to who leads."""
_TELLS_WHO = late(r"\bnew leader\b|\bleader(?:[\"']?\s?[:=]| is\b| elected\b|ship of\b)", re.IGNORECASE)
_WHO_LEADS = late(r"lead|primary|master", re.IGNORECASE)
_AMISS = late(
    r"fail(?!.?over)|error|lost|unreach|cannot|can't|could not|unable|time[ds]?[ -]?out|no contact", re.IGNORECASE
)
"""Words of who stands by and does not hear of who leads."""


def stands_by(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that all pods which an alert misses stand by for the one that leads, as they are made; None: not so."""
    workload = view.workloads.get(ref)
    if workload is None or not _OF_REPLICAS.search(alert.said) or not (line := standby(view, workload)):
        return None
    return Evidence("logs", ref, f"{alert.name} fires; one pod leads and the others stand by, not ready: {line}")


def of_standby(view: View, sign: Evidence) -> bool:
    """Tell whether a sign of trouble says no more than that those who stand by are not ready."""
    workload = view.workloads.get(sign.object)
    if workload is None or sign.source != "objects" or not sign.fact.endswith("ready"):
        return False
    return any(stands_by(view, alert, sign.object) for alert in view.alerts)


@once
def standby(view: View, workload: Workload) -> str:
    """Return what a pod says that stands by, where one of a workload's pods leads and is ready, all others stand by.

    That they are not ready has to be meant as well: by their probe, their settings, or their own words.
    """
    ready = [pod for pod in workload.live if pod.ready]
    others = [pod for pod in workload.live if not pod.ready]
    if len(ready) != 1 or not others or len(workload.live) != workload.wanted or workload.older_pods():
        return ""
    if not all(_runs(pod) for pod in workload.live) or not _leads(view, ready[0], others):
        return ""
    told = [_last_word(view, pod) for pod in others]
    lines = [line for pod in others for line in _lines(view, pod)]
    if not all(_WAITS.search(line) for line in told) or any(map(is_marked, lines)):
        return ""
    if any(_WHO_LEADS.search(line) and _AMISS.search(line) and not _BY_DESIGN.search(line) for line in lines):
        return ""
    said = next((line for line in lines if _BY_DESIGN.search(line)), "")
    return (said or told[0]) if said or _meant(view, workload) else ""


def _runs(pod: Pod) -> bool:
    return all(c.state == "running" and not c.restarts for c in pod.containers if not c.init)


def _leads(view: View, pod: Pod, others: Iterable[Pod]) -> bool:
    """Tell whether a pod says that it leads, or those who stand by say that it does."""
    last = _last_word(view, pod)
    if last:
        return _LEADS.search(last) is not None
    return all(any(pod.name in line and _TELLS_WHO.search(line) for line in _lines(view, each)) for each in others)


def _last_word(view: View, pod: Pod) -> str:
    """Return the newest line in which a pod says that it leads, or that it does not."""
    told = (line for line in reversed(_lines(view, pod)) if _WAITS.search(line) or _LEADS.search(line))
    return next(told, "")


def _lines(view: View, pod: Pod) -> list[str]:
    return [line for log in view.logs_of((pod,), previous=False) for line in log.lines]


def _meant(view: View, workload: Workload) -> bool:
    """Tell whether only who leads is to be ready, by what a probe asks for or by the settings."""
    for container in items(workload.template, "spec", "containers"):
        if _ASKS_WHO_LEADS.search(text(container, "readinessProbe", "httpGet", "path")):
            return True
    return any(_SET_SO.search(f"{key}: {value[:20_000]}") for key, value in view.graph.settings(workload))
