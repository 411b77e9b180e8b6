"""The addresses of the pages about work: workflows, submit, runs."""

from __future__ import annotations

from django.urls import URLPattern, path

from hybridops.web.pages import (
    audit_bundle,
    benchmark,
    cancel,
    compare,
    evidence,
    guide,
    run,
    runs,
    standing,
    submit,
    unclear,
    workflows,
)

urlpatterns: list[URLPattern] = [
    path("workflows/", workflows.gallery, name="workflows"),
    path("workflows/guide/", guide.advise, name="guide"),
    path("workflows/<slug:name>/submit/", submit.submit, name="submit"),
    path("workflows/<slug:name>/preview/", submit.preview, name="preview"),
    path("workflows/<slug:name>/data/", submit.upload, name="upload"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", run.run, name="run"),
    path("runs/<int:pk>/part/<slug:part>/", run.part, name="run_part"),
    path("runs/<int:pk>/cancel/", cancel.cancel, name="cancel"),
    path("runs/<int:pk>/replay/", cancel.replay, name="replay"),
    path("runs/<int:pk>/submissions/<int:ordinal>/", unclear.unclear, name="unclear"),
    path("runs/<int:pk>/proofs/", audit_bundle.bundle, name="run_proofs"),
    path("evidence/", evidence.overview, name="evidence"),
    path("evidence/export.csv", evidence.overview_export, name="evidence_list_csv"),
    path("evidence/<slug:name>/", evidence.evidence, name="evidence_of"),
    path("evidence/<slug:name>/decide/", standing.decide, name="evidence_decide"),
    path("evidence/<slug:name>/report/", benchmark.report, name="benchmark"),
    path("evidence/<slug:name>/report.csv", benchmark.export, name="benchmark_csv"),
    path("evidence/<slug:name>/<slug:table>.csv", evidence.export, name="evidence_csv"),
    path("compare/", compare.compare, name="compare"),
    path("compare/table.csv", compare.export, name="compare_csv"),
    path("runs/<int:pk>/artifact/<slug:name>/", run.artifact, name="artifact"),
]
