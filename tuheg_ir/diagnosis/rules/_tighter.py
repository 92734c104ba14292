"""Limits that let fewer requests through than before, though as many are asked, and what was written right then.

A client that asks for more is refused more too, but then as many as before are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules.changed_beside import around
from tuheg_ir.diagnosis.seal import is_seal
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.held_back import OF_LIMITS, OF_ROUTES
from tuheg_ir.diagnosis.view.reading import items, mapping, name, text
from tuheg_ir.diagnosis.view.refused_shares import REFUSED
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes, reached, slept
from tuheg_ir.named import NamedTuple

RISE = 0.05
"""So much more of the requests is refused, or it is what varies anyhow."""
ASKED = 0.9
"""Where less than this share of the former requests is asked, fewer are let through only for that."""
PASSED = 0.85
"""Limits that let through less than this share of what they did are tighter."""
TURN = timedelta(minutes=3)
"""Rates are means of some minutes: so near to a turn they are of both sides."""
AROUND = timedelta(minutes=20)
_SLEEPS = timedelta(days=14)
"""Pods seldom live for longer: with what was written before that others have started, and served well."""
ENOUGH = 3
"""So many points tell how something stood before a turn, or after it."""
_SAYS = late(
    r"rate.?limit|limit.?(?:req|rps|rpm|count|rate)|requests?.?per.?(?:unit|second|minute|hour|day)|max.?(?:rate|rps)|"
    r"throttl|quota|\brp[smhd]\b|(?:calls|hits).?per",
    re.IGNORECASE,
)
"""Words of settings that limit requests."""


class Tighter(NamedTuple):
    """How many requests a second were let through before more were refused, and since."""

    before: float
    now: float


class Written(NamedTuple):
    """An object with limits that was written, when, and who reads it.

    ``woken``: it was written before, and all pods of its reader are the first to start with it, as more was refused.
    """

    ref: str
    at: datetime
    readers: tuple[str, ...] = ()
    woken: bool = False


def refused_more(view: View, label: str) -> datetime | None:
    """Return since when much more is refused than where the figures begin; None: it is not."""
    was, now = view.figures.first(REFUSED, component=label), view.figures.now(REFUSED, component=label)
    if was is None or now is None or now - was < RISE:
        return None
    return view.figures.crossed(REFUSED, (was + now) / 2, component=label)


def tighter(view: View, label: str) -> Tighter | None:
    """Return that fewer requests are let through since more are refused, though as many are asked; None: not so."""
    since = refused_more(view, label)
    if since is None:
        return None
    passed = _passed(view, label)
    before = [each for each in passed if since - AROUND <= each[0] <= since - TURN]
    after = [each for each in passed if since + TURN <= each[0] <= since + AROUND]
    if min(len(before), len(after)) < ENOUGH:
        return None
    (asked, was), (asks, now) = ((median(e[1] for e in part), median(e[2] for e in part)) for part in (before, after))
    return Tighter(was, now) if asks >= ASKED * asked and now <= PASSED * was else None


def asked_more(view: View, ref: str, label: str) -> bool | None:
    """Tell whether so much more is asked than where the figures begin that the same limits refuse what they refuse.

    None: nobody measures it.
    """
    was, now = view.figures.first(REFUSED, component=label), view.figures.now(REFUSED, component=label)
    growth = traffic_growth(view, ref)
    if growth is None or was is None or now is None:
        return None
    return growth * (1 - now) >= PASSED * (1 - was)


def _passed(view: View, label: str) -> list[tuple[datetime, float, float]]:
    """Return (when, requests a second that were asked, that were not refused) of a component."""
    refused = dict(p for s in view.figures.series(REFUSED, component=label) for p in s.points)
    return [
        (datetime.fromtimestamp(at, view.now.tzinfo), rate, rate * (1 - refused[at]))
        for series in view.figures.series("request_rate", component=label)
        for at, rate in series.points
        if at in refused
    ]


def limits_written(view: View, workload: Workload, began: datetime, *, fewer: bool) -> tuple[Written, ...]:
    """Return the settings of limits that were written in the minutes in which more was refused, each once.

    ``fewer``: it is known that more is refused for no more requests. Then those of the one who refuses count whatever
    they say; else, and those of others, have to be about limits. Where none that is about limits was written then,
    those count that were written before and with which all pods were made anew in those minutes for another reason:
    many programs read them at their start alone.
    """
    about = (*_maps(view, workload, began, fewer=False), *_objects(view, workload, began))
    found: dict[str, Written] = {}
    for each in (*about, *(() if about else _woken(view, workload, began)), *_maps(view, workload, began, fewer=fewer)):
        readers = found[each.ref].readers if each.ref in found else ()
        found[each.ref] = each._replace(readers=tuple(dict.fromkeys((*readers, *each.readers))))
    return tuple(found.values())


def _maps(view: View, workload: Workload, began: datetime, *, fewer: bool) -> Iterator[Written]:
    """Yield the settings that were written in those minutes and that programs have got."""
    for reader in view.serving:
        for ref, at in outside_changes(view, reader):
            kind, _, _ = ref.partition("/")
            if kind != "ConfigMap" or not (near(at, began) and reached(reader, ref, at)):
                continue
            if (fewer and reader.ref == workload.ref) or _of_limits(view, workload, reader, ref):
                yield Written(ref, at, (reader.ref,))


def _woken(view: View, workload: Workload, began: datetime) -> Iterator[Written]:
    """Yield the settings of limits that were written before, and which the one who refuses, or whom it asks, now took.

    Where even one pod has long served with them it is not they; what else was made anew then is none of its limits.
    """
    for reader in (workload, *view.called(workload.ref)):
        edits, started = slept(view, reader)
        for ref, at in edits if near(started, began) else ():
            new = not near(at, began) and view.recent(at, _SLEEPS)
            if new and ref.startswith("ConfigMap/") and _of_limits(view, workload, reader, ref):
                yield Written(ref, at, (reader.ref,), woken=True)


def _of_limits(view: View, workload: Workload, reader: Workload, ref: str) -> bool:
    """Tell whether settings are about limits by what they say, or are those of who refuses and nobody sees them."""
    obj = view.objects("ConfigMap")[ref.partition("/")[2]]
    return (reader.ref == workload.ref and is_hidden(obj)) or bool(_SAYS.search(_told(obj, reader)))


def is_hidden(obj: Obj) -> bool:
    """Tell whether nobody sees what settings say: of a live cluster only seals are kept of them."""
    return any(isinstance(value, str) and is_seal(value) for value in mapping(obj, "data").values())


def _told(obj: Obj, reader: Workload) -> str:
    """Return what may say that settings are about limits: their names, themselves, and the program that reads them."""
    images = [text(each, "image") for each in items(reader.template, "spec", "containers")]
    return f"{name(obj)} {dict(mapping(obj, 'data'))} {reader.name} {images}"


def _objects(view: View, workload: Workload, began: datetime) -> Iterator[Written]:
    ways = [obj for obj in around(view, workload) if text(obj, "kind") in OF_ROUTES]
    for obj in (*ways, *view.snapshot.of(*OF_LIMITS)):
        at = edited(obj)
        said = f"{text(obj, 'kind')} {dict(mapping(obj, 'metadata', 'annotations'))} {dict(obj)}"
        if at is not None and near(at, began) and _SAYS.search(said):
            yield Written(f"{text(obj, 'kind')}/{name(obj)}", at)
