from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

SCOPE = "definitions:propose"


def add(apps: Any, schema_editor: Any) -> None:
    """People's command lines may propose workflows as well. Whoever is confirmed already asks again for it."""
    client = apps.get_model("allauth_idp_oidc", "Client").objects.filter(pk="hybridops-cli").first()
    if client is not None and SCOPE not in client.scopes.split():
        client.scopes += f"\n{SCOPE}"
        client.default_scopes += f"\n{SCOPE}"
        client.save(update_fields=["scopes", "default_scopes"])


class Migration(migrations.Migration):
    dependencies: ClassVar = [("teams", "0005_peoples_client")]

    operations: ClassVar = [migrations.RunPython(add, migrations.RunPython.noop)]
