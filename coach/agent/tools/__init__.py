"""What the model may call, and the requests that it is given."""
