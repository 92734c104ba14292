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
