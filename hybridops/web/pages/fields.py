"""Numbers as people write them: with spaces in the thousands, with a dollar sign."""

from __future__ import annotations

from typing import Any

from django import forms

_DROPPED = str.maketrans("", "", " \u202f\u00a0,$")


def _bare(value: Any) -> Any:
    return value.translate(_DROPPED) if isinstance(value, str) else value


class Count(forms.IntegerField):
    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        return super().to_python(_bare(value))


class Dollars(forms.DecimalField):
    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        return super().to_python(_bare(value))
