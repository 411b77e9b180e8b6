"""Who moved a breaker by hand and why, taken away. Where it stands, it goes on standing."""

from __future__ import annotations

from hybridops.backends.models import BreakerMove
from hybridops.domain.erasure import GONE, Erased


def erase(person: Erased) -> None:
    """Erases the name and the reason of every move of theirs."""
    BreakerMove.objects.filter(by__in=person.called).update(by=person.mark, why=GONE)
