"""Everything that rules may ask of a snapshot, worked out once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Database, Evidence, Log, Obj, Snapshot
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.ended_logs import left_behind, told_until_the_end
from tuheg_ir.diagnosis.view.events import Event, events
from tuheg_ir.diagnosis.view.figures import Figures
from tuheg_ir.diagnosis.view.graph import Graph
from tuheg_ir.diagnosis.view.logs import Hit, hits
from tuheg_ir.diagnosis.view.network import Policy, Route, Service, policies, routes, services
from tuheg_ir.diagnosis.view.reading import name
from tuheg_ir.diagnosis.view.workloads import BATCH, Pod, Workload, workloads

RECENT = timedelta(minutes=60)
"""What ended longer ago than this is not what is wrong now."""
QUIET_ALERTS = frozenset({"watchdog", "deadmansswitch", "deadmanssnitch", "infoinhibitor"})
"""Alerts that always fire, so that one sees that alerting works."""
_ALERT_LABELS = (
    *("deployment", "statefulset", "daemonset", "rollout", "cronjob", "workload", "pod", "service", "app", "component"),
    *("persistentvolumeclaim", "job_name", "horizontalpodautoscaler", "replicaset", "ingress", "controller", "job"),
    *("container", "instance"),
)
"""Labels by which an alert tells what it is about, the plainest first."""
_WORD = late(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_TOLD = frozenset({"info", "informational", "information", "none", "debug", "notice"})
"""Severities of alerts that ask nobody to do anything."""


class View:
    """A snapshot, indexed. Pure: nothing here reads anything but the snapshot."""

    _latest: ClassVar[View | None] = None

    @classmethod
    def of(cls, snapshot: Snapshot) -> View:
        """Return the view of a snapshot; whoever asks next about the same one gets the same one, already worked out."""
        latest = cls._latest
        if latest is None or latest.snapshot is not snapshot:
            latest = cls._latest = cls(snapshot)
        return latest

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.now = snapshot.taken_at
        self.figures = Figures(snapshot)
        self.kept: dict[Callable[..., Any], Any] = {}
        """What pieces beside this one worked out of it (view/once)."""
        self._objects: dict[str, dict[str, Obj]] = {}
        self._labelled: dict[str, dict[str, tuple[str, ...]]] = {}

    @cached_property
    def workloads(self) -> dict[str, Workload]:
        """Return the workloads by Kind/name."""
        return workloads(self.snapshot)

    @cached_property
    def serving(self) -> tuple[Workload, ...]:
        """Return the workloads that run all the time: no Jobs, no CronJobs."""
        return tuple(w for w in self.workloads.values() if w.kind not in BATCH)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Return the events, newest first."""
        return events(self.snapshot, self.workloads)

    @cached_property
    def logs(self) -> tuple[Log, ...]:
        """Return the logs, and the messages that containers left behind of which there is no log."""
        return (*self.snapshot.logs, *left_behind(self.workloads, self.snapshot.logs, self.recent))

    @cached_property
    def hits(self) -> tuple[Hit, ...]:
        """Return the troubles that logs tell of."""
        found = hits(replace(self.snapshot, logs=self.logs), self.workloads)
        return tuple(told_until_the_end(found, self.workloads))

    @cached_property
    def services(self) -> dict[str, Service]:
        """Return the Services by name."""
        return services(self.snapshot, self.workloads)

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """Return the ways in."""
        return routes(self.snapshot)

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """Return the NetworkPolicies."""
        return policies(self.snapshot, self.workloads)

    @cached_property
    def graph(self) -> Graph:
        """Return who calls whom."""
        return Graph(self.snapshot, self.workloads, self.services, self.hits)

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the alerts that fire and ask somebody to do something."""
        return tuple(
            a
            for a in self.snapshot.alerts
            if a.state == "firing" and a.name.lower() not in QUIET_ALERTS and not self._informs(a)
        )

    @staticmethod
    def _informs(alert: Alert) -> bool:
        return str(alert.labels.get("severity", "")).lower() in _TOLD

    @cached_property
    def databases(self) -> tuple[Database, ...]:
        """Return what is known of databases' sessions."""
        return self.snapshot.databases

    def logs_of(self, pods: Iterable[Pod], *, previous: bool = True) -> Iterator[Log]:
        """Yield the logs of some pods; without those of their containers' previous runs, if so wanted."""
        names = {pod.name for pod in pods}
        return (log for log in self.logs if log.pod in names and (previous or not log.previous))

    def lines_of(self, workload: Workload) -> Iterator[str]:
        """Yield the lines that a workload's live pods have logged since they run, a container after another."""
        return (line for log in self.logs_of(workload.live, previous=False) for line in log.lines)

    def logs_with(self, hit: Hit) -> Iterator[Log]:
        """Yield the log that told of a trouble."""
        place = hit.pod, hit.container, hit.previous
        return (log for log in self.logs if (log.pod, log.container, log.previous) == place)

    def leading_to(self, ref: str) -> list[Service]:
        """Return the Services that lead to a workload (Kind/name)."""
        return [service for service in self.services.values() if ref in service.backends]

    def called(self, ref: str) -> list[Workload]:
        """Return the workloads that one (Kind/name) calls, in the order of their names."""
        return [self.workloads[each] for each in sorted(self.graph.calls.get(ref, ())) if each in self.workloads]

    @cached_property
    def _events_by_ref(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = {}
        for event in self.events:
            for ref in {event.component, event.about}:
                found.setdefault(ref, []).append(event)
        return found

    @cached_property
    def _hits_by_ref(self) -> dict[str, list[Hit]]:
        found: dict[str, list[Hit]] = {}
        for hit in self.hits:
            found.setdefault(hit.component, []).append(hit)
        return found

    @cached_property
    def _owners(self) -> dict[str, str]:
        return {pod.name: workload.ref for workload in self.workloads.values() for pod in workload.pods}

    @cached_property
    def blind(self) -> int:
        """Return how many kinds of sources the snapshot has nothing of: events, logs, metrics."""
        seen = (bool(self.snapshot.of("Event")), bool(self.snapshot.logs), self.figures.any_known)
        return len(seen) - sum(seen)

    @cached_property
    def unheard(self) -> bool:
        """Whether logs were asked for, and none came."""
        return not self.snapshot.logs and any(each.source == "logs" and not each.ok for each in self.snapshot.sources)

    # --- asking ---

    def recent(self, moment: datetime | None, within: timedelta = RECENT) -> bool:
        """Tell whether a time is known and not long ago (a clock that is ahead counts as now)."""
        return moment is not None and self.now - moment <= within

    def events_of(self, ref: str, *reasons: str, within: timedelta = RECENT) -> tuple[Event, ...]:
        """Return the recent events of a component (its pods' too), of some reasons, newest first."""
        return tuple(
            e
            for e in self._events_by_ref.get(ref, ())
            if (not reasons or e.reason in reasons) and self.recent(e.last, within)
        )

    def hits_of(self, ref: str, *troubles: str) -> tuple[Hit, ...]:
        """Return the troubles in the logs of a component, of some kinds."""
        return tuple(h for h in self._hits_by_ref.get(ref, ()) if not troubles or h.trouble in troubles)

    def objects(self, kind: str) -> dict[str, Obj]:
        """Return the objects of a kind by name."""
        if kind not in self._objects:
            self._objects[kind] = {name(obj): obj for obj in self.snapshot.of(kind)}
        return self._objects[kind]

    def maps_read(self, template: Mapping[str, Any]) -> Iterator[tuple[str, Obj]]:
        """Yield the ConfigMaps that a pod template reads and that are there, by name."""
        maps = self.objects("ConfigMap")
        read = sorted(label for kind, label in reads(template) if kind == "ConfigMap")
        yield from ((label, maps[label]) for label in read if label in maps)

    def pods(self) -> Iterator[tuple[Workload, Pod]]:
        """Yield every live pod with its workload."""
        for workload in self.workloads.values():
            for pod in workload.live:
                yield workload, pod

    def owner_of(self, pod: str) -> str:
        """Return the workload of a pod; Pod/name if it is not known."""
        return self._owners.get(pod, f"Pod/{pod}")

    def component(self, label: str) -> str:
        """Return the workload that a series' `component` or an alert's label means; "" for none."""
        if "/" in label and label in self.workloads:
            return label
        return self._owners.get(label) or self.graph.resolve(label)

    def labelled(self, signal: str) -> dict[str, tuple[str, ...]]:
        """Return workload -> the values of `component` in a signal that mean it."""
        if signal not in self._labelled:
            found: dict[str, tuple[str, ...]] = {}
            for label in sorted({series.labels.get("component", "") for series in self.figures.series(signal)} - {""}):
                if ref := self.component(label):
                    found[ref] = (*found.get(ref, ()), label)
            self._labelled[signal] = found
        return self._labelled[signal]

    def about_alert(self, alert: Alert) -> str:
        """Return the workload that an alert is about; "" for none that is known.

        Its labels tell it; where they do not, its sentences may name one, or one of its pods.
        """
        for key in _ALERT_LABELS:
            if (label := alert.labels.get(key)) and (ref := self._meant(key, str(label))):
                return ref
        said = set(_WORD.findall(" ".join(map(str, alert.annotations.values())).lower()))
        named = {ref for ref, workload in self.workloads.items() if workload.name.lower() in said}
        named = named or {ref for pod, ref in self._owners.items() if pod in said}
        return min(named) if len(named) == 1 else ""

    def _meant(self, key: str, label: str) -> str:
        """Return the workload that a label of an alert means: of the kind that it names, if there is one."""
        if key == "persistentvolumeclaim":
            return self._users_of_claims.get(label, "")
        if key == "ingress":
            led = {self.component(route.service) for route in self.routes if route.ref == f"Ingress/{label}"}
            return min(led) if len(led) == 1 else ""
        kinds = (kind for kind in self._kinds if kind.lower() == key)
        return next((ref for kind in kinds if (ref := f"{kind}/{label}") in self.workloads), "") or self.component(
            label
        )

    @cached_property
    def _users_of_claims(self) -> dict[str, str]:
        """The one workload that uses a claim; of a claim that several share nobody can tell whom an alert means."""
        users = [(claim, ref) for ref, workload in self.workloads.items() for claim in claims_of(workload)]
        shared = Counter(claim for claim, _ in users)
        return {claim: ref for claim, ref in users if shared[claim] == 1}

    @cached_property
    def _kinds(self) -> frozenset[str]:
        return frozenset(workload.kind for workload in self.workloads.values())

    # --- evidence ---

    def hit_evidence(self, hit: Hit) -> Evidence:
        """Return a log's trouble as evidence."""
        more = f" ({hit.count} lines)" if hit.count > 1 else ""
        which = "previous log" if hit.previous else "log"
        return Evidence("logs", f"Pod/{hit.pod}", f"{which}{more}: {hit.line}", hit.first)

    def event_evidence(self, event: Event) -> Evidence:
        """Return an event as evidence."""
        times = f" ({event.count} times)" if event.count > 1 else ""
        return Evidence("events", event.about, f"{event.reason}: {event.message[:240]}{times}", event.first)
