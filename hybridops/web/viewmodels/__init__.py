"""What stages left behind, turned into what figures and tables take. Pure functions; JSON in, records out."""

from __future__ import annotations
