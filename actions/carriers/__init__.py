"""Carriers: where parcels are, and the labels that customers send things back with."""
