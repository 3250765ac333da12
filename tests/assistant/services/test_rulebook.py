"""Policy files: checked key by key, with the place of every mistake."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from actions.services.errors import PolicyError
from actions.services.rulebook import FOLDER, load_policies


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER, tmp_path / "policies")
    return tmp_path / "policies"


def change(folder: Path, file: str, old: str, new: str) -> int:
    path = folder / file
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_the_policies_as_they_are() -> None:
    policies = load_policies()
    assert policies.returns.authority_limit == Decimal("500.00")
    assert policies.returns.reasons["damaged"].shop_fault
    assert not policies.returns.reasons["changed_mind"].shop_fault
    assert policies.fact("returns.window_days") == policies.returns.window_days
    assert policies.fact("promotions.codes.BRIGHT15.minimum") == "$75"
    assert policies.support.reply_hours("urgent") < policies.support.reply_hours("normal")
    with pytest.raises(KeyError, match=r"returns\.windows"):
        policies.fact("returns.windows")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "returns.yml",
            "window_days: 30",
            'window_days: "30"',
            "'window_days' is \"30\"; it has to be a whole number",
        ),
        ("returns.yml", "window_days: 30", "window_days: -3", "'window_days' is -3"),
        ("returns.yml", "window_days: 30", "window_days: true", "'window_days' is true"),
        ("returns.yml", "window_days: 30", "window_days:", "'window_days' has no value"),
        (
            "returns.yml",
            'authority_limit: "$500"',
            "authority_limit: 500",
            "'authority_limit' is 500; it has to be an amount",
        ),
        (
            "returns.yml",
            'authority_limit: "$500"',
            'authority_limit: "$5.1"',
            "'authority_limit' is \"$5.1\"",
        ),
        ("returns.yml", 'restocking_fee: "0%"', 'restocking_fee: "110%"', "'restocking_fee' is \"110%\""),
        (
            "returns.yml",
            "{fault: shop, text: it arrived damaged}",
            "{fault: nobody, text: x}",
            "fault shop or customer",
        ),
        ("returns.yml", "restocking_fee_exceptions: {}", 'restocking_fee_exceptions: {bored: "5%"}', "bored"),
        ("refunds.yml", 'business_days: "5-7"', 'business_days: "7-5"', "first number is the smaller"),
        ("refunds.yml", "method: original_payment", "method: cash", "original_payment or store_credit"),
        (
            "refunds.yml",
            "method: original_payment",
            "method: original_payment\nmethod: store_credit",
            "'method' stands twice",
        ),
        ("identity.yml", "attempts_per_email: 5", "attempts_per_email: 0", "from 1 on"),
        ("identity.yml", "- email_postcode", "- birthday", "ways are email, email_order"),
        ("identity.yml", "anything: account", "anything: best", "'needs' names ['best']"),
        ("shipping.yml", 'free_from: "$49"', 'free_from: "$forty"', "'free_from' is \"$forty\""),
        (
            "loyalty.yml",
            "points_expire_months: 18",
            "points_expire_months: soon",
            "'points_expire_months' is \"soon\"",
        ),
        (
            "promotions.yml",
            'student_discount: "10%"',
            'student_discount: "ten%"',
            "'student_discount' is \"ten%\"",
        ),
        ("promotions.yml", 'welcome_discount: "10%"', 'welcome_discount: "12%"', "have to be equal"),
    ],
)
def test_a_bad_value_is_named_with_its_place(folder: Path, file: str, old: str, new: str, words: str) -> None:
    line = change(folder, file, old, new)
    with pytest.raises(PolicyError) as error:
        load_policies(folder)
    assert words in str(error.value)
    if "has to be" in words or "has no value" in words:
        assert str(error.value).startswith(f"{file}:{line}: ")


def test_a_misspelt_key_is_suggested(folder: Path) -> None:
    change(folder, "returns.yml", "window_days:", "windw_days:")
    with pytest.raises(
        PolicyError, match=r"returns\.yml: the key 'window_days' is missing\. There is 'windw_days'"
    ):
        load_policies(folder)


def test_a_folder_of_another_shop_has_a_sentence_for_every_rule_and_for_no_other(folder: Path) -> None:
    line = change(folder, "shipping.yml", "  po_box: ", "  po_bax: ")
    with pytest.raises(PolicyError) as error:
        load_policies(folder)
    assert str(error.value) == (
        f"shipping.yml:{line}: 'address_rules' has 'po_bax', which is no rule. There is 'po_box': was that meant?"
    )
    text = (folder / "shipping.yml").read_text().splitlines(keepends=True)
    (folder / "shipping.yml").write_text("".join(row for row in text if "po_bax" not in row))
    with pytest.raises(
        PolicyError, match=r"shipping\.yml: 'address_rules' has no sentence for the rule 'po_box'"
    ):
        load_policies(folder)
    assert load_policies(FOLDER.parents[1] / "bench" / "retail" / "policies").returns.window_days is None


def test_missing_and_odd_files(folder: Path) -> None:
    (folder / "refunds.yml").write_text("- a list\n")
    with pytest.raises(PolicyError, match="map of keys"):
        load_policies(folder)
    (folder / "refunds.yml").unlink()
    with pytest.raises(PolicyError, match=r"refunds\.yml is missing"):
        load_policies(folder)
