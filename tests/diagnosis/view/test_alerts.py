"""What an alert is about: its labels tell it, or else its words."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.scenes import alert, ingress
from tests.diagnosis.rules.tiny import Obj, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.view.view import View

DB = "StatefulSet/postgres"


def both_ways(name: str, *services: str) -> list[Obj]:
    """Return an Ingress that leads to several Services."""
    made = ingress(name, "all.example")
    made["spec"]["rules"] = [
        each for of in services for each in ingress(name, f"{of}.example", service=of)["spec"]["rules"]
    ]
    return [made]


def about(**labels: str) -> str:
    store = postgres()
    store[0]["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    ways = [ingress("front", "shop.example", service="shop"), *both_ways("mixed", "shop", "redis")]
    view = View(snapshot(workload("shop"), store, redis(), *ways, alerts=[alert(**labels)]))
    return view.about_alert(view.alerts[0])


@pytest.mark.parametrize(
    ("labels", "meant"),
    [
        ({"deployment": "shop"}, "Deployment/shop"),
        ({"persistentvolumeclaim": "data-postgres-0", "job": "kubelet"}, DB),
        ({"persistentvolumeclaim": "data-postgres-7"}, ""),
        ({"persistentvolumeclaim": "redis"}, ""),
        ({"job": "kubelet"}, ""),
        ({"ingress": "front", "job": "ingress-nginx"}, "Deployment/shop"),
        ({"ingress": "mixed"}, ""),
        ({"ingress": "nowhere"}, ""),
    ],
    ids=str,
)
def test_labels_tell_whom_an_alert_is_about(labels: dict[str, str], meant: str) -> None:
    assert about(**labels) == meant


def test_a_claim_that_two_workloads_share_leaves_it_to_the_words() -> None:
    shared = {"name": "files", "persistentVolumeClaim": {"claimName": "uploads"}}
    both = [workload(name) for name in ("shop", "thumbnails")]
    for objects in both:
        objects[0]["spec"]["template"]["spec"]["volumes"] = [shared]
    fires = alert(persistentvolumeclaim="uploads")
    view = View(snapshot(*both, alerts=[fires]))
    assert view.about_alert(fires) == ""
    assert view.about_alert(fires._replace(annotations={"summary": "thumbnails writes to a full volume"})) == (
        "Deployment/thumbnails"
    )
