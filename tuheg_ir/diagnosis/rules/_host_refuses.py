"""A host outside keeps pods from starting: what their init container fetches there is refused, or nobody answers.

Pods that came through before go on with what they hold; whoever makes them anew loses that. What we show or ask may be
at fault as well: where that was changed since a pod came through, or the answer says so, the host is not blamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._hosts_outside import hosts_outside
from tuheg_ir.diagnosis.rules._nat_ports import falls_on_our_way
from tuheg_ir.diagnosis.rules._other_resolver import NO_ANSWER
from tuheg_ir.diagnosis.rules._reach import closed_to_the_outside
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, asked_by_tool, complaints
from tuheg_ir.diagnosis.view.crashes import Crash
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.hosts import given_outside, hosts_named, is_address
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.reading import at, items, newest, oldest, text, written
from tuheg_ir.diagnosis.view.stillborn import stopped_at_the_same
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.diagnosis.view.written import ASLEEP
from tuheg_ir.named import NamedTuple

_STATUS = late(
    r"(?:\bstatus(?:[ _-]?code)?|(?<!with )(?<!with error )\bcode|\bHTTP(?:/\d(?:\.\d)?)?|\breturned|\brespon(?:ded|se)"
    r"|\banswered|(?<!with )\berror|\bgot|\b(?:request|download|fetch|pull) failed with"
    r"|\bfailed with(?! (?:error )?code\b))"
    r"[\"'\]]?\W{0,4}(?:(?:with|status|code|error|is|of|was|an?|HTTP)\b\W{0,2}){0,3}40[123]\b"
    r"|(?<![\d.])40[123][ :]\W?(?:Unauthori[sz]ed|Payment ?Required|Forbidden|Client Error)",
    re.IGNORECASE,
)
"""How programs tell that they may not have what they asked for, or not without paying; a code of their own is none."""
_OVER = late(
    r"(?:licen[cs]e|subscription(?![ _-]?key)|entitlement|trial|contract|maintenance plan)s?(?![a-z])"
    r"[^.;]{0,40}?(?<![a-z])(?:expired|ended|lapsed|suspended|inactive|terminated|cancell?ed|exhausted)(?![a-z])"
    r"|(?:expired|lapsed|suspended)[ _-](?:licen[cs]e|subscription(?![ _-]?key)|entitlement|trial|contract)(?![a-z])"
    r"|account (?:is |has been |was )?suspended|payment[ _-]?required",
    re.IGNORECASE,
)
"""How a supplier says that what was agreed with him is over."""
_OURS = late(
    # A way out of ours refuses it, or the mesh does.
    r"\btunnel(?:ing)?\b|\bfrom proxy\b|\bproxy (?:respon|return|refus|den|auth|err)|\bsquid\b|ERR_ACCESS_DENIED"
    r"|RBAC: access denied|\bforbidden: User\b"
    # What we were given there lacks a right, or our address is on no list.
    r"|not authorized to perform|AccessDenied|access denied|permission[ _]?denied|Authorization(?:Failed|Permission)"
    r"|does not have .{1,60}(?:access|permission)|insufficient.{0,20}(?:permission|scope|privilege)"
    r"|(?:white|allow)-?list|\bIP(?:_| |v[46]).{0,40}not[ _](?:allowed|permitted|authori[sz]ed)|IP_BLOCKED"
    # What we show is not right, or our clock is not.
    r"|(?:key|token|credential|password|signature|certificate)s?[\W_]{0,3}(?:\w{1,30} ){0,3}"
    r"(?:invalid|not valid|expired|revoked|rolled|rotated|unknown|incorrect|missing|mismatch|disabled)"
    r"|(?:invalid|expired|incorrect|bad|missing|unknown|revoked|wrong)[ _-](?:[a-z]{1,30}[ _-]){0,2}"
    r"(?:key|token|credential|password|signature)|SignatureDoesNot|InvalidAccessKey|invalid_(?:grant|client)|Skewed",
    re.IGNORECASE,
)
"""What tells of a fault on our side, whoever refuses."""
_OTHER = ("schema", "configuration_missing", "disk_full", "out_of_memory", "database_authentication", "certificate")
"""What ends a program as well, if it is told after a refusal that was none of the reasons."""
_WHO = late(
    r"(?<![\w.:/-])([\w.:/-]+)[\"']? (?:has |have )?"
    r"(?:returned|responded|answered|replied|refused|denied|rejected|said)\b"
    r"|\b40[123]\b[^.;]{0,40}?\b(?:from|by) (?:the )?[\"']?([\w.:/-]+)",
    re.IGNORECASE,
)
"""Who refuses, as a sentence names him."""
_ANYBODY = late(
    r"it|he|they|that|which|this|and|but|was|servers?|host|upstream|remote|api|url|uri|endpoint|site|supplier|mirror|origin"
    r"|peer|service|page|link|path|request|response|call|fetch|download|get|post|head|put|client|attempt|curl|wget"
    r"|err(?:or)?|warn(?:ing)?|info|fatal|critical|\d*"
)
"""Words that stand for whoever was asked."""
_WORD = late(r"(?<![\w./-])[A-Za-z][\w-]*(?![\w./-])")
_WELL = late(
    r"\bok\b|\bsucce(?:ss|eded)|\b(?:done|fetched|downloaded|saved|completed?)\b"
    r"|(?<![\d.,/-])20[0-6](?![\d.,/-])",
    re.IGNORECASE,
)
"""How a line tells that somebody gave what he was asked for."""
_LAST = 20
"""So many lines are the last words of a run."""


_AROUND = 60
"""So much around the words of a refusal is shown."""


class Shut(NamedTuple):
    """A host outside by which pods do not start, and the lines that tell so."""

    host: str
    told: tuple[Evidence, ...]


def shut_by(view: View, workload: Workload, failed: Sequence[Crash]) -> Shut | None:
    """Return the one host outside that keeps pods from getting past their init container, if nothing of ours does."""
    if any(text(crash.container.spec, "restartPolicy") == "Always" for crash in failed):
        return None  # it serves beside the others: whom it answers so may be anybody
    if not _came_through(view, workload, failed):
        return None
    return _refused(view, workload, failed) or _unanswered(view, workload, failed)


def _came_through(view: View, workload: Workload, failed: Sequence[Crash]) -> bool:
    """Tell whether others did with the same init container, before; and nothing that it reads was written since."""
    alike = workload.live if stopped_at_the_same(view, workload) else workload.newest_pods()
    well = [pod for pod in alike if pod.ready]
    last = newest(pod.created for pod in well)
    first = oldest(crash.pod.unready_since or crash.pod.created for crash in failed)
    if first is None or (last is not None and last > first):
        return False  # one came through while others do not: they differ by something
    if last is None and not _once_complete(workload):
        return False
    since = last or first - ASLEEP
    names = {crash.container.name for crash in failed}
    return not _written_since(view, workload, names, since) and not _another_build(well, failed)


def _once_complete(workload: Workload) -> bool:
    """Tell whether a Deployment's newest template had all its pods ready once."""
    conditions = items(workload.obj, "status", "conditions")
    return any(text(each, "reason") == "NewReplicaSetAvailable" for each in conditions)


def _written_since(view: View, workload: Workload, names: set[str], since: datetime) -> bool:
    """Tell whether a ConfigMap or Secret that some init containers read was written since a time."""
    inits = [each for each in items(workload.template, "spec", "initContainers") if text(each, "name") in names]
    mounted = {text(mount, "name") for each in inits for mount in items(each, "volumeMounts")}
    volumes = [each for each in items(workload.template, "spec", "volumes") if text(each, "name") in mounted]
    for kind, label in reads({"spec": {"initContainers": inits, "volumes": volumes}}):
        time = written(view.objects(kind).get(label))
        if time is not None and time > since:
            return True
    return False


def _another_build(well: Sequence[Pod], failed: Sequence[Crash]) -> bool:
    """Tell whether the init container that fails is another program than the one that came through, by one name."""
    for crash in failed:
        theirs = {c.digest for pod in well for c in pod.containers if c.init and c.name == crash.container.name}
        if crash.container.digest and theirs - {""} and crash.container.digest not in theirs:
            return True
    return False


def _refused(view: View, workload: Workload, failed: Sequence[Crash]) -> Shut | None:
    """Return the host whose refusal is among the last words of each run that is known."""
    said: list[tuple[str, Evidence]] = []
    for crash in failed:
        log = _last_run(view, crash)
        if log is None or not log.lines:
            continue
        found = _refusal(view, workload, log)
        if found is None:
            return None
        said.append(found)
    hosts = {host for host, _ in said}
    return Shut(hosts.pop(), tuple(seen for _, seen in said[:2])) if len(hosts) == 1 else None


def _last_run(view: View, crash: Crash) -> Log | None:
    logs = [log for log in view.logs_of([crash.pod]) if log.container == crash.container.name]
    return min(logs, key=lambda log: log.previous, default=None)


def _refusal(view: View, workload: Workload, log: Log) -> tuple[str, Evidence] | None:
    """Return who refused a run, and the line that tells it best."""
    first = max(0, len(log.lines) - _LAST)
    places = [n for n in range(first, len(log.lines)) if _says_no(log.lines[n])]
    if not places:
        return None
    last = log.lines[first:]
    over = [n for n in places if _OVER.search(log.lines[n])]
    if not over and any(_OURS.search(line) for line in last):
        return None
    if any(tells(trouble, line) for line in log.lines[places[-1] + 1 :] for trouble in (*_OTHER, *UNANSWERED)):
        return None
    status = any(_STATUS.search(log.lines[n]) for n in places)
    host = _named(view, log, places) or (_configured(view, workload, log, places) if status else "")
    if not host or not _outside(view, host) or any(_another(view, workload, log.lines[n], host) for n in places):
        return None
    line = log.lines[(over or places)[-1]]
    said = _OVER.search(line) or _STATUS.search(line)
    words = line[max(0, said.start() - _AROUND) : said.end() + _AROUND].strip() if said else ""
    return host, Evidence("logs", f"Pod/{log.pod}", f"{host} refuses {log.container}: {words}", stamp(line))


def _says_no(line: str) -> bool:
    return bool(_STATUS.search(line)) or (complains(line) and bool(_OVER.search(line)))


def _named(view: View, log: Log, places: Sequence[int]) -> str:
    """Return whom a run names in its refusals, or else last before them; "" for nobody, or several.

    Who was named before them is not meant if something was had meanwhile: he may have given it.
    """
    for first in (None, *range(places[0] - 1, -1, -1)):
        lines = [log.lines[n] for n in places] if first is None else [log.lines[first]]
        hosts = {host for host in hosts_named(lines) if foreign(host) or view.graph.resolve(host) or "." not in host}
        if hosts:
            since = set() if first is None else {*range(first, places[-1])} - {*places}
            return hosts.pop() if len(hosts) == 1 and not any(_WELL.search(log.lines[n]) for n in since) else ""
    return ""


def _another(view: View, workload: Workload, line: str, host: str) -> bool:
    """Tell whether a refusal that names no host says by a plain word that somebody else refused."""
    if any(hosts_named([line])):
        return False
    ours = (view.graph.resolve(word) for word in _WORD.findall(line))
    if any(ref and ref != workload.ref for ref in ours):
        return True
    said = {word.strip(".:-").lower() for found in _WHO.findall(line) for word in found if "/" not in word}
    return any(not _ANYBODY.fullmatch(word) for word in said.difference(host.split(".")))


def _configured(view: View, workload: Workload, log: Log, places: Sequence[int]) -> str:
    """Return the only one whom an init container is told to ask, where its log names nobody at all."""
    for n in places:
        if len(asked := asked_by_tool(view, workload.ref, log.container, log.lines[n])) == 1:
            return asked[0]
    hosts = set(_told_to_ask(workload, log.container))
    return hosts.pop() if len(hosts) == 1 and not any(hosts_named(log.lines)) else ""


def _told_to_ask(workload: Workload, name: str) -> Iterator[str]:
    for each in items(workload.template, "spec", "initContainers"):
        if text(each, "name") == name:
            for entry in items(each, "env"):
                yield from hosts_in(text(entry, "name"), text(entry, "value"))
            for field in ("command", "args"):
                words = at(each, field)
                for word in words if isinstance(words, list | tuple) else ():
                    yield from hosts_in("", str(word))


def _outside(view: View, host: str) -> bool:
    """Tell whether a host is none of ours, by its own name or by one under which users come."""
    return foreign(host) and not view.graph.resolve(host) and host not in {route.host for route in view.routes}


def _unanswered(view: View, workload: Workload, failed: Sequence[Crash]) -> Shut | None:
    """Return the one host outside that init containers complain of.

    It does not answer, or answers with errors, or nobody finds its name any more.
    """
    names = {crash.container.name for crash in failed}
    if closed_to_the_outside(view, workload.ref):
        return None
    found = []
    for host, known in hosts_outside(view).items():
        said = [each for each in known.said if each.caller == workload.ref and each.hit.container in names]
        if said and _outside(view, host):
            found.append((host, said))
    found += _lost_name(view, workload, names)
    if len(found) != 1:
        return None
    host, said = found[0]
    if all(each.hit.trouble == "rate_limited" for each in said) or falls_on_our_way(view, said):
        return None
    nodes = {crash.pod.node for crash in failed}
    answered = any(each.hit.trouble == "upstream_failure" for each in said)
    if not answered and len(nodes) == 1 and not nodes & {pod.node for pod in workload.live if pod.ready}:
        return None  # it may be the way out of that node
    return Shut(host, tuple(view.hit_evidence(each.hit) for each in said[:2]))


def _lost_name(view: View, workload: Workload, names: set[str]) -> list[tuple[str, list[Complaint]]]:
    """Return the host outside whose name init containers do not find, if nobody here misses another name.

    Else, or where no answer came at all, it is whoever resolves them for all of us. Names of ours are given away here.
    """
    missed = complaints(view, "dns")
    named = [{host for host in each.hosts if not is_address(host)} for each in missed]
    hosts = {host for each in named for host in each}
    if len(hosts) != 1 or not all(named) or any(NO_ANSWER.search(each.hit.line) for each in missed):
        return []
    host = hosts.pop()
    said = [each for each in missed if each.caller == workload.ref and each.hit.container in names]
    return [(host, said)] if said and given_outside(host) and _outside(view, host) else []
