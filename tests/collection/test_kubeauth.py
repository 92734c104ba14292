"""The cluster is found where kubernetes.core finds it, and what is missing is said."""

from __future__ import annotations

import base64
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.tuheg.ir.plugins.module_utils.kubeauth import Access, find_access
from ansible_collections.tuheg.ir.plugins.module_utils.kubeerror import KubeError

SERVER = "https://10.0.0.1:6443"


def kubeconfig(folder: Path, name: str = "config", *, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    path = folder / name
    content = {
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u"}},
            {"name": "there", "context": {"cluster": "other", "user": "u"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": SERVER, **cluster}},
            {"name": "other", "cluster": {"server": "https://other:6443"}},
        ],
        "users": [{"name": "u", "user": {"token": "from-file"} if user is None else user}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


def bearer(access: Access) -> str:
    return dict(access.headers).get("Authorization", "")


def test_awx_gives_four_variables_and_they_are_enough(tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_text("x")
    access = find_access(
        {},
        {
            "K8S_AUTH_HOST": SERVER + "/",
            "K8S_AUTH_API_KEY": "token",
            "K8S_AUTH_VERIFY_SSL": "True",
            "K8S_AUTH_SSL_CA_CERT": str(ca),
            "HOME": str(tmp_path),
        },
    )
    assert (access.server, bearer(access), access.verify, access.ca_file) == (SERVER, "Bearer token", True, str(ca))


@pytest.mark.parametrize(("text", "verify"), [("false", False), ("0", False), ("No", False), ("yes", True)])
def test_verification_is_switched_off_as_in_kubernetes_core(text: str, verify: bool) -> None:
    env = {"K8S_AUTH_HOST": SERVER, "K8S_AUTH_API_KEY": "t", "K8S_AUTH_VERIFY_SSL": text}
    assert find_access({}, env).verify is verify


def test_arguments_win_over_variables_and_variables_over_files(tmp_path: Path) -> None:
    config = str(kubeconfig(tmp_path))
    env = {"KUBECONFIG": config}
    assert bearer(find_access({}, env)) == "Bearer from-file"
    env["K8S_AUTH_API_KEY"] = "from-env"
    assert bearer(find_access({}, env)) == "Bearer from-env"
    access = find_access({"api_key": "given", "host": "https://given:1"}, env)
    assert (bearer(access), access.server) == ("Bearer given", "https://given:1")


def test_a_named_kubeconfig_or_context_wins_over_kubeconfig_of_the_environment(tmp_path: Path) -> None:
    env = {"KUBECONFIG": str(kubeconfig(tmp_path))}
    assert find_access({"context": "there"}, env).server == "https://other:6443"
    second = tmp_path / "second"
    second.mkdir()
    named = kubeconfig(second, user={"token": "second"})
    assert bearer(find_access({"kubeconfig": str(named)}, env)) == "Bearer second"
    assert bearer(find_access({}, env | {"K8S_AUTH_KUBECONFIG": str(named)})) == "Bearer second"


def test_the_default_is_the_config_of_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    kubeconfig(tmp_path / ".kube")
    assert find_access({}, {"HOME": str(tmp_path)}).server == SERVER


def test_a_kubeconfig_may_be_a_dictionary(tmp_path: Path) -> None:
    content = yaml.safe_load(kubeconfig(tmp_path).read_text())
    access = find_access({"kubeconfig": content}, {})
    assert (access.server, access.source) == (SERVER, "the kubeconfig given as a dictionary, context here")


def test_of_several_files_the_first_that_names_something_wins(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text(yaml.safe_dump({"users": [{"name": "u", "user": {"token": "first"}}]}))
    rest = kubeconfig(tmp_path)
    missing = tmp_path / "missing"
    assert bearer(find_access({}, {"KUBECONFIG": f"{missing}:{first}:{rest}"})) == "Bearer first"


def test_inline_certificates_are_kept_as_text_and_files_count_from_the_kubeconfigs_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    encoded = base64.b64encode(b"CERT").decode()
    user = {"client-certificate-data": encoded, "client-key-data": encoded}
    config = kubeconfig(tmp_path, user=user, **{"certificate-authority": "ca.pem", "tls-server-name": "api"})
    access = find_access({}, {"KUBECONFIG": str(config)})
    assert (access.cert_data, access.key_data) == ("CERT", "CERT")
    assert (access.ca_file, access.server_name) == (str(tmp_path / "ca.pem"), "api")


def test_a_token_file_a_password_and_impersonation_are_understood(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("fresh\n")
    config = kubeconfig(tmp_path, user={"tokenFile": "token", "as": "boss", "as-groups": ["g1", "g2"]})
    headers = find_access({}, {"KUBECONFIG": str(config)}).headers
    assert headers == (
        ("Authorization", "Bearer fresh"),
        ("Impersonate-User", "boss"),
        ("Impersonate-Group", "g1"),
        ("Impersonate-Group", "g2"),
    )
    config = kubeconfig(tmp_path, user={"username": "u", "password": "p"})
    assert bearer(find_access({}, {"KUBECONFIG": str(config)})) == "Basic dTpw"


def test_a_credential_plugin_is_run_by_the_kubernetes_library(tmp_path: Path) -> None:
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "minted"}}
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!{sys.executable}\nprint({json.dumps(json.dumps(answer))})\n")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    }
    access = find_access({}, {"KUBECONFIG": str(kubeconfig(tmp_path, user=user))})
    assert (access.server, bearer(access)) == (SERVER, "Bearer minted")


def test_a_credential_plugin_that_fails_is_named(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/plugin"}}
    with pytest.raises(KubeError) as caught:
        find_access({}, {"KUBECONFIG": str(kubeconfig(tmp_path, user=user))})
    assert caught.value.kind == "unauthorized"
    assert "the login of kubeconfig" in caught.value.message


def test_a_proxy_is_used_unless_the_host_is_excepted() -> None:
    auth = {"host": "https://api.corp.example:6443", "api_key": "t", "proxy": "http://proxy:3128"}
    assert find_access(auth, {}).proxy == "http://proxy:3128"
    assert find_access(auth | {"no_proxy": "localhost,.example"}, {}).proxy == ""


@pytest.mark.parametrize(
    ("content", "says", "next_step"),
    [
        (None, "no cluster access is configured: there is no kubeconfig at", "set KUBECONFIG, or K8S_AUTH_HOST"),
        (": not yaml : [", "cannot be read", "correct the file"),
        ("- a list", "is not a kubeconfig", "name the right file"),
        ("clusters: []", "has no current-context", "it lists none"),
        ("current-context: x\ncontexts: [{name: y, context: {}}]", "has no context named 'x'", "use one of: y"),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {}}]",
            "names no server",
            "add the cluster's server address",
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
            "clusters: [{name: c, cluster: {server: 's', certificate-authority: /nowhere/ca}}]",
            "names a certificate-authority that does not exist: /nowhere/ca",
            "correct the path",
        ),
    ],
)
def test_what_is_wrong_with_a_kubeconfig_is_said(
    tmp_path: Path, content: str | None, says: str, next_step: str
) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KubeError) as caught:
        find_access({}, {"KUBECONFIG": str(path)})
    assert caught.value.kind == "invalid"
    assert says in caught.value.message
    assert next_step in caught.value.next


def test_a_certificate_file_that_is_not_there_is_said_before_connecting() -> None:
    with pytest.raises(KubeError, match="ca_cert names a file that does not exist: /nowhere/ca"):
        find_access({"host": SERVER, "api_key": "t", "ca_cert": "/nowhere/ca"}, {})
