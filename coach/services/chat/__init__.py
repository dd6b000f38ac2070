"""The chat protocol: requests, threads in the database, files that clients upload for a chat."""
