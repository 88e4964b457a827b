"""Who may call, and with what configuration. Knows no framework."""
