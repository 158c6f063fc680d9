"""The outside world: channels out and feeds in; each implements a port that a domain declares."""
