"""The files that point an installation at the stage instead of at the vendors."""

from __future__ import annotations

import json
from pathlib import Path

WORD = "rehearsal"  # what every vendor of the stage takes as its credential
CREDENTIALS = dict.fromkeys(("ibm", "braket", "ionq", "dwave"), WORD)
_SECRETS = {
    **{name: {"token": WORD} for name in ("ibm", "ionq", "dwave")},
    "braket": {"access_key_id": WORD, "secret_access_key": WORD},
}
_PROVIDERS = """# Written by `manage.py fakecloud`: every vendor, played on this machine.
[ibm]
instance = "crn:v1:bluemix:public:quantum-computing:us-east:a/rehearsal:rehearsal::"
endpoint = "{url}/ibm/api/v1"
iam = "{url}/ibm"

[braket]
region = "us-east-1"
bucket = "amazon-braket-rehearsal"
endpoint = "{url}/braket"
s3_endpoint = "{url}/s3"

[ionq]
endpoint = "{url}/ionq/v0.4"

[dwave]
endpoint = "{url}/dwave/sapi/v2"
"""


def write(folder: Path, url: str) -> tuple[Path, Path]:
    """The providers' file and the folder of secrets, made below `folder`."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, values in _SECRETS.items():
        (secrets / name).write_text(json.dumps(values))
    file = folder / "providers.toml"
    file.write_text(_PROVIDERS.format(url=url))
    return file, secrets
