"""What asks for runs by itself, the door for what others send, and whether all of it works."""

from __future__ import annotations

from django.urls import URLPattern, path

from hybridops.web import hooks
from hybridops.web.pages import operations, triggers

urlpatterns: list[URLPattern] = [
    path("schedules/", triggers.schedules, name="schedules"),
    path("schedules/add/", triggers.add_schedule, name="schedule_add"),
    path("schedules/<int:pk>/pause/", triggers.pause, name="schedule_pause"),
    path("schedules/<int:pk>/resume/", triggers.resume, name="schedule_resume"),
    path("schedules/<int:pk>/end/", triggers.end_schedule, name="schedule_end"),
    path("schedules/hooks/", triggers.add_hook, name="hook_add"),
    path("schedules/hooks/<int:pk>/secret/", triggers.hook_secret, name="hook_secret"),
    path("schedules/hooks/<int:pk>/end/", triggers.end_hook, name="hook_end"),
    path("hooks/<slug:key>/", hooks.hook, name="hook"),
    path("operations/", operations.operations, name="operations"),
    path("status/", operations.status, name="status"),
]
