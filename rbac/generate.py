#!/usr/bin/env python3
"""Write the account's rights from the platform's description: nothing that no service needs.

    python rbac/generate.py            writes rbac/tuheg-ir.yml, rbac/nodes.yml and those of rbac/optional/
    python rbac/generate.py --check    tells whether they are up to date (exit 1 if not)

Needs PyYAML alone. Another inventory's rights: --platform FILE prints them to stdout with --print.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = ROOT / "inventories" / "example" / "group_vars" / "clusters.yml"
MANIFEST = Path(__file__).resolve().parent / "tuheg-ir.yml"
NODES_MANIFEST = MANIFEST.with_name("nodes.yml")
# What `kubectl apply -f rbac/` leaves out: each is a right that somebody has to want.
ALSO_MANIFEST = MANIFEST.parent / "optional" / "also.yml"
SECRETS_MANIFEST = MANIFEST.parent / "optional" / "secrets.yml"
ACCOUNT = "tuheg-ir"
HEADER = """\
# Written by rbac/generate.py from inventories/example: change that, not this.
# The account that runs the plays. Reads the namespace; changes the named objects alone.
"""
NODES_HEADER = """\
# Written by rbac/generate.py from inventories/example. Optional: lets the account of tuheg-ir.yml
# list the cluster's nodes, and who tells routes between them, so that a diagnosis can blame one.
"""
ALSO_HEADER = """\
# Written by rbac/generate.py from inventories/example. Optional: lets the account of tuheg-ir.yml
# read another namespace that the inventory names in ir_also_namespaces, and change nothing there:
#     kubectl apply -n ingress-nginx -f rbac/optional/also.yml
"""
SECRETS_HEADER = """\
# Written by rbac/generate.py from inventories/example. Optional: lets the account of tuheg-ir.yml
# list Secrets of the platform's namespace, so that a diagnosis can tell a key that is missing or was
# changed. The API gives the values with them: they are sealed when they are read, and never kept.
"""

Rule = dict[str, list[str]]

PLURAL = {"Deployment": "deployments", "StatefulSet": "statefulsets"}
LOOK = ["list", "watch"]

# What somebody has to install; where it is not, the right is about nothing.
EXTENSIONS: tuple[tuple[str, list[str], list[str]], ...] = (
    ("gateway.networking.k8s.io", ["httproutes"], ["list"]),
    ("cert-manager.io", ["certificates", "certificaterequests"], ["list"]),
    ("acme.cert-manager.io", ["challenges"], ["list"]),
    ("external-secrets.io", ["externalsecrets"], ["list"]),
    ("keda.sh", ["scaledobjects"], ["list"]),
    ("security.istio.io", ["authorizationpolicies", "peerauthentications"], ["list"]),
    ("networking.istio.io", ["virtualservices", "destinationrules", "serviceentries", "sidecars"], ["list"]),
    ("gateway.envoyproxy.io", ["backendtrafficpolicies"], ["list"]),
    ("argoproj.io", ["applications", "applicationsets"], ["list"]),
    ("metallb.io", ["l2advertisements", "bgpadvertisements"], ["list"]),
    ("kafka.strimzi.io", ["kafkas", "kafkatopics", "kafkausers"], ["list"]),
    ("rabbitmq.com", ["permissions", "topicpermissions"], ["list"]),
    ("k8s.mariadb.com", ["grants"], ["list"]),
)
# What every look, diagnosis and verification reads, whatever the platform. `metrics.k8s.io`
# is the handbook's `kubectl top pods`. Secrets are not among them: a diagnosis works without.
READS: tuple[tuple[str, list[str], list[str]], ...] = (
    ("", ["pods"], LOOK),
    ("", ["pods/log"], ["get"]),
    ("", ["events", "resourcequotas", "limitranges", "services", "configmaps", "persistentvolumeclaims"], ["list"]),
    ("apps", ["deployments", "statefulsets"], ["get", *LOOK]),
    ("apps", ["replicasets", "controllerrevisions"], LOOK),
    ("apps", ["daemonsets"], ["list"]),
    ("batch", ["jobs", "cronjobs"], ["list"]),
    ("autoscaling", ["horizontalpodautoscalers"], ["list"]),
    ("policy", ["poddisruptionbudgets"], ["list"]),
    ("discovery.k8s.io", ["endpointslices"], ["list"]),
    ("networking.k8s.io", ["ingresses", "networkpolicies"], ["list"]),
    *EXTENSIONS,
    ("metrics.k8s.io", ["pods"], ["list"]),
)
# No namespace holds nodes, nor who tells routes between them: the right to see them is a file of its own, and optional.
NODES: tuple[tuple[str, list[str], list[str]], ...] = (
    ("", ["nodes"], ["list"]),
    ("crd.projectcalico.org", ["bgppeers", "bgpconfigurations"], ["list"]),
    ("cilium.io", ["ciliumbgpclusterconfigs"], ["list"]),
)
# Who may list Secrets gets their values: so that right is a file of its own as well.
SECRETS = ("", ["secrets"], ["list"])
# Of another namespace: what runs there, what it says, and what has to be installed. No quotas, jobs or policies.
ALSO: tuple[tuple[str, list[str], list[str]], ...] = (
    ("", ["pods", "events", "services", "configmaps"], ["list"]),
    ("", ["pods/log"], ["get"]),
    ("apps", ["deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"], ["list"]),
    ("discovery.k8s.io", ["endpointslices"], ["list"]),
    *EXTENSIONS,
)


def rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> Rule:
    """Return one rule of a Role; without names it is for all objects of the resources."""
    made: Rule = {"apiGroups": [group], "resources": resources}
    if names is not None:
        made["resourceNames"] = sorted(names)
    return {**made, "verbs": verbs}


def pods_of(name: str, spec: Mapping[str, Any]) -> list[str]:
    """Return the names that a StatefulSet's pods can have."""
    return [f"{name}-{number}" for number in range((spec.get("replicas") or {}).get("surge", 1))]


def workload_rules(services: Mapping[str, Mapping[str, Any]]) -> list[Rule]:
    """Return the rights to restart, roll back and scale."""
    rules = []
    for kind, plural in PLURAL.items():
        names = [name for name, spec in services.items() if spec["kind"] == kind]
        if names:
            rules.append(rule("apps", [plural], ["patch"], names))
    hpas = [spec["hpa"] for spec in services.values() if spec.get("hpa")]
    if hpas:
        rules.append(rule("autoscaling", ["horizontalpodautoscalers"], ["get", "patch"], hpas))
    return rules


def pod_rules(services: Mapping[str, Mapping[str, Any]]) -> list[Rule]:
    """Return the rights on single pods: they need names that stay, a StatefulSet's."""
    rules = []
    stuck = [pod for name, spec in services.items() if spec["kind"] == "StatefulSet" for pod in pods_of(name, spec)]
    if stuck:
        # A StatefulSet does not replace a pod of a bad revision that never got ready.
        rules.append(rule("", ["pods"], ["get", "delete"], stuck))
    executed = [
        spec["database"].get("exec_pod", f"{name}-0") for name, spec in services.items() if spec.get("database")
    ]
    if executed:
        # kubernetes.core opens the command with a GET, kubectl with a POST: both are needed.
        rules.append(rule("", ["pods/exec"], ["get", "create"], executed))
    return rules


def record_rules(services: Mapping[str, Mapping[str, Any]]) -> list[Rule]:
    """Return the rights on the lock and on the record of the last good template.

    A right to create cannot be narrowed to a name.
    """
    return [
        rule("coordination.k8s.io", ["leases"], ["create"]),
        rule("coordination.k8s.io", ["leases"], ["get", "update"], [f"tuheg-ir-{name}" for name in services]),
        rule("", ["configmaps"], ["create"]),
        rule("", ["configmaps"], ["get", "update"], [f"tuheg-ir-last-good-{name}" for name in services]),
    ]


def rules_for(services: Mapping[str, Mapping[str, Any]]) -> list[Rule]:
    """Return every rule of the account's Role."""
    reads = [rule(*read) for read in READS]
    return reads + workload_rules(services) + pod_rules(services) + record_rules(services)


def manifests(platform: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return ServiceAccount, Role and RoleBinding for the platform of an inventory."""
    meta = {"name": ACCOUNT, "namespace": platform["ir_namespace"]}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    return [account, *_bound(platform, "", meta, rules_for(platform["ir_services"]))]


def node_manifests(platform: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ClusterRole and its binding with which the account sees nodes."""
    return _bound(platform, "Cluster", {"name": f"{ACCOUNT}-nodes"}, [rule(*read) for read in NODES])


def also_manifests(platform: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the Role and its binding, of whichever namespace they are applied to, with which the account reads it."""
    return _bound(platform, "", {"name": f"{ACCOUNT}-also"}, [rule(*read) for read in ALSO])


def secret_manifests(platform: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the Role and its binding with which the account lists the Secrets of its namespace."""
    meta = {"name": f"{ACCOUNT}-secrets", "namespace": platform["ir_namespace"]}
    return _bound(platform, "", meta, [rule(*SECRETS)])


def _bound(platform: Mapping[str, Any], scope: str, meta: dict[str, str], rules: list[Rule]) -> list[dict[str, Any]]:
    """Return a role and its binding to the account; ``scope`` is "Cluster" or ""."""
    api = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": platform["ir_namespace"]}
    role_ref = {"apiGroup": api, "kind": f"{scope}Role", "name": meta["name"]}
    return [
        {"apiVersion": f"{api}/v1", "kind": f"{scope}Role", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{api}/v1",
            "kind": f"{scope}RoleBinding",
            "metadata": meta,
            "roleRef": role_ref,
            "subjects": [subject],
        },
    ]


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and repeats instead of pointing with anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _yaml(objects: list[dict[str, Any]]) -> str:
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=140)


def render(platform: Mapping[str, Any]) -> dict[Path, str]:
    """Return manifest -> its text."""
    return {
        MANIFEST: HEADER + _yaml(manifests(platform)),
        NODES_MANIFEST: NODES_HEADER + _yaml(node_manifests(platform)),
        ALSO_MANIFEST: ALSO_HEADER + _yaml(also_manifests(platform)),
        SECRETS_MANIFEST: SECRETS_HEADER + _yaml(secret_manifests(platform)),
    }


def main(argv: list[str] | None = None) -> int:
    """Write, print or check the manifests; 1 when a check finds one out of date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--platform", type=Path, default=PLATFORM, help="group_vars file with ir_services")
    parser.add_argument("--print", action="store_true", dest="to_stdout", help="print instead of writing")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if out of date")
    options = parser.parse_args(argv)
    texts = render(yaml.safe_load(options.platform.read_text(encoding="utf-8")))
    if options.to_stdout:
        sys.stdout.write(texts[MANIFEST])
        return 0
    if options.check:
        old = [file for file, text in texts.items() if not _holds(file, text)]
        for file in old:
            sys.stderr.write(f"{file.name} is out of date. Next: python rbac/generate.py\n")
        return 1 if old else 0
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    return 0


def _holds(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
