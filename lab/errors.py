"""Errors of the lab: what went wrong, and what to do about it."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do what was asked; the command ends with exit code 4.

    ``what`` is one sentence for a person; ``next`` says what to do about it ("" if there is nothing).
    """

    exit_code = 4

    def __init__(self, what: str, next: str = "") -> None:  # noqa: A002
        super().__init__(what)
        self.what = what
        self.next = next

    def __str__(self) -> str:
        return f"{self.what}. {self.next}".removesuffix(" ") if self.next else self.what
