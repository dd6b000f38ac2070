"""What measures speed and scale. Nothing of the app imports this."""

import os

# As on a deployment, processes start from compiled modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
