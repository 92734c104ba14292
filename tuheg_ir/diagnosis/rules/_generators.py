"""Programs that are made to ask much: which a pod runs, and how often one says that it asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import items, text

_GENERATORS = late(r"k6|locust|gatling|jmeter|vegeta|artillery|fortio|wrk2?|hey|oha|tsung|yandex-tank|bombardier")
_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_RATE = late(
    rf"\bhttp_reqs\.{{2,60}}:\s{{1,9}}\d{{1,12}}\s{{1,9}}{_NUMBER}/s\b"  # k6
    rf"|\bRequests(?:/sec| per second):\s{{1,20}}{_NUMBER}\b"  # wrk, hey, oha, ab
    rf"|\bRequests\s{{1,20}}\[total, rate, throughput\]\s{{1,20}}\d{{1,12}}, {_NUMBER},"  # vegeta
    rf"|\bAll done \d{{1,12}} calls .{{0,60}}, {_NUMBER} qps\b"  # fortio
    rf"|\bsummary =\s{{1,9}}\d{{1,12}} in [\d:.s]{{1,12}} =\s{{1,9}}{_NUMBER}/s\b"  # jmeter
    rf"|\bmean (?:requests/sec|throughput \(rps\))[\s|]{{1,40}}{_NUMBER}\b"  # gatling
    rf"|\bAggregated\s{{1,60}}\d{{1,12}}\s.{{5,120}}\|\s{{1,20}}{_NUMBER}\s"  # locust
    rf"|\bhttp\.request_rate:\s?\.{{2,90}}\s?{_NUMBER}/sec\b"  # artillery
    rf"|\bReqs/sec\s{{1,20}}{_NUMBER}\s"  # bombardier
)
"""How they say how many requests a second they made, on the average of all their time."""
_LAST = 80
"""The words in which one sums up stand at the end of its log."""


def generator_in(pod: Pod) -> str:
    """Return the generator of load that a pod runs, by its image or the program that it starts; "" for none."""
    names = (name for c in items(pod.obj, "spec", "containers") for name in (image_name(text(c, "image")), _starts(c)))
    return next((name for name in names if _GENERATORS.fullmatch(name)), "")


def _starts(container: Mapping[str, Any]) -> str:
    """Return the program that a container starts, without its folder: a house builds images of its own around one."""
    command = container.get("command") or ()
    return str(command[0]).rpartition("/")[2] if command else ""


def rate_made(lines: Sequence[str]) -> float | None:
    """Return how many requests a second a generator says it made, by its last word; None if it does not."""
    for line in reversed(lines[-_LAST:]):
        found: re.Match[str] | None = _RATE.search(line)
        if found is not None:
            return float(next(each for each in found.groups() if each))
    return None
