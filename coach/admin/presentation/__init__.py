"""How values look on staff pages: cells, charts, links, documents, timelines."""
