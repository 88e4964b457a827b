"""Guideline content: its shape, the strict reader, and every check across files."""
