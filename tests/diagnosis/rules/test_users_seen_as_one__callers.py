"""Callers from inside that become fewer, by a release or a scaler, are no network before the edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, alert, errors
from tests.diagnosis.rules.test_users_seen_as_one import CDN, CIDR, EDITED, FILE, SETTINGS, USERS, by_settings, told
from tests.diagnosis.rules.tiny import DAY, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

MANY = tuple(f"10.3.{n}.7" for n in range(40))
FEW = ("10.4.0.1", "10.4.0.2", "10.4.0.3")
NEAR = tuple(f"91.3.{n}.7" for n in range(40))


def gateway(
    before: Sequence[str] = MANY, after: Sequence[str] = FEW, *, released: float = EDITED, fails: bool = True
) -> Snapshot:
    """Return a gateway that calls the cart, whose file was edited, and the api that calls it and was released."""
    settings = thing("ConfigMap", "edge-settings", written=EDITED, data=FILE)
    settings["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {"f:nginx.conf": {}}}
    given: dict[str, Any] = {"args": ["/nginx-ingress-controller", "--configmap=town/edge-settings"]}
    return snapshot(
        workload(
            "edge",
            "registry.k8s.io/ingress-nginx/controller:v1.12.1",
            env={"CART": "http://cart:8080"},
            **given,
        ),
        settings,
        workload("api", before={"image": "api:0"}, released=released, env={"EDGE_URL": "http://edge:8080"}),
        workload("cart"),
        logs=[told(before, after)],
        figures=[errors("api", 0.4, EDITED - 20)] if fails else [],
        alerts=[alert("TooManyRequests", deployment="edge")],
    )


HOLDS = [
    Holds(
        "since its settings were edited all users come from a CDN's nodes, and a few monitors from inside as ever",
        by_settings(
            told([*USERS[:54], *MANY[:6]], [*CDN * 4, MANY[0]], now=0.45), wrote="proxy-real-ip-cidr", data=CIDR
        ),
        SETTINGS,
        excludes=no("rollback_workload", "restart_workload", at="Deployment/edge"),
        harmful=("rollback_workload", "scale_workload", "restart_workload", "no_action"),
        sure=(0.8, 1.0),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "callers from inside become few by a release in the same minute, and are refused",
        gateway(),
        (API, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a scaler has left few callers from inside, and they are refused",
        gateway(released=5 * DAY),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    DoesNotHold(
        "many callers from inside were seen before, and a few from outside since",
        gateway(after=CDN),
        (API, "code_defect", "rollback_workload"),
    ),
]
