"""Roots that clients mount, and that do not vouch for what a host outside shows since it moved to another authority.

Whom a client trusts is then in one ConfigMap or Secret, written long ago: its roots are well, and one is missing. All
who mount it refuse the host alike, however old they are, and who trusts the roots of its own image goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._ended_outside import by_host
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, began, owner_of, told
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text, written
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_UNKNOWN = late(
    r"PKIX path building failed|unable to find valid certification path|unknown authority|UnknownIssuer"
    r"|UNABLE_TO_GET_ISSUER_CERT|unable to get (?:local )?issuer certificate|verify error:num=(?:19|20)\b"
    r"|self[- ]signed certificate in certificate chain|SELF_SIGNED_CERT_IN_CHAIN|UntrustedRoot|PartialChain"
    r"|authority that is not trusted",
    re.IGNORECASE,
)
"""Words of who does not know the authority; of a chain without a link, or a lone certificate, others tell."""
_OF_TRUST = late(
    r"(?:^|[^a-z])(?:root_?)?ca(?:[^a-z]|certs?|bundle|file|path|$)|trust|(?:^|[^a-z])roots?(?:[^a-z]|$)"
    r"|bundle|ssl_?cert_?(?:file|dir)",
    re.IGNORECASE,
)
"""What a setting, or the path in it, is called that tells a program whom to trust."""
_OF_STORES = late(
    r"postgres|mysql|maria|mongo|redis|valkey|kafka|strimzi|amqp|rabbit|broker|database|(?:^|[^a-z])(?:pg|db|rds)(?:[^a-z]|$)"
    r"|jdbc|datasource|sslrootcert|ldap|elastic|opensearch|etcd|vault|kube|webhook|smtp|client|key_?store",
    re.IGNORECASE,
)
"""Roots for one's own stores and the cluster, or what a client shows itself: no host outside is held against them."""
_EVERYBODYS = late(r"/etc/(?:ssl|pki)\b|/ca-certificates\b|/cacerts\b|/lib/security\b")
"""Where programs look for roots that no setting leads elsewhere."""
_BEFORE = 80
"""So many letters before a path tell what it is for."""
AT_ONCE = timedelta(minutes=5)
"""Who refuses a host so soon after its start may have done so ever since."""
DAY = timedelta(days=1)


class Roots(NamedTuple):
    """What clients mean that mount roots without the one of a host, and the complaints that this explains."""

    match: Match
    complaints: tuple[Complaint, ...]


def lacking_roots(view: View, found: Sequence[Complaint]) -> Iterator[Roots]:
    """Yield the roots that lack the one of a host outside; ``found``: all complaints of whom one trusts."""
    named = [c for c in found if not c.about and any(map(foreign, c.hosts)) and c.caller in view.workloads]
    for group in by_host(named):
        refs = tuple(dict.fromkeys(c.caller for c in group))
        hosts = {host for c in group for host in c.hosts if foreign(host)}
        first = began(group)
        if first is None or not all(_UNKNOWN.search(c.hit.line) for c in group) or _others(named, group, hosts):
            continue
        bundle = _shared(view, refs, hosts)
        since = _old(view, bundle, first)
        settled = any(_trusted_before(view.workloads[ref], group) for ref in refs)
        if not bundle or since is None or not settled or sum(c.hit.count for c in group) < OFTEN:
            continue
        askers = [w for w in view.serving if w.ref not in refs and _asks(view, w, hosts)]
        well = [w for w in askers if _goes_on(view, w, hosts, first)]
        if any(bundle in _bundles(view, w) for w in (askers if len(refs) == 1 else well)):
            continue  # who trusts the same roots trusts the host
        others = [w for w in well if bundle not in _bundles(view, w)]
        yield Roots(_match(view, bundle, since, group, others, len(refs) > 1), tuple(group))


def _others(named: Sequence[Complaint], group: Sequence[Complaint], hosts: set[str]) -> bool:
    """Tell whether the same clients refuse hosts of somebody else too: what is on their way out shows its own."""
    callers, owners = {c.caller for c in group}, {owner_of(host) for host in hosts}
    told_of = (host for c in named if c.caller in callers for host in c.hosts if foreign(host))
    return len(owners | {owner_of(host) for host in told_of}) > 1


def _shared(view: View, refs: Sequence[str], hosts: set[str]) -> str:
    """Return the one object with roots that all of some clients mount; of several the one called like the host."""
    found = set.intersection(*(_bundles(view, view.workloads[ref]) for ref in refs))
    if len(found) > 1:
        owners = {owner_of(host) for host in hosts} - {""}
        found = {ref for ref in found if any(owner in ref.lower() for owner in owners)}
    return next(iter(found)) if len(found) == 1 else ""


def _old(view: View, bundle: str, first: datetime) -> datetime | None:
    """Return when roots were written, if that was long before a host was refused; who writes them may break them."""
    kind, _, label = bundle.partition("/")
    obj = view.objects(kind).get(label) if bundle else None
    at = written(obj) if obj is not None else None
    return at if at is not None and at < first - DAY else None


def _trusted_before(workload: Workload, group: Sequence[Complaint]) -> bool:
    """Tell whether a client did not begin to refuse with a release, nor with its start: the host is what changed."""
    mine = [c for c in group if c.caller == workload.ref]
    first, refused = began(mine), {c.hit.pod for c in mine}
    started = oldest(pod.started for pod in workload.live if pod.name in refused)
    settled = first is not None and started is not None and first - started > AT_ONCE
    return settled and not since_release(workload, first)


def _asks(view: View, workload: Workload, hosts: set[str]) -> bool:
    """Tell whether a program is set to ask a host of whom it tells no trouble at all."""
    told_of = view.graph.outside.get(workload.ref, set())
    return not hosts & told_of and any(hosts & hosts_in(*setting) for setting in view.graph.settings(workload))


def _goes_on(view: View, workload: Workload, hosts: set[str], first: datetime) -> bool:
    """Tell whether who does not complain speaks of a host since others refuse it."""
    lines = (line for log in view.logs_of(workload.live, previous=False) for line in log.lines)
    named = (line for line in lines if any(host in line for host in hosts))
    return any((at := stamp(line)) is not None and at >= first for line in named)


def _bundles(view: View, workload: Workload) -> set[str]:
    """Return the ConfigMaps and Secrets that a program is told to trust, or that lie where it looks for roots."""
    given = [f"{key}={line}" for key, value in view.graph.settings(workload) for line in value.splitlines()]
    return {
        ref
        for path, ref in _places(workload.template)
        if not _OF_STORES.search(ref) and (_EVERYBODYS.search(path) or any(_trusts(line, path) for line in given))
    }


def _trusts(line: str, path: str) -> bool:
    """Tell whether a setting leads to roots under a path, and not to those of a store."""
    for led in re.finditer(rf"{re.escape(path)}(?![\w.-])\S*", line):
        before = line[max(0, led.start() - _BEFORE) : led.start()].rpartition(" -")[2]
        if _OF_TRUST.search(before + led[0]) and not _OF_STORES.search(before):
            return True
    return False


def _places(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (path, Kind/name) of what a template mounts of ConfigMaps and Secrets, single files as well."""
    spec = mapping(template, "spec")
    held: dict[str, list[str]] = {}
    for volume in items(spec, "volumes"):
        for source in (volume, *items(volume, "projected", "sources")):
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if label := text(source, field, "name") or text(source, field, "secretName"):
                    held.setdefault(text(volume, "name"), []).append(f"{kind}/{label}")
    for container in items(spec, "containers"):
        for mount in items(container, "volumeMounts"):
            path = text(mount, "mountPath").rstrip("/")
            yield from ((path, ref) for ref in held.get(text(mount, "name"), ()) if path)


def _match(
    view: View, bundle: str, since: datetime, group: Sequence[Complaint], well: Sequence[Workload], many: bool
) -> Match:
    """Return that roots lack one. A person has to see that the new one is right before all trust it."""
    callers = tuple(dict.fromkeys(c.caller for c in group))
    host = next(host for c in group for host in c.hosts if foreign(host))
    mount = f"{len(callers)} clients that refuse {host} mount it" if many else f"{callers[0]} trusts what it holds"
    return Match(
        component=bundle,
        evidence=(
            *told(view, group),
            Evidence("objects", bundle, f"{mount}, and it was not written since", since),
            *(Evidence("logs", w.ref, f"it asks {host} without these roots, and trusts it") for w in well[:1]),
        ),
        certainty=0.8 if well else 0.7 if many else 0.6,
        since=began(group),
        explains=behind(view, *callers, but=bundle),
        excludes=not_for(callers, f"every version and process of it trusts the same roots of {bundle}", ON_CALLERS),
    )
