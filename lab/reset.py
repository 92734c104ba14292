"""Bring the platform back to its healthy base, whatever was broken or repaired.

Nothing is deleted and made anew that is still as its manifest says: a reset of a healthy platform
changes nothing and takes seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from lab import background
from lab.api import Api
from lab.breaks import DEMAND
from lab.errors import LabError
from lab.faults import Client, load_breaks
from lab.kubectl import kubectl
from lab.paths import PACKAGE, Lab
from lab.probing import Verdict, ask_probes
from lab.readiness import pod_waits, workload_waits
from lab.settings import API_PORT, NAMESPACE
from lab.symptoms import owned

Object = Mapping[str, Any]
Say = Callable[[str], None]

MANIFESTS = PACKAGE / "platform" / "manifests"
#: Whatever tuheg-ir keeps in the cluster is named like this.
LEFT = "tuheg-ir-"
#: Annotations that the cluster itself keeps on an object.
KEPT = ("kubectl.kubernetes.io/", "deployment.kubernetes.io/")
WORKLOADS = ("deployments", "statefulsets")
SETTLE_S = 120.0
CLEAN_S = 90.0
RACES = 4
"""A controller is that often quicker before it is a fault."""


def reset(lab: Lab, say: Say, *, probes: bool = True) -> None:
    """Undo every break and every repair; with `probes` wait until all of them are clean again.

    Raises LabError when the platform does not settle in time, naming what it waits for.
    """
    api = Api(lab.pki, API_PORT)
    background.stop(lab.run, DEMAND)
    _remove_clients(lab)
    _remove_left(lab, api)
    _put_manifests(lab)
    say("manifests restored")
    _remove_crashed(lab, api)
    _until(SETTLE_S, lambda: waits(_read(api)))
    _remove_old_replicasets(lab, api)
    say("pods ready")
    if probes:
        _until(CLEAN_S, lambda: [f"{each.name}: {each.reason}" for each in _unclean(ask_probes())])
        say("probes clean")


def _remove_clients(lab: Lab) -> None:
    names = [each.make.name for each in load_breaks().values() if isinstance(each.make, Client)]
    kubectl(lab, "-n", NAMESPACE, "delete", "deployment", *names, "--ignore-not-found", "--wait=false")


def _remove_left(lab: Lab, api: Api) -> None:
    """Delete what tuheg-ir left: its locks and its record of good templates."""
    for kind, path in (
        ("lease", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"),
        ("configmap", f"/api/v1/namespaces/{NAMESPACE}/configmaps"),
    ):
        names = [name for each in api.get(path)["items"] if (name := each["metadata"]["name"]).startswith(LEFT)]
        if names:
            kubectl(lab, "-n", NAMESPACE, "delete", kind, *names, "--ignore-not-found")


def _put_manifests(lab: Lab) -> None:
    """Replace every object by its manifest: what a merge would keep has to go too."""
    for _ in range(RACES):
        try:
            return _replace(lab)
        except LabError as error:
            # A controller wrote the status of one between kubectl's read and its write.
            if "(Conflict)" not in str(error):
                raise
    return _replace(lab)


def _replace(lab: Lab) -> None:
    objects = manifests()
    live = json.loads(kubectl(lab, "get", "--ignore-not-found", "-o", "json", "-f", "-", stdin=_list(objects)) or "{}")
    found = {identity(each): each for each in live.get("items", [live] if live else [])}
    # The HPA first: its old bounds would undo the number of replicas.
    there = sorted((each for each in objects if identity(each) in found), key=lambda each: each["kind"] not in _FIRST)
    kubectl(lab, "replace", "-f", "-", stdin=_list([base(each, found[identity(each)]) for each in there]))
    if missing := [each for each in objects if identity(each) not in found]:
        kubectl(lab, "apply", "-f", "-", stdin=_list(missing))


_FIRST = ("HorizontalPodAutoscaler",)


def manifests() -> list[dict[str, Any]]:
    """Every object of the platform, as its files say."""
    return [
        document
        for path in sorted(MANIFESTS.glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
        if document and document["kind"] != "Namespace"
    ]


def identity(one: Object) -> tuple[str, str]:
    """Kind and name; all of the platform is in one namespace."""
    return one["kind"], one["metadata"]["name"]


def base(wanted: Object, live: Object) -> dict[str, Any]:
    """The manifest, with those annotations of the live object that the cluster itself keeps."""
    annotations = {
        key: value for key, value in live["metadata"].get("annotations", {}).items() if key.startswith(KEPT)
    } | wanted["metadata"].get("annotations", {})
    return {**wanted, "metadata": {**wanted["metadata"], "annotations": annotations}}


def _remove_crashed(lab: Lab, api: Api) -> None:
    """Delete pods with restarted containers: the count of restarts ends only with the pod."""
    pods = api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
    if names := [pod["metadata"]["name"] for pod in pods if restarts(pod)]:
        kubectl(lab, "-n", NAMESPACE, "delete", "pod", *names, "--ignore-not-found", "--wait=false")


def restarts(pod: Object) -> int:
    """How often containers of the pod were restarted."""
    return sum(each["restartCount"] for each in pod["status"].get("containerStatuses", ()))


def _read(api: Api) -> dict[str, list[Object]]:
    apps = {kind: api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/{kind}")["items"] for kind in WORKLOADS}
    return {**apps, "pods": api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]}


def waits(objects: Mapping[str, Iterable[Object]]) -> list[str]:
    """What the platform still waits for: roll-outs, pods not ready, pods on their way out."""
    lines = [
        f"{each['metadata']['name']}: {why}"
        for kind in WORKLOADS
        for each in objects[kind]
        if (why := workload_waits(each))
    ]
    for pod in objects["pods"]:
        why = "terminating" if "deletionTimestamp" in pod["metadata"] else pod_waits(pod)
        if why or restarts(pod):
            lines.append(f"pod {pod['metadata']['name']}: {why or 'was restarted'}")
    return lines


def _remove_old_replicasets(lab: Lab, api: Api) -> None:
    """Forget the releases of earlier breaks: the next roll-back must not find them."""
    found = _read(api)["deployments"]
    replicasets = api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets")["items"]
    names = [
        each["metadata"]["name"]
        for deployment in found
        for each in owned(replicasets, deployment["metadata"]["uid"])
        if not each["spec"]["replicas"] and not each["status"].get("replicas")
    ]
    if names:
        kubectl(lab, "-n", NAMESPACE, "delete", "replicaset", *names, "--ignore-not-found")


def _unclean(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Without load there are too few samples for a ratio: unknown is as clean as it gets."""
    return [each for each in verdicts if each.verdict == "unhealthy"]


def _until(seconds: float, left: Callable[[], list[str]]) -> None:
    """Wait until nothing is left to wait for."""
    deadline = time.monotonic() + seconds
    while waiting := left():
        if time.monotonic() > deadline:
            raise LabError(f"the platform is not back after {seconds:.0f} s: {'; '.join(waiting[:6])}")
        time.sleep(0.5)


def _list(objects: Iterable[Object]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [_placed(each) for each in objects]})


def _placed(one: Object) -> Object:
    return {**one, "metadata": {"namespace": NAMESPACE, **one["metadata"]}}
