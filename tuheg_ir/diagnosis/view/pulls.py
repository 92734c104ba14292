"""Pods that wait for their image, and what the kubelet says of it: it is not there, or the login is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.releases import brought_by_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Container, Pod, Workload
from tuheg_ir.named import NamedTuple

REASONS = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_REFUSED = late(
    r"(?<![\w.-])(?<!\w:)40[13](?![\w-]|\.\w)|unauthorized|forbidden|no basic auth credentials|"
    r"authorization (?:failed|token has expired)|authentication required|access denied|denied: ",
    re.IGNORECASE,
)
"""Words of a login that is refused; a tag may have the same number."""
_ABSENT = late(r"not found|manifest unknown|may require .docker login", re.IGNORECASE)
"""Words for an image that is not there; some registries say so to everybody who may not see it."""


class Pull(NamedTuple):
    """A container that waits for its image, and the words of the kubelet: a back-off names no reason, its events do."""

    pod: Pod
    container: Container
    events: tuple[Event, ...]

    @property
    def said(self) -> str:
        """Return all that the kubelet says of it."""
        return " ".join((self.container.message, *(event.message for event in self.events)))

    @property
    def refused(self) -> bool:
        """Tell whether the registry refuses the login, and not only has no such image."""
        return _REFUSED.search(self.said) is not None and _ABSENT.search(self.said) is None

    @property
    def since(self) -> datetime | None:
        """Return since when it waits: since its pod was made, or since it ended and has to be made anew."""
        return (self.container.ended and self.container.ended.at) or self.pod.created

    @property
    def ran(self) -> bool:
        """Tell whether the container ran before: its image was had, by this very pod."""
        return self.container.restarts > 0 or self.container.ended is not None


def pulls(view: View, workload: Workload) -> tuple[Pull, ...]:
    """Return the containers of a workload's newest template that wait for their image."""
    told = view.events_of(workload.ref, "Failed", "InspectFailed")
    events = [e for e in told if "image" in e.message.lower()]  # a container that cannot be made fails as well
    return tuple(
        Pull(pod, container, tuple(e for e in events if e.about == f"Pod/{pod.name}"))
        for pod in workload.newest_pods()
        for container in pod.containers
        if container.state == "waiting" and container.reason in REASONS
    )


def of_a_release(workload: Workload, found: Iterable[Pull]) -> bool:
    """Tell whether those that wait are the first of a release, whose image none of them ever had."""
    waiting = tuple(found)
    return not any(each.ran for each in waiting) and brought_by_release(workload, [each.pod for each in waiting])


def login_lost(view: View, workload: Workload) -> bool:
    """Tell whether the registry refuses a login by which an image was had before: no other image is had by it.

    Not if no pod of the newest template ever had it, nor if the template before has its image from elsewhere.
    """
    found = pulls(view, workload)
    if not found or not all(each.refused for each in found) or of_a_release(workload, found):
        return False
    moved = any(_source(change.before) != _source(change.after) for change in workload.changed("image"))
    return not moved and any(_had(workload, each) for each in found)


def _had(workload: Workload, pull: Pull) -> bool:
    """Tell whether the image of a container that waits was had by any pod of the newest template."""
    same = (c for pod in workload.newest_pods() for c in pod.containers if c.name == pull.container.name)
    return pull.ran or any(each.ready or each.restarts > 0 or each.ended is not None for each in same)


def _source(image: str) -> str:
    """Return where an image comes from: its registry, or whose it is there; "" where neither is said."""
    return image.rpartition("/")[0].partition("/")[0]
