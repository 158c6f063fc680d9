"""The one decision point of every disclosure, and the record of who looked."""
