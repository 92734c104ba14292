"""Questions that a client asks about itself: may I, what may I, who am I."""

from __future__ import annotations

from tuheg_ir.sim.clock import iso
from tuheg_ir.sim.rbac import BASIC_PATHS, BASIC_RULES, Ask, Authorizer, User
from tuheg_ir.sim.status import Obj
from tuheg_ir.sim.store import Store

_EVERYTHING: Obj = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}


def answer(kind: str, body: Obj, user: User, authorizer: Authorizer, store: Store) -> Obj:
    """Return the review with its status filled in."""
    spec = body.get("spec") or {}
    review = {**body, "kind": kind, "metadata": {}}
    if kind == "SelfSubjectAccessReview":
        return review | {"status": {"allowed": _may(spec, user, authorizer)}}
    if kind == "SelfSubjectRulesReview":
        return review | {"spec": {}, "status": _rules(spec.get("namespace", ""), user, authorizer)}
    info = {"username": user.name, "groups": list(user.groups)}
    return review | {
        "metadata": {"creationTimestamp": iso(store.clock.stamp())},
        "status": {"userInfo": info},
    }


def _may(spec: Obj, user: User, authorizer: Authorizer) -> bool:
    wanted = spec.get("resourceAttributes")
    if wanted is None:
        path = (spec.get("nonResourceAttributes") or {}).get("path", "")
        return user.master or any(path in rule["nonResourceURLs"] for rule in BASIC_PATHS)
    ask = Ask(
        verb=wanted.get("verb", ""),
        group=wanted.get("group", ""),
        resource=wanted.get("resource", ""),
        subresource=wanted.get("subresource", ""),
        namespace=wanted.get("namespace", ""),
        name=wanted.get("name", ""),
    )
    return authorizer.allows(user, ask)


def _rules(namespace: str, user: User, authorizer: Authorizer) -> Obj:
    everything = [_EVERYTHING] if user.master else []
    own = [{key: rule[key] for key in _RULE_KEYS if rule.get(key)} for rule in authorizer.rules(user, namespace)]
    return {
        "resourceRules": [*everything, *BASIC_RULES, *own],
        "nonResourceRules": BASIC_PATHS,
        "incomplete": False,
    }


_RULE_KEYS = ("verbs", "apiGroups", "resources", "resourceNames")
