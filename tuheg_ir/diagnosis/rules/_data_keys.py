"""By which keys of which Secrets a workload encrypts what it stores, and when one of those was written last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view.changes import keys_of, volumes_of
from tuheg_ir.diagnosis.view.reading import created, items, mapping, moment, text, writers
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import read_write

_KEY = late(r"crypt|cipher|fernet|(?:key(?:s|set|ring)?|salt)(?![a-z])", re.IGNORECASE)
_OTHER_KEY = late(r"(?:api|access|account|tls|ssh|public|jwt|sign(?:ing)?|licen[cs]e)[-_. ]?keys?", re.IGNORECASE)
"""Keys by which nothing is encrypted that is stored."""
_VERSION = late(r"version|chart|revision|commit|build|(?<![a-z])(?:sha|tag)(?![a-z])", re.IGNORECASE)
_LOGIN = late(r"pass(?:word|wd)?(?![a-z])|user|url|uri|dsn|host", re.IGNORECASE)


ROWS = 3
"""Fewer rows than this may be broken by themselves."""


def data_keys(view: View, template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (Secret, key) of what a template takes that is called a key, and no login; key "": nobody knows its keys.

    Of a Secret that is taken as a whole these are the keys in it that are called so, or all where its own name is.
    """
    for entry in (each for c in items(template, "spec", "containers") for each in items(c, "env")):
        secret, key = (text(entry, "valueFrom", "secretKeyRef", field) for field in ("name", "key"))
        taken = f"{text(entry, 'name')} {key}"
        if secret and (_is_key(taken) or (_is_key(secret) and not _LOGIN.search(taken))):
            yield secret, key
    whole = {(kind, secret) for kind, secret, key, _ in keys_of(template) if not key}
    for kind, secret in sorted(whole | {(kind, secret) for kind, secret, _ in volumes_of(template)}):
        held = mapping(view.objects("Secret").get(secret, {}), "data") if kind == "Secret" else {}
        of_keys = [each for each in held if _is_key(each)]
        if of_keys or (kind == "Secret" and _is_key(secret)):
            named = [each for each in held if not _LOGIN.search(each)]
            yield from ((secret, each) for each in of_keys or named or ("",))


def key_written(secret: Obj, key: str) -> datetime | None:
    """Return when one key of a Secret was written last, as far as its writers tell what of it they wrote."""
    taken = {"name": text(secret, "metadata", "name"), "key": key}
    env = [{"name": key, "valueFrom": {"secretKeyRef": taken}}]
    return read_write({"spec": {"containers": [{"env": env}]}}, secret)


def may_be_of_a_label(secret: Obj, at: datetime) -> bool:
    """Tell whether a write may be of a label alone that changes with each release, as of the chart's version.

    A writer is told with one time for all that it holds of an object.
    """
    made = created(secret)
    if made is None or at - made <= MINUTE:
        return False
    wrote = [each for each in writers(secret) if moment(each, "time") == at]
    labels = [mapping(each, "fieldsV1", "f:metadata", "f:labels") for each in wrote]
    return bool(labels) and all(any(map(_VERSION.search, each)) for each in labels)


def may_be_rewritten(view: View, workload: Workload) -> bool:
    """Tell whether it cannot decrypt what is stored by a key of a Secret that was not read: it may have been replaced.

    Not where a release took its key from elsewhere: that is known of it. What is taken as a whole may be the key too.
    """
    hits = (hit for hit in view.hits_of(workload.ref, "undecryptable") if not hit.previous)
    if sum(hit.count for hit in hits) < ROWS:
        return False
    template, before = workload.template, template_before(workload)
    keys = set(data_keys(view, template))
    whole = {label for kind, label, key, _ in keys_of(template) if kind == "Secret" and not key}
    unseen = (whole | {secret for secret, _ in keys}) - set(view.objects("Secret"))
    return bool(unseen) and (not before or keys <= set(data_keys(view, before)))


def of_unseen_key(match: Match) -> Match:
    """Return a match for a person: who goes back to a template takes the key of stored data as it is now as well."""
    why = "nobody may see whether the key of what is stored was replaced, and each start takes it as it is now"
    barred = not_for((match.component,), why, ("rollback_workload", *RESTARTS))
    return match._replace(root_cause="configuration_error", remedy="page_human", excludes=(*match.excludes, *barred))


def _is_key(named: str) -> bool:
    return _KEY.search(_OTHER_KEY.sub("", named)) is not None
