"""What models need of the database: field types, prepared queries, search indexes."""
