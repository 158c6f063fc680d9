"""The few icons of the menus: 24-unit line drawings of our own, drawn in the text's colour."""

from django.utils.safestring import SafeString, mark_safe

_PATHS = {
    "desk": "M4 13h7V4H4zM13 20h7v-9h-7zM4 20h7v-4H4zM13 8h7V4h-7z",
    "warning": "M12 4 2.8 20h18.4zM12 10v5M12 17.5v.5",
    "order": "M5 4h10l4 4v12H5zM9 12h6M9 16h6M14 4v5h5",
    "message": "M4 10v4h3l6 5V5L7 10zM17 9a4 4 0 0 1 0 6M19.5 6.5a8 8 0 0 1 0 11",
    "shelter": "M3 12 12 4l9 8M6 10v10h12V10M10 20v-6h4v6",
    "people": "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 5a3 3 0 0 1 0 6M17.5 14c2.5.5 3.7 2.5 4 5",
    "question": "M4 5h16v11h-9l-4 4v-4H4zM10 9a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6 1.1M12 14v.1",
    "card": "M3 6h18v12H3zM6 10h6M6 14h4M15 10h3v4h-3z",
    "map": "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14",
    "play": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M10 8.5l5.5 3.5-5.5 3.5z",
    "road": "M8 3 4 21M16 3l4 18M12 4v3M12 10.5v3M12 17v3",
    "layers": "M12 4 3 9l9 5 9-5zM3.5 13.5 12 18l8.5-4.5",
    "outbox": "M4 13h4l2 3h4l2-3h4M4 13v6h16v-6M4 13l3-8h10l3 8",
}


def _drawn(path: str) -> SafeString:
    """Return one icon as inline SVG."""
    return mark_safe(  # noqa: S308 - constant drawings
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{path}"/></svg>'
    )


ICONS = {name: _drawn(path) for name, path in _PATHS.items()}
