"""The few programs that every simulated container has, as a small image has them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuheg_ir.sim.pod_calls import Call, Output, Program


def _output(code: int = 0, out: str = "", err: str = "") -> Output:
    from tuheg_ir.sim.pod_calls import Output

    return Output(code, out, err)


def _echo(call: Call) -> Output:
    return _output(out=" ".join(call.argv[1:]) + "\n")


def _hostname(call: Call) -> Output:
    return _output(out=f"{call.pod['metadata']['name']}\n")


def _env(call: Call) -> Output:
    spec = next(item for item in call.pod["spec"]["containers"] if item["name"] == call.container)
    lines = [f"{item['name']}={item.get('value', '')}\n" for item in spec.get("env") or []]
    return _output(out="".join(lines))


def _shell(call: Call) -> Output:
    """Run `sh -c` of simple commands: echo, exit, true, false, joined by ; or &&."""
    if len(call.argv) < 3 or call.argv[1] != "-c":
        return _output(2, err="sh: only -c is simulated\n")
    out, err, code = "", "", 0
    for text in re.split(r";|&&", call.argv[2]):
        words = shlex.split(text)
        if not words:
            continue
        if words[0] == "exit":
            return _output(int(words[1]) if len(words) > 1 else code, out, err)
        to_error = words[-1] in (">&2", "1>&2")
        done = _simple(call, tuple(words[:-1] if to_error else words))
        out, err, code = out + ("" if to_error else done.out), err + (done.out if to_error else done.err), done.code
    return _output(code, out, err)


def _simple(call: Call, words: tuple[str, ...]) -> Output:
    from dataclasses import replace

    program = PROGRAMS.get(words[0])
    if program is None:
        return _output(127, err=f"sh: 1: {words[0]}: not found\n")
    return program(replace(call, argv=words))


PROGRAMS: dict[str, Program] = {
    "echo": _echo,
    "hostname": _hostname,
    "env": _env,
    "true": lambda _call: _output(),
    "false": lambda _call: _output(1),
    "sh": _shell,
}
