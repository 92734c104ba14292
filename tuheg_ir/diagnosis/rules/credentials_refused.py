"""A database or broker refuses credentials that are the newest there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._credentials import Refusal, refusals
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._their_secret import rotated
from tuheg_ir.diagnosis.view.changes import Change, volumes_of
from tuheg_ir.diagnosis.view.complaints import began, told
from tuheg_ir.diagnosis.view.reading import items
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_CREDENTIAL = late(r"user|pass|secret|cred|dsn|url|auth|role|login", re.IGNORECASE)
_ADMITS = late(r"pass(?!ive)|auth|acl|\bhba|credential|sasl|require.?(?:pass|tls|ssl)|anonymous|trust", re.IGNORECASE)
"""Settings by which a server decides whom it lets in."""
SOON = timedelta(hours=1)


def when(view: View) -> Iterator[Match]:
    """Pods are refused though they started after their Secret was written, or it has not got what is new."""
    for each in refusals(view):
        if each.outlived:
            continue
        workload = each.workload
        changed = _changed(view, each)
        if not changed and (asks := _asks_anew(view, each)) is not None:
            yield _of_server(view, each, *asks)
            continue
        component = workload.ref if changed or not each.secret else each.secret
        yield Match(
            component=component,
            evidence=(
                *told(view, each.complaints),
                *(Evidence("objects", workload.ref, c.told(), workload.released_at) for c in changed[:3]),
                *_shown(each),
            ),
            certainty=0.75 if changed or each.unsynced or _dated(view, each) else 0.6 if each.outside else 0.45,
            remedy="rollback_workload" if changed else "page_human",
            since=began(each.complaints),
            explains=tuple(ref for ref in (*behind(view, workload.ref), each.secret) if ref != component),
            excludes=()
            if changed
            else not_for(
                (workload.ref,),
                "new pods read the same credentials and are refused as well; old ones may still hold good sessions",
            ),
        )


def _changed(view: View, each: Refusal) -> tuple[Change, ...]:
    """Return what a release shortly before changed of the credentials themselves."""
    released, first = each.workload.released_at, began(each.complaints) or view.now
    if released is None or not timedelta(minutes=-2) <= first - released <= SOON:
        return ()
    return tuple(c for c in each.workload.changed("env", "mounts", "command") if _CREDENTIAL.search(c.told()))


def _asks_anew(view: View, each: Refusal) -> tuple[Workload, tuple[Change, ...]] | None:
    """Return the server whose release has changed whom it lets in, while nobody changed what its client shows."""
    server, first = view.workloads.get(each.server), began(each.complaints) or view.now
    if server is None or server.released_at is None or not BEFORE <= first - server.released_at <= SOON:
        return None
    newer = (each.workload.released_at, each.written)
    if any(at is not None and at >= server.released_at - SOON for at in newer):
        return None  # both sides were changed: which one is wrong is not known
    found = tuple(c for c in server.changed("env", "command", "mounts") if _ADMITS.search(c.told()))
    return (server, found) if found else None


def _of_server(view: View, each: Refusal, server: Workload, found: tuple[Change, ...]) -> Match:
    """Return that a server refuses its clients since its own release.

    Going back is the remedy if only settings changed: an older program may not read what a newer one has written.
    """
    keeps = any(kind == "PersistentVolumeClaim" for kind, *_ in volumes_of(server.template))
    keeps = keeps or bool(items(server.obj, "spec", "volumeClaimTemplates"))
    released = (Evidence("objects", server.ref, f"released: {c.told()}", server.released_at) for c in found[:3])
    return Match(
        component=server.ref,
        evidence=(*told(view, each.complaints), *released),
        certainty=0.7,
        remedy="page_human" if keeps and server.changed("image") else "rollback_workload",
        since=began(each.complaints),
        explains=tuple(ref for ref in (*behind(view, each.workload.ref), each.secret) if ref and ref != server.ref),
        excludes=not_for((each.workload.ref,), f"it is as it was: {server.ref} asks for other credentials now"),
    )


def _dated(view: View, each: Refusal) -> bool:
    """Tell whether it is known when the Secret was written: most tools leave that out of what they print."""
    secret = view.objects("Secret").get(each.secret.partition("/")[2])
    return secret is not None and bool(items(secret, "metadata", "managedFields") or rotated(view, secret))


def _shown(each: Refusal) -> Iterator[Evidence]:
    if each.secret and each.newer:
        fact = f"{len(each.newer)} refused pods of {each.workload.name} started after it was written"
        yield Evidence("objects", each.secret, fact, each.written)
    elif each.secret and each.as_new:
        fact = f"{each.as_new[0].name} started after it was written, and is refused with it as well"
        yield Evidence("objects", each.secret, fact, each.written)
    yield from each.unsynced


RULE = Rule(
    name="credentials_refused",
    title="A database or broker refuses the credentials that a service was given",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no service is refused with the newest credentials there are",
)
