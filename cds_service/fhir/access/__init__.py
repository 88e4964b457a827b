"""Getting the chart: what was sent, what is missing, and the client's FHIR server."""
