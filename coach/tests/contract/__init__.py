"""The recorded HTTP exchanges, replayed: in process by the tests, over HTTP by `make contract`."""
