"""What an auditor holds in the hand: a bundle that proves itself, and every forgery of it that does not."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridops.audit import keyring, queries, tiles
from hybridops.domain.errors import HybridopsError, Refused, Unsigned
from hybridops.trust import bundle as bundles
from hybridops.trust import checkpoint, container, dsse, keys
from hybridops.trust.__main__ import main
from hybridops.trust.assertion import challenge_of, check_assertion
from hybridops.trust.canonical import canonical, read
from hybridops.trust.keyring import Ring
from hybridops.trust.personal import Text
from tests.audit.bundles import Made, made, relogged, resigned

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # a run to its end, exported and forged in every way
_KEPT: list[Made] = []


@pytest.fixture
def bundle(request: pytest.FixtureRequest) -> Made:
    """Made once: nothing that reads it needs the database it came from."""
    if not _KEPT:
        _KEPT.append(made(request.getfixturevalue("world")))
    return _KEPT[0]


def wrong(bundle: Made, data: bytes, words: str, **more: Any) -> None:
    with pytest.raises(HybridopsError) as found:
        bundle.says(data, **more)
    assert words in str(found.value), found.value


def test_an_honest_bundle_says_every_step(bundle: Made) -> None:
    told = bundle.says()
    for words in (
        "is whole", "with Ed25519 and ML-DSA-44", "stands in the log", "without a gap",
        "The workflow (fake, version 1) was signed by definition", "The policy (", "The pricebook (",
        "Mikkel said “approve”, reason because (entry", "the passkey's own signature over that digest and answer is valid", "distinct people agreed",
        "3 of at most 3 submissions, 300 shots) is inside what was approved",
    ):  # fmt: skip
        assert words in told, told


# A forger without keys: files altered, manifest and container made to fit again.


def first(files: dict[str, bytes], start: str, end: str = ".json") -> str:
    return min(name for name in files if name.startswith(start) and name.endswith(end))


def swapped_proofs(files: dict[str, bytes]) -> None:
    one, two = sorted(name for name in files if name.endswith(".tlog-proof"))[:2]
    files[one], files[two] = files[two], files[one]


def dropped(*names: str) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        for name in names:
            del files[first(files, name, "")]

    return change


def edited(start: str, before: bytes, after: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        name = next(name for name in sorted(files) if name.startswith(start) and before in files[name])
        files[name] = files[name].replace(before, after)

    return change


def stripped(line: int) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        note = files["checkpoint"].decode().splitlines(keepends=True)
        files["checkpoint"] = "".join(one for n, one in enumerate(note) if n != line).encode()

    return change


def one_signature(files: dict[str, bytes]) -> None:
    name = first(files, "requests/", "decision-1.json")
    envelope = read(files[name])
    files[name] = canonical({**envelope, "signatures": envelope["signatures"][:1]})


def unlogged_decision(files: dict[str, bytes]) -> None:
    """T5: rightly signed by the right key, and never part of this log."""
    name = first(files, "requests/", "decision-1.json")
    said, _ = dsse.verify(read(files[name]), kind="decision", trusted=keyring.trusted("decision"))
    another = dsse.sign(
        kind="decision", name="x", document={**said, "reason": "other"}, pair=keyring.pair("decision")
    )
    files[name.replace("decision-1", "decision-2")] = canonical(another)


def unlogged_document(files: dict[str, bytes]) -> None:
    policy = first(files, "documents/policy")
    document, _ = dsse.verify(read(files[policy]), kind="policy", trusted=keyring.trusted("definition"))
    files[policy] = canonical(dsse.sign(kind="policy", name="x", document={**document, "version": 99}, pair=keyring.pair("definition")))  # fmt: skip


def added_text(files: dict[str, bytes]) -> None:
    texts = read(files["texts.json"])
    files["texts.json"] = canonical([*texts, {**texts[0], "text": "Somebody else"}])


def resalted(files: dict[str, bytes]) -> None:
    """Salt and digest fit each other again, and no longer what was signed."""
    texts = read(files["texts.json"])
    one = next(text for text in texts if text["field"] == "reason")
    one["digest"] = Text(one["about"], "reason", "0" * 32, one["text"]).digest
    files["texts.json"] = canonical([*texts, one | {"salt": "0" * 32}])


def doubled(files: dict[str, bytes]) -> None:
    name = first(files, "requests/", "decision-1.json")
    files[name.replace("-1.json", "-2.json")] = files[name]


FORGERIES: list[tuple[str, Callable[[dict[str, bytes]], Any], str]] = [
    ("an event edited", edited("events/run-", b'"to":"done"', b'"to":"gone"'), "does not prove the place of run:1#"),
    ("proofs swapped", swapped_proofs, "does not prove the place"),
    ("an event left out", dropped("events/run-1-000002.json", "events/run-1-000002.tlog-proof"), "run:1#2 is missing"),
    ("a proof left out", dropped("events/run-1-000002.tlog-proof"), "lacks events/run-1-000002.tlog-proof"),
    ("an event left out, its proof not", dropped("events/run-1-000002.json"), "proves nothing"),
    ("more shots", edited("requests/", b'"shots_max":300', b'"shots_max":900'), "is not what request:1#1 says was asked"),
    ("a lower score", edited("requests/1/assessment", b'"fired":true', b'"fired":false'), "another assessment"),
    ("another plan", edited("plan.json", b'"seed":7', b'"seed":8'), "another plan"),
    ("a decision without its second signature", one_signature, "does not stand in the log"),
    ("a decision left out", dropped("requests/1/decision-1.json"), "lacks the signed decision of request:1#2"),
    ("a decision twice", doubled, "does not stand in the log"),
    ("a decision that was never logged", unlogged_decision, "does not stand in the log"),
    ("a policy that was never logged", unlogged_document, "whose signature stands in the log"),
    ("a policy left out", dropped("documents/policy"), "a policy that is not in the bundle"),
    ("a name changed", edited("texts.json", b"Mikkel", b"Michel"), "is not one that an event names"),
    ("a reason changed", edited("texts.json", b'"text":"because"', b'"text":"never"'), "A text of person:3 (reason) is not one that an event names"),
    ("a reason with another salt", resalted, "A text of person:3 (reason) is not one that an event names"),
    ("a text added", added_text, "is not one that an event names"),
    ("no checkpoint", dropped("checkpoint"), "lacks checkpoint"),
    ("the Ed25519 line stripped", stripped(4), "exactly one Ed25519 line"),
    ("the ML-DSA line stripped", stripped(5), "exactly one ML-DSA-44 line"),
    ("a larger tree", edited("checkpoint", b"\n66\n", b"\n67\n"), "Ed25519 signature of log is not valid"),
    ("a file more", lambda files: files.update({"extra.json": b"{}"}), "extra.json is no part of a bundle"),
    ("a request more", lambda files: files.update({"requests/9/assessment.json": b"{}"}), "belongs to no request"),
    ("no canonical JSON", edited("requests/1/assessment", b'"score":', b'"score": '), "not canonical"),
    ("a key twice", edited("requests/1/assessment", b'"score":', b'"score":0,"score":'), "a key stands twice"),
    ("no event at all", lambda files: [files.pop(name) for name in list(files) if name.startswith("events/")], "has no event of the run"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change", "words"), FORGERIES, ids=[one[0] for one in FORGERIES])
def test_a_forgery_is_found_and_named(bundle: Made, what: str, change: Any, words: str) -> None:
    wrong(bundle, bundle.altered(change), words)


# A dishonest installation: another log, rightly signed, that says what it must not.


def voted_by(who: str) -> Callable[..., None]:
    def change(made_: Made) -> Callable[..., None]:
        resign = resigned(made_, lambda said: said["by"].update(id=who.partition(":")[2]))

        def alter(events: list[dict[str, Any]], files: dict[str, bytes]) -> None:
            resign(events, files)
            files["texts.json"] = b"[]"  # whose words they were would tell as well
            for event in events:
                if event["action"] == "approval.voted":
                    event["actor"]["id"] = who.partition(":")[2]

        return alter

    return change


def without(action: str) -> Callable[..., Any]:
    def alter(events: list[dict[str, Any]], files: dict[str, bytes]) -> None:
        events[:] = [event for event in events if event["action"] != action]
        if action == "approval.voted":
            del files[first(files, "requests/", "decision-1.json")]
            files["texts.json"] = b"[]"

    return alter


def facts(action: str, **values: Any) -> Callable[..., Any]:
    """The first event of this kind says other facts; `reserved__shots` reaches inside."""

    def alter(events: list[dict[str, Any]], files: dict[str, bytes]) -> None:
        event = next(
            e
            for e in events
            if action in ("", e["action"]) and all(k.partition("__")[0] in e["facts"] for k in values)
        )
        for name, value in values.items():
            outer, _, inner = name.partition("__")
            if inner:
                event["facts"][outer][inner] = value
            else:
                event["facts"][outer] = value

    return alter


def again(action: str) -> Callable[..., Any]:
    return lambda events, files: events.append(next(dict(e) for e in events if e["action"] == action))


def words_of(about: str) -> Callable[[Made], Callable[..., None]]:
    """The installation puts other words into the statement, the log and beside it: all of it fits."""

    def change(made_: Made) -> Callable[..., None]:
        text = Text(about, "reason", "0" * 32, "never")
        resign = resigned(made_, lambda said: said.update(personal={"reason": text.digest}))

        def alter(events: list[dict[str, Any]], files: dict[str, bytes]) -> None:
            resign(events, files)
            for event in events:
                if event["action"] == "approval.voted":
                    event["personal"] = {"reason": text.digest}
            kept = [one for one in read(files["texts.json"]) if one["text"] != "because"]
            files["texts.json"] = canonical([*kept, {**asdict(text), "digest": text.digest}])

        return alter

    return change


swapped_words, other_words = words_of("person:9"), words_of("person:3")
DISHONEST: list[tuple[str, Callable[[Made], Callable[..., Any]], str]] = [
    ("honest after all", lambda m: lambda events, files: None, ""),
    ("approved without a vote", lambda m: without("approval.voted"), "fewer votes than its tier"),
    ("approved by the requester", lambda m: voted_by(read(next(d for n, d in bundles.open_bundle(m.data).files.items() if n == "events/run-1-000001.json"))["actor"]["id"].join(["person:", ""]))(m), "asked for the run or made part of it"),
    ("sent without approval", lambda m: without("approval.consumed"), "before an approval for it was used"),
    ("used twice", lambda m: again("approval.consumed"), "used twice"),
    ("used for something else", lambda m: facts("approval.consumed", digest="0" * 64), "something else than was approved"),
    ("another backend", lambda m: facts("", reserved__backend="elsewhere"), "was not approved"),
    ("more shots than approved", lambda m: facts("", reserved__shots=301), "at most 300 shots"),
    ("a number that is none", lambda m: facts("", reserved__shots="100"), "where a number is expected"),
    ("more money than approved", lambda m: lambda events, files: [e["facts"].update(amount_micro=10**9) for e in events if e["action"] == "money.reserved"], "was approved"),
    ("no proof of presence", lambda m: resigned(m, lambda said: said.update(presence={"method": "trust me"})), "how it was proved"),
    ("an old proof of presence", lambda m: resigned(m, lambda said: said["presence"].update(at="2020-01-01T00:00:00+00:00")), "older than five minutes"),
    ("a weaker proof of presence", lambda m: resigned(m, lambda said: said["presence"].update(method="session")), "needs a passkey"),
    ("a passkey for something else", lambda m: resigned(m, lambda said: said["presence"]["evidence"].update(client_data=said["presence"]["evidence"]["client_data"][:-4])), "passkey"),
    ("no passkey evidence", lambda m: resigned(m, lambda said: said["presence"].update(evidence={})), "not whole"),
    ("roles that are not enough", lambda m: resigned(m, lambda said: said.update(roles=["analyst"])), "fewer votes"),
    ("signed for another revision", lambda m: resigned(m, lambda said: said.update(revision=2)), "a revision that there was not"),
    ("signed for another request", lambda m: resigned(m, lambda said: said.update(request=2)), "for another request"),
    ("signed for another digest", lambda m: resigned(m, lambda said: said.update(subject="0" * 64)), "for another subject"),
    ("signed with other words", lambda m: resigned(m, lambda said: said.update(personal={"reason": "0" * 64})), "signed with other words than request:1#2 names"),
    ("signed without its words", lambda m: resigned(m, lambda said: said.update(personal={})), "signed with other words than request:1#2 names"),
    ("somebody else's words", swapped_words, "has the reason of person:9 as the reason of person:3"),
    ("other words than the passkey signed", other_words, "passkey signed something else"),
    ("another request's question", lambda m: facts("approval.asked", subject="run:99"), "about another run"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change", "words"), DISHONEST, ids=[one[0] for one in DISHONEST])
def test_a_dishonest_log_is_found_and_named(bundle: Made, what: str, change: Any, words: str) -> None:
    data = relogged(bundle, change(bundle))
    if words:
        wrong(bundle, data, words)
    else:
        assert "so A-1 was approved" in bundle.says(data)


def test_keys_count_where_they_are_believed(bundle: Made) -> None:
    """T15: what a key signed after its end, or before its beginning, does not count, whatever time it claims."""
    for purpose, words in (
        ("decision", "No trusted key"),
        ("definition", "No trusted key"),
        ("log", "has ended"),
    ):
        for change in ({"not_after": 3}, {"not_before": 65 if purpose != "log" else 66}):
            pairs = (replace(p, **change) if p.purpose == purpose else p for p in bundle.ring.pairs)
            wrong(replace(bundle, ring=Ring(bundle.ring.origin, tuple(pairs))), bundle.data, words)
    others = tuple(keys.make(name).public for name in ("log", "definition", "decision"))
    wrong(replace(bundle, ring=Ring(bundle.ring.origin, others)), bundle.data, "not signed by a trusted key")
    wrong(replace(bundle, ring=Ring("elsewhere", bundle.ring.pairs)), bundle.data, "of the log")


def test_an_erased_text_is_counted_and_every_proof_holds(bundle: Made) -> None:
    def erase(texts: list[dict[str, str]]) -> None:
        texts[:] = [one for one in texts if one["text"] not in ("because", "Mikkel")]

    told = bundle.says(bundle.document("texts.json", erase))
    assert "more were erased, and their events stand" in told
    assert "person:3 (erased) said “approve”, reason (erased) (entry" in told
    assert "the passkey's own signature over that digest and answer is valid" in told


# Somebody's old checkpoint.


def test_the_log_must_be_the_continuation_of_a_kept_checkpoint(bundle: Made, world: Any) -> None:
    from tests.audit.bundles import made as make

    fresh = make(world)
    note = bundles.open_bundle(fresh.data).file("checkpoint").decode()
    size = int(note.split("\n")[1])
    assert "continuation of the kept checkpoint" in fresh.says(since=note)
    kept = checkpoint.seal(
        checkpoint.Checkpoint(fresh.ring.origin, 40, tiles.tree().root(40)), [keyring.pair("log")], at=1
    )
    wrong(fresh, fresh.data, "does not carry the proof from a checkpoint of 40 entries", since=kept)
    path = [base64.b64encode(one).decode() for one in queries.consistency(40, queries.state())]
    carried = fresh.altered(
        lambda files: files.update({"consistency.json": canonical({"old": 40, "path": path})})
    )
    assert "continuation of the kept checkpoint of 40" in fresh.says(carried, since=kept)
    rewritten = checkpoint.seal(
        checkpoint.Checkpoint(fresh.ring.origin, 40, b"x" * 32), [keyring.pair("log")], at=1
    )
    wrong(fresh, carried, "the consistency proof does not lead", since=rewritten)
    longer = checkpoint.seal(
        checkpoint.Checkpoint(fresh.ring.origin, size + 1, b"x" * 32), [keyring.pair("log")], at=1
    )
    wrong(fresh, fresh.data, "it is older, or the log was cut", since=longer)
    wrong(fresh, fresh.data, "malformed", since="nonsense")


# The container.


def zipped(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made_:
        for name, data in entries:
            made_.writestr(zipfile.ZipInfo(name), data, compression)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be opened"), (b"PK", "cannot be opened"), (os.urandom(999), "cannot be opened"),
        (zipped(("../up.json", b"x")), "which none may have"), (zipped(("/etc/x", b"x")), "which none may have"), (zipped(("a\\b", b"x")), "which none may have"),
        (zipped(("a..b/c", b"x")), "which none may have"), (zipped(("a/" * 50 + "x", b"x")), "which none may have"),
        (zipped(("plan.json", b"1"), ("plan.json", b"2")), "two files of one name"),
        (zipped(("plan.json", b"0" * 10_000_000), compression=zipfile.ZIP_DEFLATED), "compressed"),
        (zipped(("plan.json", b"0" * (container.FILE_MAX + 1))), "larger than"),
        (zipped(*((f"f{n}", b"") for n in range(container.FILES_MAX + 1))), "more than"),
        (b"\0" * (container.BYTES_MAX + 1), "larger than"), (zipped(("plan.json", b"1")), "container was altered"),
        (container.pack({"plan.json": b"1"}), "lacks manifest.json"), (container.pack({"manifest.json": b"[]"}), "manifest is not one"),
        (container.pack({"manifest.json": canonical({"schema": "x", "run": 1, "files": {}})}), "not of the kind"),
    ],
)  # fmt: skip
def test_a_hostile_container_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        bundles.open_bundle(data)


def test_a_bit_flipped_anywhere_in_a_bundle_is_found_and_named(bundle: Made) -> None:
    """Content, proofs, signatures, manifest, names, and every byte of the container itself."""
    source = random.Random(7)
    container_bytes = range(len(bundle.data) - 12_000, len(bundle.data))
    places = [source.randrange(len(bundle.data)) for _ in range(250)] + source.sample(container_bytes, 150)
    for place in places:
        raw = bytearray(bundle.data)
        raw[place] ^= 1 << source.randrange(8)
        with pytest.raises(HybridopsError) as found:
            bundle.says(bytes(raw))
        assert len(str(found.value)) > 20, place


def test_a_proof_has_one_way_to_be_written(bundle: Made) -> None:
    """Unused bits at the end of base64 are no place to hide in: the fuzzing below found that they were."""

    def loosen(files: dict[str, bytes]) -> None:
        name = first(files, "events/", ".tlog-proof")
        lines = files[name].decode().split("\n")
        last = lines[2][-2]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        lines[2] = lines[2][:-2] + alphabet[alphabet.index(last) ^ 1] + "="
        files[name] = "\n".join(lines).encode()

    wrong(bundle, bundle.altered(loosen), "written in another way")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(data=st.data())
def test_a_bit_flipped_in_any_file_is_found_by_a_forger_s_manifest_too(
    bundle: Made, data: st.DataObject
) -> None:
    """The manifest made to fit: now hashes, proofs and signatures have to tell, and do."""
    files = bundles.open_bundle(bundle.data).files
    name = data.draw(st.sampled_from(sorted(files)))
    bit = data.draw(st.integers(0, len(files[name]) * 8 - 1))

    def flip(altered: dict[str, bytes]) -> None:
        raw = bytearray(altered[name])
        raw[bit // 8] ^= 1 << bit % 8
        altered[name] = bytes(raw)

    with pytest.raises(HybridopsError):
        bundle.says(bundle.altered(flip))


# The passkey's own signature.


def test_a_passkey_proof_is_about_one_digest_one_site_and_a_verified_person(bundle: Made) -> None:
    from fido2.utils import websafe_decode, websafe_encode

    files = bundles.open_bundle(bundle.data).files
    said, _ = dsse.verify(
        read(files["requests/1/decision-1.json"]), kind="decision", trusted=bundle.ring.of("decision")
    )
    evidence, challenge = said["presence"]["evidence"], challenge_of(said)
    check_assertion(evidence, challenge=challenge)
    raw = bytearray(websafe_decode(evidence["authenticator_data"]))
    raw[32] &= ~0x04  # "verified" taken back
    other = json.loads(websafe_decode(evidence["client_data"]))
    changes: list[tuple[dict[str, Any], bytes]] = [
        ({}, b"x" * 32),
        ({"rp_id": "elsewhere.example"}, challenge),
        ({"authenticator_data": websafe_encode(bytes(raw))}, challenge),
        (
            {"client_data": websafe_encode(json.dumps({**other, "type": "webauthn.create"}).encode())},
            challenge,
        ),
        ({"client_data": websafe_encode(json.dumps({**other, "crossOrigin": True}).encode())}, challenge),
        ({"client_data": websafe_encode(json.dumps({**other, "origin": "x"}).encode())}, challenge),
        ({"signature": evidence["signature"][:-2] + "AA"}, challenge),
        ({"public_key": evidence["signature"]}, challenge),
        ({"signature": None}, challenge),
        ({"more": ""}, challenge),
    ]
    for change, asked in changes:
        with pytest.raises(Unsigned):
            check_assertion({**evidence, **change}, challenge=asked)


# The program.


def test_the_program_ends_with_the_first_thing_that_is_wrong(
    bundle: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, trust = tmp_path / "bundle.zip", tmp_path / "keys.txt"
    file.write_bytes(bundle.altered(edited("plan.json", b'"seed":7', b'"seed":8')))
    trust.write_bytes(bundle.ring.write())
    assert main([str(file), "--trust", str(trust)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("ok ")
    assert out[-1] == "WRONG A-1 was about another plan than the bundle's."
    assert main([str(file), "--trust", str(trust), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["wrong"].startswith("A-1 was about")
    assert main([str(tmp_path / "none.zip"), "--trust", str(trust)]) == 2
    trust.write_text("{}")
    assert main([str(file), "--trust", str(trust)]) == 1
