"""The proof of an import, and the way back to the stores."""
