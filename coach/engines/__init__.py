"""Pure functions and constant tables: no Django, no clock, no network, no randomness."""
