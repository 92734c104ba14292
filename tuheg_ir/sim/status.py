"""What the API answers when it says no: Status objects in the real API's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

Obj = dict[str, Any]

_GENERIC_422 = "the server rejected our request due to an error in our request"


class ApiError(Exception):
    """A refusal: HTTP code, machine reason, message for people, details."""

    def __init__(
        self, code: int, reason: str, message: str, details: Obj | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after

    def body(self) -> Obj:
        """Return the Status object that the client gets."""
        status: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        return status | {"code": self.code}

    @classmethod
    def bad_request(cls, message: str) -> Self:
        """400: the request itself makes no sense."""
        return cls(400, "BadRequest", message)

    @classmethod
    def unauthorized(cls) -> Self:
        """401: no token, or one that nobody knows."""
        return cls(401, "Unauthorized", "Unauthorized")

    @classmethod
    def no_such_path(cls) -> Self:
        """404: no resource is served there."""
        return cls(404, "NotFound", "the server could not find the requested resource", {})

    @classmethod
    def not_found(cls, group: str, plural: str, name: str) -> Self:
        """404: the resource is known, the object is not."""
        details = {"name": name} | ({"group": group} if group else {}) | {"kind": plural}
        return cls(404, "NotFound", f'{qualified(plural, group)} "{name}" not found', details)

    @classmethod
    def method_not_allowed(cls) -> Self:
        """405: the resource does not have that verb."""
        return cls(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})

    @classmethod
    def already_exists(cls, group: str, plural: str, name: str) -> Self:
        """409: a create of what is there."""
        details = {"name": name} | ({"group": group} if group else {}) | {"kind": plural}
        return cls(409, "AlreadyExists", f'{qualified(plural, group)} "{name}" already exists', details)

    @classmethod
    def conflict(cls, group: str, plural: str, name: str, why: str = "") -> Self:
        """409: the object was changed since the client read it."""
        why = why or ("the object has been modified; please apply your changes to the latest version and try again")
        details = {"name": name} | ({"group": group} if group else {}) | {"kind": plural}
        message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
        return cls(409, "Conflict", message, details)

    @classmethod
    def gone(cls, message: str) -> Self:
        """410: a watch wants history that is no longer kept."""
        return cls(410, "Expired", message)

    @classmethod
    def unsupported_media(cls) -> Self:
        """415: a patch of a kind that is not served."""
        return cls(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})

    @classmethod
    def rejected(cls) -> Self:
        """422 without a cause: what a JSON patch whose test fails gets."""
        return cls(422, "Invalid", _GENERIC_422, {})

    @classmethod
    def invalid(cls, group: str, kind: str, name: str, causes: Sequence[Cause]) -> Self:
        """422: validation; all causes in one message."""
        texts = [cause.text() for cause in causes]
        joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        details: Obj = ({"name": name} if name else {}) | ({"group": group} if group else {}) | {"kind": kind}
        details["causes"] = [cause.as_dict() for cause in causes]
        return cls(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {joined}', details)

    @classmethod
    def forbidden(cls, group: str, plural: str, name: str, why: str) -> Self:
        """403: RBAC, quota and admission."""
        details = ({"name": name} if name else {}) | ({"group": group} if group else {}) | {"kind": plural}
        named = f'{qualified(plural, group)} "{name}"' if name else qualified(plural, group)
        return cls(403, "Forbidden", f"{named} is forbidden: {why}", details)


_HEADS = {
    "FieldValueInvalid": "Invalid value",
    "FieldValueRequired": "Required value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueTypeInvalid": "Invalid value",
}
_WITHOUT_VALUE = ("FieldValueRequired", "FieldValueForbidden")


class Cause:
    """One thing that validation found: where, what kind of mistake, the value, the rule."""

    def __init__(self, field: str, rule: str, value: str = "", reason: str = "FieldValueInvalid") -> None:
        self.field = field
        self.rule = rule
        self.value = value
        self.reason = reason

    def _what(self) -> str:
        head = _HEADS[self.reason]
        shown = head if self.reason in _WITHOUT_VALUE else f"{head}: {self.value}"
        return f"{shown}: {self.rule}" if self.rule else shown

    def text(self) -> str:
        """Return the cause as it stands in the message."""
        return f"{self.field}: {self._what()}"

    def as_dict(self) -> Obj:
        """Return the cause as it stands in the Status' details."""
        return {"reason": self.reason, "message": self._what(), "field": self.field}


def qualified(plural: str, group: str) -> str:
    """Return ``deployments.apps``; ``pods`` for the core group."""
    return f"{plural}.{group}" if group else plural
