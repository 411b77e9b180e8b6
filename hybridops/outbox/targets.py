"""Which addresses a webhook may call: never one inside, unless the installation says that inside is meant.

The name is resolved here and the connection goes to the address that was checked: a name that answers
differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from hybridops.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Target:
    """`address` is what is connected to; `host` is what its certificate must say."""

    secure: bool
    host: str
    address: str
    port: int
    path: str


def check_target(url: str) -> None:
    """Raises BadInput unless the address may be called; looks nothing up."""
    parts = urlsplit(url)
    inside = settings.WEBHOOKS_INSIDE
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        raise BadInput("A webhook's address begins with https://.", field="url")
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise BadInput("A webhook's address has a host, and no sign-in in it.", field="url")
    try:
        port = parts.port
    except ValueError as problem:
        raise BadInput(f"The port is not one: {problem}.", field="url") from problem
    if port is not None and port not in (80, 443) and not inside:
        raise BadInput("A webhook is called on port 443.", field="url")


def resolve(url: str) -> Target:
    """Where a call goes; raises BadInput where any of its addresses is inside, OSError where it has none."""
    check_target(url)
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if secure else 80)
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not settings.WEBHOOKS_INSIDE and not all(_outside(address) for address in found):
        raise BadInput(f"{host} leads inside. Only addresses on the open network are called.", field="url")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, found[0], port, path)


_UNICAST = ipaddress.ip_network(
    "2000::/3"
)  # all that is routed; what maps IPv4 into IPv6 lies elsewhere or is no unicast


def _outside(address: str) -> bool:
    """Of IPv6 only the routed unicast: mapped, translated (NAT64) and compatible forms may hide any IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    tunnelled = getattr(ip, "sixtofour", None) or getattr(ip, "teredo", None)
    return ip.is_global and not ip.is_multicast and not tunnelled and (ip.version == 4 or ip in _UNICAST)
