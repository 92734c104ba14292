"""The Kubernetes API without its sockets: a request in, an answer or a stream of events out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from tuheg_ir.sim import discovery, openapi, protobuf, reviews, tables, validation
from tuheg_ir.sim.answers import Answer, Request
from tuheg_ir.sim.audit import Audit
from tuheg_ir.sim.patches import apply_patch
from tuheg_ir.sim.paths import Form, Target, form, target
from tuheg_ir.sim.rbac import Ask, Authorizer, User
from tuheg_ir.sim.registry import Query, Registry
from tuheg_ir.sim.selectors import render
from tuheg_ir.sim.status import ApiError, Cause, Obj
from tuheg_ir.sim.watch import Watch

PodAnswer = Callable[[Target, Request, User], Answer]


class Api:
    """Answers requests. ``pod_calls`` serves the subresources of pods that need the pods' inside."""

    def __init__(self, registry: Registry, authorizer: Authorizer, pod_calls: dict[str, PodAnswer]) -> None:
        self.registry = registry
        self.store = registry.store
        self.authorizer = authorizer
        self.pod_calls = pod_calls
        self.audit = Audit()
        self.stopping = False

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request; a refusal is an answer too."""
        try:
            with self.store.lock:
                user = self.authorizer.user(request.headers.get("authorization", ""))
                found = target(request.path)
                if found is None:
                    return self._other(request, user)
                self._authorize(found, request, user)
                before = self.store.version
                answer = self._resource(found, request, user)
                if self.store.version != before:
                    self.audit.note(user, found, request, answer)
                return answer
        except ApiError as error:
            return refusal(error)

    # --- paths that are no resources ---

    def _other(self, request: Request, user: User) -> Answer:
        path = request.path.rstrip("/") or "/"
        self.authorizer.check_path(user, request.method.lower(), request.path)
        if path in ("/healthz", "/livez", "/readyz"):
            return Answer(text="ok")
        kind = form(request.headers.get("accept", "")).kind if path.startswith("/api") else ""
        if path in ("/api", "/apis") and kind == "APIGroupDiscoveryList":
            header = {"Content-Type": f"application/json;{discovery.AGGREGATED}"}
            return Answer(body=discovery.aggregated(path == "/api"), headers=header)
        body = self._described(path)
        return Answer(404, text="404 page not found\n") if body is None else Answer(body=body)

    def _described(self, path: str) -> Obj | None:
        if path.startswith("/openapi/v3"):
            place = path.removeprefix("/openapi/v3").strip("/")
            return openapi.document(place) if place else openapi.index()
        known = {"/version": discovery.VERSION, "/api": discovery.api_versions(), "/apis": discovery.group_list()}
        if path in known:
            return known[path]
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) == 2:
            return discovery.resource_list("", parts[1])
        if parts[0] == "apis" and len(parts) == 3:
            return discovery.resource_list(parts[1], parts[2])
        return discovery.group(parts[1]) if parts[0] == "apis" and len(parts) == 2 else None

    # --- resources ---

    def _authorize(self, found: Target, request: Request, user: User) -> None:
        verb = found.verb(request)
        row = found.resource
        namespace = found.namespace or (found.name if row.kind == "Namespace" else "")
        ask = Ask(verb, row.group, row.plural, found.subresource, namespace, found.name)
        self.authorizer.check(user, ask)
        sub = found.sub()
        misplaced = not sub and (bool(found.name) == (verb == "create")) and verb in ("create", "update", "patch")
        if misplaced or verb not in (sub["verbs"] if sub else row.verbs):
            raise ApiError.method_not_allowed()

    def _resource(self, found: Target, request: Request, user: User) -> Answer:
        if found.subresource in self.pod_calls:
            return self.pod_calls[found.subresource](found, request, user)
        if found.resource.review:
            body = decode(request)
            kind = found.resource.kind
            return Answer(201, reviews.answer(kind, body, user, self.authorizer, self.store))
        wanted = form(request.headers.get("accept", ""))
        handler = getattr(self, f"_{found.verb(request)}")
        answer: Answer = handler(found, request, wanted)
        return answer

    def _shown(self, found: Target, obj: Obj, wanted: Form, request: Request, code: int = 200) -> Answer:
        if wanted.kind == "Table" and not found.subresource:
            meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            return Answer(code, self._table(found, [obj], meta, request))
        if wanted.kind == "PartialObjectMetadata":
            return Answer(code, tables.partial(obj))
        return Answer(code, obj)

    def _table(self, found: Target, objects: list[Obj], meta: Obj, request: Request, *, headers: bool = True) -> Obj:
        include = request.one("includeObject", "Metadata")
        now = self.store.clock.stamp()
        return tables.table(found.resource, objects, now, meta, include=include, headers=headers)

    def _get(self, found: Target, request: Request, wanted: Form) -> Answer:
        obj = self.registry.get(found.resource, found.namespace, found.name)
        shown = scale_of(obj) if found.subresource == "scale" else obj
        return self._shown(found, shown, wanted, request)

    def _list(self, found: Target, request: Request, wanted: Form) -> Answer:
        row = found.resource
        items = self.registry.find(row, _query(found, request))
        items, meta = _page(items, request, self.store.version)
        if wanted.kind == "Table":
            return Answer(body=self._table(found, items, meta, request))
        if wanted.kind == "PartialObjectMetadata":
            kind = {"kind": "PartialObjectMetadataList", "apiVersion": tables.META_GROUP}
            return Answer(body={**kind, "metadata": meta, "items": [tables.partial(obj) for obj in items]})
        bare = [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in items]
        return Answer(body={"kind": f"{row.kind}List", "apiVersion": row.api_version, "metadata": meta, "items": bare})

    def _watch(self, found: Target, request: Request, wanted: Form) -> Answer:
        watch = Watch(self.store, found.resource, _query(found, request), lambda: self.stopping)
        given = request.one("sendInitialEvents")
        events = watch.events(
            request.one("resourceVersion"),
            timeout=float(request.one("timeoutSeconds", "0")),
            bookmarks=request.flag("allowWatchBookmarks"),
            initial=None if not given else given == "true",
        )
        return Answer(stream=self._formed(events, found, request, wanted))

    def _formed(
        self, events: Iterator[Obj | None], found: Target, request: Request, wanted: Form
    ) -> Iterator[Obj | None]:
        headers = True
        try:
            for event in events:
                if event is None or not wanted.kind or event["type"] == "BOOKMARK":
                    yield event
                elif wanted.kind == "Table":
                    meta = {"resourceVersion": event["object"]["metadata"]["resourceVersion"]}
                    table = self._table(found, [event["object"]], meta, request, headers=headers)
                    headers = False
                    yield event | {"object": table}
                else:
                    yield event | {"object": tables.partial(event["object"])}
        except ApiError as error:
            yield {"type": "ERROR", "object": error.body()}

    def _create(self, found: Target, request: Request, wanted: Form) -> Answer:
        body = decode(request)
        obj = self.registry.create(found.resource, found.namespace, body, dry=_dry(request, "CreateOptions"))
        return self._shown(found, obj, wanted, request, 201)

    def _update(self, found: Target, request: Request, wanted: Form) -> Answer:
        body, dry = decode(request), _dry(request, "UpdateOptions")
        if found.subresource == "scale":
            return Answer(body=self._set_scale(found, body, dry))
        obj, made = self.registry.update(
            found.resource, found.namespace, found.name, body, part=found.subresource, dry=dry
        )
        return self._shown(found, obj, wanted, request, 201 if made else 200)

    def _patch(self, found: Target, request: Request, wanted: Form) -> Answer:
        kind = request.headers.get("content-type", "").split(";")[0].strip()
        patch, dry = decode(request, "error decoding patch: "), _dry(request, "PatchOptions")
        if found.subresource == "scale":
            old = scale_of(self.registry.get(found.resource, found.namespace, found.name))
            return Answer(body=self._set_scale(found, apply_patch(kind, old, patch), dry))
        obj = self.registry.patch(
            found.resource, found.namespace, found.name, kind, patch, part=found.subresource, dry=dry
        )
        return self._shown(found, obj, wanted, request)

    def _set_scale(self, found: Target, scale: Obj, dry: bool) -> Obj:
        row, causes = found.resource, validation.scale_problems(scale)
        if causes:
            raise ApiError.invalid("autoscaling", "Scale", found.name, causes)
        old = self.registry.get(row, found.namespace, found.name)
        version = (scale.get("metadata") or {}).get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise ApiError.conflict(row.group, row.plural, found.name)
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        body = {**old, "spec": {**old["spec"], "replicas": replicas}}
        obj, _ = self.registry.update(row, found.namespace, found.name, body, dry=dry)
        return scale_of(obj)

    def _delete(self, found: Target, request: Request, wanted: Form) -> Answer:
        options = _delete_options(request)
        row, dry = found.resource, _dry(request, "DeleteOptions", options)
        obj = self.registry.delete(row, found.namespace, found.name, options, dry=dry)
        still_there = self.store.get(row.key, found.namespace, found.name) is not None
        if still_there and not dry:
            return self._shown(found, obj, wanted, request)
        details = {"name": found.name} | ({"group": row.group} if row.group else {})
        details |= {"kind": row.plural, "uid": obj["metadata"]["uid"]}
        return Answer(
            body={"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        )

    def _deletecollection(self, found: Target, request: Request, wanted: Form) -> Answer:
        options = _delete_options(request)
        dry = _dry(request, "DeleteOptions", options)
        gone = self._list(found, request, wanted)
        for obj in self.registry.find(found.resource, _query(found, request)):
            meta = obj["metadata"]
            self.registry.delete(found.resource, meta.get("namespace", ""), meta["name"], options, dry=dry)
        return gone


def refusal(error: ApiError) -> Answer:
    """Return the answer that tells of an error."""
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return Answer(error.code, error.body(), headers=headers)


def scale_of(obj: Obj) -> Obj:
    """Return the Scale of a workload."""
    meta = obj["metadata"]
    kept = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": {"replicas": obj["spec"].get("replicas", 1)},
        "status": {
            "replicas": (obj.get("status") or {}).get("replicas", 0),
            "selector": render(obj["spec"].get("selector")),
        },
    }


def _query(found: Target, request: Request) -> Query:
    fields = request.one("fieldSelector")
    if found.name:
        fields = ",".join(part for part in (fields, f"metadata.name={found.name}") if part)
    return Query(found.namespace, request.one("labelSelector"), fields)


def _page(items: list[Obj], request: Request, version: int) -> tuple[list[Obj], Obj]:
    """Return the items of one page and the list's metadata."""
    meta: Obj = {"resourceVersion": str(version)}
    limit, token = int(request.one("limit", "0") or 0), request.one("continue")
    start = int(base64.b64decode(token)) if token else 0
    rest = items[start:]
    if limit and len(rest) > limit:
        meta["continue"] = base64.b64encode(str(start + limit).encode()).decode()
        meta["remainingItemCount"] = len(rest) - limit
        return rest[:limit], meta
    return rest, meta


def decode(request: Request, prefix: str = "") -> Any:
    """Return a request's body as JSON, YAML or protobuf says it; ApiError 400 or 415."""
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip()
    if kind == "application/vnd.kubernetes.protobuf":
        decoded = protobuf.decode(request.body)
        if decoded is None:
            raise ApiError.unsupported_media()
        return decoded
    try:
        return yaml.safe_load(request.body) if kind == "application/yaml" else json.loads(request.body or b"null")
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        text = "unexpected end of JSON input" if getattr(error, "pos", 0) >= len(request.body) else str(error)
        raise ApiError.bad_request(prefix + text) from error


def _delete_options(request: Request) -> Obj:
    body = decode(request) if request.body else None
    options: Obj = dict(body) if isinstance(body, dict) else {}
    for key in ("propagationPolicy", "gracePeriodSeconds"):
        if value := request.one(key):
            options[key] = int(value) if key == "gracePeriodSeconds" else value
    return options


def _dry(request: Request, kind: str, options: Obj | None = None) -> bool:
    asked = list(request.query.get("dryRun") or []) + list((options or {}).get("dryRun") or [])
    wrong = [value for value in asked if value != "All"]
    if wrong:
        cause = Cause("dryRun", 'supported values: "All"', validation.shown(asked), reason="FieldValueNotSupported")
        raise ApiError.invalid("meta.k8s.io", kind, "", [cause])
    return bool(asked)
