"""Deciding: content, chart, criteria, assessment. Knows no HTTP, FHIR model, database or log."""

TOPIC = "liver-lesion"  # the one that is served
