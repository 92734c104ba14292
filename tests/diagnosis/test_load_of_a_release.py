"""Whether a release is behind the load of whom it calls, or something else is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.diagnosis.rules.scenes import IMAGE, errors, rate
from tests.diagnosis.rules.tiny import NOW, at, figure, postgres, snapshot, thing, workload
from tests.diagnosis.test_arbitration import DB, SHOP, best, rule
from tuheg_ir.diagnosis.model import Series, Snapshot
from tuheg_ir.diagnosis.rule import Tier


def pressed(
    *figures: tuple[str, Series],
    caller: Mapping[str, Any] | None = None,
    store: Mapping[str, Any] | None = None,
    other: Mapping[str, Any] | None = None,
    beside: Sequence[Mapping[str, Any]] = (),
) -> Snapshot:
    """Return a shop that was released ten minutes ago, its database, and another client of that."""
    released = {"before": IMAGE, "released": 600, **(caller or {})}
    return snapshot(
        workload("shop", env={"DB_HOST": "postgres"}, **released),
        workload("api", env={"DB_HOST": "postgres"}, **(other or {})),
        postgres(**(store or {})),
        map(dict, beside),
        figures=[errors("shop", since=570), *figures],
    )


AS_EVER = rate("shop", 50, 52)
LONG_RUN = thing("Job", "import", age=590, spec={"template": {"spec": {}}}, status={"startTime": at(590), "active": 1})


def replicas(name: str, before: float, now: float) -> tuple[str, Series]:
    return figure("replicas_wanted", before, now, 590, component=name)


@pytest.mark.parametrize(
    ("world", "cause", "began", "first"),
    [
        (pressed(AS_EVER), "capacity", 580, "release"),
        (pressed(AS_EVER, rate("api", 20, 20)), "capacity", 580, "release"),
        (pressed(rate("shop", 50, 90)), "capacity", 580, "load"),  # users ask more of it
        (pressed(AS_EVER, rate("api", 20, 80)), "capacity", 580, "load"),  # another client asks more
        (pressed(), "capacity", 580, "load"),  # nobody counts its requests
        (pressed(AS_EVER), "capacity", 1200, "load"),  # too much to do before it was released
        (pressed(AS_EVER), "database_connection", 580, "load"),  # no load
        (pressed(AS_EVER, store={"before": IMAGE, "released": 620}), "capacity", 580, "load"),
        (pressed(AS_EVER, caller={"released": 3000}), "capacity", 580, "load"),
        (pressed(AS_EVER, beside=[LONG_RUN]), "capacity", 580, "load"),
        (pressed(AS_EVER, other={"before": IMAGE, "released": 610}), "capacity", 580, "load"),  # whose is it?
        (pressed(AS_EVER, replicas("api", 2, 8)), "capacity", 580, "load"),  # another client has more pods
        (pressed(AS_EVER, replicas("shop", 2, 8)), "capacity", 580, "release"),  # it is slow, and gets more for that
        (pressed(AS_EVER, replicas("postgres", 5, 1)), "capacity", 580, "load"),  # there is less to do it with
        (pressed(AS_EVER, store={"started": 700}), "capacity", 580, "load"),  # it was started anew
        (pressed(AS_EVER, store={"started": 300}), "capacity", 580, "release"),  # only since then
    ],
)
def test_a_release_is_behind_the_load_that_it_brings_to_whom_it_calls(
    world: Snapshot, cause: str, began: float, first: str
) -> None:
    release = rule("release", SHOP, Tier.PATTERN, 0.8, follows=True, since=NOW - timedelta(seconds=570))
    since = NOW - timedelta(seconds=began)
    load = rule("load", DB, Tier.PATTERN, 0.85, root_cause=cause, remedy="page_human", since=since)
    assert best(release, load, of=world)[0][0] == first


def test_a_release_is_not_behind_what_is_stated_to_be_used_up() -> None:
    release = rule("release", SHOP, Tier.PATTERN, 0.8, follows=True, since=NOW - timedelta(seconds=570))
    since = NOW - timedelta(seconds=580)
    used_up = rule("used_up", DB, Tier.STATED, 0.8, root_cause="capacity", remedy="page_human", since=since)
    assert best(release, used_up, of=pressed(AS_EVER)) == [("used_up", DB)]
