"""Whom a line of a log names as the other side: hosts, as servers and client libraries write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import ASKED_AGAIN

_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_WHY = r"(?:Internal Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out)"
"""What a status of 500 or more means, as a server writes behind it."""
_ADDRESS = late(r"[\d.]+|[0-9a-f:]*:[0-9a-f:]*")
_HOST = late(
    "|".join(
        (
            r"(?<!\+)(?:https?|postgres(?:ql)?|mysql|rediss?|amqps?|jdbc:\w+|tcp|mongodb(?:\+srv)?|nats|grpc|dns"
            rf"|dubbo|tri)://(?:[^@/\s]*@)?/?{_NAME}",
            rf"\bhost=['\"]?{_NAME}",
            rf"\b(?:upstream|target|dest(?:ination)?|dependency|downstream|backend|addr(?:ess)?)['\"]?\s*[=:]\s*['\"]?"
            rf"{_NAME}(?!://)\b",
            rf"\b(?:server|endpoint|peer)=['\"]?{_NAME}(?!://)\b",
            rf"connect(?:ing|ion)? to \w+ (?:server )?(?:at|on) ['\"]?{_NAME}",
            # Redis names a script, which it was asked to run, by its hash.
            rf"\bcall(?:ing)? to (?!f_[0-9a-f]{{40}}\b)['\"]?{_NAME}",
            # `api.pay.example answered 503`: a domain, as any word may answer something.
            r"(?<![\w./@-])([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+)(?::\d+)? (?:answered|responded|replied|returned)\b",
            # `unexpected status 503 from api.pay.example`: below 500 it found fault with who asked. A number alone
            # counts rows of a file as well, and what a class or a call follows is the name of a package.
            rf"\b(?:(?:[Ss]tatus(?: code)?|code|HTTP(?:/[\d.]+)?|answered)[:= ] ?5\d\d(?: {_WHY})?|5\d\d {_WHY})"
            r" from ['\"]?([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,})(?![\w(-]|\.\w)",
            rf"\b4[25]1 4\.\d\.\d {_NAME}",
            rf"\b{_NAME}/(?:\d{{1,3}}\.){{3}}\d{{1,3}}:\d{{2,5}}\b",
            r"(?:(?:dial tcp:? )?lookup|dial tcp|host name|hostname|host|resolve host:?|resolve|server at|server on"
            r"|getaddrinfo \w+|connect(?:ing|ion)? to(?: node -?\d+)?|ENOTFOUND|EAI_AGAIN|UnknownHostException:|broker)"
            rf" [\"'(]?{_NAME}(?!://)\b",
            rf"\b{_NAME}: connect E[A-Z]+",
            # Node tells an error's parts as JSON: "syscall":"getaddrinfo","hostname":"api.pay.example".
            rf"\b(?:getaddrinfo|query[A-Z]\w{{0,5}})\W{{1,4}},\W{{0,4}}hostname\W{{1,6}}{_NAME}",
            rf"\b(?:\d{{1,3}}\.){{3}}\d{{1,3}}:\d{{2,5}} \({_NAME}\)",
            # Dubbo tells in which registry it has found whom it called: that one did what it is for. No part of a name
            # is whom a line names.
            r"(?<!from registry )(?<!from the registry )(?<![\w.-])"
            r"([a-z][a-z0-9.-]*[a-z0-9]):(?:80|443|587|465|1433|1521|2181|3000|3306|4222|50051|5000"
            r"|5432|5671|5672|6379|6380|6432|8000|8080|8081|8443|8888|9000|9092|9093|9200|11211|27017|27018)\b",
            # Whom a server serves is a client of it, and nobody that it calls.
            # MySQL looks for the name of whoever comes, and Dubbo's consumer tells its own address.
            r"(?<!serving )(?<!client: )(?<!client=)(?<!\[client )(?<!IP address ')"
            r"(?<!the consumer )(?<!Forbid consumer )"
            r"(?!(?<=handshake error from )[\d.:]+: remote error)"
            # So is the address with which an access log begins; its time may have been taken out.
            r"\b(?![\d.]+(?::\d{1,5})? - (?:\S+ )?(?:\[(?:\]|\d+[/-])|\x22[A-Z]+ ))"
            r"((?:\d{1,3}\.){3}\d{1,3})(?::\d+)?\b",
        )
    )
)
"""Where servers and client libraries name the host that they speak of."""
_WORDS = frozenset(
    {"to", "the", "a", "and", "host", "server", "database", "lookup", "node", "address", "name", "is", "not", "in"}
    | {"on", "temporary", "resolving", "terminated", "closed", "error"}
)
"""What stands in the place of a host in plain sentences."""
_READ_UP = late(
    # Where the words before it send the reader.
    r"\b(?:see(?: also)?|refer to|learn more|background on this error at"
    r"|(?:info|information|details|help)\b[^/]{0,60}?\b(?:at|on|see|visit)|(?:more|further) (?:info\w*|details))"
    r":? ?[<(\"'\[]?https?://\S+"
    # Where nothing but pages for readers is.
    r"|\bhttps?://(?:www\.)?(?:sqlalche\.me|pris\.ly|aka\.ms|nodejs\.org|go\.dev|pkg\.go\.dev|hexdocs\.pm|curl\.(?:haxx\.)?se"
    r"|kubernetes\.io|errors\.pydantic\.dev|learn\.microsoft\.com|developer\.mozilla\.org|stackoverflow\.com|slf4j\.org"
    r"|(?:cwiki|dubbo)\.apache\.org|postgresql\.org/docs|dev\.mysql\.com/doc|redis\.io/docs"
    r"|github\.com/[\w.-]+/[\w.-]+/(?:issues|wiki|blob|discussions|pull))\b\S*"
    # A name that says so, unless somebody asks it for something.
    r"|(?<!GET )(?<!POST )(?<!PUT )(?<!HEAD )(?<!PATCH )(?<!DELETE )(?<!Get \")(?<!Post \")(?<!Put \")"
    r"\bhttps?://docs\.(?!googleapis\.)[\w-]+\.[\w.-]+\S*",
    re.IGNORECASE,
)
"""Links to documentation, which client libraries put behind their errors: nobody has called these hosts."""

QUOTED = r'"(?:[^"\\]|\\.)*"'
_OF_CLIENT = late(rf'(?<!\\)(" \d{{3}} (?:\d+|-))(?: {QUOTED}){{2,3}}')
"""What a client says of itself in an access log, behind the status: whence it came, what it is, for whom it asks."""

_AT_HOME = (
    *(".local", ".localdomain", ".svc", ".cluster", ".internal", ".intranet", ".intra", ".lan"),
    *(".corp", ".home", ".private", ".arpa", ".consul"),
)
"""Ends of names that nobody outside gives away: of the cluster, or of a zone that one has for oneself."""
_MAY_BE_SHORT = late(r"(?:[a-z0-9-]+-\d+\.)?[a-z0-9-]+\.(?!(?:com|net|org|edu|gov|io)$)[a-z0-9-]+")
"""A Service of another namespace, or a pod of one, as `vault.keys`: a namespace may be called as most ends are."""


def hosts_named(lines: Iterable[str]) -> Iterator[str]:
    """Yield the hosts that lines name, in lower case: whom somebody calls, and not where an error is explained."""
    for line in lines:
        yield from _hosts_in(line)


@lru_cache(maxsize=ASKED_AGAIN)
def _hosts_in(line: str) -> tuple[str, ...]:
    own = _OF_CLIENT.sub(r"\1", line) if '" "' in line else line
    found = _HOST.finditer(_READ_UP.sub("", own) if "://" in own else own)
    hosts = (next((group for group in each.groups() if group), "") for each in found)
    return tuple(host.strip(".").lower() for host in hosts if host and host.lower() not in _WORDS)


def is_address(host: str) -> bool:
    """Tell whether a host is a bare address, and no name."""
    return _ADDRESS.fullmatch(host) is not None


def given_outside(host: str) -> bool:
    """Tell whether a host's name is one that somebody outside gives away, and that he may have taken back."""
    return "." in host and not host.endswith(_AT_HOME) and _MAY_BE_SHORT.fullmatch(host) is None


def range_of(address: str) -> str:
    """Return the first two figures of an address: a cluster's pods have a range of their own, and so have Services."""
    return ".".join(address.split(".")[:2])
