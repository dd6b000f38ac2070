"""The streamed chat protocol and its threads."""
