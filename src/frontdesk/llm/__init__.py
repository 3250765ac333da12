"""Speak to a language model, where one is configured; nothing else depends on there being one."""
