"""Beyond one machine: a pooler, a standby that is promoted, and a table of many learners (docs/scale.md)."""
