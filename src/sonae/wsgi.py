"""WSGI entry point of the server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sonae.settings")
application = get_wsgi_application()

# What was loaded stays for ever: the collector need not walk through it at every few requests.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
