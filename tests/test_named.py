"""A named tuple made quickly is one as typing makes it: in all that it does, before and after its first instance."""

from __future__ import annotations

import copy
import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from tuheg_ir import named


class Quick(named.NamedTuple):
    """A place."""

    x: int
    y: str = "here"
    z: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        """Return two x."""
        return 2 * self.x

    def further(self) -> Quick:
        """Return what stands one further."""
        return self._replace(x=self.x + 1)


class Further(Quick):
    """A place further on."""

    def further(self) -> Quick:
        """Return what stands one further, and there."""
        return super().further()._replace(y="there")


class Usual(typing.NamedTuple):
    """A place."""

    x: int
    y: str = "here"
    z: tuple[int, ...] = ()


MAKING: Any = type(Quick)
WHAT_IT_DOES: dict[str, Callable[[Any], Any]] = {
    "is made of values by place": lambda made: tuple(made(1, "there", (2,))),
    "is made of values by name": lambda made: tuple(made(x=1, z=(2,))),
    "is made of what is iterated": lambda made: tuple(made._make(iter((1, "there", ())))),
    "has its defaults": lambda made: tuple(made(1)),
    "gives its fields": lambda made: (made(1).x, made(1).y, made(1, z=(3,)).z),
    "tells its fields": lambda made: (made._fields, made._field_defaults, made.__match_args__),
    "is a dict by their names": lambda made: made(1)._asdict(),
    "is replaced in part": lambda made: tuple(made(1)._replace(y="there")),
    "equals a tuple, and is found where that is": lambda made: {(1, "here", ()): "found"}[made(1)],
    "is ordered as a tuple": lambda made: made(1) < made(2),
    "is copied": lambda made: tuple(copy.copy(made(1))),
    "has its words": lambda made: made.__doc__,
    "holds nothing else": lambda made: hasattr(made(1), "__dict__"),
}
REFUSED: dict[str, Callable[[Any], Any]] = {
    "too few values": lambda made: made(),
    "too many": lambda made: made(1, "", (), 4),
    "what is no field": lambda made: made(1, w=2),
    "another field replaced": lambda made: made(1)._replace(w=2),
    "too few iterated": lambda made: made._make((1,)),
    "a field to be set": lambda made: setattr(made(1), "x", 2),
    "something else to be set": lambda made: setattr(made(1), "w", 2),
}


def fresh(usual: bool) -> Any:
    """Return a class of which there is no instance yet."""
    if usual:
        return Usual
    return MAKING("Usual", (named.NamedTuple,), {**annotated(), "__doc__": Usual.__doc__})


def annotated() -> dict[str, Any]:
    return {"__annotations__": dict(Usual.__annotations__), **Usual._field_defaults}


@pytest.mark.parametrize("what", WHAT_IT_DOES)
def test_what_it_does_is_what_the_usual_one_does(what: str) -> None:
    asked = WHAT_IT_DOES[what]
    assert asked(fresh(False)) == asked(fresh(True))


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_usual_one_refuses_is_refused_by_the_same_kind_of_error(what: str) -> None:
    asked = REFUSED[what]
    with pytest.raises((TypeError, ValueError, AttributeError)) as usual:
        asked(fresh(True))
    with pytest.raises(usual.type):
        asked(fresh(False))


def test_it_has_the_methods_of_its_body_and_says_what_it_is() -> None:
    assert Quick(2).twice == 4
    assert repr(Quick(2).further()) == "Quick(x=3, y='here', z=())"


def test_a_class_of_such_a_class_has_its_fields() -> None:
    further = Further(1).further()
    assert isinstance(further, Further)
    assert further == (2, "there", ())


def test_nothing_is_missing_of_a_class_when_a_second_thread_can_make_an_instance() -> None:
    made = fresh(False)
    made(1)
    given = [name for name in vars(made) if name in vars(Usual)]
    assert set(given[-2:]) == {"__new__", "_make"}
    assert "_replace" in given[:-2]


def test_it_comes_back_from_another_process_though_none_was_made_there() -> None:
    text = pickle.dumps(Further(1, z=(2,)))
    assert pickle.loads(text) == Further(1, z=(2,))
    assert type(pickle.loads(text)) is Further


def test_more_fields_than_there_are_getters_for_are_refused_where_the_class_is_made() -> None:
    fields = {f"f{number}": "int" for number in range(25)}
    with pytest.raises(TypeError, match="Wide has 25 fields, of at most 24"):
        MAKING("Wide", (named.NamedTuple,), {"__annotations__": fields})
