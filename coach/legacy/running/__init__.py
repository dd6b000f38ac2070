"""A whole run: its batches, ledger, lock, resumption and reject file."""
