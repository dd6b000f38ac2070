"""What every view shares: bodies, errors, rendering, uploads, tokens, throttles, the schema."""
