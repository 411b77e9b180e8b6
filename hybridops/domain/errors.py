"""One tree of errors, ordered by what the caller must do about them."""

from __future__ import annotations


class HybridopsError(Exception):
    """Root. The message is one sentence for the person who reads it and says what to do next."""


class BadInput(HybridopsError):
    """The caller's data is wrong: mend it and send it again.

    `line` and `column` count from 1; `field` names a form field or a document path.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.line, self.column, self.field = line, column, field

    def __str__(self) -> str:
        where = [
            f"{word} {value}"
            for word, value in (("line", self.line), ("column", self.column))
            if value is not None
        ]
        text = super().__str__()
        return f"{', '.join(where)}: {text}" if where else text


class Refused(HybridopsError):
    """A rule says no. The message is the rule's sentence; asking again unchanged gives the same answer."""


class Unsigned(Refused):
    """A document is altered, unsigned, or signed by a key that is not trusted for it."""


class NoRoom(Refused):
    """A budget has too little left; the message says which one and by how much."""


class NotYours(Refused):
    """This person may not do this here. Doors show it as absent."""


class Conflict(HybridopsError):
    """Somebody else was first, or what was shown has changed: read again, then decide again."""


class IllegalMove(HybridopsError):
    """A move that the table of states does not have. A defect of the proposer, never of the person."""


class Fenced(Conflict):
    """The lease went to another worker, or the run has ended; this result is not written."""


class StorageAway(HybridopsError):
    """Bytes cannot be read or written for now. Nothing is wrong with the work: it waits, and is done again."""


class ProviderError(HybridopsError):
    """A provider said no or said nothing. `kind` decides what happens next, `billable` whether it costs."""

    def __init__(self, message: str, *, kind: str, billable: bool = False) -> None:
        super().__init__(message)
        self.kind, self.billable = kind, billable


class ProviderRefused(ProviderError):
    """The provider certainly did not take the job: it may be sent again inside the envelope."""


class ProviderUnclear(ProviderError):
    """Nobody knows whether the job was taken: look it up by its key, never send it again."""
