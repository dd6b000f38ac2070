"""The entry point for ASGI servers; the service itself runs under WSGI (see docs/operations.md)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
application = get_asgi_application()
