"""What the adapters to vendors share: records of backends, checks before sending, Retry-After, errors in sentences.

A table of each adapter says what a vendor's code means. What is in no table is "unknown": certain of nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from hybridops.domain.errors import BadInput, ProviderError, ProviderRefused, ProviderUnclear
from hybridops.domain.ports import Backend, Program, RemoteState
from hybridops.trust.canonical import digest, digest_of

PATIENCE_SECONDS = 5.0
KEY_MAX = 64
CHAIN_MAX = 10
# What urllib3, httpx and botocore call a connection that was never made.
_NEVER_CONNECTED = frozenset(
    {
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
        "ConnectTimeout",
        "ConnectError",
        "EndpointConnectionError",
    }
)
MESSAGE_MAX = 300


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a vendor's error means. `certain`: a submission answered by it was not taken."""

    kind: str
    certain: bool = True


UNKNOWN = Meaning("unknown", certain=False)


def state_of(words: Mapping[str, RemoteState], word: str) -> RemoteState:
    """A vendor's word for a state; a word that is new to us is UNKNOWN and so never an end."""
    return words.get(word, RemoteState.UNKNOWN)


def problem_of(meaning: Meaning, message: str, *, submits: bool) -> ProviderError:
    """The error to raise: in a submission it says whether the job may have been taken."""
    if not submits:
        return ProviderError(message, kind=meaning.kind)
    kind = ProviderRefused if meaning.certain else ProviderUnclear
    return kind(message, kind=meaning.kind)


@contextmanager
def reading(vendor: str, *, submits: bool = False) -> Iterator[None]:
    """An answer that is not what the vendor's own model says is a malformed one, whatever it breaks on here."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as problem:
        text = f"An answer of {vendor} cannot be read ({type(problem).__name__})."
        raise problem_of(Meaning("malformed", certain=False), text, submits=submits) from None


@contextmanager
def before_sending() -> Iterator[None]:
    """What goes wrong while a submission is being prepared: nothing was sent, so it is certainly not taken."""
    try:
        yield
    except ProviderRefused:
        raise
    except ProviderError as problem:
        raise ProviderRefused(str(problem), kind=problem.kind) from None
    except BadInput as problem:
        raise ProviderRefused(str(problem), kind="invalid_program") from None


def unanswered(vendor: str, problem: BaseException, *, submits: bool) -> ProviderError:
    """A request without an answer. Where no connection came about, nothing was sent, and that is certain."""
    names, seen = [type(problem).__name__], problem.__cause__ or problem.__context__
    while seen is not None and len(names) < CHAIN_MAX:
        names.append(type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    meaning = Meaning("timeout", certain=not _NEVER_CONNECTED.isdisjoint(names))
    return problem_of(meaning, f"{vendor} did not answer: {names[0]}.", submits=submits)


def sentence(text: str, *, hide: Iterable[str] = ()) -> str:
    """A vendor's message as one line that ends in a full stop, without any of the texts to hide."""
    for hidden in hide:
        if hidden:
            text = text.replace(hidden, "…")
    line = " ".join(text.split())
    line = line if len(line) <= MESSAGE_MAX else f"{line[: MESSAGE_MAX - 1]}…"
    return line if line.endswith((".", "!", "?")) else f"{line}."


def checked(
    program: Program, provider: str, *, shots: int, shots_max: int, key: str, bindings_max: int = 0
) -> None:
    """Raises ProviderRefused for what would not be sent as it was compiled, or never be taken."""
    if not 1 <= shots <= shots_max:
        raise ProviderRefused(f"{shots} shots; between 1 and {shots_max} are possible.", kind="too_large")
    if program.provider != provider or digest(program.text.encode()) != program.digest:
        raise ProviderRefused(
            "The program is not what was compiled here; compile it again.", kind="invalid_program"
        )
    if program.bindings and not bindings_max:
        raise ProviderRefused(
            f"{provider} takes a circuit at a time, not sets of values.", kind="invalid_program"
        )
    if len(program.bindings) > bindings_max:
        raise ProviderRefused(f"More than {bindings_max} sets of values in one job.", kind="too_large")
    if not 0 < len(key) <= KEY_MAX:
        raise ProviderRefused(f"The key must have 1 to {KEY_MAX} characters.", kind="conflict")


def seen(
    body: Mapping[str, Any], *, available: bool, queue_length: int | None, wait_seconds: float | None
) -> Backend:
    """The record of a backend now. `body` is what its digest covers, as JSON (`calibrated_at` as ISO text)."""
    moment = body["calibrated_at"]
    return Backend(
        **{**body, "calibrated_at": moment and datetime.fromisoformat(moment)},
        available=available,
        queue_length=queue_length,
        wait_seconds=wait_seconds,
        observed_at=datetime.now(UTC),
        digest=digest_of(body),
    )


def retry_after(value: str | None, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """Seconds of a Retry-After header, which is a number or a date; 0 where it is neither."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now()).total_seconds())


class Pause:
    """Keeps a vendor's Retry-After: nothing is sent before it is over.

    A short one is waited for; during a long one every call raises at once, and nothing has been sent.
    """

    def __init__(
        self,
        vendor: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._vendor, self._patience, self._now, self._sleep = vendor, patience_seconds, now, sleep
        self._until = 0.0

    def note(self, seconds: float) -> None:
        self._until = max(self._until, self._now() + seconds)

    def keep(self) -> None:
        """Returns when the vendor may be asked. Raises ProviderRefused of kind "rate_limit" where that is far off."""
        left = self._until - self._now()
        if left > self._patience:
            raise ProviderRefused(
                f"{self._vendor} asks for patience; ask again in {left:.0f} seconds.", kind="rate_limit"
            )
        if left > 0:
            self._sleep(left)


def whole(shares: Mapping[str, float], shots: int) -> Counter[str]:
    """Counts nearest to the shares that add up to the shots: the largest remainders are rounded up.

    Raises ValueError where the shares are none: negative, or far from adding up to one.
    """
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 0.01:
        raise ValueError("these are no shares of one")
    exact = {name: share * shots for name, share in shares.items()}
    counts = Counter({name: int(value) for name, value in exact.items()})
    left = shots - counts.total()
    for name in sorted(exact, key=lambda each: (int(exact[each]) - exact[each], each))[:left]:
        counts[name] += 1
    return +counts


def drawn(shares: Mapping[str, float], shots: int, seed: str) -> dict[str, int]:
    """Counts of so many shots drawn from exact chances; the same text as seed gives the same counts."""
    import numpy as np

    names, chances = list(shares), np.array(list(shares.values()))
    rng = np.random.default_rng(int(digest(seed.encode())[:16], 16))
    counts = rng.multinomial(shots, chances / chances.sum())
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}
