"""Disagreements between the model and the code that are not mended yet; each keeps the trial out of its way.

Empty is how it should be. A value is whatever the trial needs to stay out of the way.
"""

from typing import Any

KNOWN: dict[str, Any] = {}
