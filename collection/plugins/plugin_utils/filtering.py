# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door between Ansible's templates and the pure functions that filters give them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError


def plain(value: Any) -> Any:
    """Return Ansible's lazy and tagged values as plain ones, which can be copied. Times become text."""
    return json.loads(json.dumps(value, default=str))


def filtered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as a filter: plain arguments; a bad one is a sentence that names the filter."""

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        try:
            return function(*map(plain, args), **{name: plain(value) for name, value in options.items()})
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            cause = f"{error} is missing" if isinstance(error, KeyError) else error
            raise AnsibleFilterError(f"tuheg.ir.{function.__name__}: {cause}") from error

    return called
