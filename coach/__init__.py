"""Arcadia Coach: the one app of the project. See CONTRIBUTING.md for what lives in which room."""
