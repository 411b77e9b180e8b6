"""The verbs of the command line and how it ends. Nothing is loaded here: a site's own program asks this first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

VERBS: Mapping[str, str] = {
    "login": "sign in to a site: shows a code that you confirm in your browser",
    "logout": "end this machine's tokens, at the site and here",
    "whoami": "who you are there, your teams and projects",
    "quote": "what a run would cost, its risk and who has to agree; nothing is reserved",
    "submit": "submit a run",
    "watch": "follow a run until it has ended",
    "runs": "the runs you may see, newest first",
    "cancel": "ask for a run to be cancelled",
    "replay": "ask the same question again, as a new run",
    "approve": "approve a request, after seeing what would be sent",
    "reject": "reject a request, with a reason",
    "cost": "what runs cost, and what an accepted solution cost",
    "verify": "take a run's proofs and check them here, without the site",
    "export": "a run's proofs as a file, or runs as CSV",
    "propose": "make a draft of a workflow out of a notebook or script",
}


class Exit(IntEnum):
    """How the program ends. These stay as they are: scripts branch on them."""

    DONE = 0
    NO = 1  # the site said no, or a proof does not hold
    USAGE = 2  # the words, or a file that cannot be read
    SIGN_IN = 3
    NO_ANSWER = 4  # the site is away, or what answered is none
    NOT_ACCEPTED = 5  # the run has ended in another way
    INTERRUPTED = 130


def _has(words: Sequence[str], option: str) -> bool:
    return any(word.partition("=")[0] == option for word in words)


# Two verbs are also commands of an installation, beside its database. These words say which one is meant.
_SITES_OWN: Mapping[str, Callable[[Sequence[str]], bool]] = {
    "propose": lambda words: _has(words, "--as"),
    "verify": lambda words: (not words or words[0].startswith("-")) and not _has(words, "--trust"),
}


def is_clients(words: Sequence[str]) -> bool:
    """Whether a call of `hybridops` is about a site over the network, and not this installation itself."""
    if not words or words[0] not in VERBS:
        return False
    sites_own = _SITES_OWN.get(words[0])
    return sites_own is None or not sites_own(words[1:])
