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
| `decoding` | `beside()`: a process of its own for the decoding of a run |
| `ledger` | the rows of a run: start, progress, finish |
| `verify`, `export` | the proof and the way back |

Records that are spelled out plainly take a quick way beside the plain one, and tests hold the two to the same results:
`twins` reads them as structs, `lines` makes rows of those, `binary` and `bulk` write these, `texts` puts a record's text together
from columns for `export` and `verify`.
"""
