"""A shop that reads its database's password from a Secret, and what it says when that is refused."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.scenes import logs, shop
from tests.diagnosis.rules.tiny import Obj, postgres, secret_key, snapshot, thing
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


def refused(*pods: int, written: float | None, line: str = TEXTS[0], of: Any = None, store: bool = True) -> Snapshot:
    """Return a world in which pods of the shop tell that they are refused."""
    objects = [of or shop(env=ENV), secret(written), *([postgres()] if store else [])]
    return snapshot(*objects, logs=logs("shop", line, *pods, times=1))
