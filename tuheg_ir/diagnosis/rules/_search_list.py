"""Names that do not exist because a pod tries every search domain first: most answers are NXDOMAIN, and all is well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OF_MISSING_NAMES = late(r"nx.?domain|non.?exist\w* (?:name|domain)", re.IGNORECASE)
"""Words of an alert about names that do not exist."""
FAILED = 0.01
"""Share of questions that a server may fail to answer while it is well."""
LEAST = 5
"""So many names that were found tell how a server is asked."""
GONE = 0.2
"""Share of the names that may be gone for good: some hosts always are. If more are, who asks makes a mistake."""
_ANSWERED = late(
    r'"(?:A|AAAA) IN (?P<asked>[\w.-]{1,255}) (?:udp|tcp) \d+ \w+ \d+" (?P<code>NXDOMAIN|NOERROR)\b'
    r"|\b(?:reply|cached) (?P<named>[\w.-]{1,255}) is "
    r"(?P<found>NXDOMAIN\b|<CNAME>|[\da-fA-F]{1,4}[.:][\da-fA-F.:]{2,42})"
)
"""How CoreDNS and dnsmasq log what they answered."""


class Asked(NamedTuple):
    """What DNS servers log of names: those that exist, those that do not, and those only tried in search domains."""

    found: frozenset[str]
    gone: frozenset[str]
    tried: frozenset[str]

    @property
    def usual(self) -> bool:
        """Tell whether nearly every name exists, and all that was not found beside it are tries."""
        return len(self.found) >= LEAST and bool(self.tried) and len(self.gone) <= GONE * len(self.found | self.gone)


def search_misses(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The names of the alert's server that do not exist are those of search domains, and it fails to answer none."""
    failed = view.figures.peak("dns_error_ratio")
    if failed is None or failed > FAILED:
        return None
    asked = _asked(view).get(ref)
    if asked is None or not asked.usual:
        return None
    told = f"{len(asked.tried)} names that it did not find are tries in search domains of the {len(asked.found)} that"
    return Evidence("logs", ref, f"{alert.name} fires; {told} it did; no more than {failed:.1%} were not answered")


@once_a_view
def _asked(view: View) -> Mapping[str, Asked]:
    """Return what each DNS server was asked for, as far as its logs tell."""
    return {server.ref: _of(view, server) for server in of_role(view.workloads, "dns")}


def _of(view: View, server: Workload) -> Asked:
    found: set[str] = set()
    missed: set[str] = set()
    for log in view.logs_of(server.live, previous=False):
        for line in log.lines:
            if answer := _ANSWERED.search(line):
                name = (answer["asked"] or answer["named"]).rstrip(".")
                gone = "NXDOMAIN" in (answer["code"], answer["found"])
                (missed if gone else found).add(name)
    whole = found | missed
    tried = {name for name in missed if any(base in whole for base in _bases(name))}
    return Asked(frozenset(found), frozenset(missed - tried), frozenset(tried))


def _bases(name: str) -> Iterator[str]:
    """Yield what may have been asked for where a name is a try in a search domain: all that it begins with."""
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(2, len(parts)))
