"""What FHIR says: orders, prefetch, queries and the chart read from them."""
