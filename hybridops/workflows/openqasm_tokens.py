"""OpenQASM text as a stream of tokens with one of them in sight, each with its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hybridops.domain.errors import BadInput
from hybridops.workflows.text import Token, lines_of

TOKENS_MAX = 600_000
END = "the end of the file"  # the last token's text: with blanks in it, no word of a file can be it
_LONGEST = 64
# No alternative can match one text in two ways: reading takes linear time whatever the text.
_TOKEN = re.compile(
    r"""(?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<quoted>"[^"]*")
      | (?P<sign>->|[][(){};,+*/=-])""",
    re.VERBOSE,
)
_BLANK = re.compile(r"[ \t]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Tokens:
    """The tokens of a file in order; `now` is the next one. Raises BadInput for what is not OpenQASM."""

    def __init__(self, data: bytes) -> None:
        self._rest = _tokens(lines_of(data))
        self._left = TOKENS_MAX
        self.now = next(self._rest)

    def next(self) -> Token:
        """The token in sight, and on to the one after it."""
        token = self.now
        self._left -= 1
        if self._left < 0:
            raise BadInput(
                f"this circuit has more than {TOKENS_MAX:,} words and signs; send a shorter one",
                line=token.line,
                column=token.column,
            )
        if token.text != END:
            self.now = next(self._rest)
        return token

    def sees(self, text: str) -> bool:
        return self.now.text == text

    def took(self, text: str) -> bool:
        """Takes the token in sight if it is this one."""
        found = self.sees(text)
        if found:
            self.next()
        return found

    def take(self, text: str) -> Token:
        """The token in sight, which must be this one."""
        if not self.sees(text):
            raise self.now.refuse(repr(text))
        return self.next()

    def name(self, what: str) -> Token:
        """The token in sight, which must be a name."""
        if not _NAME.fullmatch(self.now.text):
            raise self.now.refuse(what)
        return self.next()


def _tokens(lines: list[str]) -> Iterator[Token]:
    commented: Token | None = None
    for number, line in enumerate(lines, start=1):
        at = 0
        while at < len(line):
            if commented:
                end = line.find("*/", at)
                at = len(line) if end < 0 else end + 2
                commented = commented if end < 0 else None
            elif blank := _BLANK.match(line, at):
                at = blank.end()
            elif line.startswith("//", at):
                break
            elif line.startswith("/*", at):
                commented, at = Token("/*", number, at + 1), at + 2
            else:
                yield (token := _token(line, number, at))
                at += len(token.text)
    if commented:
        raise commented.refuse("a comment that ends with */")
    yield Token(END, len(lines), len(lines[-1]) + 1)


def _token(line: str, number: int, at: int) -> Token:
    found = _TOKEN.match(line, at)
    token = Token(found[0] if found else line[at], number, at + 1)
    if found is None:
        raise token.refuse("a name, a number or a sign of OpenQASM")
    if len(token.text) > _LONGEST:
        raise token.refuse(f"a name or number of at most {_LONGEST} characters")
    return token
