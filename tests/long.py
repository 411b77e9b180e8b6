"""What is repeated at length where it is asked for: `HYBRIDOPS_LONG=1 python3 manage.py test`.

CI takes the short form, so that a change is answered in minutes; nothing is left out of both.
"""

from __future__ import annotations

import os

import pytest

LONG = bool(os.environ.get("HYBRIDOPS_LONG"))
only_long = pytest.mark.skipif(not LONG, reason="takes long; HYBRIDOPS_LONG=1 runs it")
