"""The stand-ins for the model and its provider, as fixtures."""

from coach.tests.agent.standing_in import model, provider

__all__ = ["model", "provider"]
