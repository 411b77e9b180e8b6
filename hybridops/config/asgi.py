"""What uvicorn runs: pages by Django, live sockets by the hub, both behind the same session."""

from __future__ import annotations

import gc
import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter
from django import setup
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
setup(set_prefix=False)  # what follows may import models

from hybridops.config.handler import Pages  # noqa: E402
from hybridops.web.live.routing import application as live  # noqa: E402

get_resolver().url_patterns  # noqa: B018  # imports every page: else the first visitor waits for it
gc.collect()
gc.freeze()  # what was loaded stays: a collection that looks through it holds a page up for a tenth of a second

application = ProtocolTypeRouter({"http": Pages(), "websocket": AuthMiddlewareStack(live)})
