"""The outcome of a record, from the record, the row and the last import. Nothing here writes."""
