"""Step-up: how a person proves, at this moment, that it is them. A passkey signs what was shown; a code does not.

A passkey is asked for and proved inside the transaction of what it allows, so it is spent exactly when that is
written. A code is proved before: a wrong one must stay counted when everything else is taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F
from fido2 import cbor
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)

from hybridops.domain import clock
from hybridops.domain.errors import Refused
from hybridops.domain.presence import FRESH, Method, Presence
from hybridops.teams.models import CodeTries, SpentProof, User

TRIES, TRIES_WITHIN = 5, timedelta(minutes=5)
_TYPE = Authenticator.Type
_METHODS = {
    _TYPE.WEBAUTHN: Method.PASSKEY,
    _TYPE.TOTP: Method.CODE,
    _TYPE.RECOVERY_CODES: Method.CODE,
}
_NO_PASSKEY = "This passkey proof does not count. Prove again that it is you."
_WRONG_CODE = "This code is wrong or was used already. Wait for the next one."


def methods_of(user: User) -> frozenset[Method]:
    """What this person has set up."""
    kinds = Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True)
    return frozenset(_METHODS[kind] for kind in kinds)


def add_code(user: User, secret: str) -> None:
    """An authenticator with a known secret, for the demo; where there is one already, that one stays."""
    if not Authenticator.objects.filter(user_id=user.pk, type=_TYPE.TOTP).exists():
        totp.TOTP.activate(user, secret)


def demo_code(user: User) -> str:
    """The code that this person can use now, in the demo and nowhere else; empty where there is none."""
    key = Authenticator.objects.filter(user_id=user.pk, type=_TYPE.TOTP).first()
    if not settings.DEMO or key is None or decrypt(key.data["secret"]) != settings.DEMO_CODE_SECRET:
        return ""
    before, now, after = totp.yield_hotp_counters_from_time()
    for step in (now, after, before):
        if not SpentProof.objects.filter(user=user, proof=_code_proof(key, step)).exists():
            return str(totp.format_hotp_value(totp.hotp_value(settings.DEMO_CODE_SECRET, step)))
    return ""


def passkey_challenge(user: User, digest: str, seed: str = "") -> dict[str, Any]:
    """WebAuthn's request options for this person's passkeys: the challenge is the digest, good for five minutes.

    `seed` is what the words under the digest were salted with; it is kept as long as the challenge, and no longer.
    """
    keys = _passkeys(user)
    if not keys:
        raise Refused("You have no passkey yet. Add one under Settings, or use a one-time code.")
    options, _ = _server().authenticate_begin(
        credentials=[_credential(key) for key in keys],
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=bytes.fromhex(digest),
    )
    cache.set(_asked(user, digest), seed, FRESH.total_seconds())
    return dict(options)


def seed_asked(user: User, assertion: Mapping[str, Any]) -> str:
    """The seed of the challenge that a passkey's answer says it is to; empty where nobody asked for that."""
    try:
        challenge = AuthenticationResponse.from_dict(assertion).response.client_data.challenge
    except Exception:  # a browser's word; that it is no proof is said where it is checked
        return ""
    return str(cache.get(_asked(user, challenge.hex()), ""))


@transaction.atomic
def prove_by_passkey(user: User, *, digest: str, assertion: Mapping[str, Any]) -> Presence:
    """Raises Refused unless one of this person's passkeys signed this digest, asked for within five minutes.

    The same proof counts once. `evidence` holds all that is needed to check it again without us.
    """
    seed = cache.get(_asked(user, digest))
    if seed is None:
        raise Refused("Nobody asked for this passkey proof in the last five minutes. Decide again.")
    keys = {_credential(key).credential_id: key for key in _passkeys(user)}
    state = {
        "challenge": websafe_encode(bytes.fromhex(digest)),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }
    try:
        given = AuthenticationResponse.from_dict(assertion)
        credential = _server().authenticate_complete(
            state, [_credential(key) for key in keys.values()], given
        )
    except Exception as problem:  # a browser's word: whatever is wrong with it, it is no proof
        raise Refused(_NO_PASSKEY) from problem
    _count_up(keys[credential.credential_id], given.response.authenticator_data.counter)
    said = given.response.client_data, given.response.authenticator_data
    # Not the signature: some can be rewritten into another that is valid as well.
    signed = hashlib.sha256(credential.credential_id + said[0].hash + said[1]).hexdigest()
    if not _spend(user, f"passkey:{signed}"):
        raise Refused(_NO_PASSKEY)
    cache.delete(_asked(user, digest))
    return Presence(Method.PASSKEY, clock.now(), _evidence(credential, given), seed)


def _evidence(credential: AttestedCredentialData, given: AuthenticationResponse) -> dict[str, str]:
    """Everything base64url without padding, but the name of the relying party."""
    return {
        "rp_id": _rp()["id"],
        "credential_id": websafe_encode(credential.credential_id),
        "public_key": websafe_encode(cbor.encode(credential.public_key)),
        "client_data": websafe_encode(given.response.client_data),
        "authenticator_data": websafe_encode(given.response.authenticator_data),
        "signature": websafe_encode(given.response.signature),
    }


@transaction.atomic(durable=True)
def _take_try(user: User) -> bool:
    """Whether this person may try a code now. Counted before looking, so tries at the same time count as well."""
    now = clock.now()
    CodeTries.objects.get_or_create(user=user, defaults={"since": now})
    tries = CodeTries.objects.filter(user=user)
    tries.filter(since__lt=now - TRIES_WITHIN).update(since=now, tries=0)
    return bool(tries.filter(tries__lt=TRIES).update(tries=F("tries") + 1))


def prove_by_code(user: User, code: str) -> Presence:
    """Raises Refused unless the code is this person's and unused. Called outside of any transaction."""
    return Presence(Method.CODE, clock.now(), {"kind": spend_code(user, code).type})


def spend_code(user: User, code: str) -> Authenticator:
    """The authenticator whose code this is; from now on it is used. Five tries in five minutes."""
    if not _take_try(user):
        raise Refused("Too many codes were tried. Wait five minutes, then use the current one.")
    for key in Authenticator.objects.filter(user_id=user.pk).exclude(type=_TYPE.WEBAUTHN).order_by("-type"):
        if _is_spent_now(user, key, code.replace(" ", "")):
            CodeTries.objects.filter(user=user).update(tries=0)
            return key
    raise Refused(_WRONG_CODE)


def _is_spent_now(user: User, key: Authenticator, code: str) -> bool:
    if key.type == _TYPE.RECOVERY_CODES:
        return bool(key.wrap().validate_code(code))
    secret = decrypt(key.data["secret"])
    for step in totp.yield_hotp_counters_from_time():
        if totp.compare_user_code(
            actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, step))
        ):
            return _spend(user, _code_proof(key, step))
    return False


def _code_proof(key: Authenticator, step: int) -> str:
    return f"code:{key.pk}:{step}"


def _spend(user: User, proof: str) -> bool:
    """Whether nobody had spent it before."""
    try:
        with transaction.atomic():
            SpentProof.objects.create(user=user, proof=proof, spent_at=clock.now())
    except IntegrityError:
        return False
    return True


def _count_up(key: Authenticator, counter: int) -> None:
    """A passkey that counts only counts up: one that does not was copied. Those that do not count say 0."""
    held = Authenticator.objects.select_for_update().get(pk=key.pk)
    if counter or held.data.get("sign_count", 0):
        if counter <= held.data.get("sign_count", 0):
            raise Refused(_NO_PASSKEY)
        held.data["sign_count"] = counter
    held.record_usage()
    held.save(update_fields=["data"])


def _passkeys(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user_id=user.pk, type=_TYPE.WEBAUTHN).order_by("pk"))


def _credential(key: Authenticator) -> AttestedCredentialData:
    held: AttestedCredentialData = key.wrap().authenticator_data.credential_data
    return held


def _asked(user: User, digest: str) -> str:
    return f"passkey-asked:{user.pk}:{digest}"


def _rp() -> dict[str, str]:
    named: dict[str, str] = get_adapter().get_public_key_credential_rp_entity()
    return named


def _server() -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(**_rp()), verify_origin=_is_ours)


def _is_ours(origin: str) -> bool:
    """Exactly an address of ours; where none is set, this machine's."""
    if settings.CSRF_TRUSTED_ORIGINS:
        return origin in settings.CSRF_TRUSTED_ORIGINS
    scheme, _, host = origin.partition("://")
    return scheme == "http" and host.partition(":")[0] == "localhost"
