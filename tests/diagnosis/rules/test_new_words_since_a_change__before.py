"""New words of new pods are no sign against a release where who asks it, or figures, told of the same before it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.test_errors_since_release__waves import EARLY, IN_WAVES, NOBODYS, measured, waves

BACK, LOOK = ("code_defect", "rollback_workload"), ("code_defect", "page_human")
NAMELESS = "ERROR bill failed"
ACCESS = '10.1.0.9 - - "POST /bills HTTP/1.1" 500 12 "-" "batch/1"'
BEFORE = (3400.0, 3390.0)
ALWAYS = range(3200, 60, -120)
OF_IT = str(pods_of(shop())[0]["status"]["podIP"])


def cut(own: str, other: str) -> list[tuple[float, str]]:
    """Return that the other end of a connection was closed twice before the release, and twice since."""
    line = f"WARN read tcp {own}:2575->{other}:50112: read: connection reset by peer"
    return [(age, line) for age in (3900.0, 3890.0, 1900.0, 1890.0)]


HOLDS = [
    *(
        Holds(f"its words come in waves, and {what}", world, (SHOP, *LOOK), harmful=("rollback_workload",))
        for what, world in (
            ("who asks it told the same in the wave before", waves(**EARLY, before=BEFORE)),
            ("the same, where nobody measures it", waves(**EARLY, before=BEFORE, figures=NOBODYS)),
            ("so did one who names nobody", waves(**EARLY, tells=NAMELESS, before=BEFORE)),
            ("so does an access log", waves(**EARLY, tells=ACCESS, before=BEFORE)),
            ("as many requests failed before", measured((3600.0, 0.0), (2800.0, 0.4), (2700.0, 0.0), *IN_WAVES[1:])),
            ("no log reaches back to the wave before", waves(**EARLY, heard=2800)),
            ("nobody tells of them, nor how it was before", waves(**EARLY, tells="INFO bill written")),
        )
    ),
    *(
        Holds(f"its words come in waves, and {what}", world, (SHOP, *BACK))
        for what, world in (
            ("one who names nobody fails with them since then", waves(**EARLY, tells=NAMELESS)),
            ("so does an access log, since then", waves(**EARLY, tells=ACCESS)),
            ("one who names nobody told a single failure before", waves(**EARLY, tells=NAMELESS, before=BEFORE[:1])),
            (
                "far fewer requests failed before",
                measured((3600.0, 0.0), (2800.0, 0.08), (2700.0, 0.0), *IN_WAVES[1:]),
            ),
        )
    ),
]
HOLDS += [
    Holds(
        "who asks it was cut off by it a few times, before it as well",
        waves(*ALWAYS, tells="INFO bill written", also=cut("10.9.9.9", OF_IT)),
        (SHOP, *LOOK),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"who asks it was cut off by somebody else, before it as well, {what}",
            waves(*ALWAYS, tells="INFO bill written", also=cut(own, "203.0.113.7")),
            (SHOP, *BACK),
        )
        for what, own in (
            ("at an address of his own that it has as well", OF_IT),
            ("at an address of his own that nobody has now", "10.9.9.9"),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody was released before its words", waves(released=9000.0), harmful=("rollback_workload",)),
]
