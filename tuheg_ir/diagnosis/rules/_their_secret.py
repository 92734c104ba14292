"""Which Secret holds what a workload shows to whom it asks, and when that was last brought up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.reading import mapping, moment, name, newest, text, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=24)
"""A Secret that was written within this time is thought of first."""
_NAMED = late(r"pass|cred|auth|dsn|user|url|db|database|postgres|mysql|redis|mongo|amqp|rabbit|kafka", re.IGNORECASE)
_WORD = late(r"[a-z]{4,}")
_ANY = late(r"secret|cred|keys|token|auth|access|pass|login|config|service|user|client|server|external|prod")
"""Words in names of Secrets that tell of none for whom it is."""
_ROTATED = late(r"rotated|last[-_.]?rotation|rotation[-_.]?time", re.IGNORECASE)
"""Keys of annotations by which tools that rotate a password note when they did so last."""
_PLANNED = late(r"next|schedul|due|interval|period", re.IGNORECASE)
"""Such keys tell when it is to be done again, which may be overdue."""
_HOUR = late(r"\d[T ]\d\d")
"""A time of day: a day alone may have begun hours before or after the midnight it would be taken for."""


def secret_of(view: View, workload: Workload, refused: Sequence[str] = ()) -> Obj | None:
    """Return the Secret that holds the credentials of a workload, of which lines may tell that they are refused.

    It is the one written last of late, else the one that the lines speak of, else the only one so named.
    """
    found = list(_secrets(view, workload))
    lately = [s for s in found if view.recent(last_brought(view, s), LATELY)]
    if lately:
        return max(lately, key=lambda s: str(last_brought(view, s)))
    if meant := _meant(workload, found, " ".join(refused).lower()):
        return meant
    named = [s for s in found if _NAMED.search(" ".join([name(s), *mapping(s, "data")]))]
    return named[0] if len(named) == 1 else found[0] if len(found) == 1 else None


def _meant(workload: Workload, secrets: Sequence[Obj], said: str) -> Obj | None:
    """Return the one Secret that has a word in its name that lines hold, and neither the workload nor another has."""
    words = [{w for w in _WORD.findall(name(s).lower()) if not _ANY.match(w)} for s in secrets]
    own = set(_WORD.findall(workload.name.lower()))
    common = own | {w for at, some in enumerate(words) for w in some if any(w in o for o in words[:at])}
    found = [s for s, some in zip(secrets, words, strict=True) if any(w in said for w in some - common)]
    return found[0] if len(found) == 1 else None


def last_brought(view: View, secret: Obj) -> datetime | None:
    """Return when a Secret got what it holds: as its fields tell, or a tool that rotates it notes on it."""
    return newest((written(secret), rotated(view, secret)))


def rotated(view: View, secret: Obj) -> datetime | None:
    """Return when a Secret was last rotated, as its annotations tell; what is to come was not done."""
    notes = mapping(secret, "metadata", "annotations")
    keys = (key for key, note in notes.items() if _ROTATED.search(key) and _HOUR.search(str(note)))
    noted = (moment(notes, key) for key in keys if not _PLANNED.search(key))
    return newest(at for at in noted if at is not None and at <= view.now)


def _secrets(view: View, workload: Workload) -> Iterator[Obj]:
    """Yield the Secrets that the pods of a workload read: one of that name in another namespace is none of theirs."""
    space = text(workload.obj, "metadata", "namespace") or view.snapshot.namespace
    for kind, named in sorted(reads(workload.template)):
        found = view.objects("Secret").get(named) if kind == "Secret" else None
        if found is None or text(found, "metadata", "namespace") not in ("", space):
            continue
        if found.get("type") not in ("kubernetes.io/tls", "kubernetes.io/dockerconfigjson"):
            yield found
