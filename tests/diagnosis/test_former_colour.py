"""Of two colours that are released by turns users are led back to the other one: it has what served before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.diagnosis.rules.colours import KEY, led, slot
from tests.diagnosis.rules.scenes import URL, errors, ingress, logs, rate
from tests.diagnosis.rules.test_connections_not_returned import LEAK, WAITS
from tests.diagnosis.rules.tiny import DAY, Obj, at, postgres, secret_key, service_for, snapshot, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding, Snapshot

FORMER, BEFORE, NOW_IN_FORCE = "registry.example/shop:8", "registry.example/shop:7", "registry.example/shop:9"
GREEN, SERVICE = "Deployment/shop-green", "Service/shop"


def green(**more: Any) -> list[Obj]:
    """Return the colour that serves: released 40 minutes ago, and the time before that a month ago."""
    own = {"age": 30 * DAY, "before": {"image": BEFORE}, "released": 2400, "env": URL, **more}
    return slot("green", NOW_IN_FORCE, **own)


def blue(image: str = FORMER, age: float = 9 * DAY, **more: Any) -> list[Obj]:
    """Return the other colour, that was released in between."""
    return slot("blue", image, age, **{"env": URL, **more})


def noted(age: float, *, key: str = "deploy.example/switched-at", written: float | None = None) -> Obj:
    """Return the shop's Service with the note of a pipeline that switched it; ``written``: its last write."""
    service = led(written=written)
    service["metadata"]["annotations"] = {key: at(age)}
    return service


def leaking(
    *more: Any,
    serves: list[Obj] | None = None,
    other: list[Obj] | None = None,
    service: Obj | None = None,
    figures: Sequence[Any] = (),
    told: Sequence[Any] = (),
) -> Snapshot:
    """Return a shop of two colours, of which the one that serves loses its connections since it was led to."""
    return snapshot(
        serves or green(),
        blue() if other is None else other,
        service or noted(2000),
        postgres(),
        *more,
        figures=[errors("shop-green", 0.5, since=1500), *figures],
        logs=[*logs("shop-green", LEAK, since=1400), *logs("shop-green", WAITS, 1, since=1300), *told],
    )


OWN = service_for("shop-b", selector={"app": "shop", KEY: "blue"})


def tenants(key: str, written: float | None = 2000) -> Snapshot:
    """Return the shop beside what is told from it by another label than that of a colour."""
    serves = slot("green", NOW_IN_FORCE, 30 * DAY, key, before={"image": BEFORE}, released=2400, env=URL)
    other = slot("blue", FORMER, 9 * DAY, key, env=URL)
    return leaking(serves=serves, other=other, service=led(written=written, key=key))


def first(world: Snapshot) -> Finding:
    found = decide(world).findings[0]
    assert (found.component, found.rule) == (GREEN, "connections_not_returned")
    assert (found.remedy, found.target) not in {(each.remedy, each.target) for each in found.excluded}
    return found


@pytest.mark.parametrize("service", [noted(2000), noted(2000, written=1900)])
def test_users_are_led_back_to_what_served_before(service: Obj) -> None:
    found = first(leaking(service=service))
    assert (found.root_cause, found.remedy, found.target) == ("code_defect", "switch_traffic", SERVICE)
    assert any(each.remedy == "rollback_workload" and each.target == GREEN for each in found.excluded)


def migrated(age: float) -> list[Obj]:
    """Return a run that changed the shop's data so long ago."""
    return workload("shop-schema", "flyway:10", kind="Job", pods=0, age=age, service=False, env=URL)


def test_what_changed_the_data_before_its_release_it_was_made_for() -> None:
    assert first(leaking(migrated(20 * DAY))).remedy == "switch_traffic"


@pytest.mark.parametrize(
    ("what", "world"),
    [
        ("no pods of it are left", leaking(other=blue(pods=0))),
        ("one of its pods is not ready", leaking(other=blue(ready=1))),
        ("it has fewer pods", leaking(other=blue(pods=1))),
        ("its requests fail as well", leaking(figures=[errors("shop-blue", 0.3)])),
        ("its log tells of the same", leaking(told=logs("shop-blue", LEAK))),
        ("a run changed the data since its release", leaking(migrated(3 * DAY))),
        (
            "the new one changes the data at its start",
            leaking(serves=green(spec={"initContainers": [{"name": "db-migrate", "image": NOW_IN_FORCE}]})),
        ),
        ("nobody knows whether users were ever led to it", leaking(service=led(written=None))),
        ("its Service was written since the release, nobody knows why", leaking(service=led(written=2000))),
        ("its Service was written in the second of the release, as Helm does", leaking(service=led(written=2400))),
        ("its Service was written a second after the release, as Helm does", leaking(service=led(written=2399))),
        ("its Service bears a note of the second of the release, as a chart writes it", leaking(service=noted(2400))),
        ("its Service was written since, and switched long ago", leaking(service=noted(2 * DAY, written=2000))),
        ("a version was promoted, which no colour need be", leaking(service=noted(2000, key="ci.example/promoted-at"))),
        ("it has another database", leaking(other=blue(env={"DATABASE_URL": "postgres://shop@postgres-b:5432/shop"}))),
        ("it has another setting", leaking(other=blue(env={**URL, "TENANT": "b"}))),
        ("it has another Secret", leaking(other=blue(env={**URL, "DB_PASSWORD": secret_key("shop-b")}))),
    ],
)
def test_a_person_looks_where_the_other_colour_cannot_serve(what: str, world: Snapshot) -> None:
    assert first(world).remedy == "page_human", what


@pytest.mark.parametrize(
    ("what", "world"),
    [
        ("there is no other colour", leaking(other=[])),
        ("the other one is of before", leaking(other=blue(age=60 * DAY))),
        ("the other one is of the same version as before", leaking(other=blue(BEFORE))),
        ("the other one has the new version as well", leaking(other=blue(NOW_IN_FORCE))),
        ("the other one is another program", leaking(other=blue("registry.example/till:8"))),
        ("it was released in place, days after users were led to it", leaking(service=led(written=2 * DAY))),
        ("both serve", leaking(service=led(to="green") | {"spec": {"selector": {"app": "shop"}}})),
        ("the other one came after it", leaking(other=blue(age=600))),
        ("a pipeline's note tells that users were long led to it", leaking(service=noted(2 * DAY))),
        ("the other one has a way in of its own", leaking(OWN, ingress("shop-b", "b.shop.example"))),
        ("another service calls the other one", leaking(OWN, workload("till", env={"SHOP": "http://shop-b:8080"}))),
        ("users ask the other one", leaking(figures=[rate("shop-blue", 80, 80)])),
        ("the other one is another tenant", tenants("release")),
        ("the other one is another tenant, which nobody knows the Service of", tenants("release", written=None)),
        ("the other one is a canary", tenants("track")),
        ("the other one is of another version", tenants("version")),
    ],
)
def test_a_release_in_place_is_taken_back(what: str, world: Snapshot) -> None:
    assert (first(world).remedy, first(world).target) == ("rollback_workload", GREEN), what
