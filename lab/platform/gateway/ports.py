"""What the gateway's parts ask of each other, without any library behind it."""

from __future__ import annotations

from typing import Any, Protocol

Rows = list[dict[str, Any]]


class UnavailableError(Exception):
    """A store gives no answer within its limit; the text is for the log."""


class Stores(Protocol):
    """What the API reads from."""

    def orders(self, customer: int) -> Rows:
        """The newest ten orders of a customer; raises UnavailableError."""

    def games(self) -> Rows:
        """The ten most played games; raises UnavailableError."""


class Metrics(Protocol):
    """Where the API counts its requests, and what /metrics shows."""

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request."""

    def text(self) -> bytes:
        """All series in Prometheus' text format."""


class Flaws(Protocol):
    """The defects of this release."""

    def in_request(self) -> None:
        """Raises DefectError where the release's code fails."""


class Leaky(Protocol):
    """A database whose connection can be forgotten in the middle of a transaction."""

    def forget_transaction(self) -> None:
        """Take a connection, begin a transaction on it, and never give it back."""
