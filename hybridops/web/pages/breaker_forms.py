"""The form by which an operator moves a breaker."""

from __future__ import annotations

from django import forms

from hybridops.backends.models import Breaker


class BreakerForm(forms.Form):
    """Of a backend or, with an empty one, of all of a provider; with the version that was looked at."""

    use_required_attribute = False

    why = forms.CharField(
        max_length=300,
        label="Why",
        help_text="Who operates reads it, and it stays in the trail.",
        error_messages={"required": "Say why: it stays in the trail."},
    )
    provider = forms.CharField(max_length=40, widget=forms.HiddenInput)
    backend = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


def form_for(provider: str, backend: str, row: Breaker | None) -> BreakerForm:
    first = {"provider": provider, "backend": backend, "seen": row.version if row else 0}
    return BreakerForm(initial=first, auto_id=auto_id(provider, backend))


def auto_id(provider: str, backend: str) -> str:
    return f"breaker-{'backend' if backend else 'provider'}-%s"
