"""How settings say how often a program tries, and how its log tells of further tries."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late

TRIES = late(r"(?:^|[^a-z])(?:retr(?:y|ies)|attempts?|tries)(?![a-z])", re.IGNORECASE)
BESIDE_TRIES = late(r"delay|pause|wait|back-?_?off|interval|timeout|jitter|_m?s$|seconds|millis", re.IGNORECASE)
"""Settings of retries that are no number of them."""
TRIED = late(
    r"\b(?:attempts?|retr(?:y|ies)|tries|retry_?count)(?:[\"']?[=:] ?|\W{1,2}#?)(\d{1,6})\b"
    r"|\b(\d{1,6}) (?:attempts|retries|tries)\b(?![\"']?[=:]| \d)",
    re.IGNORECASE,
)
"""How a log tells how many it took."""
