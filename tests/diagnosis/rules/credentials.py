"""A shop that reads its database's password from a Secret, and what it says when that is refused."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.scenes import logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, log, postgres, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

SECRET = "Secret/shop-db"
ENV: dict[str, Any] = {"DB_HOST": "postgres", "DB_PASSWORD": secret_key("shop-db")}
TEXTS = (
    'FATAL:  password authentication failed for user "shop"',
    "ERROR 1045 (28000): Access denied for user 'shop'@'10.1.0.4' (using password: YES)",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "pymongo.errors.OperationFailure: Authentication failed., full error: {'code': 18}",
    "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN",
    "SaslAuthenticationException: Authentication failed during authentication due to invalid credentials",
    'error: failed SASL auth (FATAL: password authentication failed for user "shop" (SQLSTATE 28P01))',
)
TOKEN = "GET https://api.maps.example.com/geocode failed: 401 Unauthorized: token has expired"
LOGIN = '10.0.0.9 - - "POST /login HTTP/1.1" 401 12 "https://town.example/" invalid_grant'


def secret(written: float | None) -> Obj:
    """Return the Secret, last written so many seconds ago (None: when it was made)."""
    return thing("Secret", "shop-db", written=written, data={"password": "sha256:0123456789abcdef"}, type="Opaque")


def noted(**notes: str) -> Obj:
    """Return the Secret with notes of a tool on it, without any word of its own on when it was written."""
    found = secret(None)
    found["metadata"]["annotations"] = {f"town.example/{key.replace('_', '-')}": told for key, told in notes.items()}
    return found


def refused(*pods: int, written: float | None, line: str = TEXTS[0], of: Any = None, store: bool = True) -> Snapshot:
    """Return a world in which pods of the shop tell that they are refused."""
    objects = [of or shop(env=ENV), secret(written), *([postgres()] if store else [])]
    return snapshot(*objects, logs=logs("shop", line, *pods, times=1))


def copier(since: float, *, ready: bool = False, of: str = "vault-db") -> Obj:
    """Return what copies the Secret from a store outside, and does not succeed in it since so many seconds."""
    state = {"type": "Ready", "status": str(ready), "reason": "SecretSyncedError", "message": "AccessDenied"}
    status = {"conditions": [{**state, "lastTransitionTime": at(since)}]}
    return thing("ExternalSecret", of, spec={"target": {"name": "shop-db"}}, status=status)


def owned(written: float) -> list[Obj]:
    """Return the Secret as a copy whose copier nobody may read, and events that tell of its failures for a day."""
    found = secret(written)
    found["metadata"]["ownerReferences"] = [{"kind": "VaultStaticSecret", "name": "shop", "controller": True}]
    told = event("VaultStaticSecret/shop", "VaultClientError", "permission denied", count=90)
    return [found, {**told, "firstTimestamp": at(DAY)}]


def copied(*objects: Obj | list[Obj], written: float = 7 * DAY, secrets: list[Obj] | None = None) -> Snapshot:
    """Return a shop whose old pods are refused, with what copies its Secret."""
    told = logs("shop", TEXTS[0], 0, 1, times=4)
    return snapshot(shop(env=ENV), postgres(), secrets or secret(written), *objects, logs=told)


def run_refused(written: float = 7 * DAY) -> Snapshot:
    """Return a shop whose old pods are refused, and a run that was refused with the same Secret and is over."""
    told = [*logs("shop", TEXTS[0], 0, 1, times=4), log("nightly-0", *[TEXTS[0]] * 4)]
    job = workload("nightly", kind="Job", pods=1, env=ENV, started=300)
    for each in job:
        if each["kind"] == "Pod":
            each["status"]["phase"] = "Failed"
    return snapshot(shop(env=ENV), job, postgres(), secret(written), logs=told)


def shared(line: str = TEXTS[0], written: float = 7 * DAY) -> Snapshot:
    """Return a shop whose old pods are refused, and an API whose newer pods are refused with the same Secret."""
    told = [*logs("shop", TEXTS[0], 0, 1, times=4), *logs("api", line, 0, 1, times=4)]
    return snapshot(shop(env=ENV), workload("api", env=ENV, started=300), postgres(), secret(written), logs=told)
