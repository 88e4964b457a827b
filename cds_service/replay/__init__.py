"""Replay: what the service would have said about the orders of a Bulk FHIR export (`liver-cds replay`).

    inputs → staging → shards → engine (decide, one patient at a time) → results → summary → report

Everything up to `results` works in bounded memory: lines are read one by one, sorted into shards by patient,
and decided patient by patient with the production code (`consult`). Steps leave files behind, so that a
killed run goes on where it was.
"""
