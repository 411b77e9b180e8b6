from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt

from hybridops.web.api.door import absent
from hybridops.web.api.v1 import api


@csrf_exempt
def nothing(request: HttpRequest) -> HttpResponse:
    return absent(request, Http404())


urlpatterns: list[URLPattern | URLResolver] = [
    path("", api.urls),
    re_path("", nothing, name="api_nothing"),
]
