"""Whoever goes through a list of stolen names tries each once, and most are nobody's; users try their own again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, latency, rate
from tests.diagnosis.rules.tiny import log, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Log, Snapshot

MIN = 60.0
LOGIN = "Deployment/login"
STOLEN = (LOGIN, "security_incident", "page_human")
ASKS = {"LOGIN_URL": "http://login:8080"}

KEYCLOAK = (
    'WARN  [org.keycloak.events] (executor-thread-9) type="LOGIN_ERROR", realmName="shop", clientId="app", '
    'userId="null", ipAddress="{ip}", error="{error}", grant_type="password", username="{name}"'
)
UNKNOWN_LINES = (
    '{{"level":"warn","msg":"login failed","reason":"unknown user","user":"{name}","ip":"{ip}"}}',
    "Failed password for invalid user {name} from {ip} port 40222 ssh2",
    "Failed authentication attempt for {name} from {ip}:0: user does not exist [uid: 0, name: {name}]",
    'level=error msg="Unsuccessful 1FA authentication attempt by user \'{name}\'" error="user not found" ip={ip}',
    "auth: Info: sql({name},{ip}): unknown user",
    "Authentication attempt for unknown user {name} from {ip}",
    "WARN c.e.LoginService : login of {name} from {ip} refused: UsernameNotFoundException",
)
WRONG = '{{"level":"warn","msg":"login failed","reason":"wrong password","user":"{name}","ip":"{ip}"}}'
UNKNOWN = UNKNOWN_LINES[0]
WELL = "INFO session renewed"


def address(number: int) -> str:
    return f"185.220.{number % 7}.{number % 251}"


def keycloak(error: str) -> str:
    return KEYCLOAK.replace("{error}", error)


def tried(
    unknown: str = UNKNOWN,
    known: str = WRONG,
    *,
    names: int = 200,
    known_each: int = 8,
    since: float = 40,
    heard: float = 60,
    inner: bool = False,
) -> Log:
    """Return the log of a login that refuses four names a minute since so many minutes.

    ``known_each``: so many tries are for one that somebody has (0: none at all). ``names``: so many there are.
    """
    well = [(float(age), WELL) for age in range(int(heard), int(since), -1)]
    told = []
    for n in range(int(since * 4)):
        line = known if known_each and n % known_each == 0 else unknown
        source = f"10.1.{n % 7}.{n % 251}" if inner else address(n)
        told.append(((since - n / 4) * MIN, line.format(name=f"user{n % names}@mail.example", ip=source)))
    return timed(pod("login"), *((age * MIN, line) for age, line in well), *told)


def world(*kept: Log, figures: Any = None, login: Any = None, shop: Any = None, beside: Any = ()) -> Snapshot:
    """Return a login that is slow since forty minutes, and a shop that asks it and was released ten minutes before."""
    released = {"before": IMAGE, "released": 48 * MIN} if shop is None else shop
    return snapshot(
        workload("login", **(login or {})),
        workload("shop", env=ASKS, **released),
        *beside,
        logs=kept,
        figures=[latency("login", 0.2, 9.0, 38 * MIN), errors("shop", 0.3, 38 * MIN)] if figures is None else figures,
        alerts=[alert("LoginSlow", deployment="login")],
    )


def edge(*answers: int, program: str = "okhttp/3.12.1", before: int = 0) -> Log:
    """Return an access log of one program: how its requests were answered, and of some more long before."""
    line = '{ip} - - "POST /token HTTP/1.1" {status} 79 "-" "{program}"'
    asked = [(58 * MIN - n, line.format(ip=address(n), status=401, program=program)) for n in range(before)]
    asked += [
        (30 * MIN - n * 10, line.format(ip=address(n), status=status, program=program))
        for n, status in enumerate(answers)
    ]
    return timed("edge-pod0", *asked)


GREW = [latency("login", 0.2, 9.0, 38 * MIN), rate("login", 8, 74, 40 * MIN), errors("shop", 0.3, 38 * MIN)]

HOLDS = [
    *(
        Holds(
            f"most names are nobody's, and each is tried once: {what}",
            made,
            STOLEN,
            excludes=(
                *no("rollback_workload", "restart_workload", at=SHOP),
                *no("scale_workload", "restart_workload", "isolate_workload", at=LOGIN),
            ),
            harmful=("rollback_workload", "scale_workload", "restart_workload", "isolate_workload"),
            alone=True,
        )
        for what, made in (
            *((line[:40], world(tried(line))) for line in UNKNOWN_LINES),
            ("Keycloak", world(tried(keycloak("user_not_found"), keycloak("invalid_user_credentials")))),
            ("it is asked nine times as much, and no name is known", world(tried(known_each=0), figures=GREW)),
            ("it is asked nine times as much, and its log begins with it", world(tried(heard=40), figures=GREW)),
            (
                "it is asked nine times as much, and was released as it began",
                world(tried(), figures=GREW, login={"before": IMAGE, "released": 41 * MIN}),
            ),
            ("some are let in, as the edge tells", world(tried(), edge(*[401] * 60, 200, 200))),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, made, instead)
        for what, made, instead in (
            ("the names are known, and the passwords are wrong", world(tried(WRONG)), ()),
            ("the same names are tried again and again", world(tried(names=12)), ()),
            ("who tries is one of our own", world(tried(inner=True)), ()),
            ("no name is known any more, and no more are tried than ever", world(tried(known_each=0)), ()),
            ("so it has been all along", world(tried(heard=40)), ()),
            (
                "the login was released as it began",
                world(tried(), login={"before": IMAGE, "released": 41 * MIN}),
                ("code_defect", "rollback_workload"),
            ),
            ("a few strangers knock", world(log(pod("login"), *[UNKNOWN.format(name="root", ip=address(1))] * 4)), ()),
        )
    ),
    DoesNotHold(
        "nobody suffers by it",
        snapshot(workload("login"), workload("shop", env=ASKS), logs=[tried()], figures=[errors("shop", 0.001)]),
    ),
]


@pytest.mark.parametrize(
    ("log_of_edge", "taken"),
    [
        (edge(*[401] * 60, 200, 200), True),
        (edge(*[401] * 60), False),
        (edge(*[401] * 60, *[200] * 40), False),
        (edge(*[401] * 60, 200, 200, before=9), False),
    ],
    ids=["two of many", "none", "many", "it asked long before"],
)
def test_who_was_let_in_is_told(log_of_edge: Log, taken: bool) -> None:
    """A program that came with the tries, and that is refused nearly always, has found what fits."""
    (first, *_) = decide(world(tried(), log_of_edge)).findings
    assert any("accounts are taken" in each.fact for each in first.evidence) is taken
