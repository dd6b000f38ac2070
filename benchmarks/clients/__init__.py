"""The description of the API as two linters and a typed client of another language read it."""
