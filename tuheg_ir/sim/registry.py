"""Reading and writing objects as the API does it: defaults, validation, conflicts, generations.

Every method runs under the store's lock. A write with ``dry`` goes through all of it and stores
nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tuheg_ir.sim import defaults, validation
from tuheg_ir.sim.clock import iso
from tuheg_ir.sim.patches import apply_patch
from tuheg_ir.sim.resources import Resource
from tuheg_ir.sim.selectors import field_selector, label_selector
from tuheg_ir.sim.status import ApiError, Cause, Obj
from tuheg_ir.sim.store import Store

Admission = Callable[[Resource, Obj], None]
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "namespace")


@dataclass(frozen=True, slots=True)
class Query:
    """Which objects of a resource: namespace ('' = all), label and field selector."""

    namespace: str = ""
    labels: str = ""
    fields: str = ""

    def test(self, resource: Resource) -> Callable[[Obj], bool]:
        """Return the test for one object; ApiError 400 for selectors that cannot be read."""
        by_label = label_selector(self.labels)
        by_field = field_selector(self.fields, resource.all_fields, own_words=bool(resource.fields))
        return lambda obj: (
            self.namespace in ("", obj["metadata"].get("namespace", "")) and by_label(obj) and by_field(obj)
        )


class Registry:
    """The rules of reading and writing, the same for all kinds; what differs is in the tables."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.admission: list[Admission] = []

    # --- reading ---

    def get(self, resource: Resource, namespace: str, name: str) -> Obj:
        """Return an object, or raise 404."""
        obj = self.store.get(resource.key, namespace, name)
        if obj is None:
            raise ApiError.not_found(resource.group, resource.plural, name)
        return obj

    def find(self, resource: Resource, query: Query) -> list[Obj]:
        """Return the objects that a query asks for."""
        test = query.test(resource)
        return [obj for obj in self.store.objects(resource.key, query.namespace) if test(obj)]

    # --- writing ---

    def create(self, resource: Resource, namespace: str, body: Obj, *, dry: bool = False) -> Obj:
        """Store a new object and return it."""
        obj = self._prepare(resource, namespace, body)
        meta = obj["metadata"]
        if meta.get("resourceVersion") not in (None, "", "0"):
            raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
        for managed in ("resourceVersion", *_KEPT[:5]):
            meta.pop(managed, None)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + self.store.suffix()
        obj.pop("status", None) if resource.status else None
        defaults.fill(obj)
        if resource.status:
            obj.setdefault("status", {})
        if resource.generation:
            meta["generation"] = 1
        if namespace and self.store.get("namespaces", "", namespace) is None:
            raise ApiError.not_found("", "namespaces", namespace)
        self._validate(resource, obj, None)
        for admit in self.admission:
            admit(resource, obj)
        if self.store.get(resource.key, namespace, meta["name"]) is not None:
            raise ApiError.already_exists(resource.group, resource.plural, meta["name"])
        if dry:
            stamp = iso(self.store.clock.stamp())
            return {**obj, "metadata": {**meta, "uid": self.store.uid(), "creationTimestamp": stamp}}
        return self.store.create(resource.key, obj)

    def update(
        self, resource: Resource, namespace: str, name: str, body: Obj, *, part: str = "", dry: bool = False
    ) -> tuple[Obj, bool]:
        """Replace an object (``part`` status: only that); return it and whether it was made by this.

        The resourceVersion in the body, where there is one, must be the stored one.
        """
        obj = self._prepare(resource, namespace, body)
        meta = obj["metadata"]
        if meta.get("name", "") != name:
            raise ApiError.bad_request(
                f"the name of the object ({meta.get('name', '')}) does not match the name on the URL ({name})"
            )
        old = self.store.get(resource.key, namespace, name)
        if old is None:
            if resource.upsert and not part:
                return self.create(resource, namespace, obj, dry=dry), True
            raise ApiError.not_found(resource.group, resource.plural, name)
        self._check_version(resource, meta, old)
        defaults.fill(obj)
        return self._store(resource, obj, old, part, dry), False

    def patch(
        self, resource: Resource, namespace: str, name: str, kind: str, patch: Any, *, part: str = "", dry: bool = False
    ) -> Obj:
        """Apply a patch of content type ``kind`` and return the object."""
        old = self.get(resource, namespace, name)
        obj = self._prepare(resource, namespace, apply_patch(kind, old, patch))
        if obj["metadata"].get("name") != name:
            causes = [Cause("metadata.name", "field is immutable", validation.shown(obj["metadata"].get("name")))]
            raise ApiError.invalid(resource.group, resource.kind, name, causes)
        given, stored = obj["metadata"].get("resourceVersion"), old["metadata"]["resourceVersion"]
        if given and given != stored:
            raise ApiError.conflict(resource.group, resource.plural, name)
        defaults.fill(obj)
        return self._store(resource, obj, old, part, dry)

    def delete(self, resource: Resource, namespace: str, name: str, options: Obj, *, dry: bool = False) -> Obj:
        """Delete an object: at once, or by marking it when something must still happen to it."""
        old = self.get(resource, namespace, name)
        self._preconditions(resource, old, options.get("preconditions") or {})
        if dry:
            return old
        grace = self._grace(resource, old, options)
        if grace == 0 and not old["metadata"].get("finalizers"):
            self.store.delete(resource.key, namespace, name)
            return old
        if old["metadata"].get("deletionTimestamp"):
            return old
        end = self.store.clock.stamp() + timedelta(seconds=grace)
        marked = {**old["metadata"], "deletionTimestamp": iso(end), "deletionGracePeriodSeconds": grace}
        if "generation" in marked:
            marked["generation"] += 1
        return self.store.replace(resource.key, {**old, "metadata": marked})

    # --- inside ---

    def _prepare(self, resource: Resource, namespace: str, body: Obj) -> Obj:
        if not isinstance(body, dict):
            raise ApiError.bad_request("the object provided is unrecognized (must be of type " + resource.kind + ")")
        given = (body.get("apiVersion", resource.api_version), body.get("kind", resource.kind))
        if given != (resource.api_version, resource.kind):
            raise ApiError.bad_request(_unconvertible(resource, *given))
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, **defaults.prune(copy.deepcopy(body))}
        meta = obj.setdefault("metadata", {})
        meta.pop("managedFields", None)
        if resource.namespaced:
            if meta.get("namespace", namespace) != namespace:
                raise ApiError.bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            meta["namespace"] = namespace
        else:
            meta.pop("namespace", None)
        return obj

    def _check_version(self, resource: Resource, meta: Obj, old: Obj) -> None:
        given = meta.get("resourceVersion") or "0"
        if given == "0" and not resource.unconditional:
            cause = Cause("metadata.resourceVersion", "must be specified for an update", "0")
            raise ApiError.invalid(resource.group, resource.plural, meta["name"], [cause])
        if given not in ("0", old["metadata"]["resourceVersion"]):
            raise ApiError.conflict(resource.group, resource.plural, meta["name"])

    def _validate(self, resource: Resource, obj: Obj, old: Obj | None) -> None:
        causes = validation.problems(obj, old)
        if causes:
            raise ApiError.invalid(resource.group, resource.kind, obj["metadata"].get("name", ""), causes)

    def _store(self, resource: Resource, obj: Obj, old: Obj, part: str, dry: bool) -> Obj:
        if part == "status":
            obj = {**old, "status": obj.get("status") or {}}
        else:
            obj["metadata"] |= {key: old["metadata"][key] for key in _KEPT if key in old["metadata"]}
            if resource.status and "status" in old:
                obj["status"] = old["status"]
            self._validate(resource, obj, old)
            if _raises_generation(resource, obj, old):
                obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        obj["metadata"] = {**obj["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}
        if dry:
            return obj
        meta = obj["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers") and old["metadata"].get("finalizers"):
            self.store.delete(resource.key, meta.get("namespace", ""), meta["name"])
            return obj
        return self.store.replace(resource.key, obj)

    def _preconditions(self, resource: Resource, old: Obj, wanted: Obj) -> None:
        meta = old["metadata"]
        for field, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            if wanted.get(field) and wanted[field] != meta[field]:
                why = (
                    f"the {label} in the precondition ({wanted[field]}) does not match the {label} in record "
                    f"({meta[field]}). The object might have been deleted and then recreated"
                )
                raise ApiError.conflict(resource.group, resource.kind, meta["name"], why)

    def _grace(self, resource: Resource, old: Obj, options: Obj) -> int:
        if resource.kind == "Namespace":
            return 1
        if resource.kind != "Pod":
            return 0
        given = options.get("gracePeriodSeconds")
        started = old["spec"].get("nodeName") and old["status"].get("phase") not in ("Succeeded", "Failed")
        return int(old["spec"]["terminationGracePeriodSeconds"] if given is None else given) if started else 0


def _unconvertible(resource: Resource, api_version: str, kind: str) -> str:
    """Return the sentence for a body of another kind than the path's."""
    version = api_version.rsplit("/", 1)[-1]
    internal = (resource.group or "core").split(".")[0]
    return (
        f'{kind} in version "{version}" cannot be handled as a {resource.kind}: converting ({version}.{kind}) to '
        f"({internal}.{resource.kind}): unknown conversion"
    )


def _raises_generation(resource: Resource, obj: Obj, old: Obj) -> bool:
    for part in resource.generation:
        one, other = (
            (state["metadata"].get(part) or {}) if part == "annotations" else state.get(part) for state in (obj, old)
        )
        if one != other:
            return True
    return False
