"""One module per kind of fact: what the resources of a chart say of it."""
