"""Names, dates, addresses and whole people: which line of a roster is which resident."""
