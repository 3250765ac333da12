"""The steps from one version of the tables to the next; `python -m actions.commerce.migrate` takes them."""
