"""A caller that serves requests and knows a broker as well: whether its tries are all that it has more of."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import CALLS_CART, rate
from tests.diagnosis.rules.test_retry_storm__after_trouble import ELSEWHERE, JAVA, PARTNER, RABBIT, SINCE, echo, tries
from tests.diagnosis.rules.test_retry_storm__left_a_moment import SPRING
from tests.diagnosis.rules.test_retry_storm__stood_still import HARM, SET, world
from tests.diagnosis.rules.tiny import figure, pod
from tuheg_ir.diagnosis.model import Series, Snapshot

SENDS = {**CALLS_CART, "AMQP_URL": "amqp://rabbit:5672"}
BRIEF = "WARN 1 --- [shop] c.e.Retry : cart attempt %d/5 timed out after 400 ms, next in 0 ms"
GO = 'level=warn msg="cart retry %d of 5 timed out" order=o-771'
NODE = '{"level":"warn","msg":"call to http://cart:8080/v1/items timed out after 800ms","attempt":%d}'
OTHERS = BRIEF.replace("cart attempt", "mailer attempt")
NOTHING_LATE = "WARN 1 --- [shop] c.e.Retry : cart attempt %d/5 answered: out of stock"
SETTINGS = "INFO 1 --- [shop] c.e.Retry : cart attempt %d timeout=400ms"


def works(times: float, pods: int = 2) -> list[tuple[str, Series]]:
    """Return how many times its former processor time a caller takes since the storm."""
    return [figure("cpu_share", 0.2, 0.2 * times, SINCE, pod=pod("shop", n), container="shop") for n in range(pods)]


def sends(line: str = JAVA, times: float = 1.1, **given: Any) -> Snapshot:
    """Return a storm of one whose release lets it try more often, and that knows a broker beside."""
    name, was, now = SPRING["name"], SPRING["was"], SPRING["now"]
    more = works(times, given.pop("measured", 2))
    return world(
        *more,
        also=(RABBIT,),
        told=tries(line),
        **{"env": {**SENDS, name: now}, "before": {"env": {**SENDS, name: was}}, **given},
    )


HOLDS = [
    *(
        Holds(
            f"who sends messages as well tries on, and works as much as ever: {what}",
            found,
            SET,
            harmful=HARM,
        )
        for what, found in (
            ("its library names the host", sends()),
            ("its library names who is asked alone", sends(BRIEF)),
            ("a line of few words", sends(GO)),
            ("how long it waited", sends(NODE)),
            ("it works less", sends(BRIEF, times=0.8)),
        )
    ),
    *(
        echo(f"who knows a broker tries on, and {what}", found)
        for what, found in (
            ("works more", sends(times=1.6)),
            ("nobody measures what it works", sends(measured=0)),
            ("one of its pods alone is measured", sends(measured=1)),
            ("hardly more than probes are counted", sends(mine=[rate("shop", 0.4, 0.4)])),
            ("at somebody else", sends(OTHERS)),
            ("at somebody outside", sends(ELSEWHERE)),
            ("at somebody outside of that name", sends(PARTNER)),
            ("each gets an answer in time", sends(NOTHING_LATE)),
            ("it only tells how it is set", sends(SETTINGS)),
        )
    ),
]
