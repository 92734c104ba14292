"""Which kind of trouble words tell: by the language of systems, runtimes, databases and HTTP alone.

No product's mechanism is named here: what a rule knows is told by `log_patterns.yml`. These are the words by which any
engineer would sort an error of which nothing else is known.
"""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late

USED_UP, SETTING, SESSIONS = "resource_exhaustion", "configuration_error", "database_connection"
CODE, WAY = "code_defect", "network_fault"
_STATUS = r"\b(?:status|http(?:/[\d.]+)?|code|answered|error)\W{0,3}"
"""What stands before a number that is a status, and not one of an order or of milliseconds."""
_KINDS = {
    USED_UP: late(
        r"no space left|not enough (?:disk |free )?(?:space|memory)|disk (?:is )?full|out ?of ?memory|\boom command\b"
        r"|can(?:not|'t) allocate|cannot reserve \d+ bytes|insufficient (?:memory|space|resources|cpu)"
        r"|\be(?:nospc|nomem|mfile|nfile|dquot)\b|too many (?:open|parts|processes|threads)"
        r"|\blimit (?:has been |was |is )?(?:exceeded|reached)\b|exceeded quota|resource_?exhausted|\bis full\b"
        r"|\b(?:exceed(?:ed|s)|reached|hit)(?: the| its)? (?:hard |upper )?(?:limit|maximum|max|quota|available)\b"
        r"|max(?:imum)? number of (?!clients|conn)[\w ]{3,40}(?:reached|exceeded)|\br[au]n out of\b|would exceed"
        r"|(?:handles|files|shards|keys|numbers|ids) (?:reached|exhausted|used up)"
        r"|no [\w ]{1,20}addresses (?:are )?(?:available|left)|can(?:not|'t) create more than|\bwraparound\b"
        r"|out of range for type|sqlstate\W{0,3}5[34](?!300)\w{3}"
        r"|\blimit of (?!size \d|[\w ]{0,30}\b(?:connection|session|client)s?\b)"
        r"[^.:;]{1,40} (?:has been |was |is )?(?:exceeded|reached)\b"  # no pool of sessions
        r"|\breset reason: overflow\b"
    ),
    SETTING: late(
        r"permission denied|access(?: is)?[ _]?denied|\bforbidden\b|not authori[sz]ed|\be(?:acces|perm)\b"
        r"|no such file or directory(?!\), client:)|\benoent\b"  # not of a visitor of nginx
        r"|invalid value for|invalid (?:configuration|setting|option|parameter)"
        r"|un(?:recogni[sz]ed|known) (?:configuration|parameter|option|setting|argument|variable|directive)"
        r"|(?:is |are )not configured|\bmisconfigur|missing (?:required )?(?:configuration|setting|option|variable)"
        r"|must be (?:set|configured)|unable to locate credentials|no [\w ]{1,20}role found"
        rf"|{_STATUS}413\b|\b413 (?:request|payload|content)\b"
        r"|(?<!data )\btoo (?:big|large)\b(?! to be)"
        r"|\b(?:name|list|ur[il]|header|line|path|message) (?:is |was )?too long"
        r"|exceeds its maximum permitted|size (?:limit )?exceeded"
        r"|(?:repository|service ?account|secret|configmap)[^:]{0,80}not found|manifest unknown"
        r"|unsupported (?:protocol|cipher|version|authentication)|sqlstate\W{0,3}(?:28|42501)"
        r"|wrong[ _]version[ _]number|plain http request was sent to https|http response to https client"
        r"|http request to an https server|does not look like a tls handshake|unsupported (?:url )?scheme"
        r"|legacy renegotiation disabled|\bkey too small\b|no (?:shared|matching) ciphers?\b|no protocols available"
        r"|missing (?:the )?replicated columns?"
    ),
    SESSIONS: late(
        r"cancell?ing statement|lock wait timeout|lock timeout|deadlock|could not obtain lock|maxtimemsexpired"
        r"|operation exceeded time limit|sqlstate\W{0,3}(?:08|40|55p03|57)\w{0,4}\b|execution timeout expired"
        r"|(?:query|statement) timeout|too many (?:clients|connections)|slots are reserved"
        r"|max(?:imum)? number of (?:clients|connections)|sqlstate\W{0,3}53300"
    ),
    CODE: late(
        r"null ?pointer|nullreference|\b(?:type|attribute|key|index|value|range|reference|syntax)error\b"
        r"|arithmeticexception|zerodivision|(?:divi[sd]\w+ |/ )by zero|classcast|illegalstate|illegalargument"
        r"|nomethoderror|undefined (?:method|variable|index|array key)|cannot read propert|is not a function"
        r"|nil pointer|index out of|out of bounds|out of range for month|\bpanic\b|unmarshal|jsondecode"
        r"|unexpected token|invalid literal for|has no attribute|unhandled exception|column \S+ does not exist"
        r"|sqlstate\W{0,3}42(?!501)|stack ?overflow|recursion depth|can(?:not| not be) deseriali[sz]"
    ),
    WAY: late(
        r"no route to host|network is unreachable|\be(?:hostunreach|netunreach)\b|\benotfound\b|\bnxdomain\b|servfail"
        r"|name or service not known|name resolution|no such host"
    ),
}
_UNANSWERED = late(
    r"timed? ?out|deadline exceeded|\bno (?:ack|answer|reply|response)\b|not acknowledged|unanswered|unreachable"
    r"|connection (?:refused|reset|closed|lost)|broken pipe|\be(?:connrefused|connreset|timedout|pipe)\b"
)
"""How anybody tells that he gets no answer, or is cut off."""
_ADDRESSED = late(r"\bhttps?://|\b\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}\b|\[[0-9a-f:]+\]:\d{2,5}\b")
"""Whom: one who is asked over HTTP, or at a port of an address. A name may be that of a store."""
_HTTP = late(r"\bhttps?://", re.IGNORECASE)
_COUNTED = late(
    rf"rate.?limit|too many requests|{_STATUS}429\b|throttl|per (?:second|minute|hour|day)\b"
    r"|retr(?:y|ies)\b[^.]{0,30}(?:limit|max|exceed)|max(?:imum)? (?:number of )?(?:retries|attempts|redirects)"
    r"|(?:time|credit|spending|order|daily) limit (?:of [^.:;]{1,40} )?(?:has been |was |is )?(?:exceeded|reached)\b"
    r"|discarding connection"
    r"|(?:exceed(?:ed|s)|reached|hit)(?: the| its)? max(?:imum)? [\w ]{0,20}(?:time|wait|delay|duration|age)\b"
)
"""Words of who is asked too often, gives up, is late, or tells of a customer's account: nothing is short there."""
_PASSING = late(
    r"/(?:tmp|dev/shm|proc)/[^:]{0,200}: no such file|no such file or directory, \w+ [\"']?/(?:tmp|dev/shm|proc)/"
)
"""Files that programs put down for a while: that one is gone is nobody's setting."""
_OF_VISITORS = late(r"\bssl[ _]handshaking, client:|\b(?:http|https) (?:port|server|request)\b[^\n]{0,80}, client:")
"""A server's words of one who speaks in another way to it than it does, as those that try all ports do."""
_RETRIED = late(r"max retries exceeded with url: \S*")
"""What a client puts before the words for which it gave up: those tell the kind."""
_ASKED = late(r"\b(?:get|post|put|delete|patch|head|options) /\S*|\b(?:path|uri|url)\W{1,4}/\S*")
"""What users ask for, which may be called anything."""
_READ = 4000
"""So much of a line is read: what follows are traces and what others sent."""


def kind_of(line: str) -> str:
    """Return the one kind of trouble of which a line tells; "" where it is of none, or of several."""
    lowered = _ASKED.sub(" ", _RETRIED.sub(" ", line[:_READ].lower()))
    if any(each.search(lowered) for each in (_COUNTED, _PASSING, _OF_VISITORS)):
        return ""
    found = [kind for kind, words in _KINDS.items() if words.search(lowered)]
    return found[0] if len(found) == 1 else ""


def of_a_way(line: str) -> bool:
    """Tell whether a line tells that somebody at an address does not answer, or is not reached."""
    lowered = line[:_READ].lower()
    return kind_of(line) == WAY or bool(_UNANSWERED.search(lowered) and _ADDRESSED.search(lowered))


def over_http(line: str) -> bool:
    """Tell whether a line names somebody who is asked over HTTP, as no store is that keeps sessions."""
    return _HTTP.search(line[:_READ]) is not None
