"""Errors of the shop.

ShopError
  + StoreError            the database can't be used as it is
    x StoreBusy           another writer kept the database locked for too long
    x StoreMismatch       the database was made by another version, or holds something else
  x SoldOut               there are fewer pieces in stock than are to be taken out
  x CannotPutBack         an order isn't any more what a change left of it
  x ShopFormatError       a shop file has a record that can't be read
  + ServiceError          (services/errors.py)
"""

from __future__ import annotations


class ShopError(Exception):
    """Root of everything that the shop and its services raise."""


class StoreError(ShopError):
    """The shop's database can't be used."""


class StoreBusy(StoreError):
    """Another writer held the database for longer than the waiting time."""


class StoreMismatch(StoreError):
    """The database belongs to another version or is not empty where it has to be."""


class SoldOut(ShopError):
    """There are fewer pieces in stock than are to be taken out of it."""


class CannotPutBack(ShopError):
    """What a change did to an order can't be taken back."""


class ShopFormatError(ShopError):
    """A shop file can't be read; the message names the file, the record and the field."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        shown = "\n".join(f"  {problem}" for problem in problems[:20])
        more = f"\n  ... and {len(problems) - 20} more" if len(problems) > 20 else ""
        super().__init__(f"The shop can't be read, nothing was changed:\n{shown}{more}")
