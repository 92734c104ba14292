"""A pod that tries the doors of its neighbours, as who has taken one looks for the next.

A program asks each server in one way, by one name: who tries names that are not his, asks for what others forgot to
close, and speaks to each port as if it were a site's, does not know whom he asks. Scanners of the house do the same.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import ordered, runs_for_others
from tuheg_ir.diagnosis.rules._named_backends import by_address
from tuheg_ir.diagnosis.rules._obeyed import TRIES
from tuheg_ir.diagnosis.rules._scanned import weak_place
from tuheg_ir.diagnosis.rules._sent_away import CLIENT
from tuheg_ir.diagnosis.rules._templated import ran
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.served import any_status_of
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.logs import ADDRESS, speaks_of, times_near
from tuheg_ir.diagnosis.view.network import named_port
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import image_name, role
from tuheg_ir.diagnosis.view.reading import items, newest, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SERVERS = 3
"""Fewer servers are those that a program has been told of."""
VARIED = 3
"""So many names at one server, or open places asked for, are tried: a program has one login, and asks for its own."""
KINDS = 2
"""One kind of refusal at many servers may be a lost password, a policy, or a crawler that is passed on."""
PORTS = 12
"""So many ports are looked through; who collects figures asks for one at all hosts, and a lost one for all of one."""
_NAME = late(
    r"(?:password authentication failed|access denied|log[io]n failed|authentication failed|failed password)"
    r" for (?:invalid )?(?:user )?[\"'](?P<failed>[\w.$-]{1,64})"
    r"|failed password for (?:invalid user )?(?P<shell>[\w.$-]{1,64}) from"
    r"|no pg_hba\.conf entry for [^\n]{0,80}?\buser \"(?P<host>[^\"]{1,64})\""
    r"|\blogin refused: user '(?P<broker>[^']{1,64})'|\brole \"(?P<role>[^\"]{1,64})\" does not exist"
    r"|authentication failed[^\n]{0,200}?\"(?:user|principalName)\": ?\"(?P<document>[^\"]{1,64})\""
    r"|\bauthentication_failure\b[^\n]{0,200}?\busername: (?P<mqtt>[\w.$-]{1,64}),"
    r"[^\n]{0,100}?\bbad_username_or_password\b",
    re.IGNORECASE,
)
_SPEECH = late(
    r"\bsecurity attack detected\b|\bbad_header\b[^\n]{0,20}<<(?:\"(?:GET|POST|HEAD|OPTI)|22,3,)"
    r"|\b(?:invalid receive|unreasonable length|frame length|message size)\b[^\n]{0,60}\b(?:1195725856|1347375956)\b"
    r"|\bunsupported frontend protocol\b|\binvalid length of startup packet\b|\bgot packets out of order\b"
    r"|\bClient parser ERROR\b[^\n]{0,60}\bproto='\"(?:GET|POST|HEAD|OPTI)|\bframe_parse_error\b"
    r"|\bInvalid request line: '\\{1,2}x16\\{1,2}x03|\"\\{1,2}x16\\{1,2}x03[^\"\n]*\" 400 ",
    re.IGNORECASE,
)
"""How servers tell that somebody spoke to them in a way that is not theirs.

The numbers are letters of GET, POST; 22 and 3, or x16 and x03, is how TLS begins.
"""
_GOES_ON = late(r"^(?:\d{4}-\d\d-\S+Z )?(?:\{|PLAIN login refused)")
"""How RabbitMQ tells, on a line of its own, why it closed the connection that the line before names."""
_CUT = late(
    r"\bpolicy denied\b|\bverdict\W{1,4}(?:DROPPED|DENIED)\b|\bcalico-packet\b|\b(?:DROP|REJECT)(?:ED)?\b",
    re.IGNORECASE,
)
_FROM_TO = late(
    r"(?P<from1>\d{1,3}(?:\.\d{1,3}){3}):(?P<out1>\d{1,5})[^\n>]{0,120}-> ?"
    r"(?P<to1>\d{1,3}(?:\.\d{1,3}){3}):(?P<port1>\d{1,5})"
    r"|\bSRC=(?P<from2>\d{1,3}(?:\.\d{1,3}){3}) [^\n]{0,60}?DST=(?P<to2>\d{1,3}(?:\.\d{1,3}){3}) "
    r"[^\n]{0,200}?(?:SPT=(?P<out2>\d{1,5}) )?DPT=(?P<port2>\d{1,5})"
    r"|\"source\": ?\"(?P<from3>\d{1,3}(?:\.\d{1,3}){3})\", ?\"destination\": ?\"(?P<to3>\d{1,3}(?:\.\d{1,3}){3})\""
    r"[^\n]{0,300}?(?:\"source_port\": ?(?P<out3>\d{1,5}), ?)?\"destination_port\": ?(?P<port3>\d{1,5})"
    r"|\s(?P<from4>\d{1,3}(?:\.\d{1,3}){3}) (?P<to4>\d{1,3}(?:\.\d{1,3}){3})"
    r" (?P<out4>\d{1,5}) (?P<port4>\d{1,5}) \d{1,3} "
)
"""Who was kept from whom, and at which port, in the words of networks: flows, packets, a cloud's records."""
_ANSWERS = late(r"\bACK\b(?!\"?: ?false)|\bis_?reply\"?: ?true", re.IGNORECASE)
"""That a packet belongs to a connection that another one began."""
EPHEMERAL = 32768
"""From here on are the ports of who asks: what goes there is an answer to him."""
_SPOKEN = (
    *("failed", "denied", "pg_hba", "login refused", "not exist", "attack detected", "bad_header", "invalid receive"),
    *("unreasonable length", "frame length", "message size", "unsupported frontend", "startup packet", "out of order"),
    *("dropped", "reject", "drop", "calico-packet", "/.", "wp-", "actuator", "manager/html", "server-status"),
    *("cgi-bin", "phpmyadmin", "adminer", "solr", "jndi", "passwd", "../", "verdict"),
    *("authentication_failure", "parser error", "frame_parse_error", "invalid request line", "x16"),
)
"""One of these is in a log that tells of such a try."""
_OF_THE_HOUSE = late(
    r"trivy|nmap|masscan|zmap|nuclei|\bzap\b|nikto|openvas|greenbone|nessus|tenable|qualys|rapid7|insightvm|kube-?hunter"
    r"|kube-?bench|kubescape|starboard|neuvector|prisma|twistlock|aqua|wazuh|scan|pen-?test|red-?team|audit|security"
    r"|blackbox|exporter|prometheus|monitor|uptime|kuma|gatus|probe|smokeping|health|discover|chaos|fuzz|crawl",
    re.IGNORECASE,
)
"""Programs that are made to look what is open here, or who answers."""


class _Knock(NamedTuple):
    """One try: the kind, at whom (workload, or an address), what was tried, and the line that tells it."""

    kind: str
    at_whom: str
    what: str
    pod: str
    line: str
    at: datetime
    out: str = ""
    """The port that it came from, if a network tells it."""


def knocking(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that a workload's pods try the doors of several others: names, open places, ports; each was shut.

    Who does so may be somebody of the house; not where requests from outside carried commands to that pod before, and
    were answered. Where only pods do that pulled another build by the same name, whoever pushed that one over it does:
    a person's tools come into pods that run the same as before.
    """
    found = _tried_in_earnest(view, workload)
    for pod, each in [*found.items()][:1]:
        first = min(each, key=lambda one: one.at)
        said = ", ".join(list(dict.fromkeys(one.what for one in each))[:8])
        doors = len({one.at_whom for one in each})
        fact = f"{pod} tries doors of {doors} others ({said}): {first.line.strip()[:240]}"
        orders = (*ordered(view, workload), *ran(view, workload))
        told_to = any(one.pod == pod and one.at and one.at <= first.at for one in orders)
        yield 0.55, Evidence("logs", f"Pod/{first.pod}", fact, first.at), not told_to
    tried = _tried_by(view, workload)
    builds = another_build(view, workload, tried) if found else None
    older = [pod for pod in workload.live if pod.name not in tried]
    if builds is not None and _all_younger(workload, tried, older):
        theirs, others = builds
        fact = f"those that do run {theirs.digest[:12]} of {theirs.image}, the older ones {others.digest[:12]}"
        began = oldest(pod.created for pod in workload.live if pod.name in tried)
        yield 0.4, Evidence("objects", f"Pod/{min(found)}", fact, began), False


def tries_doors(view: View, workload: Workload) -> dict[str, datetime]:
    """Return pod -> since when it tries the doors of several others."""
    return {pod: min(one.at for one in each) for pod, each in _tried_in_earnest(view, workload).items()}


def guesses(view: View, workload: Workload) -> Evidence | None:
    """Return that a workload's pod tries names at a server as who does not know any: fewer doors are no sure thief."""
    for pod, tried in _tried_by(view, workload).items():
        if (named := next((each for each in tried if each.kind == "name"), None)) is not None:
            fact = f"{pod} tries many names at {named.at_whom}: {named.line.strip()[:240]}"
            return Evidence("logs", f"Pod/{named.pod}", fact, named.at)
    return None


@once
def _tried_in_earnest(view: View, workload: Workload) -> Mapping[str, Sequence[_Knock]]:
    return {pod: each for pod, each in _tried_by(view, workload).items() if _in_earnest(view, workload, each)}


@once
def _tried_by(view: View, workload: Workload) -> Mapping[str, Sequence[_Knock]]:
    """Return pod -> what it tries at others in vain, but for programs that are made to try or to pass on."""
    if runs_for_others(workload) or is_proxy(workload) or role(workload) == "pooler" or of_the_house(workload):
        return {}
    knocks = _knocks(view)
    if not any(pod.address in knocks for pod in workload.live):
        return {}
    own = {pod.name for pod in workload.pods}
    said = "\n".join(line for log in view.logs_of(workload.pods) for line in log.lines)
    tried: dict[str, Sequence[_Knock]] = {}
    for pod in workload.live:
        if not pod.address or pod.on_host_network:
            continue
        found = [
            each
            for each in knocks.get(pod.address, ())
            if each.pod not in own
            and (pod.created is None or each.at >= pod.created)  # who had the address before is another one
            and not (each.kind == "place" and each.what in said)  # that it was asked for itself, and passed on
        ]
        if found := _tries(found, workload):
            tried[pod.name] = found
    return tried


def _in_earnest(view: View, workload: Workload, found: Sequence[_Knock]) -> bool:
    """Tell whether a pod looks through ports, or tries several servers in several ways."""
    # An address that is of no pod may be another name of a server that is known.
    servers = {each.at_whom for each in found if each.at_whom in view.workloads} - {workload.ref}
    kinds = {each.kind for each in found}
    several = len(servers) >= SERVERS and len(kinds) >= KINDS and _varied(found)
    return several or _looks_through(found) or _tries_a_list(found)


def _all_younger(workload: Workload, found: Container[str], quiet: Sequence[Pod]) -> bool:
    """Tell whether all that do so came after all that do not: a tag that was pushed over is pulled by new pods."""
    last = newest(pod.created for pod in quiet)
    knock = oldest(pod.created for pod in workload.live if pod.name in found)
    return last is not None and knock is not None and last < knock


def _tries(found: Sequence[_Knock], workload: Workload) -> list[_Knock]:
    """Return what is tried: without the names at servers that saw few, as of a lost login, and without answers.

    Who asks is answered from the port that he asked: one that is served, and many ends have in common.
    """
    names = _by_server(found, "name")
    common = Counter(each.out for each in found if each.out)
    return [
        each
        for each in found
        if not (each.kind == "name" and len(names[each.at_whom]) < VARIED)
        and not (common[each.out] >= SERVERS and named_port(workload, each.out))
    ]


def _varied(found: Sequence[_Knock]) -> bool:
    """Tell whether several open places are asked for, or names are tried: those of a lost login are left out before."""
    places = {each.what for each in found if each.kind == "place"}
    return len(places) >= VARIED or any(each.kind == "name" for each in found)


def _tries_a_list(found: Sequence[_Knock]) -> bool:
    """Tell whether names are tried at one server, and many open places are asked for at another."""
    named, places = _by_server(found, "name"), _by_server(found, "place")
    return any(len(asked) >= VARIED and named.keys() - {whom} for whom, asked in places.items())


def _by_server(found: Sequence[_Knock], kind: str) -> Mapping[str, set[str]]:
    """Return server -> what of a kind is tried there."""
    tried = defaultdict[str, set[str]](set)
    for each in found:
        if each.kind == kind:
            tried[each.at_whom].add(each.what)
    return tried


def _looks_through(found: Sequence[_Knock]) -> bool:
    """Tell whether ports are looked through: many different ones, at more hosts than one."""
    cut = [each for each in found if each.kind == "port"]
    return len({each.what for each in cut}) >= PORTS and len({each.at_whom for each in cut}) >= SERVERS


@once_a_view
def _knocks(view: View) -> Mapping[str, Sequence[_Knock]]:
    """Return the tries that all logs tell of, by the address of who tried."""
    found: dict[str, list[_Knock]] = defaultdict(list)
    pods = {address: workload.ref for address, (_, workload) in by_address(view).items() if address}
    for log in view.snapshot.logs:
        if not speaks_of(log, _SPOKEN):
            continue
        client = ""
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            addresses = ADDRESS.findall(line[:1000])
            client = addresses[0] if addresses else client if _GOES_ON.search(line) else ""
            if at is None or client not in pods or TRIES.search(line):
                continue
            for kind, whom, what, out in _tried(line[:1000], client):
                server = pods.get(whom, whom) or view.owner_of(log.pod)
                found[client].append(_Knock(kind, server, what, log.pod, line, at, out))
    return found


def _tried(line: str, client: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield what a line tells was tried in vain: the kind, at which address and from which port if told, and what."""
    if name := _NAME.search(line):
        yield "name", "", next(group for group in name.groups() if group), ""
    elif _SPEECH.search(line):
        yield "speech", "", "words of another protocol", ""
    elif any_status_of(line) >= 400:
        place = weak_place(line)
        # An address outside beside it is that of who asked for it, and this one passes it on.
        if place and not CLIENT.search(line):
            yield "place", "", place, ""
    elif _CUT.search(line) and not _ANSWERS.search(line) and (ends := _FROM_TO.search(line)):
        end = {name[:-1]: value for name, value in ends.groupdict().items() if value}
        if end["from"] == client and int(end["port"]) < EPHEMERAL:
            yield "port", end["to"], end["port"], end.get("out", "")


def of_the_house(workload: Workload) -> bool:
    images = (image_name(text(each, "image")) for each in items(workload.template, "spec", "containers"))
    return _OF_THE_HOUSE.search(" ".join((workload.name, *images))) is not None
