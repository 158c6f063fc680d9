"""Words, times and codes that every part shares. Needs nothing but the standard library."""
