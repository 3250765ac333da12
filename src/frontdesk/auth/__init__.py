"""Who calls and what they may do, how often, and the secret that this installation signs with."""
