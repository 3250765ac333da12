"""The page of a return label: for whoever has its link."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import date

import pytest
from sanic.response import HTTPResponse

from actions.pages.labels import LabelPages, answered
from actions.services.container import Services
from actions.services.return_labels import LabelPage
from tests.assistant.pages.test_quotes import Routes, text

BOUGHT = LabelPage(
    reference="R-10042",
    carrier="UPS",
    expires_on=date(2026, 12, 2),
    state="bought",
    media_type="application/pdf",
    content=b"%PDF-1.4 a label",
)


def get(token: str) -> HTTPResponse:
    routes = Routes()
    LabelPages({}, "secret").mount(routes, None)
    assert routes.path == "/returns/label/<token:str>"
    assert routes.handler is not None
    response: HTTPResponse = asyncio.run(routes.handler(None, token))
    return response


@pytest.mark.parametrize("token", ["R-10001", "x" * 32, "", "../../etc/passwd", "%00" * 10])
def test_who_has_no_link_sees_nothing(scratch_shop: Services, token: str) -> None:
    assert get(token).status == 404


def test_an_address_without_a_path_serves_no_labels(
    scratch_shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    returns = dataclasses.replace(scratch_shop.policies.returns, label_url="https://labels.example/")
    policies = dataclasses.replace(scratch_shop.policies, returns=returns)
    monkeypatch.setattr(scratch_shop, "policies", policies)
    routes = Routes()
    LabelPages({}, "secret").mount(routes, None)
    assert routes.handler is None


def test_a_label_can_be_printed(scratch_shop: Services) -> None:
    response = answered(BOUGHT)
    assert (response.status, response.body, response.content_type) == (200, BOUGHT.content, "application/pdf")
    assert response.headers["Content-Disposition"] == 'inline; filename="label-R-10042.pdf"'
    assert response.headers["Cache-Control"] == "private, no-store"


def test_what_a_browser_could_run_is_never_shown(scratch_shop: Services) -> None:
    response = answered(dataclasses.replace(BOUGHT, media_type="text/html", content=b"<script>"))
    assert b"<script>" not in (response.body or b"")


def test_a_label_that_is_not_there_yet_is_waited_for(scratch_shop: Services) -> None:
    response = answered(dataclasses.replace(BOUGHT, state="waiting", content=b"", media_type=""))
    assert (response.status, response.headers["Refresh"]) == (202, "20")
    assert "is being made" in text(response)


def test_a_label_that_a_person_takes_care_of(scratch_shop: Services) -> None:
    response = answered(dataclasses.replace(BOUGHT, state="person", content=b"", media_type=""))
    assert "takes care of your label" in text(response)
    assert "Refresh" not in response.headers
