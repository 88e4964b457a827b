"""Replay, end to end and step by step."""
