"""An init container fails by a host outside: its message alone tells of it, or its name is found no more."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.inits import fetching, left, said
from tests.diagnosis.rules.pods import pods_of, put
from tests.diagnosis.rules.scenes import SHOP, ingress, logs
from tests.diagnosis.rules.tiny import Obj, at, snapshot, workload

OURS, THEIRS = (SHOP, "service_crash", "page_human"), (SHOP, "dependency_failure", "page_human")
SPARED = no("restart_workload", "scale_workload", "rollback_workload", at=SHOP)
TRIES = "INFO fetching https://tiles.maps.example/v2/de.pack"
FORBIDDEN = f"{TRIES}\nERROR giving up: unexpected status 403 Forbidden"
FAILING = f"{TRIES}\nERROR upstream tiles.maps.example answered 503 Service Unavailable"
GO = (TRIES, 'ERROR Get "https://tiles.maps.example/v2/de.pack": dial tcp: lookup tiles.maps.example: no such host')
NODE = (TRIES, "Error: getaddrinfo ENOTFOUND tiles.maps.example")
UNSURE = (TRIES, "Error: getaddrinfo EAI_AGAIN tiles.maps.example")
NO_MAIL = "ERROR getaddrinfo ENOTFOUND smtp.mail.example"
NOT_HERE = ("vault.keys.svc", "vault.keys", "vault-0.vault.keys", "tiles.maps.internal", "tiles.maps.corp", "tiles.lan")
ASKS: dict[str, Any] = {"command": ["curl", "-fsS", "-o", "/data/x", "https://tiles.maps.example/v2/de.pack"]}
BY_SETTING: dict[str, Any] = {
    "command": ["curl", "-f", "-o", "/data/x", "$(PACK_URL)"],
    "env": [{"name": "PACK_URL", "value": "https://packs.voices.example/de.bin"}],
}


def missing(host: str) -> str:
    """Return what a program in Go tells of a name that is not found."""
    return f'ERROR Get "http://{host}:8080/v1": dial tcp: lookup {host} on 10.96.0.10:53: no such host'


HOLDS = [
    *(
        Holds(f"its message tells of a host outside: {what}", snapshot(world), THEIRS, excludes=SPARED)
        for what, world in (
            (
                "curl is refused, and a setting names whom it asks",
                left(fetching(**BY_SETTING), "curl: (22) The requested URL returned error: 403\n"),
            ),
            ("curl gets no answer", left(fetching(**ASKS), "curl: (28) Connection timed out after 30001 ms")),
            (
                "curl gets an error of the host",
                left(fetching(**ASKS), "curl: (22) The requested URL returned error: 503"),
            ),
            ("curl finds no such name", left(fetching(**ASKS), "curl: (6) Could not resolve host: tiles.maps.example")),
            ("a program names who answers with an error", left(fetching(), FAILING)),
        )
    ),
    *(
        Holds(f"the name of a host outside is found no more: {what}", snapshot(fetching(), logs=said(*lines)), THEIRS)
        for what, lines in {"Go": GO, "Node.js": NODE}.items()
    ),
    *(
        Holds(f"its message tells of a host outside, but {what}", snapshot(world, logs=told), OURS)
        for what, world, told in (
            ("it is the kubelet's", left(fetching(), FORBIDDEN, reason="ContainerStatusUnknown"), ()),
            ("its log tells another thing", left(fetching(), FORBIDDEN), said("ERROR no route in the map")),
            ("nobody ever came through", left(fetching(4), FORBIDDEN), ()),
            ("it ends by a fault of its own", left(fetching(), f"{TRIES}\nERROR no tile 7 in the index"), ()),
        )
    ),
    *(
        Holds(
            f"the name of a host outside is not found, but {what}", snapshot(world, logs=[*said(*lines), *more]), OURS
        )
        for what, world, lines, more in (
            ("no answer came to it", fetching(), UNSURE, ()),
            ("another program misses another one", [*fetching(), *workload("web")], GO, logs("web", NO_MAIL)),
            ("users come by it", [*fetching(), ingress("maps", "tiles.maps.example")], GO, ()),
            ("nobody ever came through", fetching(4), GO, ()),
        )
    ),
    *(
        Holds(f"a name is not found that we give away: {host}", snapshot(fetching(), logs=said(missing(host))), OURS)
        for host in NOT_HERE
    ),
    *(
        Holds(f"a name is not found of its owner: {host}", snapshot(fetching(), logs=said(missing(host))), THEIRS)
        for host in ("maps.com", "tiles.maps.dev", "tiles.internal.maps.de")
    ),
]


def come_through() -> list[Obj]:
    """Return pods that came through after they had left a message behind."""
    objects = left(fetching(), FORBIDDEN)
    for each in pods_of(objects)[-2:]:
        put(each, {"ready": True, "state": {"running": {"startedAt": at(30)}}}, ready=True)
        passed = {"ready": True, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
        each["status"]["initContainerStatuses"][0] |= passed
    return objects


DOES_NOT_HOLD = [DoesNotHold("those that left a message behind came through since", snapshot(come_through()))]
