"""One pod gave up what it takes news from, while that was away, and its like take them up again."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ASKS = {"SHOP_URL": "http://shop:8080"}
CUT = "[error] Bus.PubSub disconnected (bus:6379): connection refused"
OTP = "[error] Supervisor Bus.Sup: child Bus.Listener reached max_restarts (3 in 5s), shutting down"
ERLANG = (
    "[error] Child Bus.Listener of Supervisor Bus.Sup shut down abnormally ** (exit) :reached_max_restart_intensity"
)
GIVES_UP = "ERROR bus: connect ECONNREFUSED 10.96.0.7:6379, giving up subscribing to prices after 10 attempts"
MAX = "WARN bus: connection refused (os error 111); max resubscribe attempts reached"
NEVER = "error: bus connection reset by peer, will not resubscribe to topic prices"
REFUSED = "[error] Bus.PubSub: WRONGPASS invalid username-password pair or user is disabled."
OLD = "ERROR POST /orders 500 StalePrice: price list 41, in force is 42"
SERVED = "INFO GET /prices 200 in 3 ms"


def one(number: int, *said: str, after: str = SERVED) -> Log:
    """Return the log of a pod that serves all the time; ``said``: what it told as the bus was replaced."""
    told = [*((2400 - 2 * n, line) for n, line in enumerate(said)), (2380, after)]
    return timed(pod("shop", number), *sorted((*told, *((age, SERVED) for age in range(3500, 20, -60))), reverse=True))


def stands(
    *said: str,
    after: str = SERVED,
    asked: float | None = None,
    own: float | None = None,
    ends: int = 1,
    beside: bool = False,
) -> Snapshot:
    """Return a shop of three pods, of which the first ones gave up, and web that fails at what those give.

    ``asked``: when web was released; ``own``: when the shop was. ``beside``: with a blog that is ill since its own
    release, and asks nobody.
    """
    more: dict[str, Any] = {} if asked is None else {"before": {"image": "web:0"}, "released": asked}
    web = workload("web", env=ASKS, **more)
    blog = workload("blog", before={"image": "blog:0"}, released=1500) if beside else ()
    return snapshot(
        blog,
        shop(pods=3) if own is None else shop(pods=3, before=IMAGE, released=own),
        web,
        logs=[
            *(one(n, CUT, *(said if n < ends else ("INFO Bus.Listener subscribed",)), after=after) for n in range(3)),
            timed(pod("web"), *((900 - 40 * n, OLD) for n in range(20))),
        ],
        alerts=[alert("OrdersFail"), *([alert("BlogIsSlow", service="blog")] if beside else ())],
        figures=[errors("web", since=900)],
    )


RESTART = (SHOP, "service_crash", "restart_workload")

HOLDS = [
    *(
        Holds(
            f"and says so: {line}",
            stands(line),
            (SHOP, "service_crash", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
        )
        for line in (OTP, ERLANG, GIVES_UP, MAX, NEVER)
    ),
    *(
        Holds(f"others subscribe to something else: {line}", stands(OTP, after=line), RESTART)
        for line in ("INFO customer 17 subscribed to the newsletter", "INFO mail: 12 users subscribed today")
    ),
    Holds("one who does not ask it is ill since his own release", stands(OTP, beside=True), RESTART),
    Holds("all of its pods gave up", stands(OTP, ends=3), (SHOP, "service_crash", "restart_workload")),
    Holds(
        "all of its pods gave up, and who asks it was released since",
        stands(OTP, ends=3, asked=1500),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload",))
    for what, world in (
        ("what started it started it anew", stands(OTP, after="INFO Bus.Listener subscribed channel=prices")),
        ("it subscribed to what it gave up", stands(GIVES_UP, after="INFO subscribed: prices")),
        ("it tells a channel that it subscribed to", stands(GIVES_UP, after="INFO subscribed channel=7")),
        ("who asks it was released since, and names no pod", stands(OTP, asked=1500)),
        ("it gave up soon after its own release", stands(OTP, own=2700)),
        ("it only lost it, and says nothing else", stands()),
        ("a request was given up, and no subscription", stands("ERROR GET /stock gave up after 3 attempts")),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "it is refused by its password: a new process would be refused as well",
        snapshot(
            shop(pods=3),
            logs=[one(0, REFUSED, OTP), one(1), one(2)],
            alerts=[alert("OrdersFail")],
        ),
        harmful=("restart_workload",),
    ),
]
