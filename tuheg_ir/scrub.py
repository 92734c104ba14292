"""Keep secrets out of everything that is written.

Three ways to know a secret: by the name it stands under, by its shape, and by being the value of
a secret in the environment of this process. The shapes are those of the collection; by name more is
hidden here than in what a diagnosis reads, which needs to know whom a DSN leads to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tuheg_ir.project import module_utils

HIDDEN = "***"
_FOLDERS = frozenset({"PWD", "OLDPWD"})

_NAME = re.compile(
    r"pass(word|wd|phrase)|pwd\b|secret|token|api[-_ ]?key|apikey|authorization|credential"
    r"|private[-_ ]?key|access[-_ ]?key|client[-_ ]?key|cookie|bearer|dsn\b",
    re.IGNORECASE,
)
_REFERENCES = frozenset({"secretName", "secretKeyRef", "secretRef", "imagePullSecrets", "serviceAccountToken"})
"""Kubernetes fields that only say where a secret is; an undo needs them."""


def scrub(value: Any, known: Iterable[str] = ()) -> Any:
    """Return ``value`` with every secret replaced by ``***``; the shape of the data is kept.

    ``known`` are texts to hide wherever they occur. Numbers under a secret's name are hidden too;
    true, false and null are not secrets.
    """
    return _scrub(value, sorted(set(known), key=len, reverse=True))


def environment_secrets(environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """Return the values of environment variables whose names say that they are secret.

    Short values are left out: hiding every ``1`` would ruin each message and protect nothing. The
    working directory stands under a name (``PWD``) that only looks like a password's.
    """
    source = {
        name: value for name, value in (os.environ if environ is None else environ).items() if name not in _FOLDERS
    }
    return frozenset(v for name, v in source.items() if len(v) >= 8 and _NAME.search(name))


def _scrub(value: Any, known: list[str]) -> Any:
    if isinstance(value, str):
        return _scrub_text(value, known)
    if isinstance(value, Mapping):
        return _scrub_mapping(value, known)
    if isinstance(value, (list, tuple)):
        secret = module_utils("scrub").scrub.secret_arguments(value)
        return [HIDDEN if hidden else _scrub(item, known) for item, hidden in zip(value, secret, strict=True)]
    return value


def _scrub_mapping(value: Mapping[Any, Any], known: list[str]) -> dict[str, Any]:
    # The Kubernetes idioms: {name: PGPASSWORD, value: ...}, and an object of kind Secret.
    named = isinstance(value.get("name"), str) and _NAME.search(value["name"])
    secret = value.get("kind") == "Secret"
    clean = {}
    for key, item in value.items():
        name = str(key)
        hide = (
            (_NAME.search(name) and not _is_reference(name, item))
            or (named and name == "value")
            or (secret and name in {"data", "stringData"})
        )
        clean[_scrub_text(name, known)] = _hide(item) if hide else _scrub(item, known)
    return clean


def _is_reference(name: str, value: Any) -> bool:
    volume = name == "secret" and isinstance(value, Mapping) and "secretName" in value
    return volume or name in _REFERENCES


def _hide(value: Any) -> Any:
    """Replace what is under a secret's name, keeping the keys of mappings for the reader."""
    if value is None or isinstance(value, bool) or value == "":
        return value
    if isinstance(value, Mapping):
        return {str(key): _hide(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hide(item) for item in value]
    return HIDDEN


def _scrub_text(text: str, known: list[str]) -> str:
    for secret in known:
        text = text.replace(secret, HIDDEN)
    clean: str = module_utils("scrub").scrub.scrub_text(text)
    return clean
