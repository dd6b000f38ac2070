"""How the service is served: gunicorn's configuration, its worker, pooled connections."""
