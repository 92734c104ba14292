"""The platform is read from the inventory as Ansible would read it, and checked."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tuheg_ir.catalogue import clusters, load_platform
from tuheg_ir.errors import InventoryError, UsageError

ROOT = Path(__file__).resolve().parents[2]
SERVICE = {"kind": "Deployment", "container": "gateway"}
VARIABLES: dict[str, Any] = {
    "ir_namespace": "tuheg-production",
    "ir_default_service": "backend-gateway",
    "ir_services": {"backend-gateway": SERVICE, "redis": {"kind": "Deployment"}},
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    write(tmp_path, "hosts", "[clusters]\nproduction\nstaging\n\n[tools]\nbastion\n")
    write(tmp_path, "group_vars/clusters.yml", VARIABLES)
    return tmp_path


def write(folder: Path, name: str, content: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")


def change(folder: Path, service: dict[str, Any]) -> None:
    """Write an inventory whose first service is this one."""
    services = {"backend-gateway": service, "redis": {"kind": "Deployment"}}
    write(folder, "group_vars/clusters.yml", VARIABLES | {"ir_services": services})


def test_the_clusters_are_those_of_their_group(inventory: Path) -> None:
    assert clusters(inventory) == ["production", "staging"]
    assert clusters(inventory / "hosts") == ["production", "staging"]


def test_a_platform_is_what_the_inventory_says(inventory: Path) -> None:
    platform = load_platform(inventory, "production")
    assert (platform.cluster, platform.namespace) == ("production", "tuheg-production")
    assert platform.services == VARIABLES["ir_services"]
    assert platform.vars == VARIABLES
    assert platform.service() == SERVICE
    assert platform.service("redis") == {"kind": "Deployment"}


def test_an_unknown_service_lists_the_services(inventory: Path) -> None:
    with pytest.raises(UsageError, match=r"Services of production: backend-gateway, redis\."):
        load_platform(inventory, "production").service("mysql")


@pytest.mark.parametrize("cluster", ["prod", "bastion", "clusters", "all", ""])
def test_what_is_no_cluster_lists_the_clusters(inventory: Path, cluster: str) -> None:
    with pytest.raises(InventoryError, match=r"Clusters there: production, staging\."):
        load_platform(inventory, cluster)


def test_a_group_without_clusters_lists_the_groups(inventory: Path) -> None:
    write(inventory, "hosts", "[tools]\nbastion\n")
    with pytest.raises(InventoryError, match=r"Groups there: tools\."):
        clusters(inventory)


@pytest.mark.parametrize("name", list(VARIABLES))
def test_a_variable_that_is_needed_and_missing_is_named(inventory: Path, name: str) -> None:
    rest = {key: value for key, value in VARIABLES.items() if key != name}
    write(inventory, "group_vars/clusters.yml", rest)
    with pytest.raises(InventoryError, match=f"The inventory does not set {name}") as caught:
        load_platform(inventory, "production")
    assert "group_vars/clusters.yml" in caught.value.next


def test_an_encrypted_file_is_left_out_and_named_when_something_is_missing(inventory: Path) -> None:
    write(inventory, "group_vars/clusters/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert load_platform(inventory, "production").namespace == "tuheg-production"
    (inventory / "group_vars/clusters.yml").unlink()
    with pytest.raises(InventoryError, match=r"Encrypted files are not read: .*vault\.yml"):
        load_platform(inventory, "production")


JINJA = ["{{ lookup('env', 'NS') }}", "{% if x %}a{% endif %}", "a{# b #}"]


@pytest.mark.parametrize("text", JINJA)
def test_a_jinja_expression_in_the_services_is_refused_with_the_reason(inventory: Path, text: str) -> None:
    change(inventory, SERVICE | {"ingress": text})
    with pytest.raises(InventoryError) as caught:
        load_platform(inventory, "production")
    assert caught.value.what == f"ir_services.backend-gateway.ingress is a Jinja expression ({text!r})"
    assert caught.value.next == "Write the plain value: the platform is read without starting Ansible."
    assert caught.value.which.startswith(str(inventory / "group_vars" / "clusters.yml"))


def test_jinja_in_an_inline_variable_of_ours_is_refused_with_its_line(inventory: Path) -> None:
    write(inventory, "hosts", "[clusters]\nproduction ir_prometheus_url='{{ url }}'\n")
    with pytest.raises(InventoryError) as caught:
        load_platform(inventory, "production")
    assert caught.value.which == f"{inventory / 'hosts'}, line 2"


def test_jinja_in_variables_of_ansible_is_none_of_our_business(inventory: Path) -> None:
    write(inventory, "hosts", "[clusters]\nproduction ansible_python_interpreter='{{ x }}'\n")
    assert load_platform(inventory, "production").vars["ansible_python_interpreter"] == "{{ x }}"


HTTP = {"name": "core", "purpose": "core_function", "http": {"url": "$ingress/api"}}
PROMQL = {"name": "errors", "purpose": "user", "promql": "x", "max": 0.01}

SERVICE_CASES: list[tuple[dict[str, Any], str]] = [
    ({"container": "x"}, "ir_services.backend-gateway lacks 'kind'"),
    ({"kind": "DaemonSet"}, "ir_services.backend-gateway.kind is 'DaemonSet'"),
    ({"kind": "Deployment", "conatiner": "x"}, "ir_services.backend-gateway.conatiner is not known here"),
    ({"kind": "Deployment", "replicas": {"surge": 2, "floor": 3}}, "ir_services.backend-gateway.replicas.surge is 2"),
    ({"kind": "Deployment", "replicas": {"surge": 2, "floor": 0}}, "ir_services.backend-gateway.replicas.floor is 0"),
    ({"kind": "Deployment", "depends_on": ["mysql"]}, "ir_services.backend-gateway.depends_on[0] is 'mysql'"),
    ({"kind": "Deployment", "ingress": "Main"}, "ir_services.backend-gateway.ingress is 'Main'"),
    (
        {"kind": "StatefulSet", "database": {"exec_container": "db"}},
        "ir_services.backend-gateway.database lacks 'single_primary'",
    ),
    (
        {"kind": "StatefulSet", "database": {"exec_container": "db", "single_primary": "yes"}},
        "ir_services.backend-gateway.database.single_primary is 'yes'",
    ),
]

PROBE_CASES: list[tuple[list[Any], str]] = [
    ([HTTP, HTTP], "has two probes named 'core'"),
    ([HTTP | {"purpose": "fun"}], "[0].purpose is 'fun'"),
    ([HTTP | {"promql": "x"}], "[0] must ask exactly one question"),
    ([{"name": "a", "purpose": "user"}], "[0] must ask exactly one question"),
    ([HTTP | {"max": 1}], "[0].max belongs to a promql probe"),
    ([HTTP | {"http": {"url": "ftp://x"}}], "[0].http.url is 'ftp://x'"),
    ([HTTP | {"http": {"url": "http://x", "requests": 0}}], "[0].http.requests is 0"),
    ([PROMQL | {"min": 1}], "[0] must have exactly one threshold"),
    ([{k: v for k, v in PROMQL.items() if k != "max"}], "[0] must have exactly one threshold"),
    ([PROMQL | {"max": ".01"}], "[0].max is '.01'"),
    ([PROMQL | {"max": float("nan")}], "[0].max is nan"),
    ([PROMQL | {"min_samples": 50}], "[0] has min_samples but nothing to count"),
    ([PROMQL | {"window": "a minute"}], "[0].window is 'a minute'"),
]


@pytest.mark.parametrize(("service", "what"), SERVICE_CASES)
def test_a_malformed_service_is_named(inventory: Path, service: dict[str, Any], what: str) -> None:
    change(inventory, service)
    with pytest.raises(InventoryError) as caught:
        load_platform(inventory, "production")
    assert caught.value.what.startswith(what)
    assert f"{inventory / 'group_vars' / 'clusters.yml'}, line " in caught.value.which
    assert caught.value.next


@pytest.mark.parametrize(("probes", "what"), PROBE_CASES)
def test_a_malformed_probe_is_named(inventory: Path, probes: list[Any], what: str) -> None:
    change(inventory, SERVICE | {"probes": probes})
    with pytest.raises(InventoryError) as caught:
        load_platform(inventory, "production")
    assert caught.value.what.replace("ir_services.backend-gateway.probes", "").strip().startswith(what)


@pytest.mark.parametrize(
    ("also", "what"),
    [
        ("kube-system", "ir_also_namespaces is 'kube-system'"),
        (["Kube System"], "ir_also_namespaces[0] is 'Kube System'"),
        (["kube-system", "kube-system"], "ir_also_namespaces names 'kube-system' twice"),
        (["edge", "tuheg-production"], "ir_also_namespaces[1] is 'tuheg-production', the platform's own namespace"),
    ],
)
def test_what_is_no_list_of_other_namespaces_is_refused(inventory: Path, also: Any, what: str) -> None:
    write(inventory, "group_vars/clusters.yml", VARIABLES | {"ir_also_namespaces": also})
    with pytest.raises(InventoryError) as caught:
        load_platform(inventory, "production")
    assert caught.value.what.startswith(what)


def test_a_default_service_that_is_not_described_lists_the_services(inventory: Path) -> None:
    write(inventory, "group_vars/clusters.yml", VARIABLES | {"ir_default_service": "mysql"})
    with pytest.raises(InventoryError, match=r"Write one of: backend-gateway, redis\."):
        load_platform(inventory, "production")


def test_no_services_at_all_is_an_error(inventory: Path) -> None:
    write(inventory, "group_vars/clusters.yml", VARIABLES | {"ir_services": {}})
    with pytest.raises(InventoryError, match="ir_services is empty"):
        load_platform(inventory, "production")


@pytest.mark.parametrize("path", sorted(ROOT.glob("inventories/*")) + sorted(ROOT.glob("lab/inventory")))
def test_the_inventories_of_the_project_can_be_read(path: Path) -> None:
    for cluster in clusters(path):
        assert "backend-gateway" in load_platform(path, cluster).services
