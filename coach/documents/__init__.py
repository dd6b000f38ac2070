"""Pydantic documents: the shape of every JSON that is stored, served or read. See base.py.

Import the module that holds the noun: `from coach.documents import schedule`.
"""
