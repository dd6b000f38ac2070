"""What measures speed and scale. Nothing of the app imports this."""

import os

# As on a deployment, processes start from compiled modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What reads the routes or the models needs the settings.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
