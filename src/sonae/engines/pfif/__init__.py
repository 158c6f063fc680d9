"""PFIF (People Finder Interchange Format) 1.1–1.4: read as a stream, written as 1.4."""
