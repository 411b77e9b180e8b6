"""The demo's people. One password for all of them, and said so: it guards nothing."""

from __future__ import annotations

PASSWORD = "rehearse-with-me"  # noqa: S105  # shown on the sign-in page of the demo
# The authenticator of everybody in the demo; the pages of the demo show its codes.
CODE_SECRET = "REHEARSEWITHMEREHEARSEWITHMERE22"  # noqa: S105
CAST = (
    ("ines", "Inês Duarte", "analyst"),
    ("tomas", "Tomás Novak", "analyst"),
    ("mikkel", "Mikkel Holm", "reviewer"),
    ("ada", "Ada Obi", "reviewer"),
    ("noor", "Noor Haddad", "reviewer"),
    ("priya", "Priya Nair", "policy owner"),
    ("farah", "Farah Aziz", "finance"),
    ("felix", "Felix Brandt", "finance"),
    ("omar", "Omar Ruiz", "operator"),
    ("astrid", "Astrid Lund", "auditor"),
    ("rosa", "Rosa Klein", "administrator"),
)
SIGN_INS = tuple(
    {"name": name, "role": role.capitalize(), "login": login, "password": PASSWORD}
    for login, name, role in CAST
)
