"""Who measures for an autoscaler, and whether a release of it is why the autoscaler sees nothing.

What autoscalers go by comes from a program of the cluster behind the API of metrics. If that one never gets ready since
its release, or asks where nobody gives it figures, all of them are blind from that minute on, and keep as many replicas
as there were.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.harm import harms
from tuheg_ir.diagnosis.model import Evidence, Excluded, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, excluding
from tuheg_ir.diagnosis.rules._asks_elsewhere import asked_elsewhere, asks_elsewhere
from tuheg_ir.diagnosis.rules._never_ready import never_ready_since_release
from tuheg_ir.diagnosis.rules._not_its_release import not_its_release
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import items, moment, text
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.scaling import Autoscaler
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_GROUPS = {
    "FailedGetResourceMetric": "metrics.k8s.io",
    "FailedGetContainerResourceMetric": "metrics.k8s.io",
    "FailedGetPodsMetric": "custom.metrics.k8s.io",
    "FailedGetObjectMetric": "custom.metrics.k8s.io",
    "FailedGetExternalMetric": "external.metrics.k8s.io",
}
"""Which API an autoscaler asked in vain, by the reason that it gives."""
_ADAPTERS = ("prometheus-adapter", "k8s-prometheus-adapter", "kube-metrics-adapter")
_SERVERS = {
    "metrics.k8s.io": ("metrics-server", "metrics-server-amd64", *_ADAPTERS),
    "custom.metrics.k8s.io": (*_ADAPTERS, "custom-metrics-stackdriver-adapter"),
    "external.metrics.k8s.io": ("keda-metrics-apiserver", "keda-metrics-adapter", "cluster-agent", *_ADAPTERS),
}
"""Images of programs that serve an API of metrics, for where nobody read who does."""


def lost_source(view: View, scaler: Autoscaler, within: timedelta) -> Workload | None:
    """Return who measures for an autoscaler, if the autoscaler is blind by its release and going back is no harm.

    ``within``: how old that release may be.
    """
    source = _source(view, scaler)
    if source is None or not since_release(source, scaler.blind_since) or not releases(view, source, within):
        return None
    if not _measures_nothing(view, source):
        return None
    barred = any(each.remedy == "rollback_workload" for each in harms(view, source.ref))
    return None if barred else source


def _measures_nothing(view: View, source: Workload) -> bool:
    """Tell whether a release is why its pods measure nothing: they never got ready, or ask at a new address in vain."""
    if source.ready:
        return bool(asks_elsewhere(view, source))
    pods = never_ready_since_release(view, source)
    return bool(pods) and not_its_release(view, source, pods) is None


def told_of_source(view: View, scaler: Autoscaler, source: Workload) -> Iterator[Evidence]:
    """Yield how one sees that who measures for an autoscaler does so no more, and what its release changed."""
    for obj in _registered(view, scaler):
        for each in items(obj, "status", "conditions"):
            if (text(each, "type"), text(each, "status")) == ("Available", "False"):
                told = f"the API of metrics cannot be asked: {text(each, 'reason')}: {text(each, 'message')[:160]}"
                yield Evidence("objects", source.ref, told, moment(each, "lastTransitionTime"))
    yield from (*asks_elsewhere(view, source)[:1], *release_evidence(source, "command", "env")[:2])


def cause_of_source(view: View, source: Workload) -> str:
    """Return what a release of who measures brought that fails: an address is a setting, whatever image came."""
    return "configuration_error" if source.ready else release_cause(view, source)


def asked_in_vain(view: View, source: Workload) -> tuple[str, ...]:
    """Return whom who measures complains of, as it asks them since its release alone."""
    return asked_elsewhere(view, source) if source.ready else ()


def blind_as_ever(source: Workload) -> tuple[Excluded, ...]:
    """Return what does not bring back what a release of who measures took away."""
    why = "each process of this release measures nothing"
    return excluding(source.ref, why, *RESTARTS, "scale_workload")


def _group(scaler: Autoscaler) -> str:
    return _GROUPS.get(scaler.blind.partition(":")[0], "")


def _source(view: View, scaler: Autoscaler) -> Workload | None:
    """Return the one workload that serves the API that an autoscaler asks: as its registration says, or its image."""
    if registered := _registered(view, scaler):
        named = {text(each, "spec", "service", "name") for each in registered}
        found = {ref for each in named if each in view.services for ref in view.services[each].backends}
    else:
        found = {w.ref for w in view.serving if _images(w) & set(_SERVERS.get(_group(scaler), ()))}
    return view.workloads[found.pop()] if len(found) == 1 else None


def _registered(view: View, scaler: Autoscaler) -> list[Obj]:
    """Return the registrations of the API that an autoscaler asks; none where its reason names none."""
    group = _group(scaler)
    return [obj for obj in view.snapshot.of("APIService") if group and text(obj, "spec", "group") == group]


def _images(workload: Workload) -> set[str]:
    return {image_name(text(each, "image")) for each in items(workload.template, "spec", "containers")}
