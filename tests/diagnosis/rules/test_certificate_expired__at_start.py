"""A host outside shows a certificate that is out of date to what has to fetch from it before a pod starts."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.inits import fetching, left, said
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import Obj, snapshot, workload

THEIRS = (SHOP, "dependency_failure", "page_human")
ENDED = (
    "curl: (60) SSL certificate problem: certificate has expired\nMore details here: https://curl.se/docs/sslcerts.html"
)
PYTHON = (
    "requests.exceptions.SSLError: HTTPSConnectionPool(host='packs.voices.example', port=443): Max retries exceeded "
    "with url: /de (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate "
    "verify failed: certificate has expired (_ssl.c:1000)')))"
)
GO = (
    'fatal: Get "https://packs.voices.example/de": tls: failed to verify certificate: x509: certificate has expired or '
    "is not yet valid: current time 2026-03-04T11:59:00Z is after 2026-03-04T10:00:00Z"
)
SPARED = no("restart_workload", "scale_workload", "rollback_workload", at=SHOP)


def asking(url: str = "https://packs.voices.example/de.bin", *, shell: bool = False) -> list[Obj]:
    """Return a workload whose last pods end at an init container that asks for something by curl."""
    words = ["curl", "-fsS", "--retry", "2", "-o", "/data/x", url]
    command: dict[str, Any] = {"command": ["sh", "-c", " ".join(words)] if shell else words}
    return fetching(**command)


HOLDS = [
    Holds(
        "only what curl leaves behind tells of it, and a shell's command names the host",
        snapshot(left(asking(shell=True), ENDED)),
        THEIRS,
        excludes=SPARED,
    ),
    Holds(
        "only what curl leaves behind tells of it, and its words name the host", snapshot(left(asking(), ENDED)), THEIRS
    ),
    Holds("curl's log tells of it, and its words name the host", snapshot(asking(), logs=said(ENDED)), THEIRS),
    Holds("only what a program in Python leaves behind tells of it", snapshot(left(fetching(), PYTHON)), THEIRS),
    Holds("only what a program in Go leaves behind tells of it", snapshot(left(fetching(), GO)), THEIRS),
    *(
        Holds(
            f"what curl leaves behind tells of it, but {what}",
            snapshot(world),
            (of, "configuration_error", "page_human"),
        )
        for what, world, of in (
            (
                "it misses the roots to trust anybody",
                left(asking(), "curl: (60) SSL certificate problem: unable to get local issuer certificate"),
                SHOP,
            ),
            (
                "it is a neighbour's",
                [*left(asking("https://cart:8080/de.bin"), ENDED), *workload("cart")],
                "Deployment/cart",
            ),
            ("nobody knows of whom", left(fetching(command=["fetch"]), ENDED.partition("\n")[0]), SHOP),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the message is the runtime's, of a file that it cannot run",
        snapshot(left(asking(), f"exec: {ENDED}", reason="StartError")),
    ),
    DoesNotHold(
        "its log is there, and tells another thing", snapshot(left(asking(), ENDED), logs=said("ERROR disk quota"))
    ),
    DoesNotHold(
        "the host's certificate is well, and nobody answers",
        snapshot(left(asking(), "curl: (28) Connection timed out after 30001 ms")),
        THEIRS,
    ),
    DoesNotHold(
        "the host's certificate is well, and it refuses",
        snapshot(left(asking(), "curl: (22) The requested URL returned error: 403")),
        THEIRS,
    ),
]
