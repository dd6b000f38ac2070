"""The learner: list, page, forms and actions."""
