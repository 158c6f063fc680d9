"""Verbs of the command line that need the server's code (registered in `sonae.cli`)."""
