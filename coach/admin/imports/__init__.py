"""The import screens: upload, preview, confirmation."""
