from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import hybridops.domain.states


class Migration(migrations.Migration):
    dependencies = [
        ("outbox", "0001_initial"),
        ("teams", "0005_peoples_client"),
    ]

    operations = [
        migrations.CreateModel(
            name="Publication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=160)),
                ("kind", models.CharField(max_length=40)),
                (
                    "state",
                    models.CharField(default=hybridops.domain.states.NoticeState["QUEUED"], max_length=10),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("error", models.CharField(blank=True, default="", max_length=300)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("order", models.CharField(blank=True, default="", max_length=80)),
                ("body", models.TextField()),
                ("broker", models.CharField(max_length=40)),
            ],
        ),
        migrations.AddField(
            model_name="delivery",
            name="order",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.AddField(
            model_name="webhook",
            name="turned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            hybridops.domain.states.NoticeState["QUEUED"],
                            hybridops.domain.states.NoticeState["GIVEN_UP"],
                        ),
                    )
                ),
                fields=["webhook", "order", "id"],
                name="deliveries_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["webhook", "made_at"], name="deliveries_by_time"),
        ),
        migrations.AddField(
            model_name="publication",
            name="team",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="teams.team"
            ),
        ),
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(
                condition=models.Q(("state", hybridops.domain.states.NoticeState["QUEUED"])),
                fields=["broker", "next_at"],
                name="publications_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            hybridops.domain.states.NoticeState["QUEUED"],
                            hybridops.domain.states.NoticeState["GIVEN_UP"],
                        ),
                    )
                ),
                fields=["broker", "order", "id"],
                name="publications_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(fields=["broker", "made_at"], name="publications_by_time"),
        ),
        migrations.AddConstraint(
            model_name="publication",
            constraint=models.UniqueConstraint(fields=("key", "broker"), name="one_publication_an_occasion"),
        ),
    ]
