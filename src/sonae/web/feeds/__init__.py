"""Open feeds."""
