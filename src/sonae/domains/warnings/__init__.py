"""Telegrams received, kept raw, and what is in force."""
