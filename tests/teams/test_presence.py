"""Step-up: whose proof counts, for what, once, and for how long; a proof can be checked without us."""

from __future__ import annotations

import copy
import hashlib
import time
from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from django.core.cache import cache
from django.test import override_settings
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.utils import websafe_decode, websafe_encode

from hybridops.domain import clock
from hybridops.domain.errors import Refused
from hybridops.domain.presence import Method, check_presence
from hybridops.teams.models import User
from hybridops.teams.presence import methods_of, passkey_challenge, prove_by_code, prove_by_passkey
from tests.teams.authenticator import PRESENT, Passkey, challenge_in
from tests.world import World

DIGEST, OTHER = hashlib.sha256(b"shown").hexdigest(), hashlib.sha256(b"other").hexdigest()
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(autouse=True)
def _asked_for_nothing(db: None) -> None:
    cache.clear()


def refused(user: User, assertion: object, digest: str = DIGEST) -> bool:
    try:
        prove_by_passkey(user, digest=digest, assertion=assertion)  # type: ignore[arg-type]
    except Refused:
        return True
    return False


def test_a_passkey_signs_the_digest_and_anybody_can_check_it(world: World) -> None:
    key = Passkey(world.mikkel)
    options = passkey_challenge(world.mikkel, DIGEST)
    assert challenge_in(options).hex() == DIGEST
    assert options["publicKey"]["userVerification"] == "required"
    presence = prove_by_passkey(world.mikkel, digest=DIGEST, assertion=key.answer(options))
    check_presence(presence, accepted={Method.PASSKEY}, now=clock.now())

    said = {name: websafe_decode(value) for name, value in presence.evidence.items() if name != "rp_id"}
    public = CoseKey.parse(cbor.decode(said["public_key"]))
    signed = said["authenticator_data"] + hashlib.sha256(said["client_data"]).digest()
    public.verify(signed, said["signature"])
    assert websafe_encode(bytes.fromhex(DIGEST)) in said["client_data"].decode()
    assert said["authenticator_data"][:32] == hashlib.sha256(presence.evidence["rp_id"].encode()).digest()
    with pytest.raises(InvalidSignature):
        public.verify(signed[:-1] + b"\0", said["signature"])


def test_somebody_else_s_passkey_does_not_count(world: World) -> None:
    Passkey(world.ada)
    stolen = Passkey(world.mikkel).answer(passkey_challenge(world.mikkel, DIGEST))
    passkey_challenge(world.ada, DIGEST)
    assert refused(world.ada, stolen)
    assert not refused(world.mikkel, stolen)


def test_another_digest_does_not_count(world: World) -> None:
    key = Passkey(world.mikkel)
    answer = key.answer(passkey_challenge(world.mikkel, DIGEST))
    passkey_challenge(world.mikkel, OTHER)
    assert refused(world.mikkel, answer, OTHER)
    assert not refused(world.mikkel, answer)


def test_a_proof_counts_once_also_rewritten_and_asked_for_again(world: World) -> None:
    key = Passkey(world.mikkel)
    answer = key.answer(passkey_challenge(world.mikkel, DIGEST))
    assert not refused(world.mikkel, answer)
    assert refused(world.mikkel, answer)
    passkey_challenge(world.mikkel, DIGEST)
    assert refused(world.mikkel, answer)
    rewritten = copy.deepcopy(answer)
    r, s = decode_dss_signature(websafe_decode(answer["response"]["signature"]))
    rewritten["response"]["signature"] = websafe_encode(encode_dss_signature(r, P256_ORDER - s))
    assert refused(world.mikkel, rewritten)


def test_what_was_not_asked_for_lately_does_not_count(world: World) -> None:
    answer = Passkey(world.mikkel).answer(passkey_challenge(world.mikkel, DIGEST))
    cache.clear()  # as after five minutes
    assert refused(world.mikkel, answer)


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://localhost.evil.example"}, {"origin": "https://evil.example"}, {"origin": "http://127.0.0.1:8000"},
        {"flags": PRESENT}, {"flags": 0}, {"kind": "webauthn.create"},
    ],
)  # fmt: skip
def test_a_foreign_page_an_absent_or_unverified_person_do_not_count(
    world: World, changes: dict[str, object]
) -> None:
    key = Passkey(world.mikkel)
    assert refused(world.mikkel, key.answer(passkey_challenge(world.mikkel, DIGEST), **changes))  # type: ignore[arg-type]
    assert not refused(world.mikkel, key.answer(passkey_challenge(world.mikkel, DIGEST)))


def test_our_own_address_and_no_subdomain_of_it(world: World) -> None:
    with override_settings(CSRF_TRUSTED_ORIGINS=["https://lab.example"]):
        key = Passkey(world.mikkel, rp_id="lab.example")
        options = passkey_challenge(world.mikkel, DIGEST)
        assert refused(world.mikkel, key.answer(options, origin="https://evil.lab.example"))
        assert not refused(world.mikkel, key.answer(options, origin="https://lab.example"))


def test_a_copied_passkey_is_noticed_by_its_counter(world: World) -> None:
    key = Passkey(world.mikkel, counter=5)
    assert not refused(world.mikkel, key.answer(passkey_challenge(world.mikkel, DIGEST)))
    key.counter = 3
    assert refused(world.mikkel, key.answer(passkey_challenge(world.mikkel, OTHER)))


def test_nonsense_is_no_proof(world: World) -> None:
    key = Passkey(world.mikkel)
    answer = key.answer(passkey_challenge(world.mikkel, DIGEST))
    broken: list[object] = [
        {},
        [],
        None,
        "yes",
        1,
        {"id": 1},
        {**answer, "response": {}},
        {**answer, "rawId": "_"},
    ]
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        values = ("", "AAAA", None, 7, "%%%", answer["response"][name][:-4])
        broken += [{**answer, "response": {**answer["response"], name: value}} for value in values]
    for wrong in broken:
        assert refused(world.mikkel, wrong), wrong
    assert not refused(world.mikkel, answer)


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def test_a_code_counts_once_and_only_for_its_owner(world: World) -> None:
    secret = generate_totp_secret()
    TOTP.activate(world.mikkel, secret)
    TOTP.activate(world.ada, generate_totp_secret())
    code = code_of(secret)
    with pytest.raises(Refused):
        prove_by_code(world.ada, code)
    presence = prove_by_code(world.mikkel, f"{code[:3]} {code[3:]}")
    assert (presence.method, presence.evidence) == (Method.CODE, {"kind": "totp"})
    with pytest.raises(Refused, match="used already"):
        prove_by_code(world.mikkel, code)
    assert prove_by_code(world.mikkel, code_of(secret, steps=1))
    with pytest.raises(Refused):
        prove_by_code(world.mikkel, code_of(secret, steps=4))


def test_a_recovery_code_is_used_up_and_the_record_says_that_it_was_one(world: World) -> None:
    codes = RecoveryCodes.activate(world.mikkel).generate_codes()
    assert prove_by_code(world.mikkel, codes[0]).evidence == {"kind": "recovery_codes"}
    with pytest.raises(Refused):
        prove_by_code(world.mikkel, codes[0])
    assert prove_by_code(world.mikkel, codes[1])


def test_five_wrong_codes_close_the_door_to_the_right_one_for_five_minutes(world: World) -> None:
    secret = generate_totp_secret()
    TOTP.activate(world.mikkel, secret)
    for _ in range(5):
        with pytest.raises(Refused, match="wrong"):
            prove_by_code(world.mikkel, "nonsense")
    with pytest.raises(Refused, match="Too many"):
        prove_by_code(world.mikkel, code_of(secret))
    with clock.at(clock.now() + timedelta(minutes=6)):
        assert prove_by_code(world.mikkel, code_of(secret))


def test_secrets_are_not_stored_in_the_clear(world: World) -> None:
    secret = generate_totp_secret()
    assert secret not in str(TOTP.activate(world.mikkel, secret).instance.data)


def test_what_a_person_has_set_up(world: World) -> None:
    assert methods_of(world.mikkel) == frozenset()
    with pytest.raises(Refused, match="no passkey"):
        passkey_challenge(world.mikkel, DIGEST)
    RecoveryCodes.activate(world.mikkel)
    assert methods_of(world.mikkel) == {Method.CODE}
    Passkey(world.mikkel)
    assert methods_of(world.mikkel) == {Method.CODE, Method.PASSKEY}
