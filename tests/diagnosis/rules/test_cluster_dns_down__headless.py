"""Names of a headless Service: while no pod behind it is ready a name server rightly knows no address."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.tiny import Obj, pod, postgres, service_for, snapshot, thing, timed, workload

CLIENTS = ("one", "two", "three")
LINE = "java.net.UnknownHostException: postgres"


def slices() -> Obj:
    made = thing("EndpointSlice", "postgres-x", endpoints=[{"addresses": ["10.1.2.1"], "conditions": {"ready": True}}])
    made["metadata"]["labels"] = {"kubernetes.io/service-name": "postgres"}
    return made


def world(since: float, until: float, started: float = 300) -> Any:
    """Return three callers that missed the name between two ages, and a database that was made anew."""
    ages = range(int(since), int(until), -9)
    return snapshot(
        postgres(service=False, started=started),
        service_for("postgres", headless=True, port=5432),
        slices(),
        *(workload(name, env={"DB_HOST": "postgres"}) for name in CLIENTS),
        logs=[timed(pod(name), *[(age, LINE) for age in ages]) for name in CLIENTS],
    )


HOLDS = [
    Holds(
        "it has its address again since long, and its name is missed to the last",
        world(390, 0),
        ("Service/kube-dns", "network_fault", "page_human"),
    ),
    Holds(
        "its pod was ready all along",
        world(390, 300, started=9000),
        ("Service/kube-dns", "network_fault", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it had no address while its one pod was made anew", world(390, 300)),
    DoesNotHold("whoever remembers that it had none missed it for some seconds more", world(390, 260)),
]
