"""What can go wrong between a program and the site, by what the caller can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hybridops.domain.errors import HybridopsError


class ClientError(HybridopsError):
    """Root of what this client raises."""


class Problem(ClientError):
    """The site said no. Branch on `code`; `detail` is the sentence for people, `field` what it is about, or empty.

    `errors` are the faults of a form, each with `at` and `detail`; `retry_after` is in seconds.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str = "",
        errors: Sequence[Mapping[str, str]] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field = status, code, detail, field
        self.errors, self.retry_after = tuple(errors), retry_after


class NotSignedIn(Problem):
    """No token, or one that has ended and cannot be renewed: sign in again."""

    def __init__(self, detail: str) -> None:
        super().__init__(401, "no_token", detail)


class NoAnswer(ClientError):
    """The site did not answer in time. `maybe_done`: whether it may have done it all the same."""

    def __init__(self, message: str, *, maybe_done: bool) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done


class BadAnswer(ClientError):
    """What came is no answer of a hybridops site: another site, a proxy's page, or a newer version."""
