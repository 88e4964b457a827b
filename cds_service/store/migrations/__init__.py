"""The history of the schema. See `cds_service.store.tables` for what it is now."""
