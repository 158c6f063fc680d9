"""Rosters of people (名簿) as shelters, cities and families write them: any columns in, lines out."""
