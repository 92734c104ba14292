"""What was changed through the API, and by whom: the audit log of the simulated cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

from tuheg_ir.sim.answers import Answer, Request
from tuheg_ir.sim.paths import Target
from tuheg_ir.sim.rbac import User

_LOCKS = "leases"  # held and given back by every run that may act


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that stored something: ``verb`` and ``resource`` as in RBAC rules."""

    user: str
    verb: str
    resource: str
    name: str

    def __str__(self) -> str:
        """Return it as one reads it: ``patch deployments/web``."""
        return f"{self.verb} {self.resource}/{self.name}".rstrip("/")


@dataclass
class Audit:
    """The log, oldest first. Requests that were refused, dry, or left things as they were are not in it."""

    entries: list[Entry] = field(default_factory=list)

    def note(self, user: User, found: Target, request: Request, answer: Answer) -> None:
        """Add a request that stored something."""
        resource = f"{found.resource.plural}/{found.subresource}".rstrip("/")
        made = answer.body.get("metadata") if isinstance(answer.body, dict) else None
        name = found.name or str((made or {}).get("name", ""))
        self.entries.append(Entry(user.name, found.verb(request), resource, name))

    def changes(self, mark: int = 0) -> list[str]:
        """Return what was changed since the log had ``mark`` entries; taking a lock changes nothing."""
        return [str(entry) for entry in self.entries[mark:] if entry.resource != _LOCKS]
