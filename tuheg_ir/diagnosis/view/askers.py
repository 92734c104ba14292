"""Who asks a service, by its own access log, and how each of them is answered."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.served import field_of, status_of
from tuheg_ir.diagnosis.stamps import ASKED_AGAIN, stamp
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.network import is_inner
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.over_limit import asked_outside, over, says_refused, tells_from_where, whom
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_LOGIN = late(
    r"\b(?:consumer|client[_.-]?id|azp|tenant|partner|customer|account|org(?:ani[sz]ation)?|subscriber|subscription"
    r"|integrator"
    r"|(?:remote|auth)_user|(?:(?:api|access|client|customer|subscription)[_-]?)?key)"
    r"(?:[_.-]?(?:id|(?:user)?name|hash|prefix|fingerprint))?[\"']?\s*[=:]\s*[\"']?([\w.@-]{2,})",
    re.IGNORECASE,
)
"""A name or a key under which a client is known to a gateway."""
_CONSUMER = late(
    r"\"consumer\"\s*:\s*\{[^{}]{0,200}?\"(?:username|custom_id)\"\s*:\s*\"([\w.@-]{2,64})\"", re.IGNORECASE
)
"""The same, where a gateway tells all that it knows of him."""
_USER = late(
    r"(?:^|[\s\"])[0-9a-fA-F.:]{3,45}\"? - ([A-Za-z][\w.@-]{1,63}) (?:\[[^\]]{8,40}\] )?(?:[\w.-]{1,80} )?"
    r"\"(?:GET|HEAD|POST|PUT|PATCH|DELETE) "
)
"""Who logged in, as the common format of access logs tells it between the address and the time."""
_NOBODY = late(r"(?:anonymous|anon|guest|public|unknown|none|null|default|redacted|nil)", re.IGNORECASE)
"""What stands for the name of whoever did not log in."""
_FORWARDED = late(r"\"((?:\d{1,3}\.){3}\d{1,3})(?:, ?[\d.]{7,15}){0,5}\"")
"""For whom a balancer asks, which has its own address before that."""
_CLIENT = late(r"\b(?:consumer|client_id)(?:_id|_name)?[\"']?\s*[=:]\s*[\"']?[\w.@-]{2}", re.IGNORECASE)
"""A name that only a client has: who calls others tells of partners, tenants and keys as well."""
_NAMED = late(
    r"(?<![\w.-])(?:api[_-]?)?client(?:[_.-]?name)?[\"']?\s*[=:]\s*[\"']?(?=[\w.@-]{0,63}[A-Za-z])([\w.@-]{2,64})"
    r"(?=[\"'\s,;})\]]|$)",
    re.IGNORECASE,
)
"""Who asks, where he is called a client and no more: an account, or the kind of an app; an address is none."""
_OF_MANY = late(
    r"(?:^|[._-])(?:apps?|web(?:app|site|client|ui|view|shop)?|www|browsers?|ios|android|iphone|ipad|mobile|phone|desktop"
    r"|tablet|tv|kiosk|widget|frontend|ui|spa|pwa|sdk|cli|public|guest|anonymous|anon|default|unknown|none|null|other"
    r"|internal|storefront|e?shop|checkout|bff|gateway|proxy|edge|ingress)(?=[._-]|\d|$)|[._-]v?\d+\.\d",
    re.IGNORECASE,
)
"""How apps in the hands of many are called, by kind or version, and who is not known."""
_PATH = late(r"\b(?:http_?|request_?)?(?:path|uri|url|route|endpoint|resource)[\"']?\s*[=:]\s*[\"']?/", re.IGNORECASE)
"""What was asked for, where a line leaves out how; who calls others tells this of them as well."""
_PROGRAM = late(
    r'" [1-5]\d\d (?:\d+|-)(?: [\d.]+)? "[^"]*" "([^"]{2,})"'
    r'|" [1-5]\d\d (?:[A-Z][A-Z,]{0,20}|-) [^"]{0,80}(?:"[^"]*" )?\d+ \d+ \d+ (?:\d+|-) "[^"]*" "([^"]{2,})" "'
    r'|\{[^{}|"]{0,80}\|([^{}|"]{2,80})\} "(?:GET|HEAD|POST|PUT|PATCH|DELETE) '
    r"|\b(?:user[_-]agent|ua)=([A-Za-z][\w.-]{1,40}/\d[\w.+-]{0,20})(?=\s|$)"
    r"|\b(?:http_)?(?:user[_-]agent|userAgent|request_User-Agent|ua)[\"']?\s*[=:]\s*[\"']([^\"']{2,})[\"']"
)
"""The program that asks, as it calls itself."""
_PROBES = late(r"kube-probe|Health ?Check|GoogleHC|Envoy/HC|Prometheus|[Bb]lackbox|[Uu]ptime|Pingdom")
"""Those who only ask whether it is there."""
_HEALTH = late(
    r"/_?(?:health(?:z|y|[-_]?checks?)?|live(?:z|ness)?|alive|read(?:y|yz|iness)|heartbeat|ping|metrics)(?:/[\w-]+)?"
    r"(?=[\s\"'?,;]|$)|(?<![\w./])/(?:up|status)(?=[\s\"'?,;]|$)|\bhealth[ -]?check",
    re.IGNORECASE,
)
"""What they ask for."""
_LIMITER = late(
    r"\blimiting (?:requests|connections)\b(?!, dry run).{0,40}\bby zone\b|\brate limit exceeded\b.{0,80}\bzone\b",
    re.IGNORECASE,
)
"""How nginx and Caddy tell that a limit of theirs was passed, and by whom; a dry run refuses nobody."""
THING = late(
    r"(?:\b(?:http_?|request_?)?(?:path|uri|url)[\"']?\s*[=:]\s*[\"']?|\b(?:GET|HEAD|POST|PUT|PATCH|DELETE) )"
    r"(/[^\s\"'?,;]+)",
    re.IGNORECASE,
)
"""For what a line of an access log says somebody asked."""
_NUMBERED = late(r"[^/]*\d[^/]*")
"""A part of it that has a number, as one thing of its kind does."""
OVER_AND_OVER = 5
"""One who asks for the same things so many times within minutes polls them."""
MANY = 20
"""Things of a kind of which others ask for so many different ones are many: each user has some of his own."""
CREDENTIAL = 10
"""A key that is so long, of letters and digits, was made for one client."""
_DIGIT, _LETTER = late(r"\d"), late(r"[A-Za-z]")
_REFUSED, _TOO_MANY = 400, 429
_NOW = timedelta(minutes=10)


@dataclass(slots=True)
class Asker:
    """One client: how often each status was its answer, the addresses from which it asks; named: it logged in."""

    name: str
    named: bool
    answers: Counter[int] = field(default_factory=Counter)
    addresses: set[str] = field(default_factory=set)

    @property
    def told(self) -> int:
        """Return how many answers it got."""
        return self.answers.total()

    def got(self, least: int, below: int) -> int:
        """Return how many of its answers have a status from one number to another."""
        return sum(count for status, count in self.answers.items() if least <= status < below)


@once
def askers(view: View, workload: Workload) -> tuple[Asker, ...]:
    """Return the clients that the newest lines of a workload's logs tell of, who asks most first."""
    found: dict[str, Asker] = {}
    for line in view.lines_of(workload):
        status = _answer_here(view, line)
        name, named = asker_of(line) if status else ("", False)
        if not name or not is_new(view, line):
            continue
        each = found.setdefault(name, Asker(name, named))
        each.answers[status] += 1
        if address := _address(line):
            each.addresses.add(address)
    return tuple(sorted(found.values(), key=lambda each: (-each.told, each.name)))


def served_since_refused(view: View, workload: Workload, name: str) -> set[str]:
    """Return who else was served, and neither refused nor failed, since a client was refused for the first time."""
    told = [
        (at, status, asker_of(line)[0])
        for line in view.lines_of(workload)
        if (status := _answer_here(view, line)) and (at := stamp(line)) is not None
    ]
    first = min((at for at, status, who in told if who == name and status == _TOO_MANY), default=None)
    since = [(status, who) for at, status, who in told if first is not None and at >= first]
    ill = {who for status, who in since if status == _TOO_MANY or status >= 500}
    return {who for status, who in since if who and status < 400} - ill - {name}


def _address(line: str) -> str:
    """Return from where a line of an access log says somebody asked: not the balancer that asks for all of them."""
    address = ADDRESS.search(line)
    if address is not None and is_inner(address[0]) is not False:
        outer = (each for each in _FORWARDED.findall(line) if is_inner(each) is False)
        return next(outer, address[0])
    return address[0] if address else ""


def polls_its_own(view: View, workload: Workload, name: str) -> bool:
    """Tell whether a client asks for a few things over and over which nobody else asks for, and others for many.

    Those who use one program in their hundreds would ask for as many different things of that kind as others do.
    """
    mine, others = Counter[str](), Counter[str]()
    for line in view.lines_of(workload):
        thing = THING.search(line) if answer_of(line) else None
        who = asker_of(line)[0] if thing else ""
        if thing and who and (who != name or is_new(view, line)):
            (mine if who == name else others)[thing[1]] += 1
    kinds = {_NUMBERED.sub("#", each) for each in mine}
    like = {each: count for each, count in others.items() if _NUMBERED.sub("#", each) in kinds}
    if len(kinds) != 1 or mine.total() < OVER_AND_OVER * len(mine) or not mine.keys().isdisjoint(like):
        return False
    return len(like) >= max(MANY, 2 * len(mine)) and sum(like.values()) < 2 * len(like)


@once
def answers_lately(view: View, workload: Workload) -> tuple[tuple[int, datetime], ...]:
    """Return the status of each answer that the newest lines of a workload's logs tell of, and when it was given."""
    told = ((status, stamp(line)) for line in view.lines_of(workload) if (status := _answer_here(view, line)))
    return tuple((status, at) for status, at in told if at is not None and view.recent(at, _NOW))


@once
def limited(view: View, workload: Workload) -> set[str]:
    """Return the addresses that a server's limits held back of late, by its own words, as far as they are told."""
    told = (line for line in view.lines_of(workload) if of_limiter(line) and is_new(view, line))
    return {address[0] for line in told if (address := ADDRESS.search(line))}


@lru_cache(maxsize=ASKED_AGAIN)
def of_probe(line: str) -> bool:
    """Tell whether a line is of somebody who only asks whether a program is there: it tells of no work.

    A server that refuses a request may tell beside it what it serves: nobody asked for that. Where it answers well,
    it may tell beside it which check it was for.
    """
    if _PROBES.search(line) is not None:
        return True
    found = _HEALTH.search(line)
    if found is None or not found[0].startswith("/"):
        return found is not None
    asked = THING.search(line) if answer_of(line) >= _REFUSED else None
    return asked is None or asked.end() >= found.start()


def of_limiter(line: str) -> bool:
    """Tell whether a server says that its own limits held a client back, beside what its access log tells of it."""
    return "zone" in line and _LIMITER.search(line) is not None


def asker_of(line: str) -> tuple[str, bool]:
    """Return the client that a line of an access log tells of, and whether it logged in; "" for none and for probes.

    Who is called a client and no more may be an app that many use: that it logged in, others have to tell.
    """
    login = _CONSUMER.search(line) or _LOGIN.search(line)
    user = None if login else _USER.search(line)
    if user is not None:
        return user[1], not of_many(user[1])
    told = _NAMED.search(line)
    if not (login or told) and (said := whom(line))[0]:
        return said[0], said[1] and not _NOBODY.fullmatch(said[0])
    who = login or told or _PROGRAM.search(line)
    if who is None or _PROBES.search(who[0]):
        return "", False
    name = next(group for group in who.groups() if group)
    return name, login is not None and not (_is_bare(who[0], name) or _NOBODY.fullmatch(name))


def of_many(name: str) -> bool:
    """Tell whether a client is called as an app that many use is, or as nobody that is known.

    A program that tells its own name and version (poller/3.0) is no such name.
    """
    return "/" not in name and _OF_MANY.search(name) is not None


def program_of(line: str) -> str:
    """Return the program that asks by a line of an access log, as it calls itself; "" for none and for probes."""
    found = _PROGRAM.search(line)
    return "" if found is None or _PROBES.search(found[0]) else next(each for each in found.groups() if each)


@lru_cache(maxsize=ASKED_AGAIN)
def answer_of(line: str) -> int:
    """Return the status of the answer that a line of an access log tells of, in whatever form; 0 for none."""
    if found := status_of(line):
        return found
    status = field_of(line)
    if status in (0, _TOO_MANY) and says_refused(line) and _of_one_who_asked(line):
        return _TOO_MANY
    return status if status and _PATH.search(line) and _was_asked(line, status) else 0


def _answer_here(view: View, line: str) -> int:
    """Return the same, but for words of a limit by which a host outside refused whoever tells of it."""
    status = answer_of(line)
    return 0 if status == _TOO_MANY and not status_of(line) and asked_outside(view, line) else status


def _of_one_who_asked(line: str) -> bool:
    """Tell whether a line that speaks of a limit names who asked, and what only knows who was asked.

    That is his address or program, or how much he asked: whoever is refused himself is told a limit, and no count.
    """
    if not asker_of(line)[0]:
        return False
    counted = over(line)
    own = counted is not None and counted[1] > 1
    return tells_from_where(line) or ((own or _PROGRAM.search(line) is not None) and not names_a_host(line))


def _was_asked(line: str, status: int) -> bool:
    """Tell whether a line that leaves out the method is of who was asked: it names its client, as who calls does not.

    Who calls tells of partners, tenants and keys as well, calls a refusal an error, and may say whom it asked. Of who
    answers with a failure that is not asked: that all is well must not come of a line that is left out.
    """
    if not asker_of(line)[0] or not (_CLIENT.search(line) or _PROGRAM.search(line)):
        return False
    return status >= 500 or not (is_marked(line) or names_a_host(line))


def names_a_host(line: str) -> bool:
    """Tell whether a line names a host, and not only the address of a client."""
    return not all(map(ADDRESS.fullmatch, hosts_named([line])))


def _is_bare(told: str, name: str) -> bool:
    """Tell whether a key may be that of a limit, a cache or an object: it says not whose it is, nor looks like it."""
    return told[:3].lower() == "key" and not (len(name) >= CREDENTIAL and _DIGIT.search(name) and _LETTER.search(name))


def is_new(view: View, line: str) -> bool:
    """Tell whether a line was written in the last minutes."""
    at = stamp(line)
    return at is not None and view.recent(at, _NOW)
