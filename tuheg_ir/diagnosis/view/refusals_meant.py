"""Whether the alerts that fire can mean that a client is refused: by what they count, and whom they are about."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.limited_behind import limited_behind
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NOT_2XX = r"\bnon[-_ ]?2xx|(?-i:Non2[Xx][Xx])|\bnot (?:\w+ ){0,3}2xx|!~? ?[\"']\^?2(?:\.|xx|\[)"
_SPEAKS_OF = late(
    rf"4xx|429|rate.?limit|too many|throttl|quota|client.?error|reject|refus|error|{_NOT_2XX}",
    re.IGNORECASE,
)
"""Whoever counts all that is not answered with 2xx counts the refused as well."""
_OF_ALL = late(_NOT_2XX, re.IGNORECASE)
_OF_REFUSED = late(r"429|rate.?limit|throttl|quota", re.IGNORECASE)
"""How an alert tells that it counts whom limits refuse, and nobody else."""
_OF_SUCCESS = late(
    r"success(?:es|ful)?[\s_-]*(?:ratio|rate|share|percent|requests?|responses?)|availab(?:le|ility)\b|good.?requests?"
    r"|\b2xx\b|\b200s?\b|requests?[\s_-]*fail|fail(?:ed|ing|ures?)?[\s_-]*(?:rates?|ratio|requests?|responses?)"
    r"|\bSLO.{0,12}burn|burn.?rate",
    re.IGNORECASE,
)
_OF_REQUESTS = late(r"request|response|https?\b|(?-i:HTTP)|(?-i:Api|API)|status.?code|\b2xx\b|\bSLO", re.IGNORECASE)
_NOT_OF_CLIENTS = late(
    r"latenc|slow|duration|response.?time|p9\d|5xx|\b5\d\d\b|time.?out|unavailab|probe|replica|\bup\b|login|payment|order",
    re.IGNORECASE,
)
"""An alert that few requests end well fires for the refused as well, unless it counts servers' failures alone."""
_RATE = (
    r"(?:requests?[\s_-]*(?:rates?|volumes?|counts?|throughput|per[\s_-]*(?:sec|min)\w*)"
    r"|(?:rate|volume|count|number)[\s_-]*of[\s_-]*requests|traffic(?:[\s_-]*(?:rate|volume))?|(?:\b|_)[rq]ps"
    r"|(?-i:R[Pp][Ss]|Q[Pp][Ss]))"
)
"""How much is asked, and nothing else of requests: their time, retries and backlog are what users suffer."""
_OF_MUCH = late(
    rf"{_RATE}(?:[\s_-]+\S+){{0,6}}?[\s_-]*(?:anomal|unusual|high|spik|surg|flood|ris(?:es?|ing)\b|increas|jump"
    r"|more than|above|over\b|exceed)"
    rf"|(?:anomal\w*?|unusual(?:ly)?|high|spik\w*?|surg\w*?|flood|increas\w*?)[\s_-]*(?:of |in )?{_RATE}"
    r"(?:$|[\W_]|(?-i:On|At|For|Of|To|In|From|Alert|Warning|Detected))",
    re.IGNORECASE,
)
_OF_ELSE = late(
    r"latenc|slow|duration|response.?time|p9\d|5xx|\b5\d\d\b|fail|time.?out|drop|\bf[ae]ll|below|\blow|less|fewer|success"
    r"|availab|satur|memory|cpu|queue|pending|in.?flight|active|size|cost|wait|stuck|retr(?:y|ies)|backlog|skew|lost",
    re.IGNORECASE,
)
"""An alert that so much is asked fires for who is turned away as well; one of what that does to others is no such."""
GREW = 1.2
"""So many times as much as before is asked where an alert of that can mean a client which asks too much."""


def all_meant(view: View, workload: Workload) -> bool:
    """Tell whether alerts fire, and each can mean the refusals of a workload."""
    return bool(view.alerts) and all(_meant(view, workload, alert) for alert in view.alerts)


def counts_more(view: View) -> bool:
    """Tell whether an alert may as well count what is not found, or not valid: it is not of the refused alone."""
    return any(_OF_ALL.search(alert.said) or not _OF_REFUSED.search(alert.said) for alert in view.alerts)


def _meant(view: View, workload: Workload, alert: Alert) -> bool:
    """Tell whether an alert can mean the refusals of a workload."""
    if view.about_alert(alert) not in ("", workload.ref, *limited_behind(view, workload)):
        return False
    said = alert.said
    if _SPEAKS_OF.search(said):
        return True
    if _OF_SUCCESS.search(said) and _OF_REQUESTS.search(said) and not _NOT_OF_CLIENTS.search(said):
        return True
    much = _OF_MUCH.search(alert.said) and not _OF_ELSE.search(alert.said)
    return bool(much) and (traffic_growth(view, workload.ref) or 0.0) >= GREW
