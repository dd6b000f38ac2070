"""The importing core: restores facts that were decided elsewhere, and gives them back.

Three doors call it (`manage.py backfill`, the admin's import screens, `manage.py export_stores`); it
imports models, documents and attachments, never a service, an engine or a door. Path of a record:
`reader` (raw, with its place) → `records` (decoded or rejected) → `compare` (an outcome) → `apply` (rows).

Public surface, from the outside in:

| module | what a door calls |
|---|---|
| `stores` | the three stores: names, default files, document classes |
| `reader` | `open_store(path, store=)` → `StoreFile`: checked whole; `.batches()` of raw records |
| `records` | `decode(raw)` → `Decoded` or `Rejected` |
| `compare` | `plan(...)` → one `Planned` a record, with its outcome and `changes()` |
| `apply` | `Writer(...).batch(...)`: plan and write one batch in one transaction |
| `run` | `Backfill(...)`: a whole run over several files, with ledger, rejects and checkpoint |
| `ledger` | the rows of a run: start, progress, finish |
| `verify`, `export` | the proof and the way back |
"""
