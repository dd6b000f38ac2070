"""Outcomes become rows, in bulk, one transaction a batch."""
