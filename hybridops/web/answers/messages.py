"""What was I told, and did everything arrive?"""

from __future__ import annotations

from django.utils.safestring import SafeString

from hybridops.web.answers import bold, counted, joined, marked, sentence


def answer(count: int, address: str, failed: int) -> SafeString:
    """`failed` is zero for who cannot do anything about it."""
    if not address:
        first = marked("You have no mail address here, so nothing can be sent to you.")
    elif count:
        first = bold(f"{sentence(counted(count, 'message'))} went to {address}.")
    else:
        first = bold(f"Nothing was sent to {address} yet.")
    lost = marked(f"{sentence(counted(failed, 'notice'))} could not be delivered.") if failed else ""
    return joined([first, lost])
