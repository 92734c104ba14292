"""While a drill is on, no other cluster can be reached by mistake; afterwards all is as before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.kubeauth import find_access

from tuheg_ir.incidents.drill.ground import only_cluster

DRILL = """\
apiVersion: v1
kind: Config
clusters: [{name: drill, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}]
users: [{name: drill, user: {token: t}}]
contexts: [{name: drill, context: {cluster: drill, user: drill}}]
current-context: drill
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(DRILL)
    return path


@pytest.mark.parametrize(
    "theirs",
    [
        {"KUBECONFIG": "/production/config"},
        {"K8S_AUTH_KUBECONFIG": "/production/config"},
        {"K8S_AUTH_HOST": "https://production.example", "K8S_AUTH_API_KEY": "key"},
        {"K8S_AUTH_CONTEXT": "production"},
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"},
        {"K8S_AUTH_PROXY": "http://proxy.example:3128"},
    ],
    ids=lambda theirs: next(iter(theirs)),
)
def test_only_the_drills_cluster_is_found(
    theirs: dict[str, str], kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with only_cluster(kubeconfig):
        access = find_access({})
        assert (access.server, access.proxy) == ("https://127.0.0.1:1", "")
        assert os.environ["KUBECONFIG"] == str(kubeconfig)
    assert dict(os.environ) == before


def test_loopback_goes_round_the_users_proxy(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intern.example")
    monkeypatch.delenv("no_proxy", raising=False)
    with only_cluster(kubeconfig):
        assert os.environ["NO_PROXY"] == "intern.example,127.0.0.1"
        assert os.environ["no_proxy"] == "127.0.0.1"
    assert os.environ["NO_PROXY"] == "intern.example"
    assert "no_proxy" not in os.environ


def test_what_is_started_keeps_its_files_where_it_is_told(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    with only_cluster(kubeconfig, scratch=tmp_path):
        assert os.environ["TMPDIR"] == str(tmp_path)
    with only_cluster(kubeconfig):
        assert os.environ["TMPDIR"] == "/elsewhere"


def test_the_environment_comes_back_after_an_error(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", "https://production.example")
    before = dict(os.environ)
    with pytest.raises(KeyboardInterrupt), only_cluster(kubeconfig):
        raise KeyboardInterrupt
    assert dict(os.environ) == before
