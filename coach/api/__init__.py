"""The JSON door: urls.py is the index of the API, errors.py knows error bodies and status codes."""
