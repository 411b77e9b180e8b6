"""One-time codes at sign-in and reauthentication: spent where those of decisions are, so each counts once."""

from __future__ import annotations

from allauth.mfa.base import forms as mfa
from django import forms

from hybridops.domain.errors import Refused
from hybridops.teams.presence import spend_code


class _Spent:
    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]  # type: ignore[attr-defined]
        try:
            self.authenticator = spend_code(self.user, code)  # type: ignore[attr-defined]
        except Refused as problem:
            raise forms.ValidationError(str(problem)) from problem
        return code


class AuthenticateForm(_Spent, mfa.AuthenticateForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(_Spent, mfa.ReauthenticateForm):  # type: ignore[misc]
    pass
