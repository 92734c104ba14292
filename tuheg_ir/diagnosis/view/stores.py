"""Which workloads keep data: what may be done to a stateless service may not be done to them."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import at, items, mapping, text
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
    return bool(declared or claims_of(workload))


def share_their_data(view: View, workload: Workload) -> bool:
    """Tell whether a workload keeps data only where all its pods see the same, none having a part of its own.

    What is mounted on many nodes is served from elsewhere: a pod more or less changes nothing about it.
    """
    if workload.kind != "Deployment" or mapping(view.snapshot.services.get(workload.name), "database"):
        return False
    claims = [view.objects("PersistentVolumeClaim").get(claim) for claim in claims_of(workload)]
    return bool(claims) and all(_for_many(at(claim, "spec", "accessModes")) for claim in claims)


def _for_many(modes: object) -> bool:
    return isinstance(modes, list | tuple) and bool({"ReadWriteMany", "ReadOnlyMany"} & {*map(str, modes)})
