"""What containers do when they run: data, chosen by image, environment and time."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tuheg_ir.sim.status import Obj


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a container of some image behaves. Times in simulated seconds.

    ``error`` is a waiting reason that it never gets past (ErrImagePull, CreateContainerConfigError),
    ``message`` its text. ``exit_after_s`` None means it runs on; ``ready_s`` None means it never
    becomes ready.
    """

    start_s: float = 0.3
    ready_s: float | None = 0.7
    stop_s: float = 0.3
    exit_after_s: float | None = None
    exit_code: int = 1
    exit_reason: str = "Error"
    error: str = ""
    message: str = ""
    logs: Sequence[str] = ()
    last_words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """When a behaviour holds: image pattern, container name, environment variables, all that are given."""

    image: str = "*"
    container: str = "*"
    env: dict[str, str] = field(default_factory=dict)
    behaviour: Behaviour = field(default_factory=Behaviour)

    def fits(self, container: Obj) -> bool:
        """Return whether a container is meant."""
        env = {item["name"]: item.get("value", "") for item in container.get("env") or []}
        return (
            fnmatch.fnmatchcase(container["image"], self.image)
            and fnmatch.fnmatchcase(container["name"], self.container)
            and all(fnmatch.fnmatchcase(env.get(name, ""), value) for name, value in self.env.items())
        )


class Behaviours:
    """An ordered list of rules; the first that fits decides, an image that none knows cannot be pulled."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = list(rules)
        # A scenario may decide by more than data: by the pod, the time, what else is broken.
        self.override: Callable[[Obj, Obj], Behaviour | None] = lambda _pod, _container: None

    def of(self, pod: Obj, container: Obj) -> Behaviour:
        """Return what a container of a pod does."""
        decided = self.override(pod, container)
        if decided is not None:
            return decided
        found = next((rule.behaviour for rule in self.rules if rule.fits(container)), None)
        if found is not None:
            return found
        image = container["image"]
        if container.get("imagePullPolicy") == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            return Behaviour(error="ErrImageNeverPull", message=message)
        message = f'failed to pull and unpack image "{image}": failed to resolve image: no such host'
        return Behaviour(error="ErrImagePull", message=message)
