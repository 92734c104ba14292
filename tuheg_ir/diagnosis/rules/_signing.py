"""Who signs certificates for others and cannot any more: what it signs with is out of date, and so is all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import Complaint, told
from tuheg_ir.diagnosis.view.reading import at, mapping, moment, name, oldest, parse_moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_SIGNS = late(
    r"\bCSR\b|(?:certificate )?signing request|\bsign(?:ing)? (?:the |a |an )?(?:\w+ )?(?:cert|X\.?509)"
    r"|\bissuer (?:cert|validation|credentials)",
    re.IGNORECASE,
)
"""Words of a program about a certificate that it makes for somebody, or makes others with."""
_HEARD = late(r"rpc error|\bstatus: |\bcode ?[=:]|failed to obtain|server\.addr|\bca request failed", re.IGNORECASE)
"""Words of a client that passes on what whoever signs has answered."""
_INSIDE = late(r"\.svc(?:\.|$)")
_PAST = late(r"expir|is after", re.IGNORECASE)
_END = late(r"\bis after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
"""Where Go's library says when the certificate that it refuses has ended."""
_OF_ENDS = late(r"expir|not-?after", re.IGNORECASE)
"""Annotations of Secrets that tell when the certificate in it ends."""
SLACK = timedelta(minutes=1)


class Signing(NamedTuple):
    """Who can sign no more, since when what it signs with has ended, and all complaints that come from it."""

    ref: str
    end: datetime | None
    complaints: tuple[Complaint, ...]


def signing(view: View, found: Iterable[Complaint], holders: Iterable[str]) -> Signing | None:
    """Return the one program that says itself that what it signs with is out of date, with all that follows from it.

    ``holders`` have a certificate of their own, whoever made it: it ends on its own day.
    """
    every = [each for each in found if _PAST.search(each.hit.line)]
    own = [c for c in every if not c.about and _SIGNS.search(c.hit.line) and not _HEARD.search(c.hit.line)]
    if len({each.caller for each in own}) != 1 or own[0].caller not in view.workloads:
        return None
    end = end_told(own[0])
    began = end or oldest(each.hit.first for each in own)
    apart = set(holders)
    return Signing(own[0].caller, end, tuple(c for c in every if c in own or _follows(c, end, began, apart)))


def _follows(each: Complaint, end: datetime | None, began: datetime | None, apart: set[str]) -> bool:
    """Tell whether what is refused is of the same end, or inside the cluster and refused only since then."""
    if end is not None and (other := end_told(each)) is not None:
        return other == end
    first = each.hit.first
    if first is None or began is None or first < began - SLACK:
        return False
    if each.about:
        return each.about not in apart
    return _HEARD.search(each.hit.line) is not None and all(_INSIDE.search(host) for host in each.hosts)


def end_told(each: Complaint) -> datetime | None:
    """Return when what is complained of ended, where its words tell that."""
    said = _END.search(each.hit.line)
    return parse_moment(said[1]) if said else None


def of_signing(view: View, found: Signing, mounted: str) -> Match:
    """Return that all certificates of one signer fail, told of the Secret that it signs with if that is known."""
    secret = mounted or _secret_that_ends(view, found.end)
    component = secret or found.ref
    suffer = tuple(dict.fromkeys(ref for c in found.complaints for ref in (c.caller, c.about) if ref in view.workloads))
    by_itself = [c for c in found.complaints if c.caller == found.ref]
    others = [c for c in found.complaints if c not in by_itself]
    ended = (Evidence("objects", secret, f"{found.ref} signs with it", found.end),) if secret else ()
    return Match(
        component=component,
        evidence=(*told(view, by_itself, 1), *told(view, others, 2), *ended),
        certainty=0.75,
        since=found.end or oldest(c.hit.first for c in found.complaints),
        explains=behind(view, found.ref, *suffer, but=component),
        excludes=not_for(
            suffer,
            f"{found.ref} can sign nothing: whatever is started anew gets no certificate and loses the one that it has",
        ),
    )


def _secret_that_ends(view: View, end: datetime | None) -> str:
    """Return the one Secret of which it is written that the certificate in it ends at a moment; "" if none."""
    refs = {ref for ref, each in written_ends(view) if end is not None and abs(each - end) <= SLACK}
    return refs.pop() if len(refs) == 1 else ""


def written_ends(view: View) -> Iterator[tuple[str, datetime]]:
    """Yield (Secret/name, end) of the certificates of which objects tell when they end."""
    for obj in view.snapshot.of("Secret"):
        for key, value in mapping(at(obj, "metadata"), "annotations").items():
            if _OF_ENDS.search(key) and (end := parse_moment(str(value))) is not None:
                yield f"Secret/{name(obj)}", end
    for obj in view.snapshot.of("Certificate"):
        if (end := moment(obj, "status", "notAfter")) is not None:
            yield f"Secret/{text(obj, 'spec', 'secretName')}", end
