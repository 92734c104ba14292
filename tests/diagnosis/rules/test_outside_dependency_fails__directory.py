"""A directory outside does not answer: its clients tell of it without its name, which stands in settings."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

URL = "ldaps://dir.corp.example:636"
BASE = "ou=staff,dc=corp,dc=example"
FAILS = (SHOP, "dependency_failure", "page_human")
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload")
JAVA = "ERROR javax.naming.NamingException: LDAP response read timed out, timeout used: 5000 ms.; remaining name 'ou=s'"
BELOW = f"Caused by: javax.naming.NamingException: LDAP response read timed out, timeout used: 5000 ms.; name '{BASE}'"
PYTHON = "ERROR ldap3.core.exceptions.LDAPSocketReceiveError: error receiving data: The read operation timed out"
GO = 'ERROR search failed: LDAP Result Code 200 "Network Error": ldap: connection timed out'


def told(line: str, *objects: Any) -> Snapshot:
    """Return a world in which users suffer from a shop, whose pods tell of a line."""
    return snapshot(*objects, figures=[errors("shop", 0.4, 300)], logs=logs("shop", line, 0, 1))


def asks(line: str, *beside: Any, **env: str) -> Snapshot:
    return told(line, shop(env=env), *beside)


def realm(url: str = URL, base: str = BASE, name: str = "realm") -> Obj:
    """Return a file of settings that no workload is seen to read."""
    return thing("ConfigMap", name, data={"users.json": f'{{"connectionUrl": ["{url}"], "usersDn": ["{base}"]}}'})


HOLDS = [
    *(
        Holds(f"its directory does not answer, which its settings name: {what}", world, FAILS, harmful=HARMFUL)
        for what, world in (
            ("told in Java", asks(JAVA, LDAP_URL=URL)),
            ("told in Python", asks(PYTHON, AUTH_LDAP_SERVER_URI=URL)),
            ("told in Go", asks(GO, LDAP_URI=f"ldap://dir.corp.example/{BASE}")),
            ("a variable without a scheme", asks(JAVA, LDAP_HOST="dir.corp.example")),
        )
    ),
    Holds(
        "its directory is set in its database, and a file beside tells where those entries are",
        asks(BELOW, realm()),
        FAILS,
        harmful=HARMFUL,
    ),
    Holds(
        "another program's settings tell where those entries are",
        asks(BELOW, workload("sync", env={"LDAP_URI": URL, "LDAP_BASE": BASE})),
        FAILS,
        harmful=HARMFUL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"nobody knows which directory does not answer: {why}", world)
    for why, world in (
        ("there are two", asks(JAVA, LDAP_URL=URL, LDAP_COPY_URL="ldaps://dir.b.example")),
        ("the file is of other entries", asks(BELOW, realm(base="ou=staff,dc=other,dc=example"))),
        ("the line tells of no entry", asks(PYTHON, realm())),
        ("two files tell of those entries", asks(BELOW, realm(), realm("ldaps://dir.b.example", name="old"))),
        ("nobody is told where it is", asks(BELOW)),
    )
] + [
    DoesNotHold("it waits for something else", asks("ERROR quotes: read timed out", LDAP_URL=URL)),
    DoesNotHold(
        "the directory refuses a password",
        asks("ERROR [LDAP: error code 49 - 80090308: LdapErr: DSID-0C09, data 52e]", LDAP_URL=URL),
    ),
    DoesNotHold(
        "the directory is a program of ours",
        asks(JAVA, workload("openldap", port=389), LDAP_URL="ldap://openldap:389"),
    ),
]
