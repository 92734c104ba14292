"""Which workloads keep data: what may be done to a stateless service may not be done to them."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_IMAGES = re.compile(
    r"(?:^|/)[\w.-]*(?:postgres|mysql|mariadb|percona|mongo|redis|valkey|cassandra|elastic|opensearch|clickhouse|"
    r"rabbitmq|kafka|zookeeper|etcd|memcached|influx|cockroach|timescale|pgbouncer)",
    re.IGNORECASE,
)
"""Beside what has a role: images that carry such a program in their name, whatever else is in it."""


def is_store(workload: Workload) -> bool:
    """Tell whether a workload runs a program that is known to keep data, or a cache."""
    images = [text(c, "image") for c in items(workload.template, "spec", "containers")]
    return bool(role(workload)) or any(_IMAGES.search(image.partition(":")[0]) for image in images)


def keeps_data(view: View, workload: Workload) -> bool:
    """Tell whether a workload keeps data on a volume of its own, or is declared a database."""
    declared = mapping(view.snapshot.services.get(workload.name), "database")
    claims = items(workload.obj, "spec", "volumeClaimTemplates")
    mounts = [kind for kind, *_ in volumes_of(workload.template) if kind == "PersistentVolumeClaim"]
    return bool(declared or claims or mounts)


def claims_of(workload: Workload) -> tuple[str, ...]:
    """Return the names of the claims that a workload's pods use."""
    named = [label for kind, label, _ in volumes_of(workload.template) if kind == "PersistentVolumeClaim"]
    for pod in workload.pods:
        named += [text(v, "persistentVolumeClaim", "claimName") for v in items(pod.obj, "spec", "volumes")]
    for template in items(workload.obj, "spec", "volumeClaimTemplates"):
        count = min(max(workload.wanted, len(workload.pods)), 100)
        named += [f"{text(template, 'metadata', 'name')}-{workload.name}-{number}" for number in range(count)]
    return tuple(sorted({label for label in named if label}))
