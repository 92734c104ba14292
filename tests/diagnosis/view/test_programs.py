"""What a workload is, by the program that its image names."""

from __future__ import annotations

from tests.diagnosis.rules.tiny import postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View


def test_a_store_is_known_by_its_image_and_its_exporter_is_none() -> None:
    custom = workload("store", "registry.example/team/postgresql-ha:16", kind="StatefulSet", pods=1, port=5432)
    exporter = workload("store-exporter", "prometheuscommunity/postgres-exporter:v0.15", port=9187)
    view = View(snapshot(custom, exporter, postgres("orders-db"), redis("sessions")))
    assert {w.ref for w in of_role(view.workloads, "database")} == {"StatefulSet/store", "StatefulSet/orders-db"}
    assert [w.ref for w in of_role(view.workloads, "cache")] == ["Deployment/sessions"]


def test_a_name_of_two_words_is_one_name() -> None:
    served = (workload("kube-dns", "registry.example/server:1", port=53), workload("kube-proxy", "p:1"))
    view = View(snapshot(*served))
    assert [w.ref for w in of_role(view.workloads, "dns")] == ["Deployment/kube-dns"]


def test_who_starts_a_client_of_a_stores_image_is_no_store() -> None:
    asks = workload("console", "percona/percona-server:8.0", pods=1, command=["mysql", "-hmysql"])
    shell = workload("debug", "postgres:16", pods=1, command=["/bin/bash"])
    waits = workload("toolbox", "redis:7", pods=1, command=["sleep", "infinity"])
    serves = workload("sessions", "redis:7", pods=1, command=["sh", "-c", "exec redis-server /conf/redis.conf"])
    kept = workload("mysql", "mysql:8", kind="StatefulSet", pods=1, command=["sleep", "infinity"])  # while it is mended
    view = View(snapshot(asks, shell, waits, serves, kept))
    assert [w.ref for w in of_role(view.workloads, "database")] == ["StatefulSet/mysql"]
    assert [w.ref for w in of_role(view.workloads, "cache")] == ["Deployment/sessions"]
