"""One module for each family of staff screens."""
