"""What is kept of what was replaced or deleted: versions, the way back, and the bytes that rows and versions refer to."""
