"""Reading store files: checked whole, then record by record. Nothing here decodes a record."""
