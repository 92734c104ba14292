"""Who may do what: bearer tokens name users, Role objects in the store give rights."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from tuheg_ir.sim.status import ApiError, Obj, qualified
from tuheg_ir.sim.store import Store

_RBAC = "rbac.authorization.k8s.io"
_OPEN_PATHS = ("/api", "/apis", "/healthz", "/livez", "/openapi", "/readyz", "/version")
_REVIEWS = {("authorization.k8s.io", "selfsubjectaccessreviews"), ("authorization.k8s.io", "selfsubjectrulesreviews")}
_REVIEWS |= {("authentication.k8s.io", "selfsubjectreviews")}
# What every account has, as `auth can-i --list` shows it.
BASIC_RULES: list[Obj] = [
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
]
BASIC_PATHS: list[Obj] = [
    {"verbs": ["get"], "nonResourceURLs": [*_OPEN_PATHS[:2], "/api/*", "/apis/*", *_OPEN_PATHS[2:], "/openapi/*"]}
]


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. Members of ``system:masters`` may do everything."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def master(self) -> bool:
        """Return whether nothing is forbidden to this user."""
        return "system:masters" in self.groups


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked: a verb on a resource (with subresource and name, where there is one)."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def full(self) -> str:
        """Return the resource as a rule names it: ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Authorizer:
    """Tokens and rights. A ServiceAccount's token ends with the account."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._users: dict[str, User] = {}
        self._accounts: dict[str, str] = {}

    def add_user(self, name: str, groups: tuple[str, ...] = ()) -> str:
        """Make a user and return its token."""
        token = secrets.token_hex(16)
        self._users[token] = User(name, (*groups, "system:authenticated"))
        return token

    def add_account(self, namespace: str, name: str) -> str:
        """Return a token for a ServiceAccount that is in the store (KeyError when it is not)."""
        account = self._store.get("serviceaccounts", namespace, name)
        if account is None:
            raise KeyError(f"{namespace}/{name}")
        token = secrets.token_hex(16)
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        self._users[token] = User(f"system:serviceaccount:{namespace}:{name}", groups)
        self._accounts[token] = account["metadata"]["uid"]
        return token

    def user(self, header: str) -> User:
        """Return who sent this Authorization header; ApiError 401 for nobody."""
        token = header.removeprefix("Bearer ").strip()
        user = self._users.get(token)
        if user is None:
            raise ApiError.unauthorized()
        if token in self._accounts:
            _, _, namespace, name = user.name.split(":")
            account = self._store.get("serviceaccounts", namespace, name)
            if account is None or account["metadata"]["uid"] != self._accounts[token]:
                raise ApiError.unauthorized()
        return user

    def check(self, user: User, ask: Ask) -> None:
        """Do nothing, or raise ApiError 403 in the API's words."""
        if self.allows(user, ask):
            return
        where = f'in the namespace "{ask.namespace}"' if ask.namespace else "at the cluster scope"
        why = f'User "{user.name}" cannot {ask.verb} resource "{ask.full}" in API group "{ask.group}" {where}'
        raise ApiError.forbidden(ask.group, ask.resource, ask.name, why)

    def check_path(self, user: User, verb: str, path: str) -> None:
        """Do nothing, or raise ApiError 403: paths that are no resources."""
        if not user.master and not any(path == known or path.startswith(f"{known}/") for known in _OPEN_PATHS):
            raise ApiError(403, "Forbidden", f'forbidden: User "{user.name}" cannot {verb} path "{path}"', {})

    def allows(self, user: User, ask: Ask) -> bool:
        """Return whether the user may."""
        if user.master or (ask.verb == "create" and (ask.group, ask.resource) in _REVIEWS):
            return True
        return any(_grants(rule, ask) for rule in self.rules(user, ask.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Obj]:
        """Yield the rules that hold for a user in a namespace ('' = at the cluster scope)."""
        bindings = list(self._store.objects(qualified("clusterrolebindings", _RBAC)))
        if namespace:
            bindings += self._store.objects(qualified("rolebindings", _RBAC), namespace)
        for binding in bindings:
            place = binding["metadata"].get("namespace", "")
            if any(_is_subject(user, subject, place) for subject in binding.get("subjects") or []):
                yield from self._role(binding["roleRef"], place).get("rules") or []

    def _role(self, reference: Obj, namespace: str) -> Obj:
        plural = "roles" if reference["kind"] == "Role" else "clusterroles"
        place = namespace if reference["kind"] == "Role" else ""
        return self._store.get(qualified(plural, _RBAC), place, reference["name"]) or {}


def _is_subject(user: User, subject: Obj, namespace: str) -> bool:
    match subject.get("kind"):
        case "User":
            return bool(subject["name"] == user.name)
        case "Group":
            return subject["name"] in user.groups
        case _:
            place = subject.get("namespace") or namespace
            return user.name == f"system:serviceaccount:{place}:{subject['name']}"


def _has(rule: Obj, key: str, *wanted: str) -> bool:
    return any(value in (rule.get(key) or []) for value in (*wanted, "*"))


def _grants(rule: Obj, ask: Ask) -> bool:
    resources = (ask.full, f"*/{ask.subresource}") if ask.subresource else (ask.full,)
    names = rule.get("resourceNames")
    return (
        _has(rule, "verbs", ask.verb)
        and _has(rule, "apiGroups", ask.group)
        and _has(rule, "resources", *resources)
        and (not names or ask.name in names)
    )
