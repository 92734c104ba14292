"""The errors that a user may see, with the exit code each one ends in.

::

    TuhegError                    1    our own bug, if nothing below fits
    ├── UsageError                2    the command line or an input file is wrong
    ├── NotHealedError            3    everything allowed was tried, the service is still ill
    ├── UnusableError             4    something that we need cannot be used
    │   ├── ProjectError               playbooks, collections
    │   ├── CatalogueError             faults.yml, severities.yml
    │   ├── InventoryError             inventory, clusters, services
    │   ├── ClusterError               the Kubernetes API
    │   └── StoreError                 the journal
    ├── RefusedError              5    approval, lock or guard said no
    ├── UnknownError              6    it cannot be told whether the service is well
    └── Interrupted             130    Ctrl-C

Codes and text only: nothing here imports, prints or exits.
"""

from typing import ClassVar


class TuhegError(Exception):
    """An error told in three parts, so that a tired reader knows what to do.

    ``what`` is one sentence about what went wrong, ``which`` names the thing (a file with its
    line, a service, a URL), ``next`` says what to do now. Only ``what`` is required.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, which: str = "", next: str = "") -> None:  # noqa: A002
        super().__init__(what, which, next)
        self.what = what
        self.which = which
        self.next = next

    def __str__(self) -> str:
        """Return the parts as one line of text: ``what: which. next``."""
        text = f"{self.what}: {self.which}" if self.which else self.what
        if not self.next:
            return text
        stop = "" if text.endswith((".", "!", "?")) else "."
        return f"{text}{stop} {self.next}"

    def as_dict(self) -> dict[str, str]:
        """Return the parts under the keys that machine-readable output uses."""
        return {"what": self.what, "which": self.which, "next": self.next}


class UsageError(TuhegError):
    """The user gave something that cannot be right: an option, a name, a facts file."""

    exit_code = 2


class NotHealedError(TuhegError):
    """Everything that was allowed has been tried and the service is still ill."""

    exit_code = 3


class UnusableError(TuhegError):
    """Something that the work needs is missing, broken or out of reach."""

    exit_code = 4


class ProjectError(UnusableError):
    """The playbooks or the Ansible collections cannot be found or used."""


class CatalogueError(UnusableError):
    """A file of the catalogue is malformed."""


class InventoryError(UnusableError):
    """The inventory is malformed or does not describe what was asked for."""


class ClusterError(UnusableError):
    """The Kubernetes API cannot be used: unreachable, silent, forbidden, not what was expected."""


class StoreError(UnusableError):
    """The journal cannot be read or written."""


class RefusedError(TuhegError):
    """A rule forbids this: no approval, another run holds the lock, a guard said no."""

    exit_code = 5


class UnknownError(TuhegError):
    """It cannot be told whether the service is well; a person has to look."""

    exit_code = 6


class Interrupted(TuhegError):
    """The user pressed Ctrl-C; the message says how to resume."""

    exit_code = 130
