"""A Service was edited that means a younger program too: it may have been meant all along, and serve as well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, SHOP, errors
from tests.diagnosis.rules.test_service_catches_strangers import OLD_AGE, PART, fails, labelled
from tests.diagnosis.rules.test_service_catches_strangers__asked_amiss import AT_SERVICE, YOUNGER, of_fields
from tests.diagnosis.rules.tiny import Obj, figure, pod, service_for, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

PAY = "http://payments:8080"
FAILS_THERE = f"ERROR pay failed: POST {PAY}/pay: 500 Internal Server Error"
REFUSED_THERE = f'ERROR pay failed: Post "{PAY}/pay": dial tcp 10.96.0.9:8080: connect: connection refused'


def by_one(*ways: str, notes: bool = False) -> Obj:
    """Return the cart's Service with the fields of it that its one writer holds, who wrote some ten minutes ago."""
    made = service_for("cart", selector=PART, written=600)
    held: dict[str, Any] = {"f:spec": {f"f:{way}": {} for way in ways}}
    held |= {"f:metadata": {"f:annotations": {"f:owner": {}}}} if notes else {}
    made["metadata"]["managedFields"][0] |= {"manager": "helm", "fieldsType": "FieldsV1", "fieldsV1": held}
    return made


def both_serve(service: Obj, *more: Any, says: str = "", figures: Any = None, since: float = 580) -> Snapshot:
    """Return a cart and, younger by days, another program behind its Service, which was edited ten minutes ago.

    ``says``: of what the shop, which calls another too, complains ``since``.
    """
    younger: dict[str, Any] = YOUNGER
    told = [(since - 30 * n, says) for n in range(18)] if says else []
    early = [(age, "INFO served 3 items") for age in range(3000, int(since), -60)]
    return snapshot(
        labelled("cart", age=OLD_AGE),
        labelled("cart-ng", **younger),
        service,
        workload("shop", env={**CALLS_CART, "PAY_URL": PAY}),
        *(more or (workload("payments"),)),
        logs=[timed(pod("shop", n), *early, *told) for n in (0, 1)],
        figures=[*fails(570), *(figures or ())],
    )


def asked(before: float, now: float, since: float = 590) -> tuple[Any, ...]:
    """Return how many requests the younger program gets, of old and since then."""
    return (figure("request_rate_by_pod", before, now, since, pod=pod("cart-ng")),)


HELM = by_one("ports", "selector", "type")
MANY = by_one("ports", "selector", "type", "sessionAffinity", "internalTrafficPolicy")
BY_HAND = of_fields("spec.selector")
RELEASED = workload("payments", before={"image": "registry.example/payments:0"}, released=590)
ITS_RELEASE = ("Deployment/payments", "code_defect", "rollback_workload")
AT_PAYMENTS = ("Deployment/payments", "dependency_failure", "page_human")
HOLDS = [
    Holds(
        "Helm wrote the Service with all that it holds, and since then a younger program gets requests",
        both_serve(HELM, figures=asked(0.05, 20)),
        AT_SERVICE,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at="Deployment/cart-ng"),
    ),
    Holds(
        "its selector alone was edited, and it means a younger program too, of which nobody tells anything",
        both_serve(BY_HAND),
        AT_SERVICE,
    ),
    Holds(
        "its selector alone was edited, and its caller complains of it and of another",
        both_serve(BY_HAND, says="ERROR POST http://cart:8080/items: 500 Internal Server Error, then " + PAY),
        AT_SERVICE,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"two programs serve all along, the Service was written with all that it holds, {what}",
            both_serve(HELM, *more, says=says, figures=figures),
            instead,
            harmful=("rollback_workload",) if instead is not ITS_RELEASE else (),
        )
        for what, more, says, figures, instead in (
            (
                "and another that its caller calls fails since its release",
                (RELEASED,),
                FAILS_THERE,
                [errors("payments", 0.4, since=575)],
                ITS_RELEASE,
            ),
            ("and another fails since its release, as its caller says", (RELEASED,), FAILS_THERE, (), ITS_RELEASE),
            ("and another fails, as its caller says", (), FAILS_THERE, (), AT_PAYMENTS),
            (
                "and another is not there, as its caller says",
                (workload("payments", ready=0),),
                REFUSED_THERE,
                (),
                AT_PAYMENTS,
            ),
            ("and nobody knows more", (), "", (), (SHOP, "unknown", "page_human")),
            ("and both are asked as ever", (), "", asked(20, 20), (SHOP, "unknown", "page_human")),
            ("and the younger gets what callers try again", (), "", asked(8, 24), (SHOP, "unknown", "page_human")),
            (
                "and the younger was asked before",
                (),
                "",
                asked(0.05, 20, 2400),
                (SHOP, "unknown", "page_human"),
            ),
        )
    ),
    *(
        DoesNotHold(f"two programs serve all along, and the Service's writer holds {what}", both_serve(service))
        for what, service in (
            ("so many fields that none are told", MANY),
            ("a selector and a note", by_one("selector", notes=True)),
            ("what nobody knows", service_for("cart", selector=PART, written=600)),
        )
    ),
    DoesNotHold(
        "its selector alone was edited, and its caller says that another fails since then",
        both_serve(BY_HAND, RELEASED, says=FAILS_THERE),
        ITS_RELEASE,
    ),
]
