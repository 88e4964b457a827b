"""FHIR datatypes, read tolerantly: elements, references, dates, quantities."""
