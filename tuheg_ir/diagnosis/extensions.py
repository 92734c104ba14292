"""Kinds that somebody has to install in a cluster, and that are read where they are there.

They stand apart from the collector: who decides knows them too, and loads nothing of what reads.
"""

from __future__ import annotations

Extension = tuple[str, tuple[str, ...], dict[str, str]]
"""API group, its versions (what is asked first stands first), kinds and their plurals."""

EXTENSIONS: tuple[Extension, ...] = (
    ("gateway.networking.k8s.io", ("v1", "v1beta1"), {"HTTPRoute": "httproutes"}),
    ("cert-manager.io", ("v1",), {"Certificate": "certificates", "CertificateRequest": "certificaterequests"}),
    ("acme.cert-manager.io", ("v1",), {"Challenge": "challenges"}),
    ("external-secrets.io", ("v1", "v1beta1"), {"ExternalSecret": "externalsecrets"}),
    ("keda.sh", ("v1alpha1",), {"ScaledObject": "scaledobjects"}),
    (
        "security.istio.io",
        ("v1", "v1beta1"),
        {"AuthorizationPolicy": "authorizationpolicies", "PeerAuthentication": "peerauthentications"},
    ),
    (
        "networking.istio.io",
        ("v1", "v1beta1"),
        {
            "VirtualService": "virtualservices",
            "DestinationRule": "destinationrules",
            "ServiceEntry": "serviceentries",
            "Sidecar": "sidecars",
        },
    ),
    ("gateway.envoyproxy.io", ("v1alpha1",), {"BackendTrafficPolicy": "backendtrafficpolicies"}),
    ("argoproj.io", ("v1alpha1",), {"Application": "applications", "ApplicationSet": "applicationsets"}),
    ("metallb.io", ("v1beta1",), {"L2Advertisement": "l2advertisements", "BGPAdvertisement": "bgpadvertisements"}),
    (
        "kafka.strimzi.io",
        ("v1", "v1beta2"),
        {"Kafka": "kafkas", "KafkaTopic": "kafkatopics", "KafkaUser": "kafkausers"},
    ),
    ("rabbitmq.com", ("v1beta1",), {"Permission": "permissions", "TopicPermission": "topicpermissions"}),
    ("k8s.mariadb.com", ("v1alpha1",), {"Grant": "grants"}),
)
OF_CLUSTER: tuple[Extension, ...] = (
    ("crd.projectcalico.org", ("v1",), {"BGPPeer": "bgppeers", "BGPConfiguration": "bgpconfigurations"}),
    ("cilium.io", ("v2", "v2alpha1"), {"CiliumBGPClusterConfig": "ciliumbgpclusterconfigs"}),
)
"""Of what no namespace holds."""
