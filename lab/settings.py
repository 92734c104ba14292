"""Addresses, ports and names of the lab: facts that its parts have to agree on."""

from __future__ import annotations

# On the machine's loopback, the only way in.
API_PORT = 17443
WEB_PORT = 17080
PROMETHEUS_PORT = 17090
ALERTMANAGER_PORT = 17093

# Inside the lab's own network namespace; nothing there is reachable from outside.
NODE = "lab"
NODE_ADDRESS = "10.87.0.1"
POD_RANGE = "10.88.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_ADDRESS = "10.96.0.10"
API_ADDRESS = "127.0.0.1:6443"

#: Loopback port -> address inside. The Services in lab/manifests have these fixed addresses.
FORWARDS = {
    API_PORT: API_ADDRESS,
    WEB_PORT: "10.96.0.80:80",
    PROMETHEUS_PORT: "10.96.0.90:9090",
    ALERTMANAGER_PORT: "10.96.0.93:9093",
}

#: Name of the lab's node in every cgroup hierarchy: two kubelets under one cgroup delete each other's pods.
CGROUP = "tuheg-lab"

#: No such registry exists: an image that is not in the lab fails at once.
REGISTRY = "registry.invalid/lab"

NAMESPACE = "tuheg-production"
ACCOUNT = "tuheg-ir"

#: Settings of the whole machine that the kubelet changes; `up` keeps the old values, `down` puts them back.
KERNEL_SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)

#: Folders that the kubelet and the CNI plugins insist on; the lab binds its own over them.
NODE_FOLDERS = ("/var/lib/kubelet", "/var/lib/cni")
