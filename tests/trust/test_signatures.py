"""Envelopes, keys and checkpoints: what verifies, and every way in which it must not."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput, Unsigned
from hybridops.trust import dsse, keyring, keys
from hybridops.trust.checkpoint import Checkpoint, open_note, seal, vkeys
from hybridops.trust.keyring import Ring
from tests.trust.public import loaded

PAIR, OTHER = keys.make("definition"), keys.make("definition-2")
LOG, NEXT = keys.make("log"), keys.make("log-2")
ORIGIN = "hybridops.local/test"
DOCUMENT: dict[str, Any] = {"name": "routing", "shots": 512}


def signed() -> dict[str, Any]:
    return dsse.sign(kind="workflow", name="routing", document=DOCUMENT, pair=PAIR)


def refused(envelope: dict[str, Any], kind: str = "workflow") -> None:
    with pytest.raises(Unsigned):
        dsse.verify(envelope, kind=kind, trusted=[PAIR.public])


def test_a_document_comes_back_with_its_signer() -> None:
    assert dsse.verify(signed(), kind="workflow", trusted=[OTHER.public, PAIR.public]) == (
        DOCUMENT,
        "definition",
    )


def test_one_signature_of_the_two_is_not_enough() -> None:
    for left in (0, 1):
        refused({**signed(), "signatures": [signed()["signatures"][left]]})
        refused({**signed(), "signatures": [signed()["signatures"][left]] * 2})


def test_signatures_of_two_pairs_do_not_add_up() -> None:
    other = dsse.sign(kind="workflow", name="routing", document=DOCUMENT, pair=OTHER)
    mixed = [signed()["signatures"][0], other["signatures"][1]]
    with pytest.raises(Unsigned):
        dsse.verify({**signed(), "signatures": mixed}, kind="workflow", trusted=[PAIR.public, OTHER.public])


def test_nobody_trusted_is_a_refusal() -> None:
    with pytest.raises(Unsigned):
        dsse.verify(signed(), kind="workflow", trusted=[])


def test_another_kind_type_or_payload_is_refused() -> None:
    refused(signed(), kind="policy")
    refused({**signed(), "payloadType": "application/json"})
    payload = base64.b64decode(signed()["payload"]).replace(b"512", b"513")
    refused({**signed(), "payload": base64.b64encode(payload).decode()})
    refused({})
    refused({"payload": 1, "payloadType": None, "signatures": "x"})
    refused({**signed(), "signatures": signed()["signatures"] * 9})


@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_changed_byte_anywhere_in_the_payload_is_refused(place: int, change: int) -> None:
    envelope = signed()
    payload = bytearray(base64.b64decode(envelope["payload"]))
    payload[place % len(payload)] ^= change
    refused({**envelope, "payload": base64.b64encode(bytes(payload)).decode()})


def test_a_key_id_is_a_hint_and_no_more() -> None:
    """T8: a wrong hint with the right key is a signature, the right hint with a wrong key is none."""
    envelope, other = signed(), dsse.sign(kind="workflow", name="routing", document=DOCUMENT, pair=OTHER)
    renamed = [{**item, "keyid": "0" * 64} for item in envelope["signatures"]]
    dsse.verify({**envelope, "signatures": renamed}, kind="workflow", trusted=[PAIR.public])
    bare = [{"sig": item["sig"]} for item in envelope["signatures"]]
    dsse.verify({**envelope, "signatures": bare}, kind="workflow", trusted=[PAIR.public])
    hints = [item["keyid"] for item in envelope["signatures"]]
    borrowed = [{**item, "keyid": hint} for item, hint in zip(other["signatures"], hints, strict=True)]
    refused({**envelope, "signatures": borrowed})


def test_what_is_parsed_is_what_was_verified() -> None:
    """T7: text that only looks like the payload is never read; strange JSON inside a signature is refused."""
    envelope = {**signed(), "predicate": {"shots": 9999}, "payload_": "x"}
    assert dsse.verify(envelope, kind="workflow", trusted=[PAIR.public])[0] == DOCUMENT
    twice = b'{"_type": 1, "_type": 2}'
    raw = PAIR.sign(dsse.pae(dsse.PAYLOAD_TYPE, twice))
    signatures = [{"sig": base64.b64encode(one).decode()} for one in raw]
    refused({**signed(), "payload": base64.b64encode(twice).decode(), "signatures": signatures})


def test_the_public_envelopes() -> None:
    """T6: DSSE's nine vectors through our own reader."""
    public = loaded("dsse/vectors.json")
    known = {
        name: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["public"]))
        for name, key in public["keys"].items()
    }
    for vector in public["vectors"]:
        try:
            envelope = dsse.opened(vector["envelope"], types=vector["supportedPayloadTypes"])
            assert (
                dsse.pae(envelope.payload_type, envelope.payload).hex() == vector["pae"]
                or vector["expect"] == "reject"
            )
            enough = (
                len(envelope.signers([known[name] for name in vector["trustedKeys"]])) >= vector["threshold"]
            )
        except Unsigned:
            enough = False
        assert ("accept" if enough else "reject") == vector["expect"], vector["id"]
    assert len(public["vectors"]) == 9


def test_keys_are_written_once_for_their_owner_only(tmp_path: Path) -> None:
    for pair in (PAIR, LOG):
        path = keys.save(pair, tmp_path / "keys")
        assert path.stat().st_mode & 0o077 == 0
        assert keys.load(path).public.mldsa.public_bytes_raw() == pair.public.mldsa.public_bytes_raw()
        with pytest.raises(FileExistsError):
            keys.save(pair, tmp_path / "keys")
        path.chmod(0o644)
        with pytest.raises(BadInput, match="chmod 600"):
            keys.load(path)
    with pytest.raises(BadInput, match="backup"):
        keys.load(tmp_path / "log-7.pem")
    with pytest.raises(BadInput, match="no name of a key"):
        keys.make("something")


def test_a_log_key_of_the_earlier_kind_is_refused_in_one_sentence(tmp_path: Path) -> None:
    keys.save(replace(LOG, mldsa=MLDSA65PrivateKey.generate()), tmp_path)
    with pytest.raises(BadInput, match=r"earlier version.*Make a new data folder"):
        keys.load(tmp_path / "log.pem")


RING = Ring(ORIGIN, (PAIR.public, replace(OTHER.public, not_before=7, not_after=9, revoked=True), LOG.public))


def test_a_trust_file_says_the_same_again() -> None:
    again = keyring.read(RING.write())
    assert again.write() == RING.write()
    assert [pair.name for pair in again.of("definition")] == ["definition", "definition-2"]
    assert [pair.name for pair in again.trusted("definition")] == ["definition"]
    assert [pair.name for pair in again.at("definition", 9)] == ["definition", "definition-2"]
    assert [pair.name for pair in again.at("definition", 10)] == ["definition"]
    assert again.current("decision") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema="x"), lambda d: d.update(origin=""), lambda d: d.update(origin=" "), lambda d: d.update(keys=None),
        lambda d: d["keys"].append(d["keys"][0]), lambda d: d["keys"][0].update(name="definition-9") or d["keys"].append({**d["keys"][0], "name": "log-9"}),
        lambda d: d["keys"][1].update(ed25519=d["keys"][0]["ed25519"]), lambda d: d["keys"][0].update(mldsa="AA=="),
        lambda d: d["keys"][0].update(ed25519="!"), lambda d: d["keys"][0].update(not_before_index=-1), lambda d: d["keys"][0].update(not_before_index=True),
        lambda d: d["keys"][0].update(not_after_index="3"), lambda d: d["keys"][0].update(revoked=0), lambda d: d["keys"][0].update(more=1),
        lambda d: d["keys"][2].update(name="decision-3"), lambda d: d["keys"][0].pop("revoked"),
    ],
)  # fmt: skip
def test_a_strange_trust_file_is_refused(change: Any) -> None:
    """T14 among them: no key serves two purposes."""
    document = json.loads(RING.write())
    change(document)
    with pytest.raises(BadInput):
        keyring.read(json.dumps(document).encode())


@given(st.binary(max_size=80))
def test_no_bytes_but_a_trust_file_are_one(data: bytes) -> None:
    with pytest.raises(BadInput):
        keyring.read(data)


POINT = Checkpoint(ORIGIN, 3, b"r" * 32)
NOTE = seal(POINT, [LOG], at=1_790_000_000)


def no_note(text: str, *trusted: keys.PublicPair, says: str = ".") -> None:
    with pytest.raises(Unsigned, match=says):
        open_note(text, origin=ORIGIN, trusted=trusted or [LOG.public])


def test_a_checkpoint_needs_both_of_its_signatures() -> None:
    """T13: a line taken away is a refusal, whichever it is."""
    opened = open_note(NOTE, origin=ORIGIN, trusted=[LOG.public])
    assert (opened.checkpoint, opened.at, opened.signers) == (POINT, 1_790_000_000, ("log",))
    head, _, tail = NOTE.partition("\n\n")
    first, second = tail.splitlines()
    no_note(f"{head}\n\n{first}\n", says="ML-DSA-44 line")
    no_note(f"{head}\n\n{second}\n", says="Ed25519 line")
    no_note(NOTE, NEXT.public, says="not signed by a trusted key")


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.replace("\n3\n", "\n4\n"), lambda n: n.replace("\n3\n", "\n03\n"), lambda n: n.replace("\n3\n", "\n+3\n"),
        lambda n: n.replace("\n3\n", "\n٣\n"), lambda n: n.replace("\n\n", "\n", 1), lambda n: n + "not a signature\n", lambda n: n[:-1],
        lambda n: n.replace("\n", "\r\n"), lambda n: n.replace("\n\n", "\nextension\n\n", 1), lambda n: n.replace("\n\n", "\n\n\n", 1),
        lambda n: n.replace("\u2014", "-", 1), lambda n: n.replace(ORIGIN, "hybridops.local/other"), lambda n: n.replace(f"\u2014 {ORIGIN}", "\u2014 other", 1),
        lambda n: n + n.splitlines(keepends=True)[-1], lambda n: n.partition("\n\n")[0] + "\n\n", lambda n: "", lambda n: n.replace(" ", "  "),
        lambda n: n.replace("=\n", "\n"), lambda n: n + "x" * 200_000,
    ],
)  # fmt: skip
def test_a_strange_note_is_refused(change: Any) -> None:
    """T12: extra lines, carriage returns, no empty line, other names, unknown signers, one signature twice."""
    assert change(NOTE) != NOTE
    no_note(change(NOTE))


def test_a_false_line_of_a_known_key_spoils_the_note_and_one_of_a_stranger_does_not() -> None:
    """T12: both are there, whoever else is trusted; witnesses' lines are left alone."""
    strange = seal(POINT, [LOG, NEXT], at=5)
    assert open_note(strange, origin=ORIGIN, trusted=[LOG.public]).signers == ("log",)
    both = [LOG.public, NEXT.public]
    assert open_note(strange, origin=ORIGIN, trusted=both).signers == ("log", "log-2")
    lines = strange.splitlines(keepends=True)
    wrong = lines[-1][:-20] + ("A" * 18) + lines[-1][-2:]
    no_note("".join([*lines[:-1], wrong]), *both, says="not valid|base64")
    no_note("".join(lines[:-1]), *both, says="ML-DSA-44 line")


def test_the_two_lines_of_a_key_have_ids_of_their_own_and_cover_their_own_bytes() -> None:
    """T14: neither signature can stand in for the other; both verifier keys are in C2SP's text form."""
    ids = [key.split("+")[1] for key in vkeys(ORIGIN, LOG.public)]
    assert len({*ids}) == 2
    raw = [base64.b64decode(line.split(" ")[2]) for line in NOTE.partition("\n\n")[2].splitlines()]
    assert [one[:4].hex() for one in raw] == ids
    assert [len(one) for one in raw] == [4 + 64, 4 + 8 + 2420]
    name = ORIGIN.encode()
    message = (
        b"subtree/v1\n\x00" + bytes([len(name)]) + name + struct.pack(">Q", 1_790_000_000)
        + bytes([len(name)]) + name + bytes(8) + struct.pack(">Q", 3) + b"r" * 32
    )  # fmt: skip
    LOG.public.mldsa.verify(raw[1][12:], message)
    LOG.public.ed25519.verify(raw[0][4:], NOTE.partition("\n\n")[0].encode() + b"\n")


def test_a_checkpoint_is_believed_where_its_key_is() -> None:
    """T15: the place in the log decides, whatever time the signer claims."""
    early = replace(LOG.public, not_after=1)
    no_note(NOTE, early, says="has ended")
    no_note(NOTE, replace(LOG.public, not_before=3), says="has ended")
    assert open_note(NOTE, origin=ORIGIN, trusted=[replace(early, not_after=2)])
    handover = seal(POINT, [LOG, NEXT], at=1)
    assert open_note(handover, origin=ORIGIN, trusted=[early, NEXT.public]).signers == ("log-2",)


@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_a_bit_flipped_anywhere_in_a_note_is_found(bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[bit // 8] ^= 1 << bit % 8
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    no_note(text)


KINDS = {"ed25519_test": Ed25519PublicKey, "mldsa_44_verify_test": MLDSA44PublicKey, "mldsa_65_verify_test": MLDSA65PublicKey,
         "mldsa_44_sign_seed_test": MLDSA44PublicKey, "mldsa_65_sign_seed_test": MLDSA65PublicKey}  # fmt: skip
SEEDS: dict[str, Any] = {
    "mldsa_44_sign_seed_test": MLDSA44PrivateKey,
    "mldsa_65_sign_seed_test": MLDSA65PrivateKey,
}


@pytest.mark.parametrize("name", KINDS)
def test_hostile_signatures(name: str) -> None:
    """Wycheproof's, through `is_signed`; those with a context, which we never use, through the library."""
    checked = 0
    for group in loaded(f"wycheproof/{name}.json")["testGroups"]:
        public = group["publicKey"]["pk"] if isinstance(group["publicKey"], dict) else group["publicKey"]
        if public is None:  # a private key that must not be taken: there is nothing to verify with
            with pytest.raises(ValueError):
                SEEDS[name].from_seed_bytes(bytes.fromhex(group["privateSeed"]))
            continue
        for case in group["tests"]:
            if "sig" not in case or "msg" not in case:
                continue
            found = _says(KINDS[name], public, case)
            assert found == case["result"], case["tcId"]
            checked += 1
    assert checked > 60


def _says(kind: Any, public: str, case: dict[str, Any]) -> str:
    try:
        key = kind.from_public_bytes(bytes.fromhex(public))
        signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
        if not case.get("ctx"):
            return "valid" if keys.is_signed(key, signature, message) else "invalid"
        key.verify(signature, message, bytes.fromhex(case["ctx"]))
    except (InvalidSignature, ValueError):
        return "invalid"
    return "valid"
