"""The tries that keep a service down go back to a release of the days before, which lets a caller try otherwise."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, errors, rate
from tests.diagnosis.rules.test_retry_storm__after_trouble import JAVA, SINCE, spent, tries
from tests.diagnosis.rules.tiny import DAY, Obj, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

FIVE, TWO = {**CALLS_CART, "CART_MAX_ATTEMPTS": "6"}, {**CALLS_CART, "CART_MAX_ATTEMPTS": "2"}
NEWER, OLDER = "registry.example/shop:3.8", {"image": "registry.example/shop:3.7"}
AT_ONCE = '{"level":"warn","msg":"cart call failed, trying again","attempt":%d,"wait":"0s","err":"Get '
AT_ONCE += '\\"http://cart:8080/v1/items\\": context deadline exceeded (Client.Timeout exceeded)"}'
STARTED = (DAY, "INFO shop 3.8 up, cart client: attempts=6 backoff=0 jitter=off")
WAITED, GONE = "3.7: 2 retries, backoff 250ms..4s", "3.8: own cart client, retry library removed"
STALLED = "ERROR redis.exceptions.TimeoutError: Timeout reading from socket redis:6379"
OUTSIDE = "https://x.acme.example"
STOCK = {"REDIS_URL": "redis://redis:6379/0"}


def noted(objects: list[Obj], before: str, now: str) -> list[Obj]:
    """Write down what the last two revisions of a workload are."""
    made = [each for each in objects if each["kind"] == "ReplicaSet"]
    for each, note in zip(made, (before, now), strict=True):
        each["metadata"]["annotations"]["kubernetes.io/change-cause"] = note
    return objects


def stalled(age: float = SINCE + 20, until: float = 30) -> list[Log]:
    """Return what the cart tells: a moment in which its cache did not answer, and then of those that hung up."""
    left = [(until + n * 70, "WARN client disconnected before response, served after 2406 ms") for n in range(14)]
    return [timed(pod("cart", n), (age, STALLED), *reversed(left)) for n in (0, 1)]


def world(
    shop: list[Obj],
    *more: tuple[str, Series],
    told: list[Log] | None = None,
    cart: list[Log] | None = None,
    felt: tuple[tuple[str, Series], ...] = (),
    **store: Any,
) -> Snapshot:
    """Return a cart that gets many times its requests since its cache did not answer for a moment.

    It counts no failure of its own: its caller hangs up, and fails.
    """
    figures = [rate("cart", 50, 210, since=SINCE), rate("shop"), errors("shop", 0.4, since=SINCE), *spent()]
    return snapshot(
        shop,
        workload("cart", env=STOCK),
        redis(**store),
        figures=[*figures, *felt, *more],
        logs=[*(tries(JAVA) if told is None else told), *(stalled() if cart is None else cart)],
    )


def shop(before: Any = None, released: float = DAY, notes: tuple[str, str] = ("", ""), **more: Any) -> list[Obj]:
    """Return the caller, with a release of a day ago, by default."""
    made = workload("shop", **{"env": FIVE, **more}, before=before, released=released)
    return noted(made, *notes) if before and any(notes) else made


def paused(*seconds: float) -> list[Log]:
    """Return what the caller tells of its tries, each of which waits for so many seconds."""
    ages = [SINCE - 10 - n * 20 for n in range(59)]
    lines = [AT_ONCE.replace("0s", f"{seconds[n % 5]:g}s") % (n % 5 + 1) for n in range(59)]
    return [timed(pod("shop", number), *zip(ages, lines, strict=True)) for number in (0, 1)]


def beside(line: str) -> list[Log]:
    """Return what the caller tells of its tries, and something else."""
    return [*tries(JAVA), timed(pod("shop"), (300, line))]


def set_to(**more: str) -> dict[str, Any]:
    """Return settings of who calls the cart."""
    return {**CALLS_CART, **more}


ENDS = "WARN cart: 6 attempts failed, retry budget spent, failing immediately"
OF_KAFKA = "INFO kafka producer up: attempts=6 backoff=0"
SLOWLY = "INFO cart client up: attempts=6 backoff=250ms, no delay at the start"
NEW: dict[str, Any] = {"image": NEWER, "before": OLDER}
QUICK = tries(AT_ONCE)
AT_START = [timed(each.pod, STARTED) for each in tries(JAVA)]
DEFECT = (SHOP, "code_defect", "rollback_workload")
SET = (SHOP, "configuration_error", "rollback_workload")
ASKED = (SHOP, "configuration_error", "page_human")


def asks_outside(argument: str) -> dict[str, Any]:
    """Return a template with an argument, that leads to a host outside by a variable."""
    return {"args": [argument], "env": set_to(API_BASE_URL=OUTSIDE)}


HOLDS = [
    Holds("a setting of the day before lets it try three times as often", world(shop({"env": TWO})), SET),
    Holds(
        "a setting that came with a new image",
        world(shop({**OLDER, "env": TWO}, image=NEWER)),
        DEFECT,
        excludes=(*no("restart_workload", at=CART), *no("scale_workload", at=SHOP)),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "its image of before is noted to have waited, and it does not",
        world(shop(**NEW, notes=(WAITED, "3.8: new client")), told=QUICK),
        DEFECT,
    ),
    Holds(
        "what made it wait is noted as removed, and its start tells that it does not",
        world(shop(**NEW, notes=("3.7: prices", GONE)), told=[*AT_START, *tries(JAVA)]),
        DEFECT,
    ),
    *(
        Holds(
            f"it tries too often, and its release is not known to be why: {what}",
            found,
            ASKED,
            harmful=("rollback_workload",),
        )
        for what, found in (
            ("there was none", world(shop())),
            ("it is of last month", world(shop({"env": TWO}, released=9 * DAY))),
            ("it lets it try less often", world(shop({"env": {**TWO, "CART_MAX_ATTEMPTS": "20"}}))),
            ("one try more", world(shop({"env": {**TWO, "CART_MAX_ATTEMPTS": "5"}}))),
            (
                "a longer pause",
                world(shop({"env": {**FIVE, "RETRY_WAIT": "1"}}, env={**FIVE, "RETRY_WAIT": "9"})),
            ),
            ("another image, and nobody noted how it tries", world(shop(**NEW), told=QUICK)),
            ("it is noted to try less", world(shop(**NEW, notes=(WAITED, "3.8: fewer retries")), told=QUICK)),
            ("one note for both", world(shop(**NEW, notes=(WAITED, WAITED)), told=QUICK)),
            ("notes of something else", world(shop(**NEW, notes=("3.7: prices", "3.8: taxes")), told=QUICK)),
            ("it does not tell that it does not wait", world(shop(**NEW, notes=(WAITED, GONE)))),
            ("new notes of something else", world(shop(**NEW, notes=(WAITED, "3.8: new checkout page")), told=QUICK)),
            ("it waits, though not at first", world(shop(**NEW, notes=(WAITED, GONE)), told=paused(0, 0.5, 1, 2, 4))),
            ("it waits in the end", world(shop(**NEW, notes=(WAITED, GONE)), told=paused(0, 0, 0, 0, 4))),
            ("it fails at once after all tries", world(shop(**NEW, notes=(WAITED, GONE)), told=beside(ENDS))),
            ("it tries another one at once", world(shop(**NEW, notes=(WAITED, GONE)), told=beside(OF_KAFKA))),
            ("it waits, as its start tells", world(shop(**NEW, notes=(WAITED, GONE)), told=beside(SLOWLY))),
            *(
                (f"it is noted as: {note}", world(shop(**NEW, notes=("3.7: prices", note)), told=QUICK))
                for note in (
                    "3.8: without retries of payments",
                    "3.8: no retry of payments, backoff kept",
                    "3.8: retries of payments removed",
                )
            ),
            ("it waits", world(shop(**NEW, notes=(WAITED, GONE)), told=tries(AT_ONCE.replace("0s", "0.5s")))),
        )
    ),
]
HOLDS += [
    *(
        Holds(f"what grew is how often it tries, {what}", world(shop(before, **now)), SET)
        for what, before, now in (
            ("whoever is asked", {"env": set_to(RPC_RETRY_MAX="1")}, {"env": set_to(RPC_RETRY_MAX="6")}),
            (
                "whoever is asked, and another one as ever",
                {"env": set_to(RETRIES="1", KAFKA_RETRIES="9")},
                {"env": set_to(RETRIES="6", KAFKA_RETRIES="9")},
            ),
            (
                "whoever is asked, and another one has a name in which that is",
                {"env": set_to(API_RETRIES="1", LEDGER_API_URL=OUTSIDE)},
                {"env": set_to(API_RETRIES="6", LEDGER_API_URL=OUTSIDE)},
            ),
            (
                "whoever is asked, and its own address has that name",
                {"env": set_to(APP_RETRIES="1", APP_URL="http://shop:8080")},
                {"env": set_to(APP_RETRIES="6", APP_URL="http://shop:8080")},
            ),
            (
                "whoever is asked, and it listens by that name",
                {"env": set_to(HTTP_RETRIES="1", HTTP_HOST="0.0.0.0")},
                {"env": set_to(HTTP_RETRIES="6", HTTP_HOST="0.0.0.0")},
            ),
            (
                "by a name that many have, which leads to it",
                {"env": {"API_URL": "http://cart:8080", "API_RETRIES": "1", "RETRIES": "9"}},
                {"env": {"API_URL": "http://cart:8080", "API_RETRIES": "6", "RETRIES": "9"}},
            ),
            (
                "by name, and all others as ever",
                {"env": set_to(CART_RETRIES="1", RETRIES="9")},
                {"env": set_to(CART_RETRIES="6", RETRIES="9")},
            ),
            (
                "as an argument",
                {"args": ["--cart-retries=2"]},
                {"args": ["--cart-retries=6"], "env": CALLS_CART},
            ),
            (
                "in JSON",
                {"env": set_to(CLIENT='{"maxAttempts": 2}')},
                {"env": set_to(CLIENT='{"maxAttempts": 6}')},
            ),
        )
    ),
    *(
        Holds(
            f"what grew is not why it tries so often: {what}",
            world(shop(before, **now)),
            ASKED,
            harmful=("rollback_workload",),
        )
        for what, before, now in (
            (
                "it is about its broker, and its tries are set as ever",
                {"env": {**FIVE, "KAFKA_PRODUCER_RETRIES": "3"}},
                {"env": {**FIVE, "KAFKA_PRODUCER_RETRIES": "10"}},
            ),
            (
                "it is about logins",
                {"env": {**FIVE, "LOGIN_MAX_ATTEMPTS": "4"}},
                {"env": {**FIVE, "LOGIN_MAX_ATTEMPTS": "10"}},
            ),
            (
                "it is about its broker, and nobody set its tries",
                {"env": set_to(KAFKA_PRODUCER_RETRIES="3")},
                {"env": set_to(KAFKA_PRODUCER_RETRIES="10")},
            ),
            *(
                (
                    f"it is about whom {name}_URL leads to",
                    {"env": set_to(**{f"{name}_MAX_ATTEMPTS": "2", f"{name}_URL": OUTSIDE})},
                    {"env": set_to(**{f"{name}_MAX_ATTEMPTS": "6", f"{name}_URL": OUTSIDE})},
                )
                for name in ("API", "BACKEND", "REMOTE", "HTTP_CLIENT")
            ),
            (
                "it is about whom API_BASE_URL leads to, as an argument",
                asks_outside("--api-retries=2"),
                asks_outside("--api-retries=6"),
            ),
            (
                "it is about the broker, in JSON",
                {"env": set_to(KAFKA='{"retries": 3}')},
                {"env": set_to(KAFKA='{"retries": 10}')},
            ),
            (
                "its tries are set as ever",
                {"env": {**FIVE, "RPC_RETRY_MAX": "2"}},
                {"env": {**FIVE, "RPC_RETRY_MAX": "6"}},
            ),
            (
                "its tries are given as ever",
                {"env": set_to(RPC_RETRY_MAX="2")},
                {"env": set_to(RPC_RETRY_MAX="6"), "args": ["--cart-max-attempts", "6"]},
            ),
            ("it could try as often before", {"env": FIVE}, {"env": set_to(CART_MAX_ATTEMPTS="20")}),
            ("it would not let it", {"env": set_to(RETRIES="1")}, {"env": set_to(RETRIES="2")}),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the shop itself gets as many times its requests",
        world(shop({"env": TWO}), rate("shop", 50, 210, since=SINCE)),
    ),
]
