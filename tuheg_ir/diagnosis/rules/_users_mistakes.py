"""What a program warns of that its users do wrong by themselves: some mistype a password, whatever was released."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.marked import Marked
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_DEED = r"(?:sign|log)[ _-]?(?:in|on)s?|authenticat\w+"
_MISTAKE = late(
    r"(?:bad|wrong|invalid|incorrect)[ _-](?:(?:user(?: ?name)?|e-?mail|login)(?: or |/))?"
    r"(?:credentials?|password|passphrase|pin|otp|passcode|captcha)\b|password (?:mismatch|does not match)",
    re.IGNORECASE,
)
"""How programs tell that somebody gave another word than his own."""
_DONE = late(
    rf"\b(?:{_DEED})\b.{{0,40}}?\b(?:succe\w+|ok|accepted|granted)\b|\bsuccess\w* .{{0,20}}?\b(?:{_DEED})\b"
    r"|\b(?:logged|signed)[ _-]?in\b",
    re.IGNORECASE,
)
"""How they tell that it was the right one."""
TIMES = 5
"""Of so many logins one may fail by the hand of who logs in; where more do it may be the program."""


def users_mistake(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether words are of users who mistype, while the same program tells of many more who do not."""
    if words.error or not _MISTAKE.search(words.line):
        return False
    done = sum(_DONE.search(line) is not None and not _MISTAKE.search(line) for line in view.lines_of(workload))
    return done >= TIMES * words.count
