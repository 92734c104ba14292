"""Put the handbook's messages beside the incident, rendered from what the journal knows."""

from __future__ import annotations

from tuheg_ir.errors import StoreError, TuhegError
from tuheg_ir.incidents.facts import message_text
from tuheg_ir.incidents.shop import Shop

WELL_AGAIN = ("internal_update", "user_notice", "summary")
STILL_ILL = ("internal_update", "user_notice")
ONLY_INSIDE = ("internal_update",)


def stages_for(status: str, *, acted: bool) -> tuple[str, ...]:
    """Return the messages that fit an end.

    A summary tells of an end. An incident in which nothing was ever wrong concerns no user.
    """
    if status == "healed" or (status == "nothing_to_do" and acted):
        return WELL_AGAIN
    return ONLY_INSIDE if status in ("nothing_to_do", "planned") else STILL_ILL


def deliver(
    shop: Shop, number: str, status: str, *, run: str, actor: str, lang: str
) -> tuple[dict[str, str], list[str]]:
    """Render the fitting messages; return stage -> path, and what could not be done.

    A message that cannot be written never changes how the incident ended.
    """
    paths: dict[str, str] = {}
    notes: list[str] = []
    # A run that was killed in its change may have healed what the next one finds healthy.
    acted = any(event.kind == "intent" for event in shop.journal.events(number))
    for stage in stages_for(status, acted=acted):
        try:
            paths[stage] = write(shop, number, stage, run=run, actor=actor, lang=lang)
        except (TuhegError, OSError) as error:
            notes.append(f"message {stage} could not be written: {error}")
    return paths, notes


def write(shop: Shop, number: str, stage: str, *, run: str | None, actor: str, lang: str) -> str:
    """Render one message into the incident's folder, record it, return its path."""
    text = message_text(shop.journal, shop.catalogue, number, stage, lang=lang)
    path = shop.journal.directory(number) / f"{stage}.{lang}.md"
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(0o600)
        temporary.replace(path)
    except OSError as error:
        raise StoreError("A message cannot be written", f"{path}: {error.strerror}", "Make room there.") from error
    relative = str(path.relative_to(shop.journal.place))
    shop.journal.append(
        number,
        "message",
        {"stage": stage, "lang": lang, "path": relative},
        run=run,
        actor=actor,
    )
    return str(path)
