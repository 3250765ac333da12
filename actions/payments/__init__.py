"""Payments: money that is taken and given back at a payment provider."""
