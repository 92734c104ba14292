"""A way was written, or a long run began, between a release and new words: a person looks which of the two it is."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, URL, alert, ingress, policy, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, postgres, service_for, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RELEASED, BEGAN = 900.0, 660.0
WORDS = "ERROR checkout failed: took too long"
OUT: list[Obj] = [{"to": [{"podSelector": {}}]}]


def told() -> list[Log]:
    """Return what the pods of a shop tell: of requests since its release, of failures since some minutes later."""
    before = [(age, "INFO GET /items 200") for age in range(int(RELEASED) - 30, int(BEGAN), -15)]
    since = [(age, WORDS) for age in range(int(BEGAN), 10, -20)]
    return [timed(pod("shop", n), *before, *since, of="shop") for n in range(2)]


def words(*beside: Obj, env: dict[str, str] | None = None) -> Snapshot:
    """Return a shop that was released, what it tells, and what was written or ran beside it."""
    return snapshot(
        shop(before=IMAGE, released=RELEASED, env=env), *beside, logs=told(), alerts=[alert(service="shop")]
    )


def run(age: float, *, lasts: float | None = None, store: str = "postgres", image: str = "export:1") -> Obj:
    """Return a run of a Job that began so long ago, and how long it took; None: it runs still."""
    ended = {"completionTime": at(age - lasts), "succeeded": 1} if lasts is not None else {"active": 1}
    box = {"name": "export", "image": image, "env": [{"name": "DATABASE_URL", "value": f"postgres://x@{store}:5432/x"}]}
    spec = {"template": {"spec": {"containers": [box]}}}
    return thing("Job", "export", age=age, spec=spec, status={"startTime": at(age), **ended})


def store(*beside: Obj) -> Snapshot:
    """Return the same with a store."""
    return words(*postgres(), *beside, env=URL)


def cart(*beside: Obj, written: float | None = None) -> Snapshot:
    """Return the same with a cart that it calls."""
    cart = workload("cart", service=False)
    return words(*cart, service_for("cart", written=written), *beside, env=CALLS_CART)


HOLDS = [
    *(
        Holds(
            f"after a release and just before the words {what}",
            world,
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("a policy for it was made", words(policy("out", "shop", age=BEGAN + 60, egress=OUT))),
            ("its route was edited", words(ingress("shop", "shop.example", written=BEGAN + 60))),
            ("the Service of what it calls was edited", cart(written=BEGAN + 60)),
            ("a policy for what it calls was made", cart(policy("cart", "cart", age=BEGAN + 60, ingress=[{}]))),
            ("a long run of its store began", store(run(BEGAN + 60))),
            ("such a run began that is done since", store(run(BEGAN + 60, lasts=400))),
        )
    ),
    *(
        Holds(f"new words came soon after a release, and {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("nothing else did", words()),
            ("a policy for it came with the release", words(policy("out", "shop", age=RELEASED - 10, egress=OUT))),
            ("a policy for it came later", words(policy("out", "shop", age=BEGAN - 120, egress=OUT))),
            ("a policy for it was made before", words(policy("out", "shop", age=RELEASED + 300, egress=OUT))),
            ("a policy for others was made", words(policy("out", "web", age=BEGAN + 60, egress=OUT))),
            (
                "the route of others was edited",
                words(*workload("web"), ingress("web", "w.example", written=BEGAN + 60)),
            ),
            ("its route was edited before", words(ingress("shop", "shop.example", written=RELEASED + 300))),
            ("the Service of what it calls was edited before", cart(written=RELEASED + 300)),
            ("a short run of its store began", store(run(BEGAN + 60, lasts=30))),
            ("a run of its store began before", store(run(RELEASED + 120))),
            ("a run of its store began later", store(run(BEGAN - 60))),
            ("a run of another store began", store(*postgres("books"), run(BEGAN + 60, store="books"))),
        )
    ),
]
