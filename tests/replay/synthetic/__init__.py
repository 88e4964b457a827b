"""Synthetic Bulk FHIR exports with known answers: any size, seeded, as messy as real ones.

Each patient is one of the clinical vignettes (`tests/vignettes`): what must come of the order is what a
person wrote down there, and not what the code under test says. Around it stands what exports are full of.
"""
