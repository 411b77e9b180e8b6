"""What rooms above must hear at once, said without knowing them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import Signal

access_changed = Signal()  # user_id: signed out, lost a role, or was deactivated


def say_access_changed(user_id: int) -> None:
    """After the commit: what this person has open asks again whether it may stay."""
    transaction.on_commit(lambda: access_changed.send(sender=None, user_id=user_id), robust=True)


def after_sign_out(*, user: Any, **kwargs: object) -> None:
    """The other tabs of the browser that signed out hear it too."""
    if user is not None:
        say_access_changed(user.pk)
