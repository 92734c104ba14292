"""What shows that somebody else has taken hold of a workload: programs, commands, rights, images."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._about_others import of_others
from tuheg_ir.diagnosis.rules._altered import altered
from tuheg_ir.diagnosis.rules._answered import answered
from tuheg_ir.diagnosis.rules._breaks_in import breaks_in
from tuheg_ir.diagnosis.rules._carried_off import carried_off
from tuheg_ir.diagnosis.rules._coin_node import is_node, owned_node, verifies
from tuheg_ir.diagnosis.rules._converted import converted, in_vain
from tuheg_ir.diagnosis.rules._door_to_door import door_to_door
from tuheg_ir.diagnosis.rules._hunting import hunting
from tuheg_ir.diagnosis.rules._injected import asks_for_a_shell, injected, is_request, lasting_token, reads_secrets
from tuheg_ir.diagnosis.rules._knocking import knocking
from tuheg_ir.diagnosis.rules._lured import lured
from tuheg_ir.diagnosis.rules._obeyed import obeyed
from tuheg_ir.diagnosis.rules._planted import planted
from tuheg_ir.diagnosis.rules._ransomed import ransomed
from tuheg_ir.diagnosis.rules._seen_by_hand import seen_by_hand
from tuheg_ir.diagnosis.rules._seen_running import seen_running
from tuheg_ir.diagnosis.rules._sensed import sensed
from tuheg_ir.diagnosis.rules._sent_away import OUTSIDE, PUBLIC, sent_away
from tuheg_ir.diagnosis.rules._strangers import let_in
from tuheg_ir.diagnosis.rules._templated import templated
from tuheg_ir.diagnosis.rules._tunnelled import tunnelled
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import at, items, mapping, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=24)
"""Rights that a template has had for longer than this were given by its owners."""
_SOCKETS = late(r"^/$|^/(?:etc|root|home|proc|host)(?:/|$)|/(?:docker|containerd|crio)[\w/]*\.sock$")


WATCH = late(
    r"falco|tetragon|tracee|crypto.?min|intrusion|reverse.?shell|(?:terminal|interactive) ?shell|"
    r"shell (?:was )?spawned|container.?(?:escape|drift)|privilege.?escalation|malware|exfiltrat",
    re.IGNORECASE,
)
_SHELL = late(r"\b(?:ba|da|z|k|a)?sh\b|reverse.?shell", re.IGNORECASE)
_DROPPED = late(
    r"\b(?:proc\.?_?)?(?:exe\w*|binary\w*|image_?path|process|pathname)[=: ]+[\"']?/(?:tmp|var/tmp|dev/shm)/",
    re.IGNORECASE,
)
"""A program whose file lies where programs write, and no image keeps any."""
_CALLED = late(rf"(?<![\d.]){PUBLIC}:\d{{1,5}}\b")
"""A bare address outside with its port, as commands name their servers."""
_EGRESS = late(r"egress|outbound (?:traffic|bytes|data)|data transfer", re.IGNORECASE)
_MINERS = late(r"xmrig|minerd|cpuminer|ethminer|nbminer|lolminer|cryptonight|kinsing|monero|c3pool", re.IGNORECASE)


class Sign(NamedTuple):
    """One sign of an intrusion, and how much it says alone (0 to 1); ``doubtful``: what owners may have put there."""

    weight: float
    evidence: Evidence
    doubtful: bool = False


def signs(view: View, workload: Workload) -> tuple[Sign, ...]:
    """Return the signs of an intrusion in a workload."""
    mine = (*_logs(view, workload), *_commands(workload), *_rights(view, workload), *_images(view, workload))
    others = (Sign(weight, seen) for tell in (altered, hunting, planted) for weight, seen in tell(view, workload))
    # People put tools into pods as well: a person knows whether it was one of the house.
    odd = (Sign(*found, doubtful=True) for found in seen_running(view, workload))
    ways = (
        knocking,
        lured,
        obeyed,
        answered,
        converted,
        carried_off,
        seen_by_hand,
        sensed,
        breaks_in,
        templated,
        ransomed,
        tunnelled,
        door_to_door,
    )
    led = (Sign(weight, seen, doubtful) for way in ways for weight, seen, doubtful in way(view, workload))
    return (*mine, *_account(view, workload), *_opened(view, workload), *_watched(view, workload), *others, *odd, *led)


def _opened(view: View, workload: Workload) -> Iterator[Sign]:
    """Yield that strangers were given a shell, and that one opened elsewhere then; one alone may be a colleague's."""
    found = let_in(view, workload)
    if found is not None:
        yield Sign(0.4, found.seen, doubtful=found.doubtful)
        for hit in found.opened[:1]:
            yield Sign(0.4, view.hit_evidence(hit))
        for number, (_, seen) in enumerate(found.busy[:3]):
            yield Sign((0.4, 0.3, 0.1)[number], seen, doubtful=found.doubtful)


def _watched(view: View, workload: Workload) -> Iterator[Sign]:
    """Yield alerts of tools that watch what programs do; such tools raise false alarms as well."""
    for alert in view.alerts:
        said = f"{alert.name} {alert.annotations}"
        weight = 0.4 if WATCH.search(said) else 0.2 if _EGRESS.search(said) else 0.0
        if weight == 0.4 and _SHELL.search(said) and OUTSIDE.search(said):
            weight = 0.6  # a shell that speaks with a stranger is nobody's tool
        if weight == 0.4 and _DROPPED.search(said) and (_CALLED.search(said) or OUTSIDE.search(said)):
            weight = 0.6  # builds run what they have just made as well, but ask no bare address for anything
        if weight and view.about_alert(alert) == workload.ref:
            yield Sign(weight, alert.fires(workload.ref))
            return


def _account(view: View, workload: Workload) -> Iterator[Sign]:
    """Yield how somebody came in by a request and uses the workload's account; each step alone may be harmless."""
    came, reads = injected(view, workload), reads_secrets(view, workload)
    if came is not None:
        yield Sign(0.15, came)
    if reads is not None:
        followed = came is not None and came.time is not None and reads.time is not None and reads.time > came.time
        yield Sign(0.5 if followed else 0.3, reads)
    if (shell := asks_for_a_shell(view, workload)) is not None:
        yield Sign(0.3, shell, doubtful=True)
    first = oldest((came.time if came else None, reads.time if reads else None))
    if (token := lasting_token(view, workload, first)) is not None:
        yield Sign(0.2, token)


def _logs(view: View, workload: Workload) -> Iterator[Sign]:
    for hit in view.hits_of(workload.ref, "intrusion"):
        if not of_others(view, hit) and not _all_in_vain(view, hit):
            yield Sign(0.75, view.hit_evidence(hit))
    obeyed_at = (hit for hit in view.hits_of(workload.ref, "lookup_obeyed") if not of_others(view, hit))
    for hit in [*obeyed_at][:1]:
        yield Sign(0.35, view.hit_evidence(hit))


def _all_in_vain(view: View, hit: Hit) -> bool:
    """Tell whether all that a log tells of commands is what was refused; the line beside may be the one to say so."""
    told = [
        in_vain(log.lines, number)
        for log in view.logs_with(hit)
        for number, line in enumerate(log.lines)
        if tells("intrusion", line) and not is_request(line)
    ]
    return bool(told) and all(told)


def _commands(workload: Workload) -> Iterator[Sign]:
    """Yield commands that fetch and run programs, mine, or send away what they read."""
    for owner, spec in _specs(workload):
        for container in items(spec, "containers"):
            lists = [found for key in ("command", "args") if isinstance(found := at(container, key), list | tuple)]
            words = [word for found in lists for word in found if isinstance(word, str)]
            line = " ".join(words)[:2000]
            if words and tells("intrusion", line):
                yield Sign(0.75, Evidence("objects", owner, f"{text(container, 'name')} runs: {line[:160]}"))
                return
            weight, told = sent_away(line)
            if weight:
                yield Sign(weight, Evidence("objects", owner, f"{text(container, 'name')} {told}: {line[:160]}"))
                return


def _rights(view: View, workload: Workload) -> Iterator[Sign]:
    """Yield rights over the node that a pod without owner has, or that a late change gave."""
    lone = workload.kind == "Pod"
    if not lone and not (workload.changes and view.recent(workload.released_at, LATELY)):
        return
    spec = mapping(workload.template, "spec")
    before = {} if lone else _earlier(workload)
    gained = [right for right in _held(spec) if right not in set(_held(before))]
    strong = [right for right in gained if right.startswith(("mounts", "is privileged"))]
    if not strong:
        return
    born = next((pod.created for pod in workload.live), None) if lone else workload.released_at
    debug = lone and workload.name.startswith("node-debugger-")
    whose = "a pod that no controller made" if lone else "the newest template"
    weight = 0.3 if debug else 0.55 if lone else 0.45
    yield Sign(weight, Evidence("objects", workload.ref, f"{whose} {', '.join(gained)}", born))


def _images(view: View, workload: Workload) -> Iterator[Sign]:
    """Yield images from a registry that nothing else here uses: changed to of late, or not what the template says."""
    named = [text(c, "image") for c in items(workload.template, "spec", "containers")]
    mined = [image for image in named if _MINERS.search(image)]
    if mined and verifies(view, workload):  # it bears the name of the coin that it keeps the books of
        mined = [image for image in mined if not is_node(image)]
    if mined:
        named_so = all(map(is_node, mined)) and owned_node(view, workload)
        seen = Evidence("objects", workload.ref, f"it runs {mined[0]}")
        yield Sign(0.4, seen, doubtful=True) if named_so else Sign(0.75, seen)
    for change in workload.changed("image") if view.recent(workload.released_at, LATELY) else ():
        old, new = registry(change.before), registry(change.after)
        others = _used_by_others(view, workload) if old and new and old != new else Counter()
        if others and not others[new] and others[old]:
            fact = f"{change.told()}: nothing else here comes from {new}"
            yield Sign(0.4, Evidence("objects", workload.ref, fact, workload.released_at))
    for pod in workload.live if workload.kind != "Pod" else ():
        if found := _swapped(workload, pod):
            yield Sign(0.5, Evidence("objects", f"Pod/{pod.name}", found, pod.created))
            return


def taken_over(view: View, workload: Workload) -> bool:
    """Tell whether a change of late brought an image of strangers and rights over the node: that is no mere release."""
    return any(_rights(view, workload)) and any(_images(view, workload))


def _used_by_others(view: View, workload: Workload) -> Counter[str]:
    """Return how often each registry is used by other workloads."""
    return Counter(
        registry(text(container, "image"))
        for other in view.workloads.values()
        if other.ref != workload.ref
        for container in items(other.template, "spec", "containers")
    )


def _swapped(workload: Workload, pod: Pod) -> str:
    """Return that a pod runs another image than any template of its workload names for that container; "" if not."""
    templates = [workload.template, *(r.template for r in workload.revisions)]
    known = {(text(c, "name"), text(c, "image")) for t in templates for c in items(t, "spec", "containers")}
    names = {name for name, _ in known}
    for container in items(pod.obj, "spec", "containers"):
        label, image = text(container, "name"), text(container, "image")
        mine = {_base(i) for n, i in known if n == label}
        if label in names and image and (label, image) not in known and _base(image) not in mine:
            return f"{label} runs {image}, which no template names"
    return ""


def _specs(workload: Workload) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield workload.ref, mapping(workload.template, "spec")
    for pod in workload.live:
        yield f"Pod/{pod.name}", mapping(pod.obj, "spec")


def _earlier(workload: Workload) -> Mapping[str, Any]:
    """Return the pod spec before the newest release."""
    older = [
        r.template for r in workload.revisions if mapping(r.template, "spec") != mapping(workload.template, "spec")
    ]
    return mapping(older[0], "spec") if older else mapping(workload.template, "spec")


def _held(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rights over its node that a pod spec gives."""
    for volume in items(spec, "volumes"):
        path = text(volume, "hostPath", "path")
        if path and _SOCKETS.search(path):
            yield f"mounts {path} of its node"
    for container in items(spec, "containers"):
        if at(container, "securityContext", "privileged") is True:
            yield "is privileged"
    for key in ("hostPID", "hostNetwork", "hostIPC"):
        if spec.get(key) is True:
            yield f"has {key}"


def registry(image: str) -> str:
    """Return the registry and first path of an image: "docker.io/library" where none is said."""
    base = image.split("@", maxsplit=1)[0]
    first, slash, rest = base.partition("/")
    if not image:
        return ""
    if not slash:
        return "docker.io/library"
    if "." in first or ":" in first or first == "localhost":
        return f"{first}/{rest.partition('/')[0]}" if first in ("docker.io", "ghcr.io", "quay.io") else first
    return f"docker.io/{first}"


def _base(image: str) -> str:
    """Return an image without tag and digest."""
    head, _, tail = image.split("@", maxsplit=1)[0].rpartition("/")
    return f"{head}/{tail.split(':')[0]}"
