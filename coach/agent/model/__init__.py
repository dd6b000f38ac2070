"""The language model: client, prompts, answers and runs."""
