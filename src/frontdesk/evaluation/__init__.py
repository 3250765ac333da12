"""Test an assistant: whole conversations with their actions, predicted dialogues, and the NLU."""
