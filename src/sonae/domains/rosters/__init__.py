"""Rosters (名簿) of shelters, cities and families: taken in, matched with the register, reviewed."""
