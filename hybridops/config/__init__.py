from __future__ import annotations

from hybridops.config import sqlite

sqlite.choose()
