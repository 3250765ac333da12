from __future__ import annotations

from frontdesk.nlu.duckling_numbers import contacts, numbers


def test_matches_know_their_place() -> None:
    assert [(m.start, m.end) for m in numbers("a 3 and the fourth")] == [(2, 3), (12, 18)]
    assert [m.dim for m in contacts("x@y.org or 030 1234567")] == ["email", "phone-number"]


def test_an_address_that_is_spelled_out_needs_a_sign_of_one() -> None:
    assert [m.value["value"] for m in contacts("write to jo dot k at mail dot com")] == ["jo.k@mail.com"]
    assert [m.dim for m in contacts("meet me at cnn.com")] == ["url"]
