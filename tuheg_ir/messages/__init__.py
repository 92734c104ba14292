"""Messages for people: internal update, user notice, summary, in Chinese and English.

``facts_from_journal`` makes the facts of a message from an incident's record, ``load_facts`` reads
them from a file, ``render`` puts them into words. Importing this package is cheap; Jinja is
imported when something is rendered.
"""

from tuheg_ir.messages.facts import LANGUAGES, STAGES, load_facts
from tuheg_ir.messages.internals import find_internals
from tuheg_ir.messages.narrate import Policy, facts_from_journal
from tuheg_ir.messages.render import render

__all__ = [
    "LANGUAGES",
    "STAGES",
    "Policy",
    "facts_from_journal",
    "find_internals",
    "load_facts",
    "render",
]
