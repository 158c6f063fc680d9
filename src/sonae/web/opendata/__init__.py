"""The city's geodata for other programs: what there is (`sets`), its rows (`rows`), its files."""
