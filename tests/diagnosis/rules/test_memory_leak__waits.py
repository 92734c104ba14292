"""Memory that fills with calls which a host outside leaves unanswered: a new process would fill up as well."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, rate, rising, shop
from tests.diagnosis.rules.test_memory_since_release__waits import GO, PYTHON, held, waits
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

SAME = "registry.example/shop:1"


def beside(
    line: str = GO,
    image: str = SAME,
    *,
    share: float = 0.3,
    cpu: float = 0.2,
    waiting: bool = True,
    late: float = 3400,
    well: int = 0,
) -> Snapshot:
    """Return a shop without a release whose memory rises to its limit, beside another one that runs an image.

    ``share``, ``cpu``: what the other one uses of its limits. ``late``: since when a host outside is; ``well``: so many
    calls are answered meanwhile.
    """
    twin = [
        figure(signal, value, value, pod=pod("other", n))
        for signal, value in (("memory_share", share), ("cpu_share", cpu))
        for n in range(2)
    ]
    return snapshot(
        shop(before=IMAGE, released=20 * DAY),
        workload("other", image),
        figures=[rising(pod("shop", 1), 0.2, 0.97), *twin, errors("shop"), rate("shop", 20, 20)],
        logs=waits(line, late, well=well) if waiting else [],
    )


HOLDS = [
    Holds(f"memory runs out, and {what}", world, (SHOP, "resource_exhaustion", "restart_workload"))
    for what, world in (
        ("its twin has room, but nobody is waited for", beside(waiting=False)),
        ("who has room runs another version", beside(image="registry.example/shop:2")),
        ("its twin has little room as well", beside(share=0.85)),
        ("its twin has nothing to do", beside(cpu=0.001)),
        ("its twin has room, but it rose long before its host was late", beside(late=1500)),
        ("its twin has room, but as good as all of its calls are answered", beside(well=600)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, (SHOP, "dependency_failure", "page_human"), harmful=("restart_workload",))
    for what, world in (
        ("its twin, which waits for nobody, has room", beside()),
        ("the same in another language", beside(PYTHON)),
        (
            "memory stood until a host outside answered no more in time",
            snapshot(
                shop(before=IMAGE, released=20 * DAY),
                figures=[held(1500), errors("shop"), rate("shop", 20, 20)],
                logs=waits(GO, 1500),
            ),
        ),
    )
]
