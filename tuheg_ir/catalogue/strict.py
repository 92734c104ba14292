"""Read YAML strictly: every complaint names the file, the line, the field and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tuheg_ir.errors import UnusableError

if TYPE_CHECKING:
    import yaml

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A parsed file, with the line on which each of its fields begins."""

    file: Path
    value: Any
    lines: Mapping[Key, int]
    error: type[UnusableError]

    def root(self) -> Field:
        """Return the whole content as a field."""
        return Field(self, (), self.value)

    def line(self, key: Key) -> int:
        """Return the line of a field, or of the nearest one around it that has a line."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


@dataclass(frozen=True)
class Field:
    """A value and where it stands. Each method returns the value as asked, or raises."""

    document: Document
    key: Key
    value: Any

    @property
    def name(self) -> str:
        """Return the path of the field, such as ``ir_services.redis.probes[0].max``."""
        text = ""
        for part in self.key:
            dot = "." if text else ""
            text += f"[{part}]" if isinstance(part, int) else f"{dot}{part}"
        return text or "the file"

    def fail(self, what: str, then: str) -> NoReturn:
        """Raise the document's error about this field."""
        where = f"{self.document.file}, line {self.document.line(self.key)}"
        raise self.document.error(f"{self.name} {what}", where, then)

    def mapping(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Field]:
        """Return the fields of a mapping with known keys; unknown and missing ones are errors."""
        fields = self.entries()
        known = [*required, *optional]
        for name, field in fields.items():
            if name not in known:
                field.fail("is not known here", f"Known here: {', '.join(known)}.")
        for name in required:
            if name not in fields:
                self.fail(f"lacks {name!r}", f"Add {name}.")
        return fields

    def entries(self) -> dict[str, Field]:
        """Return the fields of a mapping whose keys are free."""
        if not isinstance(self.value, Mapping):
            self._wrong_type("a mapping")
        found = {}
        for key, value in self.value.items():
            field = Field(self.document, (*self.key, str(key)), value)
            if not isinstance(key, str):
                field.fail("has a key that is not text", f"Put {key!r} in quotes.")
            found[key] = field
        return found

    def items(self, *, at_least: int = 0) -> list[Field]:
        """Return the items of a list."""
        if not isinstance(self.value, list):
            self._wrong_type("a list")
        if len(self.value) < at_least:
            self.fail("is empty", "Give at least one.")
        return [Field(self.document, (*self.key, n), item) for n, item in enumerate(self.value)]

    def text(self, pattern: str = r"(?s).*\S.*", form: str = "text that is not empty") -> str:
        """Return a text that matches ``pattern`` as a whole; ``form`` says so in words."""
        if not isinstance(self.value, str):
            self._wrong_type("text")
        if not re.fullmatch(pattern, self.value):
            self.fail(f"is {self.value!r}", f"Write {form}.")
        return self.value

    def texts(self, *, at_least: int = 0) -> tuple[str, ...]:
        """Return a list of texts, none of them twice."""
        found = tuple(item.text() for item in self.items(at_least=at_least))
        double = {text for text in found if found.count(text) > 1}
        if double:
            self.fail(f"names {min(double)!r} twice", "Remove one.")
        return found

    def choice(self, *allowed: str) -> str:
        """Return a text that is one of ``allowed``."""
        if self.value not in allowed:
            self.fail(f"is {self.value!r}", f"Write one of: {', '.join(allowed)}.")
        return str(self.value)

    def whole(self, *, at_least: int = 0) -> int:
        """Return a whole number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self._wrong_type("a whole number")
        self._check_least(at_least)
        return self.value

    def number(self, *, at_least: float = 0) -> float:
        """Return a number, whole or not."""
        if not isinstance(self.value, (int, float)) or isinstance(self.value, bool):
            self._wrong_type("a number")
        self._check_least(at_least)
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self._wrong_type("true or false")
        return self.value

    def _check_least(self, at_least: float) -> None:
        # Also true for NaN, which compares with nothing.
        if not self.value >= at_least:
            self.fail(f"is {self.value}", f"Write {at_least} or more.")

    def _wrong_type(self, wanted: str) -> NoReturn:
        self.fail(f"is {_type_name(self.value)}", f"Write {wanted}.")


def read_yaml(file: Path, error: type[UnusableError], loader: type[yaml.CSafeLoader] | None = None) -> Document:
    """Parse a YAML file; ``error`` is what this and all complaints about its fields raise."""
    import yaml

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise error("A file cannot be read", f"{file}: {reason}", "Check the file.") from problem
    reader = (loader or yaml.CSafeLoader)(text)
    try:
        node = reader.get_single_node()
        lines: dict[Key, int] = {}
        if node is not None:
            _walk(node, (), lines, file, error)
        value = reader.construct_document(node) if node is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else str(file)
        reason = getattr(problem, "problem", None) or str(problem)
        raise error(f"A file is not valid YAML ({reason})", where, "Mend it there.") from problem
    finally:
        reader.dispose()
    return Document(file, value, lines, error)


def _walk(node: yaml.Node, key: Key, lines: dict[Key, int], file: Path, error: type[UnusableError]) -> None:
    """Note the line of every field, and refuse keys that stand twice (YAML takes the last)."""
    import yaml

    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _walk(item, (*key, number), lines, file, error)
    if isinstance(node, yaml.MappingNode):
        for name, item in node.value:
            inner = (*key, str(name.value))
            line = name.start_mark.line + 1
            if inner in lines and name.value != "<<":
                raise error(f"{name.value!r} stands twice", f"{file}, line {line}", "Remove one of them.")
            lines[inner] = line
            _walk(item, inner, lines, file, error)


def _type_name(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return repr(value)
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"a {type(value).__name__}"
