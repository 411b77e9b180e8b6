"""Checkpoints outside the database: without them a cut-off or rewritten log would look like a good one.

`publish` is the one function that takes them out. A target is a name and a function in
`settings.AUDIT_TARGETS`; one that fails is tried again and says so on the audit page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

from hybridops.audit.keyring import ring
from hybridops.audit.models import Checkpoint, Publication
from hybridops.domain.errors import Refused, Unsigned
from hybridops.trust import checkpoint as notes

AGAIN = timedelta(minutes=1)  # after a failure
_log = logging.getLogger(__name__)


def publish() -> None:
    """Gives the newest checkpoint to every target that is due for it; a failure is noted, never raised."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return
    for name, (path, every_seconds) in settings.AUDIT_TARGETS.items():
        state = Publication.objects.filter(target=name).first() or Publication(target=name)
        if newest.size != state.size and _is_due(state, timedelta(seconds=every_seconds)):
            _give(newest, name, import_string(path))


def _is_due(state: Publication, every: timedelta) -> bool:
    wait = AGAIN if state.problem else every
    return state.tried_at is None or datetime.now(UTC) - state.tried_at >= wait


def _give(newest: Checkpoint, name: str, target: Callable[[Checkpoint], None]) -> None:
    now = datetime.now(UTC)
    told: dict[str, object] = {"tried_at": now, "problem": ""}
    try:
        target(newest)
        told |= {"size": newest.size, "done_at": now}
    except Exception as problem:  # whatever a mail server or a disk says: the log goes on, and the page tells
        _log.warning("the checkpoint of %s was not published to %s: %s", newest.size, name, problem)
        told["problem"] = (f"{type(problem).__name__}: {problem}")[:300]
    Publication.objects.update_or_create(
        target=name, defaults=told
    )  # another process may write the first row too


def checkpoint_folder() -> Path:
    return Path(settings.CHECKPOINTS)


def to_file(newest: Checkpoint) -> None:
    """The copy in the data folder, replaced whole; never by one that covers less."""
    check_not_rolled_back(newest.size)
    folder = checkpoint_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / ".latest.new"
    fresh.write_text(newest.note)
    fresh.replace(folder / "latest.txt")


def to_mail(newest: Checkpoint) -> None:
    """A mail to the auditors, with the note as it is to be kept."""
    EmailMessage(
        subject=f"Checkpoint of {newest.size} events, {ring().origin}",
        body=(
            "Keep this checkpoint outside the installation. Whoever has it can show later whether the log was\n"
            "rewritten: hybridops-verify BUNDLE --trust KEYS --since CHECKPOINT\n\n" + newest.note
        ),
        to=list(settings.AUDIT_MAIL),
        attachments=[(f"checkpoint-{newest.size}.txt", newest.note, "text/plain")],
    ).send()


def kept() -> str:
    """The note in the data folder, empty where there is none."""
    found = checkpoint_folder() / "latest.txt"
    return found.read_text(errors="replace") if found.exists() else ""


def check_not_rolled_back(size: int) -> None:
    """Raises Refused where the database has fewer events than a checkpoint that left it (restored from a backup).

    Signing on would give two logs of one name. A person has to decide; see docs/operations.md.
    """
    note = kept()
    try:
        known = (
            notes.open_note(note, origin=ring().origin, trusted=ring().of("log")).checkpoint.size
            if note
            else 0
        )
    except Unsigned:  # damaged, or of another log: `verify` names it
        return
    if size < known:
        raise Refused(
            f"The log has {size} events and a published checkpoint covers {known}: an older database was "
            "restored. Nothing is signed until that is settled."
        )
