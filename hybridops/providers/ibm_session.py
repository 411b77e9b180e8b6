"""The REST client of qiskit-ibm-runtime, made so that it does nothing behind our back.

Its own session sends a submission again after a 500 and waits a quarter of an hour for an answer; this one asks
once and within one limit of time. The API key goes to IAM only, everything else sees the token made from it.
"""

from __future__ import annotations

import time
from typing import Any

from hybridops.domain.errors import ProviderRefused

IAM = "https://iam.cloud.ibm.com"
GRANT = "urn:ibm:params:oauth:grant-type:apikey"
SPARE_SECONDS = 60.0  # before its end a token is renewed


def client(
    api_key: str, *, instance: str, endpoint: str | None, iam: str, ca: str | None, timeout_seconds: float
) -> Any:
    """The SDK's adapter to the whole REST API of one service instance (a CRN)."""
    from qiskit_ibm_runtime.api.rest.runtime import Runtime
    from qiskit_ibm_runtime.api.session import RetrySession
    from qiskit_ibm_runtime.api.utils import default_runtime_url_resolver
    from requests.adapters import HTTPAdapter

    class Once(RetrySession):  # type: ignore[misc]
        def request(self, method: str, url: str, bare: bool = False, **more: Any) -> Any:
            return super().request(method, url, bare, **{**more, "timeout": timeout_seconds})

    base = endpoint or default_runtime_url_resolver("https://cloud.ibm.com", instance)
    verify = ca or True
    signer = _Signer(api_key, instance, f"{iam}/identity/token", verify, timeout_seconds)
    session = Once(base, verify=verify, auth=signer)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=0))
    return Runtime(session)


class _Signer:
    """Puts the instance and a bearer token into a request; gets a new token before the old one ends."""

    def __init__(self, api_key: str, instance: str, url: str, verify: str | bool, seconds: float) -> None:
        self._api_key, self._instance, self._url = api_key, instance, url
        self._verify, self._seconds = verify, seconds
        self._token, self._until = "", 0.0

    def __repr__(self) -> str:
        return "<signer>"

    def __call__(self, request: Any) -> Any:
        if time.time() > self._until:
            self._exchange()
        request.headers["Authorization"] = f"Bearer {self._token}"
        request.headers["Service-CRN"] = self._instance
        return request

    def _exchange(self) -> None:
        import requests

        form = {"grant_type": GRANT, "apikey": self._api_key}
        answer = requests.post(self._url, data=form, timeout=self._seconds, verify=self._verify)
        if answer.status_code in (400, 401, 403):
            raise ProviderRefused(
                "IBM Cloud does not take this API key; give the adapter another.", kind="auth"
            )
        answer.raise_for_status()
        told = answer.json()
        self._token = told["access_token"]
        self._until = time.time() + float(told["expires_in"]) - SPARE_SECONDS


def errors() -> tuple[type[Exception], ...]:
    """What the client raises."""
    from qiskit_ibm_runtime.api.exceptions import RequestsApiError
    from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
    from requests import RequestException

    return RequestsApiError, IBMNotAuthorizedError, RequestException


def answer_of(problem: Exception) -> Any:
    """The HTTP answer under an error of the client; None where there was none."""
    seen: BaseException | None = problem
    while seen is not None:
        if (answer := getattr(seen, "response", None)) is not None:
            return answer
        seen = seen.__cause__ or seen.__context__
    return None
