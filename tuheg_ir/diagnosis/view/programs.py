"""What program a workload runs, as its image, ports and name tell: a database, a cache, a broker, or one of our own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.reading import items, text, whole
from tuheg_ir.diagnosis.view.workloads import Workload

ROLES: dict[str, tuple[str, ...]] = {
    "database": (
        *("postgres", "postgresql", "pgvector", "postgis", "timescaledb", "spilo", "mysql", "mariadb", "percona"),
        *("mongo", "mongod", "mongodb", "cockroach", "cockroachdb", "cassandra", "clickhouse", "mssql", "oracle"),
        *("etcd", "consul", "scylla", "scylladb", "couchdb", "couchbase", "neo4j", "influxdb", "rethinkdb", "arangodb"),
        *("tidb", "tikv", "yugabyte", "yugabytedb", "vitess", "surrealdb", "ferretdb", "questdb", "crate", "edgedb"),
        *("minio", "seaweedfs", "foundationdb", "dgraph", "firebird", "db2", "hbase", "gel", "starrocks", "doris"),
    ),
    "cache": ("redis", "valkey", "keydb", "dragonfly", "dragonflydb", "memcached", "hazelcast", "aerospike", "garnet"),
    "broker": (
        *("rabbitmq", "kafka", "redpanda", "nats", "activemq", "artemis", "pulsar", "zookeeper", "rocketmq", "emqx"),
        *("mosquitto", "nsq", "nsqd", "vernemq", "hivemq", "jetstream"),
    ),
    "search": (
        *("elasticsearch", "opensearch", "solr", "meilisearch", "typesense", "quickwit", "manticore", "zincsearch"),
        *("qdrant", "weaviate", "milvus", "vespa"),
    ),
    "pooler": ("pgbouncer", "pgcat", "proxysql", "pgpool", "odyssey", "supavisor", "maxscale"),
    "dns": ("coredns", "kube-dns"),
}
DATA = ("database", "cache", "broker", "search")
"""Roles of programs that hold data for others."""
PORTS = dict.fromkeys((5432, 3306, 27017, 2379, 9042, 1433, 1521, 26257), "database") | {
    6379: "cache",
    11211: "cache",
    5672: "broker",
    9092: "broker",
    4222: "broker",
    9200: "search",
}
"""Ports at which such programs are asked, whatever they are called."""
_VENDORS = frozenset({"bitnami", "cp", "confluent", "eclipse", "cloudnative", "crunchy", "zalando", "ubi8", "oss"})
_BUILDS = frozenset(
    {
        *("ha", "repmgr", "cluster", "sentinel", "stack", "server", "alpine", "oss", "management", "kraft", "native"),
        *("db", "ce", "ee", "mode", "standalone", "local", "enterprise", "community", "database", "xtradb", "broker"),
        *("primary", "replica", "replicas", "master", "slave", "node", "single", "core", "kit", "tls", "bookworm"),
        *("fe", "be"),
    }
)
"""Words in a program's name that do not make it another program."""

_CLIENT = late(
    r"(?:\S*/)?(?:psql|pgcli|mysql|mariadb|mycli|mysqlsh|mongosh?|redis-cli|valkey-cli|keydb-cli|sqlcmd|sqlplus|cqlsh"
    r"|clickhouse-client|etcdctl|mysqldump|mariadb-dump|pg_dump(?:all)?|mongodump|sleep)"
)
"""A program by which somebody asks a store, or waits to: it comes in the store's own image."""
_SHELL = late(r"(?:\S*/)?(?:ba|da|z)?sh")
_OWN = 4
"""A shorter name is part of any word."""

_KNOWN: WeakKeyDictionary[Workload, str] = WeakKeyDictionary()


def role(workload: Workload) -> str:
    """Return database, cache, broker, search, pooler or dns; "" for anything else."""
    known = _KNOWN.get(workload)
    if known is None:
        known = _KNOWN[workload] = _role(workload)
    return known


def _role(workload: Workload) -> str:
    containers = [*items(workload.template, "spec", "containers")]
    if workload.kind != "StatefulSet" and containers and all(map(_only_asks, containers)):
        return ""
    images = [role_of_image(text(c, "image")) for c in containers]
    if found := next((each for each in images if each), ""):
        return found
    if found := _named(workload.name):
        return found
    return next((PORTS[port] for port in _ports(workload) if port in PORTS), "")


def _only_asks(container: Mapping[str, Any]) -> bool:
    """Tell whether a container starts a store's client, or a shell for a person, in place of what its image serves."""
    if not container.get("command"):
        return False
    said = [str(word) for key in ("command", "args") for word in container.get(key) or ()]
    return bool(_CLIENT.fullmatch(said[0])) or (len(said) == 1 and bool(_SHELL.fullmatch(said[0])))


def of_role(found: Mapping[str, Workload], *roles: str) -> tuple[Workload, ...]:
    """Return the workloads of some roles."""
    return tuple(w for w in found.values() if w.kind not in ("Job", "CronJob") and role(w) in roles)


def named_in(found: Mapping[str, Workload], line: str) -> Iterator[str]:
    """Yield the stores whose program's name a line holds in lower case, also within a word: minio in xminioadmin."""
    for store in of_role(found, *DATA):
        names = (image_name(text(each, "image")) for each in items(store.template, "spec", "containers"))
        if any(len(name) >= _OWN and name in line for name in names):
            yield store.ref


@lru_cache(maxsize=4096)
def role_of_image(image: str) -> str:
    """Return the role of a program's own image; an exporter or a backup of it is another program."""
    *above, _ = image.split("@", maxsplit=1)[0].lower().split("/")
    base = image_name(image)
    # Some vendors name the program in the folder: mssql/server, database/express.
    return _named(base) or (_named(above[-1]) if above and base in _BUILDS else "")


def image_name(image: str) -> str:
    """Return the last word of an image's path, in lower case, without tag and digest."""
    return image.split("@", maxsplit=1)[0].lower().rpartition("/")[2].split(":")[0]


@lru_cache(maxsize=4096)
def _named(base: str) -> str:
    if whole_name := next((each for each, names in ROLES.items() if base in names), ""):
        return whole_name
    words = [word for word in re.split(r"[-_.]", base) if word and word not in _VENDORS]
    found = next((each for each, names in ROLES.items() if words and words[0] in names), "")
    known = {*_BUILDS, *ROLES.get(found, ())}
    return found if all(word in known or word.isdigit() for word in words[1:]) else ""


def _ports(workload: Workload) -> Iterator[int]:
    for container in items(workload.template, "spec", "containers"):
        for port in items(container, "ports"):
            yield whole(port, "containerPort")
