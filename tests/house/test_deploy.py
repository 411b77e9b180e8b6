"""The files for containers name what there is, run nothing with rights it does not need, and have no secret by default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from hybridops.bootstrap import ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
KUBERNETES = ROOT / "docs" / "kubernetes"
OURS = {
    name: told
    for name, told in SERVICES.items()
    if told.get("build") or "hybridops" in str(told.get("image"))
}
# Empty means off; RabbitMQ refuses an empty one itself.
MAY_BE_EMPTY = {"HYBRIDOPS_METRICS_TOKEN", "RABBITMQ_PASSWORD", "HYBRIDOPS_GPU_IMAGE"}


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(KUBERNETES.glob("*.yaml")):
        yield from ((path.name, found) for found in yaml.safe_load_all(path.read_text()))


PODS = [
    (found["metadata"]["name"], found["spec"]["template"]["spec"])
    for _, found in documents()
    if found["kind"] in ("Deployment", "Job")
]


def commands() -> Iterator[tuple[str, list[str]]]:
    for name, told in OURS.items():
        if "manage.py" in told.get("command", []):
            yield f"compose {name}", told["command"]
    for name, pod in PODS:
        yield from ((f"kubernetes {name}", one["command"]) for one in pod["containers"] if "command" in one)


def test_every_command_is_one_and_every_queue_has_its_worker() -> None:
    known, found = get_commands(), list(commands())
    assert len(found) > 12
    for where, command in found:
        assert command[:2] == ["/opt/venv/bin/python", "manage.py"] and command[2] in known, where
    for kind in ("compose", "kubernetes"):
        queues = {command[3] for where, command in found if where.startswith(kind) and command[2] == "worker"}
        assert queues == set(settings.RQ_QUEUES)


def test_no_secret_has_a_default() -> None:
    for name, rest in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", COMPOSE):
        assert rest.startswith(":?") or name in MAY_BE_EMPTY, name
    text = "".join(path.read_text() for path in KUBERNETES.glob("*.yaml"))
    assert "kind: Secret" not in text
    assert not (KUBERNETES / "secret.env").exists()


def test_nothing_runs_with_rights_it_does_not_need() -> None:
    assert len(OURS) > 8
    for name, told in OURS.items():
        assert told["read_only"] and told["cap_drop"] == ["ALL"] and told["tmpfs"] == ["/tmp"], name
    for name, told in SERVICES.items():
        assert not told.get("privileged") and "latest" not in told["image"], name
    for name, pod in PODS:
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"], name
        for one in pod["containers"]:
            rights = one["securityContext"]
            assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"], name
            assert rights["capabilities"] == {"drop": ["ALL"]} and "memory" in one["resources"]["limits"], (
                name
            )


def test_what_is_listed_is_there_and_of_the_right_form() -> None:
    validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed"
    ).validate
    (base,) = (found for name, found in documents() if name == "kustomization.yaml")
    assert {*base["resources"], "kustomization.yaml"} == {path.name for path in KUBERNETES.glob("*.yaml")}
    for _, found in documents():
        if not found["apiVersion"].startswith(
            ("kustomize", "keda")
        ):  # of schemas that Kubernetes itself does not have
            validate(found, "1.34", strict=True)
