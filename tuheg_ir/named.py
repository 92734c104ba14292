"""Named tuples whose classes are made in a tenth of the time.

The rules of diagnosis have hundreds of them, and a diagnosis begins with loading all: to make the classes was a quarter
of that. `collections.namedtuple` writes and compiles a constructor for each, and `typing.NamedTuple` compiles each
annotation besides. Here annotations stay text, and a class is completed by `collections.namedtuple` when its first
instance is made. To type checkers, and in what it does, it is `typing.NamedTuple`.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251 - to type checkers it is that one
else:
    _MOST = 24
    _FIELDS = [f"f{i}" for i in range(_MOST)]
    _GETTERS = tuple(map(vars(namedtuple("_Getters", _FIELDS)).get, _FIELDS))  # noqa: PYI024 - it is the one looked at
    """A getter knows but the place of its field, so all classes share them."""
    _MAKE = ("__new__", "_make")

    class _Making(type):
        """Makes the class of a body's annotations, which are its fields, and of the values given there."""

        def __new__(cls, name, bases, body):
            if not bases or "_fields" in vars(bases[0]):  # NamedTuple itself; a class of a class that has its fields
                return super().__new__(cls, name, bases or (tuple,), body)
            fields = tuple(body.get("__annotations__", ()))
            if len(fields) > _MOST:
                raise TypeError(f"{name} has {len(fields)} fields, of at most {_MOST}")
            defaults = {field: body.pop(field) for field in fields if field in body}
            own = {"__slots__": (), "_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            return super().__new__(cls, name, bases, {**own, **body, **dict(zip(fields, _GETTERS, strict=False))})

    class NamedTuple(metaclass=_Making):
        """A tuple whose fields have names: class Point(NamedTuple): x: int; y: int = 0."""

        __slots__ = ()

        def __new__(cls, *values, **named):
            """Make the first instance of a class, which completes it."""
            _complete(cls)
            return cls.__new__(cls, *values, **named)

        @classmethod
        def _make(cls, values):
            _complete(cls)
            return cls._make(values)

    def _complete(cls):
        """Give a class whatever a named tuple has; what makes instances last: another thread may make one then."""
        (owner,) = (each for each in cls.__mro__ if "_fields" in vars(each))
        # The annotations of typing's own are what takes so long.
        made = namedtuple(owner.__name__, owner._fields, defaults=owner._field_defaults.values())  # noqa: PYI024
        for name, value in sorted(vars(made).items(), key=lambda each: each[0] in _MAKE):
            if name not in vars(owner):
                setattr(owner, name, value)
