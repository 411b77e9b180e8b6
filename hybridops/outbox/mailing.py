"""Mails: one a message, or one digest a person for what they wanted gathered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from hybridops.domain.states import NoticeState
from hybridops.outbox import queue
from hybridops.outbox.kinds import Pace
from hybridops.outbox.models import Message

FOOT = (
    "\n\n-- \nhybridops at {site}\n"
    "Links only open pages; nothing is decided by mail. Choose what you are told: {site}/messages/\n"
)


def send_due(*, limit: int = 200) -> int:
    """One round; how many mails left. A transport that fails holds nothing else up."""
    mails: defaultdict[tuple[int, int], list[Message]] = defaultdict(list)
    for row in queue.take(Message, limit):
        mails[row.to_id, row.pk if row.pace == Pace.NOW else 0].append(row)
    return sum(_send(rows) for rows in mails.values())


def _send(rows: list[Message]) -> int:
    person, now = rows[0].to, timezone.now()
    if not person.is_active:
        queue.end(rows, NoticeState.DROPPED, now)
        return 0
    try:
        if not person.email:
            raise ValueError(f"{person} has no mail address")
        _mail(person.email, rows).send()
    except (OSError, ValueError) as problem:  # SMTP's errors are OSErrors
        queue.fail(rows, f"{type(problem).__name__}: {problem}", now)
        return 0
    queue.end(rows, NoticeState.SENT, now)
    return 1


def _mail(address: str, rows: Sequence[Message]) -> EmailMessage:
    one = len(rows) == 1
    subject = rows[0].subject if one else f"{len(rows)} messages from hybridops"
    parts = [_words(row, title=not one) for row in rows]
    body = "\n\n".join(parts) + FOOT.format(site=settings.SITE)
    known = sha256(" ".join(f"{row.key}:{row.pk}" for row in rows).encode()).hexdigest()[:32]
    host = urlsplit(settings.SITE).hostname or "localhost"
    headers = {"Message-ID": f"<{known}@{host}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(_line(subject), body, to=[address], headers=headers)


def _words(row: Message, *, title: bool) -> str:
    head = f"{row.subject}\n\n" if title else ""
    return f"{head}{row.text}\n{settings.SITE}{row.path}"


def _line(text: str) -> str:
    """A header is one line, whatever a person typed into a title."""
    return " ".join(text.split())
