"""New words of a release that is in force still have ceased: whether they are over, or only pause."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.new_words import of_release, warned
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, alert, latency, shop
from tests.diagnosis.rules.tiny import at, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log

CEASED = "ERROR Unable to connect to cache:6379"


def ceased(
    of: str = pod("shop"), *, told: float = 300, silent: float = 900, goes_on: bool = True, works: str = "INFO request"
) -> Log:
    """Return a log that repeated an error for a while, long ago, and goes on with its work since then."""
    before = [f"{at(silent + told + n)} INFO request" for n in (1200, 600)]
    errors = [f"{at(silent + told * n / 40)} {CEASED}" for n in range(40, -1, -1)]
    after = [f"{at(age)} {works}" for age in range(int(silent) - 60, 0, -30)] if goes_on else []
    return Log(of, "shop", (*before, *errors, *after))


HOLDS = [
    *(
        Holds(
            f"the errors of its new pods may only pause: {what}",
            of_release(*told),
            (SHOP, "code_defect", "rollback_workload"),
            sure=(0.25, 0.45),
        )
        for what, told in (
            (
                "they told them for longer, and not so often that they are missed by now",
                (ceased(told=840, silent=605), ceased(pod("shop", 1), told=840, silent=605)),
            ),
            (
                "it is a few minutes only",
                (ceased(told=1000, silent=240), ceased(pod("shop", 1), told=1000, silent=240)),
            ),
            ("one goes on with them", (ceased(), warned(1200, words=CEASED, of=pod("shop", 1)))),
            ("nothing at all is told since", (ceased(goes_on=False), ceased(pod("shop", 1), goes_on=False))),
            ("one is only asked whether it is there", (ceased(), ceased(pod("shop", 1), works="GET /readyz 200"))),
        )
    ),
    Holds(
        "its new pods told of errors for longer than they are silent, but so often that these are missed by now",
        of_release(ceased(told=800, silent=660), ceased(pod("shop", 1), told=800, silent=660)),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
        sure=(0.25, 0.45),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the errors of its new pods are over, and the release is in force: the alert looks back",
        of_release(ceased(), ceased(pod("shop", 1))),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "who calls it suffers since its words have ceased",
        snapshot(
            shop(env=URL),
            postgres(),
            thing("HorizontalPodAutoscaler", "shop", written=190),
            logs=[ceased("postgres-0", told=60, silent=120)],
            figures=[latency("shop", since=60)],
        ),
        ("unknown", "page_human"),
    ),
    *(
        DoesNotHold(
            f"what it told since {what} is over, and that is in force",
            snapshot(shop(), changed, logs=[ceased()], alerts=[alert()]),
            ("unknown", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, changed in (
            ("another was released", workload("cart", before=OLD, released=1260)),
            ("a ConfigMap was written", thing("ConfigMap", "guard", written=1260)),
        )
    ),
]
