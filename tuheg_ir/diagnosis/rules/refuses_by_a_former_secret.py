"""Who lets others in took its logins at its start, and goes on with the former ones since their Secret was written.

A pooler reads its list of users once, and a file that is mounted by subPath stays as it was for as long as a container
runs; so does a variable. Then the clients are right, whatever they were told: those with new credentials are turned
away at the door, and those with old ones by the database behind it, at which the former logins are no good any more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._credentials import REFUSED, SOON, last_start
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._made_anew import Anew, made_anew
from tuheg_ir.diagnosis.rules._poolers import databases_behind
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import refs_read
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_DAY = timedelta(days=1)
"""What a pooler took long ago may be refused for another reason; who has sessions of it is not refused at once."""
_READ_AGAIN = late(r"\bre-?load(?:ed|ing)?\b|\bre-?read(?:ing)?\b|\bSIGHUP\b", re.IGNORECASE)
"""How a program tells that it reads its files anew."""
_OF_ANOTHER_KIND = ("role_missing", "login_kind_refused", "login_lookup_failed")
"""What a server tells of whom it does not know at all, or in which form he may come."""
_PLAIN = ("kubernetes.io/tls", "kubernetes.io/dockerconfigjson", "kubernetes.io/service-account-token")
"""Secrets of these types hold no logins of clients."""


class _Kept(NamedTuple):
    """What a server took from a Secret before that was written, which of its pods did, and if only a start helps."""

    server: Workload
    anew: Anew
    pods: tuple[Pod, ...]
    fixed: bool


def when(view: View) -> Iterator[Match]:
    """Clients are refused since a Secret was written that a server in between reads, and that server is older."""
    refused = [each for each in complaints(view, *REFUSED) if not each.hit.previous]
    for server in view.serving if refused else ():
        if role(server) in (*DATA, "dns"):
            continue  # what keeps data has its users in that, and a start does not change them
        kept = _kept(view, server)
        found = _of_it(view, server, kept, refused) if kept else []
        if kept and found and not _otherwise(view, kept, found, refused):
            yield _match(view, kept, found)


def _kept(view: View, server: Workload) -> _Kept | None:
    """Return the Secret that was written last of those that a server reads, if its pods took it before that."""
    secrets = [each for each in made_anew(view, server) if each.ref.startswith("Secret/") and _has_logins(view, each)]
    if not secrets:
        return None
    anew = max(secrets, key=lambda each: each.at)
    older = tuple(pod for pod in server.live if (took := last_start(pod)) and took < anew.at)
    return _Kept(server, anew, older, _stays(server, anew)) if older else None


def _has_logins(view: View, anew: Anew) -> bool:
    secret = view.objects("Secret").get(anew.ref.partition("/")[2])
    return secret is not None and secret.get("type") not in _PLAIN


def _stays(server: Workload, anew: Anew) -> bool:
    """Tell whether only a start brings what a Secret holds now: it is a variable, or a file that is mounted alone."""
    spec, label = mapping(server.template, "spec"), anew.ref.partition("/")[2]
    volumes = set()
    for volume in items(spec, "volumes"):
        projected = {text(each, "secret", "name") for each in items(volume, "projected", "sources")}
        if label in {text(volume, "secret", "secretName"), *projected}:
            volumes.add(text(volume, "name"))
    mounts = [each for container in items(spec, "containers") for each in items(container, "volumeMounts")]
    whole = (each for each in mounts if not (text(each, "subPath") or text(each, "subPathExpr")))
    return all(text(each, "name") not in volumes for each in whole)


def _of_it(view: View, server: Workload, kept: _Kept, refused: Sequence[Complaint]) -> list[Complaint]:
    """Return what tells that a server refuses, or is refused, with what it kept: it itself, or who comes by it.

    Of a pooler all that its clients tell: they are told in the words of the database behind it, which is taken for the
    one that refuses. Of any other server only what is told of it, by pods with the newer credentials.
    """
    if role(server) == "pooler":
        return [each for each in refused if each.caller == server.ref or _comes_by(view, each, server)]
    mine = [each for each in refused if each.about == server.ref and each.caller in view.workloads]
    return [each for each in mine if _has_newer(view, view.workloads[each.caller], each.hit.pod, kept)]


def _comes_by(view: View, told_of: Complaint, server: Workload) -> bool:
    """Tell whether a complaint is of a server, or of its database by who calls the server and not somebody outside."""
    if told_of.about == server.ref:
        return True
    of_it = {"", *(each.ref for each in databases_behind(view, server))}
    inside = told_of.about in of_it and told_of.hit.trouble == "database_authentication"
    return inside and server.ref in view.graph.calls.get(told_of.caller, ())


def _has_newer(view: View, client: Workload, pod: str, kept: _Kept) -> bool:
    """Tell whether a client's pod was started since the server's Secret was written, which it reads or one as new."""
    mine = {each.ref: each.at for each in made_anew(view, client) if each.is_read}
    shared = kept.anew.ref in refs_read(client.template, "Secret")
    beside = any(abs(at - kept.anew.at) <= 5 * MINUTE for ref, at in mine.items() if ref.startswith("Secret/"))
    started = [took for each in client.live if each.name == pod and (took := last_start(each))]
    return (shared or beside) and any(at > kept.anew.at for at in started)


def _otherwise(view: View, kept: _Kept, found: Sequence[Complaint], refused: Sequence[Complaint]) -> bool:
    """Tell whether something else may be the reason: it began before, younger pods refuse, or it has read it anew.

    So may who asks the database itself and is refused with what is newest, or a client's own release.
    """
    first, hits = began(found), {each.hit for each in found}
    if first is None or first < kept.anew.at - MINUTE or sum(hit.count for hit in hits) < OFTEN:
        return True
    other = {(h.pod, h.line) for kind in _OF_ANOTHER_KIND for each in found for h in view.hits_of(each.caller, kind)}
    if all((hit.pod, hit.line) in other for hit in hits):
        return True
    younger = {pod.name for pod in kept.server.live} - {pod.name for pod in kept.pods}
    speaking = {hit.pod for hit in hits if hit.component == kept.server.ref}
    if younger and (not speaking or younger & speaking):
        return True
    if not kept.fixed and _read_again(view, kept):
        return True
    late_on = first - kept.anew.at > SOON
    callers = [view.workloads[each.caller] for each in found if each.caller in view.workloads]
    if not speaking and _works_with_the_former(kept, callers, {hit.pod for hit in hits}):
        return True
    if late_on and any(since_release(each, first) and each.changed("env", "mounts", "command") for each in callers):
        return True
    return any(_asks_behind(view, kept, each) for each in refused)


def _works_with_the_former(kept: _Kept, callers: Sequence[Workload], refused: Collection[str]) -> bool:
    """Tell whether clients of a pooler that are older than the Secret are well: the database may not know it yet."""
    older = (pod.name for each in callers for pod in each.live if (took := last_start(pod)) and took < kept.anew.at)
    return role(kept.server) == "pooler" and any(name not in refused for name in older)


def _read_again(view: View, kept: _Kept) -> bool:
    """Tell whether a server says that it read its files anew since the Secret was written."""
    lines = [line for log in view.logs_of(kept.pods, previous=False) for line in log.lines if _READ_AGAIN.search(line)]
    return any((at := stamp(line)) is not None and at > kept.anew.at for line in lines)


def _asks_behind(view: View, kept: _Kept, each: Complaint) -> bool:
    """Tell whether somebody who was started since, and does not come by the server, is refused by who is behind it."""
    client = view.workloads.get(each.caller)
    if client is None or client is kept.server or role(client) in DATA or _comes_by(view, each, kept.server):
        return False
    behind_it = {database.ref for database in databases_behind(view, kept.server)}
    started = [took for pod in client.live if pod.name == each.hit.pod and (took := last_start(pod))]
    return each.about in behind_it and any(at > kept.anew.at for at in started)


def _match(view: View, kept: _Kept, found: Sequence[Complaint]) -> Match:
    server, first = kept.server, began(found)
    callers = sorted({each.caller for each in found if each.caller in view.workloads} - {server.ref})
    clients = (
        sorted({*callers, *view.graph.callers(server.ref)} - {server.ref}) if role(server) == "pooler" else callers
    )
    theirs = {
        ref for each in clients if each in view.workloads for ref in refs_read(view.workloads[each].template, "Secret")
    }
    stores = [each.ref for each in databases_behind(view, server)]
    how = (
        "a file by subPath or a variable, which stays as it was" if kept.fixed else "a file that it reads at its start"
    )
    took = max(at for pod in kept.pods if (at := last_start(pod)))
    why = f"until {server.ref} is started anew it keeps the logins from before {kept.anew.ref} was written"
    near = first is not None and first - kept.anew.at <= _DAY
    return Match(
        component=server.ref,
        evidence=(
            kept.anew.seen,
            Evidence("objects", server.ref, f"its pods were started before that, and take it as {how}", took),
            *told(view, found, 2),
        ),
        certainty=(0.8 if kept.fixed else 0.7) if near else 0.5,
        since=first,
        explains=tuple(
            dict.fromkeys((kept.anew.ref, *sorted(theirs), *stores, *behind(view, *clients, but=server.ref)))
        ),
        excludes=(
            *not_for((server.ref,), "an older template reads the same Secret", ("rollback_workload",)),
            *not_for(clients, why, ON_CALLERS),
            *not_for(stores, "it is well: it refuses former logins", ("restart_workload", "scale_database")),
        ),
    )


RULE = Rule(
    name="refuses_by_a_former_secret",
    title="A pooler or service refuses clients by logins that it took before their Secret was written",
    root_cause="configuration_error",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="nobody refuses clients who is older than what the Secret holds by which it lets them in",
)
