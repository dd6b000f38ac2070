"""The tests mirror the modules: what holds coach/services/x.py is coach/tests/services/test_x.py."""
