"""Clinical cases in YAML: reading them, building the requests they stand for, running and counting them."""
