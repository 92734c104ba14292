"""A Service sends to a port on which its pods do not listen, or on which they do not serve.

That no container declares a port is no proof: programs listen on others as well, and a declaration is a note. Who has
sent to it for long is accused only by callers who do not come through, and not of another port of the same Service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt, said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._led_aside import LATELY, Aside, led_aside
from tuheg_ir.diagnosis.rules._witnesses import as_before
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.network import Service, named_port, target_of
from tuheg_ir.diagnosis.view.reading import last_write, oldest, text, written
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A target port is none of the containers', or since an edit one that does not serve, and callers fail."""
    for service in view.services.values():
        for ref in service.backends:
            workload = view.workloads[ref]
            if workload.ready and (aside := led_aside(view, service, workload)) is not None:
                yield _led_aside(view, service, workload, aside)
                return
            said = [c for c in complaints(view, "connection_refused", "connection_timeout") if c.about == ref]
            wrong = _wrong(service, workload)
            asked = "" if wrong else _not_offered(view, service, said)
            if not (wrong or asked) or not workload.ready:
                continue
            changed = workload.changed("ports") if view.recent(workload.released_at, LATELY) else ()
            young = view.recent(written(service.obj), LATELY)
            lately = bool(changed) or young
            hurts = tuple(_hurts(view, service, workload, said if asked else _fitting(service, workload, said), lately))
            if not hurts and not lately:
                continue
            rolled = bool(changed) and not young
            component = ref if rolled else service.ref
            yield Match(
                component=component,
                evidence=(
                    Evidence(
                        "objects",
                        service.ref,
                        f"it sends to port {wrong}, which no container has"
                        if wrong
                        else f"callers ask for port {asked}, which it no longer offers",
                        written(service.obj),
                    ),
                    *(Evidence("objects", ref, c.told(), workload.released_at) for c in changed),
                    *hurts,
                ),
                certainty=0.75 if hurts else 0.5,
                remedy="rollback_workload" if rolled else "page_human",
                since=min((e.time for e in hurts if e.time), default=None),
                explains=behind(view, ref, but=component),
                excludes=() if rolled else not_for((ref,), f"its pods are well: {service.ref} sends to a wrong port"),
            )
            return


def _led_aside(view: View, service: Service, workload: Workload, aside: Aside) -> Match:
    hit = behind(view, workload.ref)
    return Match(
        component=service.ref,
        evidence=(
            Evidence(
                "objects",
                service.ref,
                f"it was written: it sends to port {aside.port}, beside the one that serves",
                aside.at,
            ),
            *aside.seen,
        ),
        certainty=0.75,
        since=oldest(each.time for each in aside.seen),
        explains=hit,
        excludes=not_for(
            hit, f"{service.ref} sends to a port of {workload.ref} that does not serve, whatever pods there are"
        ),
    )


def _wrong(service: Service, workload: Workload) -> str:
    """Return a target port that no container of a workload has; "" if all are right."""
    for port in service.ports:
        target = target_of(port)
        if text(port, "protocol") in ("", "TCP") and not named_port(workload, target):
            return str(target)
    return ""


def _hurts(
    view: View, service: Service, workload: Workload, said: Sequence[Complaint], lately: bool
) -> Iterator[Evidence]:
    """Yield who suffers by a wrong port: who complains, what users feel, what callers measure.

    Where neither the Service nor the ports of its pods were changed lately, who came through before and was not changed
    either tells of something else, and so do failures of what is behind it. Its own log tells of what did reach it.
    """
    settled = not lately and last_write(service.obj) is not None
    yield from told(view, [c for c in said if not (settled and as_before(view, c.caller, [c]))], 2)
    yield from (seen for seen in felt(view, workload.ref) if lately and seen.source != "logs")
    for caller, seen in said_by_callers(view, workload.ref):
        calling = view.workloads.get(caller)
        if not settled or calling is None or since_release(calling, seen.time):
            yield seen


def _fitting(service: Service, workload: Workload, said: Iterable[Complaint]) -> list[Complaint]:
    return [each for each in said if not _of_another_port(service, workload, each.hit.line)]


def _of_another_port(service: Service, workload: Workload, line: str) -> bool:
    """Tell whether a line names whom it did not reach, and only by ports of a Service that lead where they should."""
    right = [port for port in service.ports if named_port(workload, target_of(port))]
    well = {text(port, "port") for port in right}.union(str(target_of(port)) for port in right)
    pods = [re.escape(pod.address) for pod in workload.live if pod.address]
    asked = set(re.findall(rf"(?<![\w.-])(?:{'|'.join([_known(service), *pods])}):(\d{{2,5}})\b", line, re.IGNORECASE))
    return bool(asked) and asked <= well


def _known(service: Service) -> str:
    """Return a pattern of the names and the address by which a Service is asked."""
    address = text(service.obj, "spec", "clusterIP")
    own = rf"|{re.escape(address)}" if address not in ("", "None") else ""
    return rf"{re.escape(service.name)}(?:\.[\w.-]+)?{own}"


def _not_offered(view: View, service: Service, said: Iterable[Complaint]) -> str:
    """Return the port that callers ask a Service for in vain since it was written; "" if there is none.

    Their errors name it, or their settings do, and none that is offered. A Service without an address of its own leads
    to whichever port of its pods is asked.
    """
    at = written(service.obj)
    address = text(service.obj, "spec", "clusterIP")
    if at is None or not view.recent(at, LATELY) or address == "None":
        return ""
    offered = {text(port, "port") for port in service.ports}
    asks = re.compile(rf"(?<![\w.-])(?:{_known(service)}):(\d{{2,5}})\b", re.IGNORECASE)
    since = [c for c in said if c.hit.first is None or c.hit.first - at >= BEFORE]
    asked = [port for c in since for port in asks.findall(c.hit.line) if port not in offered]
    for caller in sorted({c.caller for c in since} & {*view.workloads}):
        named = [port for _, value in view.graph.settings(view.workloads[caller]) for port in asks.findall(value)]
        asked += [] if offered & {*named} else named
    return next(iter(asked), "")


RULE = Rule(
    name="service_port_wrong",
    title="A Service sends to a port on which nothing listens, or nothing serves",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="every Service sends to a port that its pods have, or nobody suffers",
)
