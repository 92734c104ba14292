"""Two ExternalSecrets fetch the same keys of one Secret: by which login a pod comes depends on when it started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.credentials import TEXTS
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ENV: dict[str, Any] = {
    "DB_HOST": "postgres",
    "DB_USER": secret_key("shop-db", "username"),
    "DB_PASSWORD": secret_key("shop-db"),
}
BOTH = ("username", "password")
RIGHTS = 'level=ERROR msg="save failed" err="ERROR: permission denied for table orders (SQLSTATE 42501)"'
OF_A_FILE = "ERROR: open /var/spool/orders: EACCES: permission denied"
FOUND = (SHOP, "configuration_error", "page_human")
HARMFUL = ("restart_workload", "rollback_workload", "scale_workload", "no_action")
SECRET = thing("Secret", "shop-db", data={"username": "c2hvcA==", "password": "bm8="}, type="Opaque")


def copier(
    name: str = "shop-db",
    keys: Sequence[str] = BOTH,
    *,
    of: str = "prod/shop",
    target: str = "shop-db",
    age: float = 90 * DAY,
    ready: bool = True,
    policy: str = "Merge",
    template: Obj | None = None,
    **spec: Any,
) -> Obj:
    """Return what copies some keys into a Secret from a place of its store."""
    data = [{"secretKey": key, "remoteRef": {"key": of, "property": key}} for key in keys]
    store = {"kind": "ClusterSecretStore", "name": "vault"}
    into = {"name": target, "creationPolicy": policy, "template": template or {}}
    made = {"target": into, "secretStoreRef": store, "data": data, **spec}
    state = [{"type": "Ready", "status": str(ready), "reason": "SecretSynced"}]
    return thing("ExternalSecret", name, age=age, spec=made, status={"conditions": state})


def second(*keys: str, **more: Any) -> Obj:
    """Return what copies the login of the reports into the same Secret, since two hours."""
    return copier("reports-db", keys or BOTH, **{"of": "prod/reports", "age": 7200.0, **more})


def fetched(store: str) -> list[Obj]:
    """Return what a copier fetches for each key, and from which store, if it says so there."""
    named = {"sourceRef": {"storeRef": {"name": store}}} if store else {}
    return [{"secretKey": key, "remoteRef": {"key": "prod/shop", "property": key}, **named} for key in BOTH]


def told(
    *copiers: Obj,
    line: str = RIGHTS,
    pods: Sequence[int] = (0, 1),
    of: Any = None,
    said: Sequence[Log] = (),
    secret: Obj = SECRET,
    felt: float = 0.0,
) -> Snapshot:
    """Return a shop of which some pods are refused, and what copies its Secret."""
    stands = of or shop(env=ENV, started=3000)
    figures = [errors("shop", since=felt)] if felt else []
    told = [*logs("shop", line, *pods), *said] if pods else said
    return snapshot(stands, postgres(), secret, *copiers, logs=told, alerts=[alert(service="shop")], figures=figures)


def mounted(*keys: str) -> Obj:
    """Return a volume with some keys of the Secret; all of them, if none is named."""
    chosen = {"items": [{"key": key, "path": key} for key in keys]} if keys else {}
    return {"volumes": [{"name": "login", "secret": {"secretName": "shop-db", **chosen}}]}


def after_long(number: int) -> Log:
    """Return the log of a pod that tells of its work for half an hour, and of a refusal after that."""
    return log(pod("shop", number), *["level=INFO msg=saved"] * 40, *[TEXTS[0]] * 9, since=2900)


def rolling() -> list[Obj]:
    """Return a shop with an older pod, and the first one of a release."""
    made = shop(env=ENV, before=IMAGE, released=3000)
    older = pods_of(made)[0]["metadata"]
    older["labels"]["controller-revision-hash"] = older["ownerReferences"][0]["name"] = "shop-r1"
    return made


WORKS = logs("shop", "level=INFO msg=saved", 1)
HOLDS = [
    Holds(
        "its new pod is refused, and an older one is of another template: it shows less",
        told(copier(), second(), pods=[1], of=rolling()),
        FOUND,
        sure=(0.75, 0.82),
        harmful=HARMFUL,
    ),
    Holds("the Secret itself may not be read", told(copier(), second(), secret=thing("ConfigMap", "other")), FOUND),
    Holds("it has mounted the Secret", told(copier(), second(), of=shop(spec=mounted())), FOUND, harmful=HARMFUL),
    Holds(
        "the Secret was written since there are two",
        told(copier(), second(), secret=thing("Secret", "shop-db", written=900, data=dict(SECRET["data"]))),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds(
        "a release is refused at once, and nobody was started between it and the second copier",
        told(copier(), second(), of=shop(env=ENV, before=IMAGE, released=250)),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds(
        "all pods have started since there are two",
        told(copier(), second()),
        FOUND,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        harmful=HARMFUL,
    ),
    Holds("a pod of the same template is well", told(copier(), second(), pods=[0], said=WORKS), FOUND, harmful=HARMFUL),
    Holds(
        "it was released meanwhile",
        told(copier(), second(), of=shop(env=ENV, before=IMAGE, released=3000)),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds("its password is refused", told(copier(), second("password"), line=TEXTS[0]), FOUND, harmful=HARMFUL),
    Holds(
        "all keys of the Secret are its variables",
        told(copier(), second(), of=shop(started=3000, envFrom=[{"secretRef": {"name": "shop-db"}}])),
        FOUND,
        harmful=HARMFUL,
    ),
    Holds(
        "who reads it as well, and is not refused, is not started anew either",
        told(copier(), second(), of=[*shop(env=ENV, started=3000), *workload("reports", env=ENV)]),
        FOUND,
        excludes=no("restart_workload", at="Deployment/reports"),
        harmful=HARMFUL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("there is but one", told(copier())),
    DoesNotHold("each writes keys of its own", told(copier(), second("mail-user", "mail-password"))),
    DoesNotHold("both fetch it from the same place", told(copier(), second(of="prod/shop"))),
    DoesNotHold("the other one writes a Secret of its own", told(copier(), second(target="reports-db"))),
    DoesNotHold("the other one has never written it", told(copier(), second(ready=False))),
    DoesNotHold("nobody knows what the other one writes", told(copier(), second(dataFrom=[{"extract": {"key": "x"}}]))),
    DoesNotHold("nobody is refused", told(copier(), second(), line="level=INFO msg=saved")),
    DoesNotHold("it was refused when there was but one", told(copier(), second(age=120))),
    DoesNotHold("its containers are older than the other one", told(copier(), second(), of=shop(env=ENV))),
    DoesNotHold(
        "the other one only fetches, and writes no Secret",
        told(copier(), second(policy="None")),
    ),
    DoesNotHold(
        "both fetch it from the same place, and one of them does not say that the store is of its namespace",
        told(
            copier(secretStoreRef={"name": "vault"}),
            second(of="prod/shop", secretStoreRef={"kind": "SecretStore", "name": "vault"}),
        ),
    ),
    DoesNotHold(
        "both fetch it from the same place, of which one tells for each key",
        told(
            copier(secretStoreRef={"name": "kept"}, data=fetched("vault")),
            second(secretStoreRef={"name": "vault"}, data=fetched("")),
        ),
    ),
    DoesNotHold(
        "a template from elsewhere tells what the other one writes",
        told(copier(), second(template={"templateFrom": [{"configMap": {"name": "x"}}]})),
    ),
    DoesNotHold(
        "nobody has written the Secret since there are two: both fetch the same",
        told(copier(), second(), secret=thing("Secret", "shop-db", written=9000, data=dict(SECRET["data"]))),
    ),
    DoesNotHold(
        "it got the login at its start, and works with it for half an hour before it is refused",
        told(copier(), second(), pods=[], said=[after_long(0), after_long(1)], of=shop(env=ENV, started=3000)),
    ),
    DoesNotHold(
        "a release is refused at once, and the one before was started and served while there were two",
        told(copier(), second(age=9 * DAY), of=shop(env=ENV, before=IMAGE, released=250, age=2 * DAY), felt=240),
        ("code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it has mounted another key of the Secret",
        told(copier(), second(), of=shop(spec=mounted("ca.crt"))),
    ),
    DoesNotHold("it may not read a file", told(copier(), second(), line=OF_A_FILE)),
    DoesNotHold(
        "it reads another key",
        told(copier(), second("username"), of=shop(env={"DB_PASSWORD": secret_key("shop-db")}, started=3000)),
    ),
]
