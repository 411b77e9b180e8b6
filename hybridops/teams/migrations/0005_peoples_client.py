from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

GRANTS = "urn:ietf:params:oauth:grant-type:device_code\nrefresh_token"
SCOPES = "runs:read\nruns:submit\ndata:write\nmoney:read\naudit:read\napprovals:decide"


def make(apps: Any, schema_editor: Any) -> None:
    """The command line of people: public, since nothing on somebody's machine is a secret of ours."""
    apps.get_model("allauth_idp_oidc", "Client").objects.get_or_create(
        pk="hybridops-cli",
        defaults={
            "name": "hybridops command line",
            "type": "public",
            "secret": "!",
            "grant_types": GRANTS,
            "scopes": SCOPES,
            "default_scopes": SCOPES,
            "response_types": "",
        },
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("teams", "0004_holds"),
        ("allauth_idp_oidc", "0003_client_allow_uri_wildcards"),
    ]

    operations: ClassVar = [migrations.RunPython(make, migrations.RunPython.noop)]
