"""Pages that are meant for one user, and whether an edge hands them out of its cache to whoever asks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules.edge_released import is_proxy
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.marked import complained
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CACHES = late(r"varnish|squid|trafficserver", re.IGNORECASE)
"""Words in the name or image of what caches for a whole site, beside those of edges."""
_HIT = late(r"(?<![A-Za-z])(?:TCP_(?:MEM_|IMS_|REFRESH_)?)?HIT\b|\bcache\w*[\"']?\s*[=:]\s*[\"']?hit\b")
"""How an edge tells that an answer came out of its cache."""
_MISS = late(
    r"(?<![A-Za-z])(?:\w+_)?(?:MISS|EXPIRED|STALE|UPDATING|REVALIDATED)\b|\bcache\w*[\"']?\s*[=:]\s*[\"']?miss\b"
)
"""How it tells that it looked for it there."""
_PATH = late(r"(?:\b(?:GET|HEAD) |\b(?:ur[il]|path|request_uri)\"?\s*[=:]\s*\"?)(?:https?://[^/\s\"]+)?(/[^\s\"?]*)")
_OF_ONE = late(
    r"/(?:my(?:[-_]\w+|account|orders?|profile|data|area)?|me|account|profile|checkout|cart|basket|orders?|invoices?"
    r"|billing|wallet|inbox|messages|dashboard|settings|konto|mein(?:-\w+|e?konto)?|compte|cuenta)(?:/|$)",
    re.IGNORECASE,
)
"""Paths of what each user sees of his own."""
_FILE = late(r"\.(?:js|css|png|jpe?g|svg|webp|gif|ico|woff2?|map|txt)$", re.IGNORECASE)
"""Files are the same for all, wherever they lie."""
_PRIVATE = late(r"cache.?control\W{1,5}(?:\w+, ?)*(?:private|no-store)", re.IGNORECASE)
"""How a program tells that nobody else may keep what it answers."""
_LEADS = late(r"https?://([\w.-]+)|\bserver\s+(?:\w+\s+)?([\w.-]+):\d|\.host\s*=\s*\"([\w.-]+)")
"""How the settings of nginx, HAProxy and Varnish tell to whom they lead."""
_CACHING = late(r"cach(?!.{0,12}(?:bypass|off\b))|beresp|s-maxage|\bttl\b", re.IGNORECASE)
"""Words of settings that let a proxy keep answers, or keep more of them."""
_LESS = late(
    r"no.?cache|cache.?key|no.?store|\bprivate\b|(?:max-?age|\bttl)\W{1,3}0(?![.\d])"
    r"|cache_valid (?:\S{1,9} ){0,4}[01]s\b",
    re.IGNORECASE,
)
"""Words of settings by which it keeps fewer answers, or tells apart for whom they are."""
_DROPS = late(r"(?:ignore|hide|unset|remove|strip|(?<![a-z])del(?:ete)?(?![a-z])).{0,80}cookie", re.IGNORECASE)
"""How it is told not to heed that an answer sets a cookie, or that who asks has one."""
_SPAN = late(r"\b(\d{1,9})([smhd])\b|(?<=age=)(\d{1,9})")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_FOREIGN = late(
    r"\b(?:other|another|foreign|wrong|someone else'?s?) (?:\w+ )?"
    r"(?:users?|customers?|persons?|people|accounts?|patients?|members?|tenants?|sessions?)\b"
    r"|(?:session|identity|account|customer|cookie)s?[ _-]?(?:[^\W_]{1,40}[ _-]){0,3}"
    r"(?:mismatch|mix|swap|shared|fingerprint|leak)"
    r"|\bsessions?\b.{0,60}\bfrom (?:\d+|several|multiple|different|many) (?!ms\b|bytes)[a-z]|\bnot logged in\b|csrf",
    re.IGNORECASE,
)
"""How an alert, or a program behind an edge, tells that users meet the sessions or data of others."""
OK = 200
_HEAD = 100
"""Who asks stands so near to the beginning of a line."""
_CLIENTS = 2
"""What comes out of a cache for one client may be his own."""


class Kept(NamedTuple):
    """Private pages that came out of a cache: how many, one of them, since when.

    uncached: a log tells of such pages that nobody looked for in a cache, before the first that came out of it.
    """

    pages: int
    path: str
    since: datetime | None
    uncached: bool


def keeps_answers(workload: Workload) -> bool:
    """Tell whether a workload may keep answers for those who ask through it."""
    images = (text(each, "image") for each in items(workload.template, "spec", "containers"))
    return is_proxy(workload) or any(map(_CACHES.search, (workload.name, *images)))


def stands_behind(view: View, edge: Workload) -> list[Workload]:
    """Return whom an edge asks, by what is known of its calls or to whom a line of its settings leads by name."""
    hosts = (found[found.lastindex or 0] for each in _settings(view, edge.template) for found in _LEADS.finditer(each))
    led = set(map(view.graph.resolve, hosts))
    found = {each.ref: each for each in view.called(edge.ref)}
    found.update((ref, view.workloads[ref]) for ref in sorted(led) if ref in view.workloads and ref != edge.ref)
    return list(found.values())


def kept_pages(view: View, edge: Workload) -> Kept | None:
    """Return what an edge handed out of its cache to several clients that is meant for one; None: it tells of none."""
    private = set(_called_private(view, edge))
    hits: list[tuple[datetime | None, str]] = []
    clients: set[str] = set()
    uncached = False
    for log in view.logs_of(edge.live, previous=False):
        before = len(hits)
        for line in log.lines:
            path = _private_path(line, private)
            if path and _HIT.search(line):
                hits.append((stamp(line), path))
                clients.update(found[0] for found in ADDRESS.finditer(line[:_HEAD]))
            elif path and len(hits) == before and not _MISS.search(line):
                uncached = True
    if len(hits) < OFTEN or len(clients) < _CLIENTS:
        return None
    return Kept(len(hits), hits[0][1], oldest(at for at, _ in hits), uncached)


def _private_path(line: str, private: set[str]) -> str:
    """Return the path of a page for one user that a line of an access log tells of; "" for any other line."""
    found = _PATH.search(line) if status_of(line) == OK else None
    if found is None or _FILE.search(found[1]):
        return ""
    return found[1] if found[1] in private or _OF_ONE.search(found[1]) else ""


def _called_private(view: View, edge: Workload) -> Iterator[str]:
    """Yield the paths of which who stands behind an edge tells that nobody may keep them."""
    for behind in stands_behind(view, edge):
        for line in view.lines_of(behind):
            if _PRIVATE.search(line) and (found := _PATH.search(line)):
                yield found[1]


def lets_keep_more(view: View, edge: Workload) -> str:
    """Return a setting of caching that only the newest template of an edge gives, itself or in what it mounts; ""."""
    now, before = (Counter(_settings(view, each)) for each in (edge.template, template_before(edge)))
    spans = {_SPAN.sub("*", each): _spans(each) for each in before if _SPAN.search(each)}
    found = (each for each, times in now.items() if times > before[each] and _CACHING.search(each))
    more = [each for each in found if not _LESS.search(each) and (each in before or not _shorter(each, spans))]
    return next(iter(sorted(more, key=lambda each: not drops_cookies(each))), "")


def drops_cookies(setting: str) -> bool:
    """Tell whether an edge keeps by a setting what comes with a cookie, which is most often for one user."""
    return _DROPS.search(setting) is not None


def _shorter(setting: str, spans: dict[str, list[int]]) -> bool:
    """Tell whether a setting of before, known by its form, differs by a longer time alone."""
    was = spans.get(_SPAN.sub("*", setting), [])
    return bool(was) and all(map(int.__ge__, was, _spans(setting)))


def _spans(setting: str) -> list[int]:
    return [int(found[1] or found[3]) * _SECONDS[found[2] or ""] for found in _SPAN.finditer(setting)]


def _settings(view: View, template: object) -> Iterator[str]:
    """Yield each word of a template, and each line of the ConfigMaps that it reads, without remarks."""
    of = template if isinstance(template, dict) else {}
    yield from words_of(of)
    for _, obj in view.maps_read(of):
        for value in mapping(obj, "data").values():
            lines = (line.strip() for line in str(value).splitlines())
            yield from (line for line in lines if line and line[0] not in "#/")


def meets_others(view: View, edge: Workload, since: datetime) -> Iterator[Evidence]:
    """Yield who tells since then that users meet what is of others: alerts, and the programs behind an edge.

    Some come from another address now and then, or with an old form: what was told before as well is no sign.
    """
    behind = stands_behind(view, edge)
    about = {"", edge.ref, *view.graph.callers(edge.ref), *(each.ref for each in behind)}
    for alert in view.alerts:
        ref = view.about_alert(alert)
        since_then = alert.starts_at is not None and alert.starts_at >= since
        if since_then and ref in about and _FOREIGN.search(alert.said):
            yield alert.fires(ref)
    for each in behind:
        for words in complained(view, each):
            if words.since and words.since >= since and any(words.lately.values()) and _FOREIGN.search(words.line):
                yield Evidence("logs", each.ref, f"{words.count} lines: {words.line}", words.since)
