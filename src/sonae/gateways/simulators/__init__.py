"""Simulators: the other side of each line, for rehearsals and tests; they replay recorded files."""
