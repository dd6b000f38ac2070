"""A model of what the backfill promises: small, slow, written from the specification without a look at `legacy/`.

`fields` is the contract's table of members with a decoder of its own, `promises` is the model, `stores` makes stores,
`world` drives the real thing, `trial` compares the two step by step, `victim` is a command that kills itself.
"""
