from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models

from hybridops.teams.permissions import LABELS, Role


class User(AbstractUser):
    """A person, a service or an agent. Only persons decide. `sponsor`: who answers for a service or an agent."""

    PERSON, SERVICE, AGENT = "person", "service", "agent"
    kind = models.CharField(max_length=10, default=PERSON, choices=[(k, k) for k in (PERSON, SERVICE, AGENT)])
    name = models.CharField(max_length=80)
    theme = models.CharField(max_length=5, default="auto")
    sponsor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="sponsored")

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email", "name"]
    # What is remembered of this object's rights while a page is read, see teams/access.py.
    held: dict[str, list[int]] | None = None

    def __str__(self) -> str:
        return self.name or self.username


class Team(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        default_permissions = ()
        permissions = tuple((permission.value, label) for permission, label in LABELS.items())

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="projects")
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    home_region = models.CharField(max_length=40, default="local")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("user", "team", "role"), name="one_membership_a_role")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.team}"


class SpentProof(models.Model):
    """A one-time code or a passkey's answer that has been used, and never counts again."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proof = models.CharField(max_length=80)
    spent_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("user", "proof"), name="a_proof_counts_once")
        ]


class CodeTries(models.Model):
    """How many codes a person has tried lately."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField()
