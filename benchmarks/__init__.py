"""What measures speed and scale. Nothing of the app imports this."""
