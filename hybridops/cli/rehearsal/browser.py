"""A browser without pictures: it signs in and sends the real forms, as a person's would be sent."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from uuid import uuid4

TIMEOUT_SECONDS = 30.0
type File = tuple[str, bytes]


class Refusal(Exception):
    """The site did not take a form; the text is what it said."""


_TICKED = ("radio", "checkbox")
_UNSENT = (*_TICKED, "file", "submit")


class _Forms(HTMLParser):
    """The successful controls of every form, by the form's id or else its action (HTML 4.10.21.4)."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.errors: list[str] = []
        self._here = self._select = ""
        self._chosen: dict[str, str] = {}
        self._told = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._here = given.get("id") or given.get("action", "")
        self._told = "data-error-for" in given or "errors" in given.get("class", "").split()
        controls = self.forms.setdefault(given.get("form") or self._here, {})
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "select":
            self._select, self._chosen = name, controls
        elif tag == "option" and (self._select not in self._chosen or "selected" in given):
            self._chosen[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            controls.setdefault(name, "")
        elif tag == "input" and name and (kind not in _UNSENT or (kind in _TICKED and "checked" in given)):
            controls[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._here = ""

    def handle_data(self, data: str) -> None:
        if self._told and data.strip():
            self.errors.append(data.strip())


class Browser:
    """One person's session."""

    def __init__(self, base: str) -> None:
        self.base, self.url = base, base
        self._jar = CookieJar()
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar))
        self._opener = urllib.request.build_opener(*handlers)

    def sign_in(self, login: str, password: str) -> None:
        forms = self.get("/sign-in/")
        name = next(key for key, controls in forms.items() if "password" in controls or "login" in controls)
        self.post("/sign-in/", {**forms[name], "login": login, "password": password})
        if self.url.endswith("/sign-in/"):
            raise Refusal(f"{login} could not sign in.")

    def get(self, path: str) -> dict[str, dict[str, str]]:
        """The forms of a page."""
        return self._read(urllib.request.Request(urljoin(self.base, path))).forms  # noqa: S310  # our own address

    def post(self, path: str, fields: Mapping[str, str], files: Mapping[str, File] | None = None) -> None:
        """Sends a form; raises Refusal with the page's own words where it is not taken."""
        data, kind = _multipart(fields, files) if files else (urlencode(fields).encode(), "")
        headers = {"Referer": urljoin(self.base, path), "Origin": self.base}
        headers["Content-Type"] = kind or "application/x-www-form-urlencoded"
        self._read(urllib.request.Request(urljoin(self.base, path), data, headers))  # noqa: S310

    def _read(self, request: urllib.request.Request) -> _Forms:
        page = _Forms()
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                self.url = answer.url
                page.feed(answer.read().decode())
        except urllib.error.HTTPError as problem:
            page.feed(problem.read().decode())
            said = "; ".join(page.errors) or f"{problem.code} {problem.reason}"
            raise Refusal(f"{request.full_url}: {said}") from None
        return page


def _multipart(fields: Mapping[str, str], files: Mapping[str, File]) -> tuple[bytes, str]:
    mark = uuid4().hex
    return b"".join(_parts(mark, fields, files)), f"multipart/form-data; boundary={mark}"


def _parts(mark: str, fields: Mapping[str, str], files: Mapping[str, File]) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, (filename, data) in files.items():
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        yield head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n"
    yield f"--{mark}--\r\n".encode()
