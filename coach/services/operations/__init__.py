"""What keeps the service running: health, metrics, connections, tokens, throttles."""
