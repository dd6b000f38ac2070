"""Formats by language, as Django looks for them."""
