"""Reception desk."""
