from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.audit import keyring, rotation
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError
from hybridops.trust.checkpoint import vkeys
from hybridops.trust.keys import PURPOSES, PublicPair


class Command(BaseCommand):
    help = "List the signing keys, make new ones, revoke one, or write the trust file for auditors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="every key, and the entries of the log for which it is believed")
        rotate = verbs.add_parser("rotate", help="a new key for a purpose; the old one ends")
        rotate.add_argument("purpose", choices=PURPOSES)
        rotate.add_argument("--why", default="planned")
        revoke = verbs.add_parser(
            "revoke", help="a key is believed for no entry from now on, or from --first on"
        )
        revoke.add_argument("name")
        revoke.add_argument("--first", type=int, help="the first entry for which it is not believed")
        revoke.add_argument("--why", required=True)
        export = verbs.add_parser("export", help="write the public keys for hybridops-verify --trust")
        export.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(**options)
        except HybridopsError as problem:
            raise CommandError(str(problem)) from problem

    def _list(self, **_: Any) -> None:
        ring = keyring.ring()
        self.stdout.write(f"log {ring.origin}")
        for pair in ring.pairs:
            self.stdout.write(f"{pair.name}: {_words(pair)}")
        for pair in ring.of("log"):
            for key in vkeys(ring.origin, pair):
                self.stdout.write(f"vkey {key}")

    def _rotate(self, *, purpose: str, why: str, **_: Any) -> None:
        name = rotation.rotate(purpose=purpose, actor=SYSTEM, why=why)
        self.stdout.write(
            f"{name} signs from now on. Back up {keyring.folder()} and give auditors the trust file."
        )

    def _revoke(self, *, name: str, why: str, first: int | None, **_: Any) -> None:
        rotation.revoke(name=name, actor=SYSTEM, why=why, first=first)
        self.stdout.write(f"{name} is revoked. Give auditors the new trust file.")

    def _export(self, *, file: Path, **_: Any) -> None:
        file.write_bytes(keyring.ring().write())
        self.stdout.write(f"Wrote {file}. Hand it over on another way than the bundles.")


def _words(pair: PublicPair) -> str:
    end = "now" if pair.not_after is None else f"entry {pair.not_after}"
    return f"from entry {pair.not_before} to {end}{', revoked' if pair.revoked else ''}"
