"""The schedule: from modules and pacing to dated items."""
