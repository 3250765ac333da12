"""Pages that the shop itself serves beside the chat, each mounted by its dotted path in credentials.yml."""
