"""Which host outside gave an answer that a proxy of ours only passed on, as its access log tells.

Such a line tells of a failure and names its client alone: that the status is its upstream's it says beside its own, and
whom it asks stands in its cluster's name, or in its settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_hosts import WATCHES
from tuheg_ir.diagnosis.view.askers import answer_of, of_limiter
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, traffic_growth
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TROUBLES = ("rate_limited", "upstream_failure")
_UPSTREAM = late(
    r"(?<![\w.-])(?:up|us|urs|(?:ups?|upstream|origin|backend)[_.-]?(?:response[_.-]?)?(?:status|code)(?:[_.-]code)?)"
    r"[\"']?[=:] ?[\"']?(?:(?:\d{3}|-) ?[,:] ?){0,8}([1-5]\d\d)(?=[\"'\s,;}\]]|$)",
)
"""The status that a proxy got itself, in a field of its own; of several tries the last one counts."""
_VIA = "via_upstream"
"""How Envoy tells that a status is its upstream's."""
_STORES = ("cache", "database")
"""Roles of programs that a proxy keeps answers in; a search engine answers over HTTP as well."""
_OWN_POD = late(r"localhost|\b127\.0\.0\.\d|\[::1\]|\bunix:|\b(?:fastcgi|uwsgi|scgi)_pass\b")
"""How a proxy is told to ask a program in its own pod, or no host at all."""
_CLUSTER = late(r"\boutbound\|\d{1,5}\|[^|\s\"]{0,100}\|([a-z0-9][a-z0-9.-]{0,250}[a-z0-9])(?![\w.])")
"""Whom a proxy of Istio asked."""


def led_outside(view: View) -> Iterator[Complaint]:
    """Yield what proxies' lines tell of the one host outside whose answers they are, as complaints that name it.

    What a proxy refuses by itself has no answer of anybody else.
    """
    abouts: dict[Hit, set[str]] = {}
    for each in complaints(view, *_TROUBLES):
        if not each.hosts:
            abouts.setdefault(each.hit, set()).add(each.about)
    for hit, named in abouts.items():
        workload = view.workloads.get(hit.component)
        if workload is None or not passes_on(hit.line) or not _mostly(view, hit):
            continue
        if named - {"", *view.graph.asked_by(workload.ref)}:
            continue  # more than the clients from whose addresses it was asked
        host = _asked_by_line(view, hit.line) if _VIA in hit.line else _asked_alone(view, workload, hit.container)
        if host and not (hit.trouble == "rate_limited" and _may_ask_more(view, workload, hit)):
            yield Complaint(workload.ref, "", (host,), hit)


def whose_answers(said: Iterable[Complaint]) -> tuple[Evidence, ...]:
    """Return whose answers a proxy passes on, where the line that is shown of it does not name them."""
    found = next((c for c in said if passes_on(c.hit.line) and not any(host in c.hit.line for host in c.hosts)), None)
    fact = "it passes on the answers of {}: its settings lead to no other one that answers"
    return (Evidence("objects", found.caller, fact.format(found.hosts[0])),) if found and found.hosts else ()


def passes_on(line: str) -> bool:
    """Tell whether a line of an access log tells of an answer that its writer got from its upstream as it is."""
    status = answer_of(line)
    if not status or of_limiter(line):
        return False
    got = _UPSTREAM.search(line)
    return int(got[1]) == status if got else _VIA in line


def _mostly(view: View, hit: Hit) -> bool:
    """Tell whether most answers like the newest one were passed on: a proxy may refuse others by itself."""
    status = answer_of(hit.line)
    logs = (log for log in view.snapshot.logs if (log.pod, log.container) == (hit.pod, hit.container))
    alike = [passes_on(line) for log in logs if not log.previous for line in log.lines if answer_of(line) == status]
    return 2 * sum(alike) > len(alike)


def _asked_by_line(view: View, line: str) -> str:
    """Return whom a proxy beside a program asked for it: its line has to name him, as the settings are not its own."""
    cluster = _CLUSTER.search(line)
    return cluster[1] if cluster and foreign(cluster[1]) and not view.graph.resolve(cluster[1]) else ""


def _asked_alone(view: View, workload: Workload, name: str) -> str:
    """Return the host outside that a container leads to by its own settings, if it can ask nobody else for an answer.

    A cache or a database beside gives no answers of HTTP; a program in the same pod does.
    """
    hosts = set[str]()
    for key, value in _settings(view, workload, name):
        if _OWN_POD.search(value):
            return ""
        if not WATCHES.search(key.lower()):
            hosts |= {host for host in hosts_in(key, value) if not WATCHES.search(host)}
    meant = {host: view.graph.resolve(host) for host in hosts}
    inside = {*filter(None, meant.values()), *view.graph.calls.get(workload.ref, ())}
    if any(ref not in view.workloads or role(view.workloads[ref]) not in _STORES for ref in inside):
        return ""
    away = [host for host, ref in meant.items() if not ref]
    own = {route.host for route in view.routes}
    return away[0] if len(away) == 1 and foreign(away[0]) and away[0] not in own else ""


def _settings(view: View, workload: Workload, name: str) -> Iterator[tuple[str, str]]:
    """Yield the variables, words of commands and ConfigMaps of one container alone."""
    yield from view.graph.commands(workload, name)
    for each in items(workload.template, "spec", "containers"):
        if text(each, "name") != name:
            continue
        yield from ((text(entry, "name"), text(entry, "value")) for entry in items(each, "env"))
        mounted = {text(mount, "name") for mount in items(each, "volumeMounts")}
        volumes = [v for v in items(workload.template, "spec", "volumes") if text(v, "name") in mounted]
        read = {ref for kind, ref in reads({"spec": {"containers": [each], "volumes": volumes}}) if kind == "ConfigMap"}
        for obj in view.snapshot.of("ConfigMap"):
            if text(obj, "metadata", "name") in read:
                yield from ((str(key), str(value)) for key, value in mapping(obj, "data").items())


def _may_ask_more(view: View, workload: Workload, hit: Hit) -> bool:
    """Tell whether a release came just before a host began to refuse, and may be why: nobody counts it as no more."""
    users = (view.workloads.get(ref) for ref in view.graph.callers(workload.ref))
    asking = [workload, *(each for each in users if each is not None)]
    if not any(each.changes and soon_after(hit.first, each.released_at) for each in asking):
        return False
    grown = traffic_growth(view, workload.ref)
    return grown is None or grown >= MUCH_MORE
