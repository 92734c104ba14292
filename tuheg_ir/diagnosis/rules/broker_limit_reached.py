"""A message broker refuses clients because as many connections, channels or queues are open as somebody allowed.

RabbitMQ has such limits of a virtual host, a user or a node where somebody sets them; it reads definitions at its start
only, so that one may be in force long after it was written. Who is refused is not who holds what there is: further
replicas want more, and a new process of the broker lets the same number in. A person sets it, or finds the holder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own, released_since
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 5
"""Who is refused once or twice came back before the broker had missed its former connection."""
SOON = timedelta(minutes=15)
"""Clients that a broker's start has thrown out are back so soon."""
_REACHED = late(
    r"\b(?:connection|channel|queue|exchange) limit (?:in (?:the )?(?:vhost|virtual host|cluster|node) ?\S{0,80} ?)?"
    r"\(\d+\) is reached"
    r"|\bnumber of channels opened (?:on|for) .{0,120}has reached the maximum allowed (?:user )?limit",
    re.IGNORECASE,
)
"""How RabbitMQ tells of it, and its clients pass it on."""
_WORDS = ("limit",)


def when(view: View) -> Iterator[Match]:
    """A broker, or those who come to it, tells again and again that a limit that was set for them is reached."""
    found = ((w.ref, repeated(view, w, _REACHED, _WORDS, OFTEN)) for w in view.serving)
    told = {ref: each for ref, each in found if each is not None}
    brokers = of_role(view.workloads, "broker")
    used = [each for each in brokers if any(each.ref in view.graph.calls.get(ref, ()) for ref in told)]
    known = [each for each in brokers if each.ref in told] or (used if len(used) == 1 else [])
    if known:
        yield _of_broker(view, known[0], told)
        return
    for ref, each in told.items():
        if not role(view.workloads[ref]):
            yield Match(
                component=ref,
                evidence=(each.told(),),
                certainty=0.7,
                since=each.since,
                explains=behind(view, ref, but=ref),
                excludes=not_for((ref,), "it is refused: more of it want more", ("scale_workload",)),
            )


def _of_broker(view: View, broker: Workload, told: Mapping[str, Repeated]) -> Match:
    began = oldest(each.since for each in told.values())
    start = _start_before(broker, began)
    suffer = not_their_own(view, behind(view, broker.ref, *told, but=broker.ref), began)
    # Whose release came before a start that brought the limit has as many connections as it had all the time.
    may = () if start else released_since(view, suffer, began)
    fact = "as many are open as somebody allowed: nothing done to who is refused raises that"
    began_with = (
        (Evidence("objects", broker.ref, "it was started, and reads such limits then", start),) if start else ()
    )
    return Match(
        component=broker.ref,
        evidence=(*(each.told() for each in told.values()), *began_with)[:4],
        certainty=0.8,
        root_cause="configuration_error" if start else "",
        since=began,
        explains=suffer,
        excludes=(
            *not_for(suffer, fact, (*RESTARTS, "scale_workload")),
            *not_for((ref for ref in suffer if ref not in may), fact, ("rollback_workload",)),
            *not_for(
                (broker.ref,),
                "its limit stands as it was set, and all would come back at once",
                (*RESTARTS, "scale_workload"),
            ),
        ),
    )


def _start_before(broker: Workload, began: datetime | None) -> datetime | None:
    """Return when a broker was started, if clients are refused since soon after that."""
    start = newest(pod.started for pod in broker.live)
    near = start is not None and began is not None and timedelta() <= began - start <= SOON
    return start if near else None


RULE = Rule(
    name="broker_limit_reached",
    title="A message broker refuses clients, as a limit that somebody set for them is reached",
    root_cause="capacity",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no broker refuses clients again and again because a limit that was set for them is reached",
)
