"""By which names a program is asked, and how it tells that it refuses a request for the name that it bears."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WHAT = r"\b(?:origins?|referr?er|hosts?|hostname|http_host)\b(?![\"']?=|[\"'] ?:)"
"""What is compared, as a word of a sentence: the name of a field of a log tells of nothing that is refused."""
_NOT = (
    r"(?:(?:n.t|\bnot) (?:an? |in (?:the |any )?)?(?:match|allow|trust|permit|accept|authori[sz]|whitelist)\w*"
    r"|\b(?:untrusted|disallowed|mismatch\w*|rejected|blocked)\b)"
)
_BAD = r"\b(?:invalid|disallowed|untrusted|blocked|blocking|incorrect|illegal)\b"
_VALUE = r"[\"'`]?(?: header)?(?: with)?(?: value)?:?(?: [\"'`(]*[\w.:/\[\]-]{1,100}[\"'`)]*)?"
_REFUSES = (
    rf"(?:{_WHAT}{_VALUE}(?: (?:is|was|are|does|did|do|has))? ?{_NOT}|{_BAD}(?: \w+){{0,2}}[ -]{_WHAT}"
    r"|\b(?:origin|referr?er) check\w* failed|trusted domain error"
    r"|\bnot an? (?:accepted|allowed|trusted|valid|permitted) (?:origin|host|referr?er)\b)"
)
"""How Django, Rails, Next.js, Vite, Engine.IO, Gorilla, Nextcloud and their like refuse an origin or a host."""
_ANYBODY = late(_REFUSES, re.IGNORECASE)
_OF_PEERS = r"(?!.*(?:certificat|x\.?509|\btls\b|\bssl\b|\bsni\b|host.?key|known_hosts))"
"""Words of who does not trust the other side of a connection: that is another matter."""
_STRANGER = late(rf"^{_OF_PEERS}.*{_REFUSES}.{{0,60}}?(?<![\w.]){PUBLIC}(?![\w.])", re.IGNORECASE)
"""A bare address on the internet in the place of a name: scanners ask so, and nobody's users."""
_CALLS_ITSELF = late(
    r"(?:base|site|app|public|external|root|server|self|canonical)_?ur[li]$|(?:^|_)(?:hostname|domain|allowed_?hosts?)$"
    r"|(?:trusted|allowed)_?origins?$",
    re.IGNORECASE,
)
"""Names of settings that tell a program how it is called from outside."""


@lru_cache(maxsize=64)
def refusing(own: Collection[str]) -> re.Pattern[str]:
    """Return how a refusal of one of some names looks: it stands behind, before or between its words.

    Where a line names a foreign origin as well, that is what is refused.
    """
    full = "|".join(re.escape(each) for each in own if "." in each) or r"(?!)"
    short = "|".join(re.escape(each) for each in own if "." not in each) or r"(?!)"
    name = rf"(?:(?<![\w.-])(?:{full})(?![\w-]|\.\w)|(?<=[\"'`])(?:{short})(?=(?::\d+)?[\"'`]))"
    ours = rf"(?:{full}|{short}|localhost|\d[\d.]+)(?![\w-]|\.\w)"
    foreign = rf"(?!.*(?:\bhttps?://|\borigin\W+header with value \W)(?!{ours}))"
    found = rf"{_REFUSES}.{{0,160}}?{name}|{name}.{{0,60}}?{_REFUSES}|(?={_WHAT}.{{0,40}}?{name}){_REFUSES}"
    return late(rf"^{_OF_PEERS}{foreign}.*?(?:{found})", re.IGNORECASE)


def led_by(view: View, workload: Workload | None = None) -> set[str]:
    """Return the hosts under which routes lead users to a workload, or to anybody here: pages of one ask the other."""
    mine = {service.name for service in view.leading_to(workload.ref)} if workload else set()
    led = (route for route in view.routes if workload is None or route.service in mine)
    return {route.host.lower() for route in led if "." in route.host and "*" not in route.host}


def said_to_be(view: View, workload: Workload) -> set[str]:
    """Return the hosts that the settings of a program call its own, where no route is known."""
    given = ((key, value) for key, value in view.graph.settings(workload) if _CALLS_ITSELF.search(key))
    return {host for key, value in given for host in hosts_in(key, value) if "." in host and "*" not in host}


def inner_names(view: View, workload: Workload) -> set[str]:
    """Return the names by which others in the cluster ask for a workload."""
    space = view.snapshot.namespace.lower()
    own = [service.name.lower() for service in view.leading_to(workload.ref)]
    return {name + more for name in own for more in ("", f".{space}", f".{space}.svc", f".{space}.svc.cluster.local")}


def refuses(view: View, workload: Workload) -> bool:
    """Tell whether a workload refuses anybody for a name; few do, and to ask for names of its own takes longer."""
    return any(map(_ANYBODY.search, view.lines_of(workload)))


def of_a_stranger(line: str) -> bool:
    """Tell whether a line refuses a request that bore no name at all, but an address on the internet."""
    return _STRANGER.search(line) is not None
