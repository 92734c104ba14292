# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The access options that all reading actions share, in kubernetes.core's words."""

from __future__ import annotations


class ModuleDocFragment:
    """extends_documentation_fragment: tuheg.ir.auth."""

    DOCUMENTATION = r"""
options:
  host:
    description: URL of the API server. Else C(K8S_AUTH_HOST).
    type: str
  api_key:
    description: Token to log in with. Else C(K8S_AUTH_API_KEY).
    type: str
  kubeconfig:
    description:
      - Path of a kubeconfig, or its content as a dictionary.
        Else C(K8S_AUTH_KUBECONFIG), the service account of the pod, C(KUBECONFIG) or C(~/.kube/config).
    type: raw
  context:
    description: Context of the kubeconfig to use. Else C(K8S_AUTH_CONTEXT).
    type: str
  username:
    description: User name for basic authentication. Else C(K8S_AUTH_USERNAME).
    type: str
  password:
    description: Password for basic authentication. Else C(K8S_AUTH_PASSWORD).
    type: str
  validate_certs:
    description: Whether the API server's certificate is checked. Else C(K8S_AUTH_VERIFY_SSL).
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description: Path of the cluster's CA certificate. Else C(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description: Path of a client certificate. Else C(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
  client_key:
    description: Path of the client certificate's key. Else C(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
  proxy:
    description: URL of an HTTP proxy to go through. Else C(K8S_AUTH_PROXY).
    type: str
  no_proxy:
    description: Comma-separated hosts that are reached without the proxy. Else C(K8S_AUTH_NO_PROXY).
    type: str
  impersonate_user:
    description: User to act as. Else C(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description: Groups to act as. Else C(K8S_AUTH_IMPERSONATE_GROUPS), comma-separated.
    type: list
    elements: str
notes:
  - Runs in the process of ansible-playbook, not on the target; changes nothing in the cluster, also runs in check mode.
  - C(K8S_AUTH_*) is taken from the environment of ansible-playbook and from the C(environment) of the task.
"""
