"""What the description of the API says beyond the views: words, errors, headers, examples, and the ChatKit protocol."""
