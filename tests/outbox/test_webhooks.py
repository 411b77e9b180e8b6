"""Deliveries to a real receiver: signed, repeated under one id, and never to an address inside."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import ssl
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils import timezone

from hybridops.audit.models import AuditEvent
from hybridops.domain.errors import BadInput
from hybridops.outbox import delivering, queue, services, signing
from hybridops.outbox.delivering import deliver_due
from hybridops.outbox.models import Delivery, Webhook
from hybridops.outbox.targets import check_target, resolve
from hybridops.teams.access import actor
from tests.outbox.conftest import Receiver
from tests.world import World


@pytest.fixture
def hook(world: World, receiver: Receiver, settings: object) -> Webhook:
    settings.WEBHOOKS_INSIDE = True  # type: ignore[attr-defined]  # the receiver is on this machine
    return services.add_webhook(
        team_id=world.team.pk, url=f"http://localhost:{receiver.port}/in?a=1", kinds=["run.ended"],
        actor=actor(world.omar),
    )  # fmt: skip


def tell(world: World, kind: str = "run.ended", team_id: int | None = None) -> None:
    services.tell(
        kind=kind, occasion="run:7:ended", to=[], team_id=team_id or world.team.pk, subject="R-7 ended",
        text="Accepted.", path="/runs/7/", data={"run": 7},
    )  # fmt: skip


def test_a_delivery_is_a_cloudevent_that_both_signatures_vouch_for(
    world: World, hook: Webhook, receiver: Receiver
) -> None:
    tell(world)
    tell(world)
    assert deliver_due() == 1
    (path, headers, body), *rest = receiver.seen
    assert not rest
    assert path == "/in?a=1"
    event = json.loads(body)
    assert (event["specversion"], event["type"], event["subject"]) == (
        "1.0",
        "dev.hybridops.run.ended",
        "/runs/7/",
    )
    assert event["data"]["run"] == 7
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    v1, v1a = (part.partition(",")[2] for part in headers["webhook-signature"].split())
    key = base64.b64decode(signing.shown_secret(hook.pk, hook.turn).removeprefix("whsec_"))
    assert base64.b64decode(v1) == hmac.digest(key, content, sha256)
    public = base64.b64decode(signing.shown_public_key().removeprefix("whpk_"))
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(v1a), content)
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 10


def test_the_hmac_is_the_specification_s() -> None:
    """The example of the Standard Webhooks specification."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = signing.headers(
        message="msg_p5jXN8AQM9LWM0D4loKWxJek", seconds=1614265330, body=b'{"test": 2432232314}', keys=[key]
    )
    assert told["webhook-signature"].split()[0] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [302, 400, 500])
def test_any_other_answer_is_a_failure_and_repeats_under_the_same_id(
    world: World, hook: Webhook, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    tell(world)
    assert deliver_due() == 0
    assert str(status) in Delivery.objects.get().error
    assert deliver_due() == 0  # not before its time
    Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    receiver.status = 200
    assert deliver_due() == 1
    assert [path for path, _, _ in receiver.seen] == ["/in?a=1"] * 2  # a redirect is never followed
    assert len({headers["webhook-id"] for _, headers, _ in receiver.seen}) == 1


def test_a_receiver_that_is_gone_is_given_up_in_the_end(
    world: World, hook: Webhook, receiver: Receiver
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()[1]
    Webhook.objects.update(url=f"http://localhost:{closed}/")
    tell(world)
    for _ in range(queue.ATTEMPTS_MAX[Delivery]):
        Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
        deliver_due()
    assert Delivery.objects.get().state == "given_up"


def test_only_the_team_s_own_and_only_what_was_asked_for(
    world: World, hook: Webhook, receiver: Receiver
) -> None:
    tell(world, kind="budget.frozen")
    tell(world, team_id=world.zoe.memberships.get().team_id)
    assert deliver_due() == 0
    assert not receiver.seen


def test_a_stopped_webhook_hears_nothing_more_also_of_what_waits(
    world: World, hook: Webhook, receiver: Receiver
) -> None:
    tell(world)
    services.stop_webhook(webhook=hook, actor=actor(world.omar))
    assert deliver_due() == 0
    assert Delivery.objects.get().state == "dropped"
    assert not receiver.seen


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https:///x", "https://user:pass@example.org/", "javascript:alert(1)",
        "https://example.org:22/", "https://example.org:99999/", "file:///etc/passwd", "https://example.org/#x",
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_called_is_refused_at_once(url: str) -> None:
    assert not settings.WEBHOOKS_INSIDE
    with pytest.raises(BadInput):
        check_target(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fd00::1",
        "fe80::1", "::ffff:10.0.0.1", "224.0.0.1", "2002:7f00:1::", "::127.0.0.1", "64:ff9b::7f00:1", "::ffff:0:127.0.0.1",
        "fec0::1", "2001:0:1::1", "ff02::1", "::", "fe80::1%eth0", "198.18.0.1", "192.0.0.8", "255.255.255.255",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Also where one of its addresses is outside: which one would be called is not left to luck."""

    def lookup(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("93.184.216.34", 443)), (10, 1, 6, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(BadInput, match="inside"):
        resolve("https://hooks.example.org/")


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("93.184.216.34", 443))])
    target = resolve("https://hooks.example.org/in")
    assert (target.address, target.host, target.port, target.path) == (
        "93.184.216.34",
        "hooks.example.org",
        443,
        "/in",
    )


def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(
    world: World, hook: Webhook, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    """DNS rebinding: one look at the name, and the connection goes to what that look gave."""
    settings.WEBHOOKS_INSIDE = False  # type: ignore[attr-defined]
    Webhook.objects.update(url="https://rebound.example.org/in")
    looked, connected = [], []

    def lookup(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        looked.append(host)
        address = "93.184.216.34" if host != "rebound.example.org" or looked.count(host) == 1 else "127.0.0.1"
        return [(2, 1, 6, "", (address, port))]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address)
        raise OSError("no route in a test")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    tell(world)
    assert deliver_due() == 0
    assert looked.count("rebound.example.org") == 1
    assert connected == [("93.184.216.34", 443)]


def test_a_receiver_that_never_ends_its_answer_is_left(
    world: World, hook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "SECONDS_MAX", 0.3)
    receiver.slow = True
    tell(world)
    try:
        assert deliver_due() == 0
    finally:
        receiver.slow = False
    assert Delivery.objects.get().attempts == 1


def test_who_hangs_does_not_hold_up_the_others(
    world: World, hook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older webhook hangs, with many events before those of the other: it costs the round one time-out."""
    monkeypatch.setattr(delivering, "SECONDS_MAX", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        Webhook.objects.update(url=f"http://localhost:{silent.getsockname()[1]}/")
        services.add_webhook(
            team_id=world.team.pk, url=f"http://localhost:{receiver.port}/good", kinds=["run.ended"],
            actor=actor(world.omar),
        )  # fmt: skip
        for number in range(20):
            services.tell(
                kind="run.ended", occasion=f"run:{number}:ended", to=[], team_id=world.team.pk, subject="R", text="T",
                path="/", data={"run": number, "outcome": "accepted"},
            )  # fmt: skip
        assert deliver_due() == 20
        tried = Delivery.objects.filter(webhook=hook).order_by("pk").values_list("attempts", flat=True)
        assert list(tried) == [1] + [0] * 19
    assert [path for path, _, _ in receiver.seen] == ["/good"] * 20


def test_gone_ends_the_webhook(world: World, hook: Webhook, receiver: Receiver) -> None:
    receiver.status = 410
    tell(world)
    assert deliver_due() == 0
    hook.refresh_from_db()
    assert (hook.active, Delivery.objects.get().state) == (False, "dropped")
    assert AuditEvent.objects.filter(action="webhook.stopped").count() == 1


def test_a_changed_secret_and_the_one_before_both_sign_for_a_day(
    world: World, hook: Webhook, receiver: Receiver
) -> None:
    services.turn_secret(webhook=hook, actor=actor(world.omar))
    tell(world)
    deliver_due()
    Webhook.objects.update(turned_at=timezone.now() - timedelta(days=2))
    services.tell(
        kind="run.ended", occasion="run:8:ended", to=[], team_id=world.team.pk, subject="R", text="T", path="/",
        data={"run": 8, "outcome": "accepted"},
    )  # fmt: skip
    deliver_due()
    both, one = (
        [part for part in headers["webhook-signature"].split() if part.startswith("v1,")]
        for _, headers, _ in receiver.seen
    )
    assert (len(both), len(one)) == (2, 1)
    _, headers, body = receiver.seen[0]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = [
        hmac.digest(
            base64.b64decode(signing.shown_secret(hook.pk, turn).removeprefix("whsec_")), content, sha256
        )
        for turn in (2, 1)
    ]
    assert [base64.b64decode(part.removeprefix("v1,")) for part in both] == wanted


def test_the_events_of_a_run_reach_a_webhook_in_order(
    world: World, hook: Webhook, receiver: Receiver
) -> None:
    for name in ("first", "second"):
        services.tell(
            kind="run.ended", occasion=name, to=[], team_id=world.team.pk, subject="R", text="T", path="/",
            data={"run": 8, "outcome": "accepted"},
        )  # fmt: skip
    receiver.status = 500
    deliver_due()
    assert len(receiver.seen) == 1
    receiver.status = 200
    Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    deliver_due()
    deliver_due()
    assert [json.loads(body)["id"] for _, _, body in receiver.seen] == ["first", "first", "second"]


@pytest.mark.parametrize(("name", "arrives"), [("hooks.example.org", True), ("elsewhere.example.org", False)])
def test_by_https_the_certificate_must_be_the_name_s(
    world: World,
    hook: Webhook,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    arrives: bool,
) -> None:
    """The connection goes to an address; whose it is the certificate says."""
    pem = certificate(tmp_path, "hooks.example.org")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    lookup = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **named: lookup("127.0.0.1" if host == name else host, *more, **named),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    plain, receiver.server.socket = (
        receiver.server.socket,
        context.wrap_socket(receiver.server.socket, server_side=True),
    )
    Webhook.objects.update(url=f"https://{name}:{receiver.port}/in")
    tell(world)
    assert deliver_due() == int(arrives)
    assert len(receiver.seen) == int(arrives)
    assert ("doesn't match" in Delivery.objects.get().error) == (not arrives)
    plain.close()


def certificate(folder: Path, name: str) -> Path:
    """A key and its own certificate for a name, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    said = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = timezone.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(said)
        .issuer_name(said)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
