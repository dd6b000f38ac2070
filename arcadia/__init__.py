"""The Django project: configuration and entry points, no behaviour."""
