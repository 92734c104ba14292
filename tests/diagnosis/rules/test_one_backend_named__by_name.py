"""A caller tells by its name which pod answered: all that it fails at is of one, and the others serve it well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, alert, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

RUBY = (
    "E, [2026-03-04T11:59:00 #1] ERROR -- : POST /orders 500 StalePrice: list 41, in force is 42 (served_by={})",
    "I, [2026-03-04T11:59:00 #1]  INFO -- : order kept list=42 served_by={}",
)
JSON = (
    '{{"level":"error","msg":"price refused","status":500,"x-served-by":"{}"}}',
    '{{"level":"info","msg":"priced","status":201,"x-served-by":"{}"}}',
)
JAVA = ("ERROR c.e.Orders : answer of instance {} cannot be read", "INFO c.e.Orders : priced by instance {}")


LEADER = ("ERROR -- : order not kept: cart is read-only here, leader is {}", "INFO -- : order read served_by={}")
LEADER_TOO = ("ERROR order not kept: not the leader (served_by={})", "INFO order read served_by={}")
LOCK = ("ERROR order not placed: row locked, lock held by {}", "INFO order read served_by={}")
SCRAPES = ("ERROR scrape of {} failed: context deadline exceeded", "INFO scraped {} in 12 ms")
SCRAPES_TOO = ("ERROR scrape failed instance={}", "INFO scraped instance={}")
ELSEWHERE = ("ERROR order refused, retry at backend={}", "INFO order read served_by={}")
MISSING = ("ERROR cart answered 404: no cart 881 (served_by={})", "INFO order kept served_by={}")
ONE_KEY = ("ERROR cart answered 500: cart 881 cannot be read (served_by={})", "INFO order kept served_by={}")
ONE_PATH = ("ERROR GET /orders/a-17 500 (upstream={})", "INFO GET /orders 200 upstream={}")


def of_another_template() -> Any:
    """Return the cart of which the first pod has another template than the others."""
    objects = workload("cart", pods=3)
    pods_of(objects)[0]["metadata"]["labels"]["pod-template-hash"] = "next"
    return objects


def named(
    form: Sequence[str] = RUBY,
    bad: Sequence[int] = (0,),
    well: Sequence[int] = (1, 2),
    *,
    env: Any = CALLS_CART,
    asked: Any = None,
    **changes: Any,
) -> Snapshot:
    """Return a shop that names a pod of the cart in all it tells: where it fails, and where it is served well."""
    lines = [form[0].format(pod("cart", n)) for n in bad] * 12 + [form[1].format(pod("cart", n)) for n in well] * 12
    told = [lines[n] for n in sorted(range(len(lines)), key=lambda n: n * 7 % len(lines))]
    return snapshot(
        shop(env=env, **changes), asked or workload("cart", pods=3), logs=[log(pod("shop"), *told)], alerts=[alert()]
    )


HOLDS = [
    *(
        Holds(
            f"one pod of three: {form[0]}",
            named(form),
            (CART, "service_crash", "restart_workload"),
            excludes=no("rollback_workload", at=CART),
            harmful=("rollback_workload", "scale_workload"),
        )
        for form in (RUBY, JSON, JAVA)
    ),
    Holds(
        "who asks was released since, and one is named",
        named(before=IMAGE, released=1500),
        (CART, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    Holds("it served others well", named(well=(0, 1, 2)), (CART, "service_crash", "restart_workload")),
    Holds(
        "it was started last, a while ago: what it got then may be why",
        named(bad=(2,), well=(0, 1), asked=younger(workload("cart", pods=3), 1)),
        (CART, "service_crash", "page_human"),
        harmful=("restart_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload",))
    for what, world in (
        ("it has another template than those that serve well", named(asked=of_another_template())),
        ("it is named as the leader", named(LEADER)),
        ("it answers that another one leads", named(LEADER_TOO)),
        ("it is named as who holds a lock", named(LOCK)),
        ("a monitor asks each of them", named(SCRAPES)),
        ("a monitor tells whom it asks in a field", named(SCRAPES_TOO)),
        ("who fails is named in another field than who serves well", named(ELSEWHERE)),
        ("what is asked for is nowhere", named(MISSING)),
        ("all failures are of one key", named(ONE_KEY)),
        ("all failures are of one thing, by their path", named(ONE_PATH)),
        ("others are named as well", named(bad=(0, 1))),
        ("nobody is named where all is well", named(well=())),
        ("it alone is named where all is well: it may be the only one that is asked", named(well=(0, 0))),
        ("it is not known to be asked", named(env={})),
        ("what is well bears no name", named((RUBY[0], "INFO order kept"))),
        ("it is one of a set, and asked by its name", named(asked=workload("cart", pods=3, kind="StatefulSet"))),
    )
]
