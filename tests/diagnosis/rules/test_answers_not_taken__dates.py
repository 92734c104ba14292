"""A caller misreads dates: those of answers, where it names who gave them; or those that its users wrote."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART
from tests.diagnosis.rules.test_answers_not_taken import EDGE, misread, new_too

PYTHON = "ValueError: time data '04.03.2026' does not match format '%Y-%m-%d'"
JAVA = "java.time.format.DateTimeParseException: Text '04.03.2026' could not be parsed at index 2"
ISO = "ValueError: Invalid isoformat string: 'soon'"
ASKED = "cannot read the answer of http://cart:8080/basket:"
OF_CART = (CART, "code_defect", "rollback_workload")
HOLDS = [
    *(
        Holds(
            f"it names whose answer that was: {line}",
            misread(f"{ASKED} {line}"),
            OF_CART,
            excludes=(*no("restart_workload", at=CART), *no("rollback_workload", "restart_workload", at=EDGE)),
            alone=True,
        )
        for line in (PYTHON, JAVA, ISO)
    ),
    Holds(
        "it was released too, served well until then, and names whose answer that was",
        new_too(f"ERROR {ASKED} {PYTHON}"),
        OF_CART,
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, misread(line), harmful=("rollback_workload", "restart_workload"))
    for what, line in (
        ("it names nobody", PYTHON),
        ("it names another", f"cannot read http://prices.example/basket: {PYTHON}"),
        ("the date is of a file of a user", f"cannot import row 14 of upload.csv: {PYTHON}"),
        ("the date is of a search of a user", f"GET /search?from=soon: {ISO}"),
        ("the date is of a form", f"form field birthday: {JAVA}"),
    )
]
