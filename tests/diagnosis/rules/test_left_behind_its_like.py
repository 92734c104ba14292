"""One pod of several answers that there is nothing where its like have what is asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

NEW = [*range(9100, 9130)]
OLD = [*range(100, 130)]
JSON = '{{"level":"info","msg":"request","method":"GET","path":"/v2/offers/{}","status":{},"dur_ms":4}}'
COMMON = '10.1.0.7 - - "GET /offers/{} HTTP/1.1" {} 512 "-" "shop/4"'
SPRING = "INFO  c.e.Access : GET /offers/{} {} in 4 ms"
GO = (
    'level=ERROR msg="recovered from panic in refresher" panic="index out of range"',
    'level=INFO msg="refresher loop ended"',
)
NODE = ("error: unhandled rejection in job offers-sync: TypeError: zone is undefined",)
WATCH = ("WARN OfferWatcher thread died",)
CLOSED = ("INFO watch on offers closed",)
SCHEDULER = ('{"level":"warn","msg":"offers scheduler stopped"}',)
HANDLER = ('level=ERROR msg="recovered from panic in request handler" panic="nil map"',)
LED = ("INFO offers scheduler stopped: lost the lease",)
REOPENED = ("INFO watch on offers closed, reconnecting",)
AGAIN = "INFO refresher: 812 offers read"
BAD = "ERROR POST /orders 502 offer {} not on sale (upstream 404, x-served-by: {})"
WELL = "INFO POST /orders 201 offer={} (x-served-by: {})"
BY_ADDRESS = ("ERROR no offer {}: {}:8080 answered 404", "INFO offer {} read from {}:8080")
KEPT = {"name": "d", "persistentVolumeClaim": {"claimName": "c"}}
CALLER = (*(errors("shop", since=1500),),)


def answers(
    number: int,
    lacked: Sequence[int] = (),
    known: Sequence[int] = OLD,
    *,
    form: str = JSON,
    ends: Collection[str] = (),
    ended: float = 3000,
    more: Collection[tuple[float, str]] = (),
) -> Log:
    """Return the access log of a pod: what it has not, within the last half hour, and what it has."""
    told: list[tuple[float, str]] = [(1560.0 - 50 * n, form.format(each, 404)) for n, each in enumerate(lacked)]
    told += [(1590 - 50 * n - number, form.format(each, 200)) for n, each in enumerate(known)]
    told += [(ended, line) for line in ends]
    return timed(pod("cart", number), *sorted((*told, *more), key=lambda each: -each[0]))


def carts(*logs: Log, objects: Any = None, figures: Any = CALLER, beside: Any = (), alerts: Any = ()) -> Snapshot:
    """Return a shop that fails since its cart, of as many pods as have a log, answers so."""
    made = objects or workload("cart", pods=max(3, len(logs)))
    return snapshot(shop(env=CALLS_CART), made, beside, logs=logs, figures=figures, alerts=alerts or (alert(),))


def asked(form: str = JSON, *, odd: int = 0) -> tuple[Log, ...]:
    """Return logs of three pods, of which one has nothing that is new; the others are asked before and after."""
    first, second = (n for n in range(3) if n != odd)
    return (
        answers(odd, NEW[:20], form=form),
        answers(first, known=[*NEW[5:15], *OLD[:5]], form=form),
        answers(second, known=[*OLD[:5], *NEW[:10]], form=form),
    )


def told(
    bad: str = BAD,
    well: str = WELL,
    *,
    ill: Sequence[str] = (pod("cart", 0),),
    others: Sequence[str] = (pod("cart", 1), pod("cart", 2)),
    lacked: Sequence[int] = NEW[:16],
    known: Sequence[int] = NEW[15:3:-1],
) -> Log:
    """Return what the shop tells of the pods that it asks."""
    lines = [(1500 - 60 * n, bad.format(each, ill[n % len(ill)])) for n, each in enumerate(lacked)]
    lines += [(1510 - 70 * n, well.format(each, others[n % len(others)])) for n, each in enumerate(known)]
    return timed(pod("shop"), *sorted(lines, key=lambda each: -each[0]))


def address(number: int) -> str:
    """Return the address of a pod of the cart."""
    return str(pods_of(workload("cart", pods=3))[number]["status"]["podIP"])


def shares(*now: float) -> list[Any]:
    """Return the shares of requests that the pods answer with 404, and that the shop fails."""
    each = (figure("not_found_ratio_by_pod", 0.004, share, 1500, pod=pod("cart", n)) for n, share in enumerate(now))
    return [*CALLER, *each]


def silent(ends: Collection[str], *more: tuple[float, str]) -> tuple[Log, ...]:
    """Return logs that tell of no thing, and in the first that a task ended."""
    busy = [(3300 - 60 * n, f"INFO {n} baskets priced") for n in range(54)]
    first = sorted([*busy, *((3000, line) for line in ends), *more], key=lambda each: -each[0])
    return (timed(pod("cart", 0), *first), timed(pod("cart", 1), *busy), timed(pod("cart", 2), *busy))


def with_template(**spec: Any) -> Any:
    """Return the cart with something in the spec of its pods."""
    return workload("cart", pods=3, spec=spec)


def of_two_templates() -> Any:
    """Return the cart of which the first pod has another template."""
    objects = workload("cart", pods=3)
    pods_of(objects)[0]["metadata"]["labels"]["pod-template-hash"] = "canary"
    return objects


RESTART = (CART, "service_crash", "restart_workload")
HARMFUL = ("rollback_workload", "scale_workload")
HOLDS = [
    *(
        Holds(
            f"by the access logs of the pods: {form[:24]}",
            carts(*asked(form)),
            RESTART,
            excludes=no("rollback_workload", at=CART),
            harmful=HARMFUL,
            began=1560,
        )
        for form in (JSON, COMMON, SPRING)
    ),
    Holds("by the name of the pod, as who calls it tells", carts(told()), RESTART, harmful=HARMFUL),
    Holds(
        "by its address, as who calls it tells",
        carts(told(*BY_ADDRESS, ill=(address(0),), others=(address(1), address(2)))),
        RESTART,
        harmful=HARMFUL,
    ),
    *(
        Holds(
            f"by the share of 404 of each pod, and {ends[-1]}",
            carts(*silent(ends), figures=shares(0.31, 0.005, 0.004)),
            RESTART,
            harmful=HARMFUL,
            sure=(0.6, 1.0),
        )
        for ends in (GO, NODE, WATCH, CLOSED, SCHEDULER)
    ),
    Holds(
        "one of two, and a task of it ended",
        carts(
            answers(0, NEW[:20], ends=GO, ended=2500),
            answers(1, known=NEW[:20]),
            objects=workload("cart", pods=2),
        ),
        RESTART,
        harmful=HARMFUL,
    ),
    Holds(
        "it tells that what it has is stale",
        carts(*silent(GO, (600, "WARN refresher: offers are stale, age 2400 s")), figures=shares(0.3, 0.0, 0.0)),
        RESTART,
    ),
    Holds(
        "it was started last, a while ago: what it got then may be why",
        carts(*asked(odd=2), objects=younger(workload("cart", pods=3), 1, age=1700)),
        (CART, "service_crash", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "it was started last, a day ago",
        carts(*asked(odd=2), objects=younger(workload("cart", pods=3), 1, age=DAY)),
        RESTART,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload",))
    for what, world in (
        ("what is asked for is nowhere", carts(*(answers(n, NEW[:20]) for n in range(3)))),
        (
            "its like have other things",
            carts(answers(0, NEW[:20]), answers(1), answers(2)),
        ),
        (
            "each has its own part",
            carts(*(answers(n, [*NEW[:20:2]], known=[*NEW[n:20:3]]) for n in range(3))),
        ),
        (
            "one other alone has it, which may keep it for itself",
            carts(answers(0, NEW[:20]), answers(1, known=NEW[5:15]), answers(2)),
        ),
        (
            "it was deleted: its like had it before",
            carts(answers(0, NEW[8:28]), answers(1, known=NEW[18:28]), answers(2, known=NEW[18:28])),
        ),
        (
            "it was made later: its like have it since",
            carts(
                answers(0, NEW[:10]), answers(1, known=[*OLD[:12], *NEW[:10]]), answers(2, known=[*OLD[:12], *NEW[:10]])
            ),
        ),
        (
            "all that is lacked is one thing",
            carts(answers(0, NEW[:1] * 20), *(answers(n, known=NEW[:1] * 10) for n in (1, 2))),
        ),
        ("it has another template", carts(*asked(), objects=of_two_templates())),
        (
            "it is one of a set, each of which has its part",
            carts(*asked(), objects=workload("cart", pods=3, kind="StatefulSet")),
        ),
        (
            "it keeps data",
            carts(*asked(), objects=with_template(volumes=[KEPT])),
        ),
        (
            "it reads what lies on its node",
            carts(*asked(), objects=with_template(volumes=[{"name": "d", "hostPath": {"path": "/srv/offers"}}])),
        ),
        ("it was started just now", carts(*asked(), objects=younger(workload("cart", pods=3), 3, age=200))),
        ("nobody suffers", carts(*asked(), figures=[errors("shop", 0.001)])),
        (
            "one of two",
            carts(answers(0, NEW[:20]), answers(1, known=NEW[:20]), objects=workload("cart", pods=2)),
        ),
        ("who calls it names each of them", carts(told(ill=[pod("cart", n) for n in range(3)]))),
        ("who calls it asks for one thing in vain", carts(told(lacked=NEW[:1] * 16, known=NEW[:1] * 12))),
        ("who calls it asks for what nobody has", carts(told(known=OLD[:12]))),
        (
            "nothing tells of an end",
            carts(*silent(()), figures=shares(0.31, 0.005, 0.004)),
        ),
        ("what ended served a request", carts(*silent(HANDLER), figures=shares(0.31, 0.005, 0.004))),
        ("what ended was to end, as it no longer leads", carts(*silent(LED), figures=shares(0.31, 0.005, 0.004))),
        ("what ended was opened anew", carts(*silent(REOPENED), figures=shares(0.31, 0.005, 0.004))),
        ("the task goes on", carts(*silent(GO, (600, AGAIN)), figures=shares(0.31, 0.005, 0.004))),
        ("others answer so too", carts(*silent(GO), figures=shares(0.31, 0.2, 0.004))),
        ("nobody counts it of one of the others", carts(*silent(GO), figures=shares(0.31, 0.005))),
        ("it answered so before the task ended", carts(*silent((), (1000, GO[1])), figures=shares(0.31, 0.005, 0.004))),
    )
]
