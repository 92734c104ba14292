"""The ill pods of a template lack what an admission webhook gave its well ones: only a pod made anew gets it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, node, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, failing, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

LINE = "ERROR study 7 is not stored: the bucket takes nothing of this role"
DENIED = (
    "ERROR An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:sts::4482:assumed-role/"
    "nodes/i-1 is not authorized to perform: s3:PutObject"
)


def made(objects: list[Obj], **ages: float) -> list[Obj]:
    """Set how long ago pods were made: `p0=900`."""
    for number, each in enumerate(pods_of(objects)):
        age = ages.get(f"p{number}", 5 * HOUR)
        each["metadata"]["creationTimestamp"] = at(age)
        put(each, {"state": {"running": {"startedAt": at(age)}}}, ready=True)
    return objects


def given(objects: list[Obj], numbers: Iterable[int], **things: Any) -> list[Obj]:
    """Give some pods variables, or a container beside the program."""
    for number in numbers:
        spec = pods_of(objects)[number]["spec"]
        first = spec["containers"][0]
        variables = [{"name": each, "value": "x"} for each in things.get("env", ())]
        spec["containers"] = [first | {"env": [*first.get("env", []), *variables]}, *things.get("beside", ())]
    return objects


def said(*ill: int, of: int = 4, line: str = LINE) -> list[Log]:
    """Return the logs of the shop's pods, of which some repeat an error."""
    well = [n for n in range(of) if n not in ill]
    return [*(logs("shop", line, *ill) if ill else []), *(logs("shop", "INFO study 7 stored", *well) if well else [])]


FULL = "ERROR accept tcp [::]:8080: accept4: too many open files; retrying in 1s"
TOKEN = {"env": ("ROLE_ARN", "TOKEN_FILE")}
PROXY: dict[str, tuple[Obj, ...]] = {"beside": ({"name": "mesh-proxy", "image": "mesh/proxy:1"},)}


def without_token(*ill: int, line: str = LINE, **ages: float) -> Snapshot:
    """Return four pods of the shop, some of which were made without a token, and fail."""
    fine = [n for n in range(4) if n not in ill]
    return snapshot(given(made(shop(pods=4), **ages), fine, **TOKEN), logs=said(*ill, line=line))


def beside_of_two_versions() -> list[Obj]:
    """Return four pods of the shop with a proxy beside each, of which the younger ones have a variable more."""
    objects = made(shop(pods=4), p2=HOUR, p3=HOUR)
    given(objects, (0, 1), **PROXY)
    return given(objects, (2, 3), beside=({**PROXY["beside"][0], "env": [{"name": "NEW", "value": "1"}]},))


def of_its_own() -> Snapshot:
    """Return a shop whose younger pods lack what a pod of another program, made since, has by its own template."""
    other = given(made(workload("thumbs", pods=1), p0=HOUR / 2), (0,), **TOKEN)
    for each in other:
        if "template" in each["spec"]:
            each["spec"]["template"]["spec"] = pods_of(other)[0]["spec"]
    return snapshot(given(made(shop(pods=4), p2=HOUR, p3=HOUR), (0, 1), **TOKEN), other, logs=said(2, 3))


def made_again_without() -> Snapshot:
    """Return pods of which the oldest lack a token, as does one that was made last and was asked nothing yet."""
    objects = given(made(shop(pods=4), p2=HOUR, p3=60), (2,), **TOKEN)
    return snapshot(objects, logs=said(0, 1, of=3))


def beneath(**condition: Any) -> Snapshot:
    """Return a shop the youngest of which was made without a token, and came to a node of a certain condition."""
    objects = given(made(shop(pods=4, nodes=("n1", "n1", "n1", "n2")), p3=HOUR), range(3), **TOKEN)
    return snapshot(objects, node("n1"), node("n2", **condition), logs=said(3))


def pressed(*rates: float) -> Snapshot:
    """Return a shop whose older pods were made without a token, and are asked so often."""
    asked = [figure("request_rate_by_pod", rate, rate, pod=pod("shop", n)) for n, rate in enumerate(rates)]
    objects = given(made(shop(pods=4), p2=HOUR, p3=HOUR), (2, 3), **TOKEN)
    return snapshot(objects, logs=said(0, 1), figures=asked)


HOLDS = [
    Holds(
        "two of four were made without the token that the two younger ones have",
        without_token(0, 1, p2=HOUR, p3=HOUR),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
        harmful=("scale_workload", "rollback_workload"),
        sure=(0.7, 0.9),
    ),
    Holds(
        "a provider denies them what they ask as somebody else: what they show is not what the others show",
        without_token(0, 1, line=DENIED, p2=HOUR, p3=HOUR),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    Holds(
        "the one that was made first and last is well: a pod made now gets the token",
        without_token(1, 2, p0=20 * HOUR, p3=HOUR),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    Holds(
        "those without the token were made last: a new pod may lack it as well",
        without_token(2, 3, p2=HOUR, p3=HOUR),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "those without it were made last, and a pod of another program was given it since",
        snapshot(
            given(made(shop(pods=4), p2=HOUR, p3=HOUR), (0, 1), **TOKEN),
            given(made(workload("thumbs", pods=1), p0=HOUR / 2), (0,), **TOKEN),
            logs=said(2, 3),
        ),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    Holds(
        "a pod of another program was made since, and has it by its own template",
        of_its_own(),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "what was made last is without it again, though nobody knows that it fails",
        made_again_without(),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "the last one of another program is without it, which one before was given",
        snapshot(
            given(made(shop(pods=4), p2=HOUR, p3=HOUR), (2, 3), **TOKEN),
            given(made(workload("thumbs", pods=2), p1=HOUR / 2), (0,), **TOKEN),
            logs=said(0, 1),
        ),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "the older ones have no proxy beside them, and fail by their figures",
        snapshot(
            given(made(shop(pods=3), p2=HOUR), (2,), **PROXY),
            figures=[*failing(0.9, 0.9, 0.001), figure("error_ratio", 0.0, 0.6, component="shop")],
        ),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    Holds(
        "the youngest alone was given a proxy, and fails with it",
        snapshot(
            given(made(shop(pods=3), p2=HOUR), (2,), **PROXY),
            figures=[*failing(0.001, 0.001, 0.9), figure("error_ratio", 0.0, 0.3, component="shop")],
        ),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the node of the ill one tells of a problem of its own",
        beneath(KernelDeadlock="True"),
    ),
    DoesNotHold(
        "the others are asked for nothing",
        pressed(60, 60, 0.1, 0.1),
    ),
    DoesNotHold(
        "all hold the same: the older ones fail for what they keep",
        snapshot(given(made(shop(pods=4), p2=HOUR, p3=HOUR), range(4), **TOKEN), logs=said(0, 1)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "one of those without it is well",
        snapshot(given(made(shop(pods=4), p2=HOUR, p3=HOUR), (3,), **TOKEN), logs=said(0, 1)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "what was put beside the older ones has less inside, as an earlier version of it had",
        snapshot(beside_of_two_versions(), logs=said(0, 1)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the older ones have no files left, which nobody is given",
        snapshot(given(made(shop(pods=4), p2=HOUR, p3=HOUR), (2, 3), **TOKEN), logs=said(0, 1, line=FULL)),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
    DoesNotHold(
        "those without it are well",
        snapshot(given(made(shop(pods=4), p2=HOUR, p3=HOUR), (2, 3), **TOKEN), logs=said()),
    ),
]
