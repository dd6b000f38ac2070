"""The importing core: restores facts that were decided elsewhere, and gives them back.

Three doors call it (`manage.py backfill`, the admin's import screens, `manage.py export_stores`); it
imports models, documents and attachments, never a service, an engine or a door. Inside it, rooms import leftwards only, in the
order in which data flows:

| room | what it does with a record |
|---|---|
| `stores` | names the three stores, their default files and document classes |
| `reading` | checks a file whole and cuts it into raw records; reject files; the inputs of a run |
| `decoding` | makes a decoded record of a raw one, or a rejection that says why; `codec` is the one seam for speed |
| `deciding` | finds the outcome: record, row and last import compared |
| `writing` | turns outcomes into rows, a batch a transaction |
| `running` | drives a whole run: ledger, lock, checkpoint, retries |
| `proving` | `verify`, and `export`, the way back |
"""
