"""Which workloads keep data: what may be done to a stateless service may not be done to them."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.programs import DATA, role, role_of_image
from tuheg_ir.diagnosis.view.reading import at, items, mapping, text
from tuheg_ir.diagnosis.view.releases import never_ready
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_IMAGES = late(
    r"(?:^|/)[\w.-]*(?:postgres|mysql|mariadb|percona|mongo|redis|valkey|cassandra|elastic|opensearch|clickhouse|"
    r"rabbitmq|kafka|zookeeper|etcd|memcached|influx|cockroach|timescale|pgbouncer)",
    re.IGNORECASE,
)
"""Beside what has a role: images that carry such a program in their name, whatever else is in it."""

_ONE_FIGURE = late(r"postg|pgvector|spilo|timescale", re.IGNORECASE)
_VERSION = late(r"v?(\d+)(?:\.(\d+))?")
_ITS_MEMORY = {
    "database": late(
        r"SQLSTATE|(?:code|state|error)\W{0,4}53200\b|[\[(]53200[\])]|\b53200: |psycopg|asyncpg|PSQLException|PG::"
        r"|\bpq: |PostgresException|returned from database|\bdb error: |in memory context|DB::Exception"
        r"|MEMORY_LIMIT_EXCEEDED|memory budget exceeded|RSS memory limit exceeded|memory in resource pool",
        re.IGNORECASE,
    ),
    "search": late(r"circuit_?breaking|Data too large, data for|Memory Circuit Breaker", re.IGNORECASE),
}
"""Words of databases and search servers about their own memory, as their clients repeat them."""


def is_store(workload: Workload) -> bool:
    """Tell whether a workload runs a program that is known to keep data, or a cache."""
    images = [text(c, "image") for c in items(workload.template, "spec", "containers")]
    return bool(role(workload)) or any(_IMAGES.search(image.partition(":")[0]) for image in images)


def of_a_store(line: str, kind: str = "") -> bool:
    """Tell whether a line about missing memory speaks of a database's or search server's, as its clients repeat it.

    ``kind``: of that role alone.
    """
    return any(words.search(line) is not None for each, words in _ITS_MEMORY.items() if kind in ("", each))


def keeps_data(view: View, workload: Workload) -> bool:
    """Tell whether a workload keeps data on a volume of its own, or is declared a database."""
    declared = mapping(view.snapshot.services.get(workload.name), "database")
    return bool(declared or claims_of(workload))


def only_reads_claims(workload: Workload) -> bool:
    """Tell whether no container of a workload may write to its claims: another release leaves them as they are."""
    if items(workload.obj, "spec", "volumeClaimTemplates"):
        return False
    claims = {
        text(volume, "name")
        for volume in items(workload.template, "spec", "volumes")
        if (claim := mapping(volume, "persistentVolumeClaim")) and not claim.get("readOnly")
    }
    containers = [c for kind in ("initContainers", "containers") for c in items(workload.template, "spec", kind)]
    if any(text(device, "name") in claims for container in containers for device in items(container, "volumeDevices")):
        return False  # what is given as a block device is written to as a whole
    mounts = (mount for container in containers for mount in items(container, "volumeMounts"))
    return not any(text(mount, "name") in claims and not mount.get("readOnly") for mount in mounts)


def upgraded(view: View, workload: Workload) -> bool:
    """Tell whether a newer version of a store's program has opened its data, so that the one before may not read it.

    One that never got ready has most often refused the data and left it as it was.
    """
    if not keeps_data(view, workload) or all(never_ready(pod) for pod in workload.newest_pods()):
        return False
    images = (change for change in workload.changed("image") if role_of_image(change.after) in DATA)
    found = ((_features(change.before), _features(change.after)) for change in images)
    return any(old is not None and new is not None and old < new for old, new in found)


def _features(image: str) -> tuple[int, ...] | None:
    """Return the part of an image's version in which the form of the data may change: PostgreSQL has one figure."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    found = _VERSION.match(tag)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2] or 0)
    return (major,) if _ONE_FIGURE.search(image) and major >= 10 else (major, minor)


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
