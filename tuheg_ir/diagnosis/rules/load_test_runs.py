"""An alert about traffic rings for a load test of the house's own: nobody else asks, and all is served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._generators import generator_in
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules.rate_limited_by_design import OTHERS
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view.askers import askers
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.trouble import errors, labels_of, slow
from tuheg_ir.diagnosis.view.undone import asks_for_the_end
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

MORE = 3.0
"""So many times its former traffic is what a load test makes."""
SOON = timedelta(minutes=15)
"""A load test raises its load for a while before anybody sees it."""
TOLD = 20
"""Fewer requests do not show who asks."""
NEARLY_ALL = 0.9
_OF_TRAFFIC = late(
    r"traffic|request.{0,12}rate|\brps\b|\bqps\b|flood|ddos|scrap|surge|spike|anomal|latency|slow|attack", re.IGNORECASE
)


def when(view: View) -> Iterator[Match]:
    """Nearly all requests name a generator of load that runs here since before they grew, and nothing fails."""
    if not view.alerts or not all(_OF_TRAFFIC.search(alert.said) for alert in view.alerts) or asks_for_the_end(view):
        return
    running = [(owner, pod, tool) for owner, pod in view.pods() if (tool := generator_in(pod))]
    if not running or not _only_slower(view):
        return
    for ref in dict.fromkeys(view.about_alert(alert) for alert in view.alerts):
        workload = view.workloads.get(ref)
        grew = _grew(view, ref)
        if workload is None or grew is None or not labels_of(view, ref, "error_ratio"):
            continue
        for owner, pod, tool in running:
            started, asks = pod.created, _asks(view, workload, pod)
            if started is None or not timedelta(0) <= grew - started <= SOON or not asks:
                continue
            yield Match(
                component=ref,
                evidence=(
                    Evidence("objects", owner.ref, f"{pod.name} runs {tool}, a generator of load", started),
                    Evidence("logs", ref, asks),
                    Evidence("metrics", ref, f"its traffic grew to {traffic_growth(view, ref):.0f} times then", grew),
                ),
                certainty=0.6,
                since=started,
                explains=tuple(sorted(view.graph.needs(ref))),
                excludes=not_for([ref], "it serves what a test of the house asks for", OTHERS),
            )
            return


def _only_slower(view: View) -> bool:
    """Tell whether nothing is wrong but that answers take longer, as they do while more is asked."""
    slower = {seen[0].fact for workload in view.serving if (seen := slow(view, workload.ref))}
    if any(errors(view, workload.ref) for workload in view.serving):
        return False
    return all(sign.source == "alerts" or sign.fact in slower for sign in signs_of_trouble(view))


def _grew(view: View, ref: str) -> datetime | None:
    """Return when the traffic of a workload became more than a test of nothing; None if it did not."""
    growth = traffic_growth(view, ref)
    if growth is None or growth < MORE:
        return None
    for label in labels_of(view, ref, "request_rate"):
        if was := view.figures.first("request_rate", component=label):
            return view.figures.crossed("request_rate", 1.5 * was, component=label)
    return None


def _asks(view: View, workload: Workload, pod: Pod) -> str:
    """Return that nearly all who ask a workload are a pod, or name its tool; "" if others ask as well."""
    found, tool = askers(view, workload), generator_in(pod)
    mine = sum(each.told for each in found if each.name.lower().startswith(tool) or each.addresses == {pod.address})
    told = sum(each.told for each in found)
    return f"{mine} of its last {told} requests come from {tool}" if told >= TOLD and mine >= NEARLY_ALL * told else ""


RULE = Rule(
    name="load_test_runs",
    title="A load test of the house's own asks much, and is served",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no generator of load runs here that nearly all requests come from",
)
