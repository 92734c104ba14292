"""The least-privilege account: its rights from rbac/, and a kubeconfig with a token of its own."""

from __future__ import annotations

from lab import settings
from lab.errors import LabError
from lab.kubectl import kubectl
from lab.paths import CHECKOUT, Lab
from lab.pki import kubeconfig, write_private

RIGHTS = CHECKOUT / "rbac"
TOKEN_DURATION = "48h"


def apply_rights(lab: Lab) -> bool:
    """Apply the manifests in rbac/; False when there is none."""
    files = sorted(RIGHTS.glob("*.y*ml"))
    if files:
        kubectl(lab, "apply", *(word for f in files for word in ("-f", str(f))))
    return bool(files)


def write_account(lab: Lab) -> None:
    """Write the account's kubeconfig, with a fresh token from the TokenRequest API."""
    try:
        token = kubectl(
            lab, "--namespace", settings.NAMESPACE,
            "create", "token", settings.ACCOUNT, "--duration", TOKEN_DURATION,
        )  # fmt: skip
    except LabError as error:
        raise LabError(f"no token for the account {settings.ACCOUNT}: {error.what}", "Does rbac/ declare it?") from None
    text = kubeconfig(
        lab.pki / "ca.crt",
        f"127.0.0.1:{settings.API_PORT}",
        settings.ACCOUNT,
        {"token": token.strip()},
        settings.NAMESPACE,
    )
    write_private(lab.account, text)
