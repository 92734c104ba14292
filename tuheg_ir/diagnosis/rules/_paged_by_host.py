"""Hosts outside that answer with a page for people, and with a status that is well, where a program asks for data.

A host that is closed for a while, or what stands before it, does so. So does one that is asked amiss: at a path that it
does not have, or by somebody who has to sign in. Then a release of ours, or what we read, came before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.rules._witnesses import as_before
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, owner_of
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View


def paged(view: View) -> Iterator[tuple[str, Complaint]]:
    """Yield the one host that answers so, with who tells of it, if one of these worked with it and was not changed.

    What several hosts answer is of something in between.
    """
    found = [each for each in complaints(view, "upstream_page") if not each.about and not each.hit.previous]
    # How what answered calls itself, as many a page's header tells, is no name of a host.
    said = [(host, each) for each in found for host in each.hosts if view.graph.is_away(host)]
    if len({host for host, _ in said}) != 1 or _is_our_release(view, said):
        return
    for caller in {each.caller for _, each in said}:
        mine = [each for _, each in said if each.caller == caller]
        if sum(each.hit.count for each in mine) >= OFTEN and as_before(view, caller, mine):
            yield from said
            return


def _is_our_release(view: View, said: Sequence[tuple[str, Complaint]]) -> bool:
    """Tell whether a host may be one under which we are asked, and one of us that serves was released as it began.

    What leads from it to us may not have been read. Its owner's name tells: it is that of a host of ours, of the
    namespace, or of what was released.
    """
    began, owner = oldest(each.hit.first for _, each in said), owner_of(said[0][0])
    callers = {each.caller for _, each in said}
    released = [each for each in view.serving if each.ref not in callers and since_release(each, began)]
    ours = {view.snapshot.namespace.lower(), *(owner_of(route.host) for route in view.routes)}
    return bool(owner and released) and owner in ours | {each.name.lower() for each in released}
