"""What crosses the border of the city: inquiries, names published, PFIF, other cities."""
