"""Adapters: the ports of the shop and the help desk, spoken to systems outside in their own protocols."""
