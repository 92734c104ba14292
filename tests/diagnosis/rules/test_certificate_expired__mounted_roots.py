"""Clients that mount whom they trust, and a host outside that moved to an authority which is not among those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import Answers, Holds, no
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, WEB, errors
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOST = "api.partner.example"
ASKS = {"PARTNER_URL": f"https://{HOST}/v3"}
JAVA = (
    f'I/O error on POST request for "https://{HOST}/v3/verify": PKIX path building failed: '
    "SunCertPathBuilderException: unable to find valid certification path to requested target"
)
GO = f'Post "https://{HOST}/v3": tls: failed to verify certificate: x509: certificate signed by unknown authority'
NODE = f"request to https://{HOST}/v3 failed, code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'"
PYTHON = (
    f"requests.exceptions.SSLError: HTTPSConnectionPool(host='{HOST}', port=443): Max retries exceeded (Caused by "
    "SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate'))"
)
RUST = f"error sending request for url (https://{HOST}/v3): invalid peer certificate: UnknownIssuer"
PHP = f"cURL error 60: SSL certificate problem: unable to get local issuer certificate for https://{HOST}/v3"
LEAF = f"request to https://{HOST}/v3 failed, reason: unable to verify the first certificate"
LONE = f"request to https://{HOST}/v3 failed, reason: self-signed certificate; code: 'DEPTH_ZERO_SELF_SIGNED_CERT'"
JAVA_SET = {"JAVA_TOOL_OPTIONS": "-Xmx1g -Djavax.net.ssl.trustStore=/etc/roots/all.jks -Dx=y"}
GO_SET = {"SSL_CERT_FILE": "/etc/roots/all.pem"}
NODE_SET = {"NODE_EXTRA_CA_CERTS": "/etc/roots/all.pem"}
PYTHON_SET = {"REQUESTS_CA_BUNDLE": "/etc/roots/all.pem"}


def mount(kind: str = "ConfigMap", name: str = "partners", path: str = "/etc/roots", **more: str) -> dict[str, Any]:
    """Return the volumes of a template, and what its container mounts of them."""
    held = {"configMap": {"name": name}} if kind == "ConfigMap" else {"secret": {"secretName": name}}
    return {
        "spec": {"volumes": [{"name": "roots", **held}]},
        "volumeMounts": [{"name": "roots", "mountPath": path, **more}],
    }


def client(name: str, given: Mapping[str, str], at: dict[str, Any] | None = None, **more: Any) -> Any:
    """Return a program that asks the host and mounts roots; ``given``: how it is told to trust them."""
    return workload(name, env={**ASKS, **given}, **(mount() if at is None else at), **more)


def roots(kind: str = "ConfigMap", name: str = "partners", written: float = 400 * DAY) -> Any:
    return thing(kind, name, age=500 * DAY, written=written, data={"all.pem": "sha256:00"})


def refused(name: str, line: str, times: int = 9) -> Log:
    return log(pod(name), *[line] * times, since=600)


def moved(
    *beside: Any,
    shop: Any = None,
    api: Any = None,
    held: Any = None,
    lines: Sequence[str] = (JAVA, JAVA),
    told: Sequence[Log] = (),
    times: int = 9,
) -> Snapshot:
    """Return a shop and an api that refuse the host since ten minutes and mount the same roots, as old as can be."""
    asked = [refused(name, line, times) for name, line in zip(("shop", "api"), lines, strict=False) if line]
    return snapshot(
        shop or client("shop", JAVA_SET),
        api or client("api", JAVA_SET),
        *beside,
        roots() if held is None else held,
        logs=[*asked, *told],
        figures=[errors("shop", 0.6, 600)],
    )


def alone(
    line: str,
    given: Mapping[str, str],
    at: dict[str, Any] | None = None,
    *,
    beside: Any = (),
    started: float | None = None,
    **more: Any,
) -> Snapshot:
    """Return a shop that refuses the host, and nobody else who mounts its roots, but for who is ``beside``."""
    return moved(beside, shop=client("shop", given, at, started=started), api=workload("api"), lines=(line,), **more)


def asks(name: str, *lines: str, given: Any = None) -> tuple[Any, Log]:
    """Return another client of the host, with what it tells since others refuse it."""
    made = client(name, given) if given is not None else workload(name, env=ASKS)
    return made, log(pod(name), *[*lines] * 9, since=300)


GOES_ON = f"INFO answered 200 of https://{HOST}/v3 in 60 ms"
OWN_ROOTS = asks("web", GOES_ON)
SAME_ROOTS = asks("web", GOES_ON, given=GO_SET)
ALSO_REFUSES = asks("web", GO)
SILENT = asks("web", "INFO ready", given=GO_SET)
ELSEWHERE = GO.replace(HOST, "pay.bank.example")
DB_SET = {"PGSSLROOTCERT": "/etc/roots/all.pem"}
SHARED = {"DB_SSL_ROOT_CA": "/etc/roots/all.pem", **GO_SET}
RELEASED: dict[str, Any] = {"before": IMAGE, "released": 1500}
FOUND = ("ConfigMap/partners", "configuration_error", "page_human")
IN_SECRET = ("Secret/partners", "configuration_error", "page_human")
HARMFUL = ("restart_workload", "rollback_workload", "scale_workload")

HOLDS = [
    *(
        Holds(
            f"two clients of a host outside mount the same old roots: {what}",
            world,
            FOUND,
            excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *no("rollback_workload", at=API)),
            harmful=HARMFUL,
            alone=True,
        )
        for what, world in (
            ("both in Java", moved()),
            ("in Go and Node", moved(shop=client("shop", GO_SET), api=client("api", NODE_SET), lines=(GO, NODE))),
            ("one was released a while before", moved(shop=client("shop", JAVA_SET, **RELEASED))),
            ("a third trusts its own image", moved(OWN_ROOTS[0], told=OWN_ROOTS[1:])),
            ("their database's roots lie there too", moved(shop=client("shop", SHARED), lines=(GO, JAVA))),
            (
                "where programs look by themselves",
                moved(
                    shop=client("shop", {}, mount(path="/etc/ssl/certs/all.pem", subPath="all.pem")),
                    api=client("api", {}, mount(path="/etc/ssl/certs")),
                    lines=(PHP, RUST),
                ),
            ),
        )
    ),
    *(
        Holds(f"one client mounts its roots: {what}", world, found, harmful=HARMFUL, alone=True)
        for what, world, found in (
            ("in Python", alone(PYTHON, PYTHON_SET), FOUND),
            ("in Node", alone(NODE, NODE_SET), FOUND),
            ("of a Secret", alone(GO, GO_SET, mount("Secret"), held=roots("Secret")), IN_SECRET),
            (
                "and another that trusts its own image goes on",
                alone(GO, GO_SET, beside=OWN_ROOTS[0], told=OWN_ROOTS[1:]),
                FOUND,
            ),
        )
    ),
]
NOT_THE_ROOTS = (
    ("another client without those roots refuses it too", moved(ALSO_REFUSES[0], told=ALSO_REFUSES[1:])),
    ("another client with the same roots trusts it", moved(SAME_ROOTS[0], told=SAME_ROOTS[1:])),
    ("the roots were written an hour before", moved(held=roots(written=4000))),
    ("nobody sees when the roots were written", moved(held=())),
    ("they refuse hosts of others as well", moved(told=[refused("shop", ELSEWHERE)])),
    ("the host leaves out a link of its chain", moved(lines=(LEAF, LEAF))),
    ("the host shows a lone certificate", moved(lines=(LONE, LONE))),
    ("the roots are those of their database", alone(GO, DB_SET)),
    (
        "the roots are those of a broker",
        alone(GO, GO_SET, mount(name="kafka-ca"), held=roots(name="kafka-ca")),
    ),
    ("no setting leads to what is mounted", alone(GO, {"FLAGS": "/etc/other/flags.json"})),
    (
        "each mounts roots of its own",
        moved(roots(name="bank"), api=client("api", JAVA_SET, mount(name="bank"))),
    ),
    (
        "one alone does so, and who mounts the same tells nothing of it",
        alone(GO, GO_SET, beside=SILENT[0], told=SILENT[1:]),
    ),
    ("it was refused but once", alone(GO, GO_SET, times=1)),
    ("it began with its start", alone(GO, GO_SET, started=620)),
)
ANSWERS = [
    Answers(
        f"clients of a host outside do not know its authority, and their roots may be well: {what}",
        world,
        right=[(each, "configuration_error", "page_human") for each in (SHOP, API, WEB)],
        harmful=HARMFUL,
    )
    for what, world in NOT_THE_ROOTS
]
