"""Put the manifests into the cluster: add-ons, the handbook's platform, the account's rights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from lab import account, gobuild
from lab.kubectl import kubectl
from lab.paths import PACKAGE, Lab

Say = Callable[[str], None]

#: Of the Gateway API; the ingress controller's manifest uses them.
CRDS = ("gatewayclasses", "gateways", "httproutes")


def apply_all(lab: Lab, say: Say) -> None:
    """Apply every manifest: the add-ons, then the platform, then the account's rights."""
    manifests = sorted((PACKAGE / "manifests").glob("*.yaml"))
    kubectl(lab, "apply", "--server-side", "-f", str(gobuild.gateway_definitions(lab)))
    names = [f"crd/{name}.gateway.networking.k8s.io" for name in CRDS]
    kubectl(lab, "wait", "--for=condition=Established", "--timeout=30s", *names)
    kubectl(lab, "apply", *_files(manifests))
    apply_platform(lab)
    if account.apply_rights(lab):
        account.write_account(lab)
    say("manifests applied")


def apply_platform(lab: Lab) -> None:
    """Apply the handbook's platform and the alert rules that watch it."""
    rules = PACKAGE / "platform/rules.yml"
    if rules.exists():
        content = {"rules.yml": rules.read_text()}
        made = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "prometheus-rules", "namespace": "monitoring"},
            "data": content,
        }
        kubectl(lab, "apply", "-f", "-", stdin=json.dumps(made))
    if platform := sorted((PACKAGE / "platform/manifests").glob("*.yaml")):
        kubectl(lab, "apply", *_files(platform))


def _files(paths: list[Path]) -> list[str]:
    return [word for path in paths for word in ("-f", str(path))]
