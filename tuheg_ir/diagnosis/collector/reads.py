"""Which objects are read, and how: every list is slimmed in the thread that read it.

Lists come in pages, so that no more than one page of raw objects is held at a time. A Secret's
values are sealed before its page is let go; nothing else ever sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tuheg_ir.diagnosis.collector.context import Context, SourceFailed
from tuheg_ir.diagnosis.extensions import EXTENSIONS, OF_CLUSTER
from tuheg_ir.diagnosis.objects import slim
from tuheg_ir.project import module_utils

PAGE = 500
OBJECTS = 20_000
"""Of one kind; more of it are left out, and noted."""


@dataclass(frozen=True, slots=True)
class Read:
    """One list: its source's name, the kind of its objects, and where it is.

    ``optional``: an API that not every cluster has; without it there are none of the kind.
    ``extension``: one that somebody has to install, so that it is looked for before it is asked.
    ``else_in``: where else it is, in order, of a cluster that does not serve that version of it.
    ``also``: what is read of the other namespaces of a target too.
    """

    name: str
    kind: str
    group: str
    plural: str
    query: Mapping[str, str] = field(default_factory=dict)
    namespaced: bool = True
    optional: bool = False
    extension: bool = False
    else_in: tuple[str, ...] = ()
    also: bool = False

    def at(self, there: frozenset[str] | None) -> str:
        """Return the path of its API among those that a cluster has, or says nothing of; "" where it has none."""
        if not self.extension or there is None:
            return self.group
        return next((path for path in (self.group, *self.else_in) if path in there), "")


CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
NETWORK = "/apis/networking.k8s.io/v1"

READS: tuple[Read, ...] = (
    # The largest ones first: they take longest.
    Read("pods", "Pod", CORE, "pods", also=True),
    Read("warnings", "Event", CORE, "events", {"fieldSelector": "type=Warning"}, also=True),
    Read("events", "Event", CORE, "events", {"fieldSelector": "type!=Warning"}, also=True),
    Read("replicasets", "ReplicaSet", APPS, "replicasets", also=True),
    Read("deployments", "Deployment", APPS, "deployments", also=True),
    Read("statefulsets", "StatefulSet", APPS, "statefulsets", also=True),
    Read("daemonsets", "DaemonSet", APPS, "daemonsets", optional=True, also=True),
    Read("controllerrevisions", "ControllerRevision", APPS, "controllerrevisions", also=True),
    Read("jobs", "Job", BATCH, "jobs", optional=True),
    Read("cronjobs", "CronJob", BATCH, "cronjobs", optional=True),
    Read("autoscalers", "HorizontalPodAutoscaler", "/apis/autoscaling/v2", "horizontalpodautoscalers", optional=True),
    Read("disruption budgets", "PodDisruptionBudget", "/apis/policy/v1", "poddisruptionbudgets", optional=True),
    Read("quotas", "ResourceQuota", CORE, "resourcequotas"),
    Read("limit ranges", "LimitRange", CORE, "limitranges", optional=True),
    Read("services", "Service", CORE, "services", also=True),
    Read("endpointslices", "EndpointSlice", "/apis/discovery.k8s.io/v1", "endpointslices", optional=True, also=True),
    Read("ingresses", "Ingress", NETWORK, "ingresses", optional=True),
    Read("network policies", "NetworkPolicy", NETWORK, "networkpolicies", optional=True),
    Read("configmaps", "ConfigMap", CORE, "configmaps", also=True),
    # Helm keeps each release, compressed, in a Secret of some hundred kilobytes.
    Read("secrets", "Secret", CORE, "secrets", {"fieldSelector": "type!=helm.sh/release.v1"}),
    Read("volume claims", "PersistentVolumeClaim", CORE, "persistentvolumeclaims"),
    Read("nodes", "Node", CORE, "nodes", namespaced=False),
    *(
        Read(
            f"{group}/{plural}",
            kind,
            f"/apis/{group}/{version}",
            plural,
            optional=True,
            namespaced=namespaced,
            extension=True,
            also=namespaced,
            else_in=tuple(f"/apis/{group}/{each}" for each in older),
        )
        for namespaced, some in ((True, EXTENSIONS), (False, OF_CLUSTER))
        for group, (version, *older), kinds in some
        for kind, plural in kinds.items()
    ),
)
ABSENT = "the cluster has no such API"
"""What is noted of a list that nobody can have, whatever the rights."""


@dataclass(slots=True)
class Found:
    """The slim objects of one read; ``note`` says what was left out."""

    kind: str
    objects: list[dict[str, Any]]
    note: str = ""


def read(context: Context, what: Read, namespace: str = "") -> Found:
    """Read all pages of a list; ``namespace`` "" is the target's.

    Raises KubeError; SourceFailed when the time ended between two pages.
    """
    api = what.at(context.versions()) if what.extension else what.group
    if not api:
        return Found(what.kind, [], ABSENT)
    found = Found(what.kind, [])
    broken = 0
    try:
        for page in _pages(context, what, api, namespace):
            slimmed = [slim(raw, what.kind, hide_config=True) for raw in page]
            kept = [each for each in slimmed if each is not None]
            broken += len(slimmed) - len(kept)
            found.objects += kept
            if len(found.objects) >= OBJECTS:
                found.note = f"only {len(found.objects)} were read"
                break
    except module_utils("kube").kube.KubeError as error:
        if what.optional and error.kind == "not_found":
            return Found(what.kind, [], ABSENT)
        if not found.objects:
            raise
        found.note = f"only {len(found.objects)} were read: {error.message}"
    if broken:
        found.note = f"{broken} could not be understood" + (f"; {found.note}" if found.note else "")
    return found


def _pages(context: Context, what: Read, api: str, namespace: str) -> Iterator[list[Any]]:
    path = context.path(api, what.plural, namespaced=what.namespaced, namespace=namespace)
    token = ""
    while True:
        query: dict[str, Any] = {**what.query, "limit": PAGE, "continue": token}
        answer = context.get(path, query)
        items = answer.get("items")
        if not isinstance(items, list):
            raise SourceFailed("invalid", f"{path} did not answer with a list")
        yield items
        meta = answer.get("metadata")
        token = str(meta.get("continue") or "") if isinstance(meta, dict) else ""
        if not token:
            return
