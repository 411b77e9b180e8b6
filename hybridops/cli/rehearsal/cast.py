"""The demo's people. One password for all of them, and said so: it guards nothing."""

from __future__ import annotations

PASSWORD = "rehearse-with-me"  # noqa: S105  # shown on the sign-in page of the demo
CAST = (
    ("ines", "Inês Duarte", "analyst"),
    ("tomas", "Tomás Novak", "analyst"),
    ("mikkel", "Mikkel Holm", "reviewer"),
    ("ada", "Ada Obi", "reviewer"),
    ("noor", "Noor Haddad", "reviewer"),
    ("farah", "Farah Aziz", "finance"),
    ("felix", "Felix Brandt", "finance"),
    ("omar", "Omar Ruiz", "operator"),
    ("astrid", "Astrid Lund", "auditor"),
)
SIGN_INS = tuple(
    {"name": name, "role": role.capitalize(), "login": login, "password": PASSWORD}
    for login, name, role in CAST
)
