"""Pages of running a shelter: what is to be done at one place, by whoever works there."""
