"""The importing core: restores facts that were decided elsewhere, and gives them back.

Three doors call it (`manage.py backfill`, the admin's import screens, `manage.py export_stores`); it
imports models, documents and attachments, never a service, an engine or a door. A record passes through the rooms in
their order, and each room imports only those before it:

| room | what it does |
|---|---|
| `codes`, `stores` | every code of a finding; the three stores: names, default files, document classes |
| `reading` | `store_file.open_store(path, store)`: checked whole; `.batches()` of raw records |
| `decoding` | `records.decode(raw)`: `Decoded` or `Rejected` |
| `deciding` | `compare.plan(...)`: one `Planned` a record, with its outcome and `changes()` |
| `writing` | `apply.Writer(...)`: plans and writes one batch in one transaction |
| `running` | `backfill.Backfill(...)`: a whole run over several files, with lock, ledger, reject file and checkpoint |
| `proving` | `verify` and `export`, the proof and the way back; needs nothing beyond `writing` |
"""
