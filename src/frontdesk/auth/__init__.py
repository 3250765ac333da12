"""Who may speak in a conversation: tokens that this server issues, and the secret behind them."""
