"""OGC API – Features at ``/ogc/``: the city's geodata for GIS, read page by page."""
