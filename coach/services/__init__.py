"""Use cases, one module a noun: transactions, row locks, audit events, calls to gateways."""
