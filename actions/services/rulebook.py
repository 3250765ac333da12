"""The policy files as typed values: read once, checked key by key, with the line of every mistake."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from actions.services.details_rules import (
    CHANGES,
    AccountsPolicy,
    LoyaltyPolicy,
    PaymentsPolicy,
    ShippingPolicy,
    check_tiers,
)
from actions.services.errors import PolicyError
from actions.services.readings import (
    Unusable,
    money,
    share,
    span,
    whole,
)
from actions.services.sales_policies import PromotionsPolicy, QuotesPolicy
from actions.services.typed_policies import (
    ANYTHING,
    CancellationsPolicy,
    CompensationPolicy,
    DeliveryPolicy,
    ExchangesPolicy,
    IdentityPolicy,
    RefundsPolicy,
    ReturnsPolicy,
    SupportPolicy,
)
from frontdesk.errors import YamlError
from frontdesk.formats import yaml
from frontdesk.formats.yaml import Block

FOLDER = Path(__file__).parent.parent / "policies"
VARIABLE = "FRONTDESK_POLICIES"  # another folder: the rules of another shop
# Facts that stand in two files because both subjects need them.
SAME = (
    ("refunds.cancelled_order_business_days", "cancellations.refund_business_days"),
    ("promotions.welcome_discount", "promotions.codes.WELCOME10.discount"),
    ("promotions.welcome_minimum", "promotions.codes.WELCOME10.minimum"),
)
REFUND_CHOICES = frozenset({"original_payment", "gift_card", "store_credit"})
COUNTED = ("_days", "_hours", "_minutes", "_months", "_weeks", "_years")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Policies:
    """Every policy file, typed where code decides, and all of it as facts.

    >>> policies = load_policies()
    >>> policies.returns.window_days        # 30
    >>> policies.fact("shipping.free_from") # "$49"
    """

    returns: ReturnsPolicy
    cancellations: CancellationsPolicy
    exchanges: ExchangesPolicy
    refunds: RefundsPolicy
    identity: IdentityPolicy
    accounts: AccountsPolicy
    support: SupportPolicy
    shipping: ShippingPolicy
    payments: PaymentsPolicy
    loyalty: LoyaltyPolicy
    delivery: DeliveryPolicy
    compensation: CompensationPolicy
    promotions: PromotionsPolicy
    quotes: QuotesPolicy
    facts: Mapping[str, Any]

    def fact(self, path: str) -> Any:
        """Look up a value by its dotted path: file, then keys."""
        value: Any = self.facts
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                raise KeyError(f"There is no policy fact called '{path}'.")
            value = value[part]
        return value


def policies_folder() -> Path:
    """Tell which folder holds the policies: the one that the environment names, else the assistant's own."""
    named = os.environ.get(VARIABLE, "").strip()
    return Path(named) if named else FOLDER


def load_policies(folder: Path | None = None) -> Policies:
    """Read and check every `*.yml` of a folder; a PolicyError names file, line and key."""
    folder = folder or policies_folder()
    if not folder.is_dir():
        raise PolicyError(
            f"There is no folder of policies '{folder}'. Let {VARIABLE} name one that holds a file for each subject, "
            "such as a changed copy of actions/policies."
        )
    files = {path.stem: _load_file(path) for path in sorted(folder.glob("*.yml"))}
    for stem, content in files.items():
        for line, key, value in _leaves(content):
            _check_leaf(folder / f"{stem}.yml", line, key, value)
        _check_rules(folder / f"{stem}.yml", content)
    policies = Policies(
        returns=_typed(ReturnsPolicy, folder / "returns.yml", files),
        cancellations=_typed(CancellationsPolicy, folder / "cancellations.yml", files),
        exchanges=_typed(ExchangesPolicy, folder / "exchanges.yml", files),
        refunds=_typed(RefundsPolicy, folder / "refunds.yml", files),
        identity=_typed(IdentityPolicy, folder / "identity.yml", files),
        accounts=_typed(AccountsPolicy, folder / "accounts.yml", files),
        support=_typed(SupportPolicy, folder / "support.yml", files),
        shipping=_typed(ShippingPolicy, folder / "shipping.yml", files),
        payments=_typed(PaymentsPolicy, folder / "payments.yml", files),
        loyalty=_typed(LoyaltyPolicy, folder / "loyalty.yml", files),
        delivery=_typed(DeliveryPolicy, folder / "shipping.yml", files),
        compensation=_typed(CompensationPolicy, folder / "compensation.yml", files),
        promotions=_typed(PromotionsPolicy, folder / "promotions.yml", files),
        quotes=_typed(QuotesPolicy, folder / "quotes.yml", files),
        facts={stem: yaml.plain(content) for stem, content in files.items()},
    )
    _check_together(policies, folder)
    return policies


def _load_file(path: Path) -> Block:
    """Parse one file into a map that knows its lines."""
    try:
        content = yaml.read(path, name=path.name)
    except YamlError as error:
        raise PolicyError(str(error)) from error
    if not isinstance(content, Block):
        raise PolicyError(f"{path.name} has to be a map of keys and values.")
    return content


def _leaves(content: Block, prefix: str = "") -> Iterator[tuple[int, str, object]]:
    """Yield line, dotted key and value of everything in a file."""
    for key, value in content.items():
        line = content.at(key).line or 0
        yield line, f"{prefix}{key}", value
        if isinstance(value, Block):
            yield from _leaves(value, f"{prefix}{key}.")


def _check_leaf(path: Path, line: int, key: str, value: object) -> None:
    """Check a value by what its key promises, so that articles can't show nonsense."""
    readers: list[Callable[[object], Any]] = []
    if value is None:
        raise PolicyError(f"{path.name}:{line}: '{key}' has no value.")
    if key.endswith("_business_days") or key == "business_days":
        readers.append(span)
    elif key.endswith(COUNTED) and value != "none":
        readers.append(whole)
    elif isinstance(value, str) and value.startswith("$"):
        readers.append(money)
    elif isinstance(value, str) and value.endswith("%"):
        readers.append(share)
    for reader in readers:
        _read(reader, path, line, key, value)


def _check_rules(path: Path, content: Block) -> None:
    """Check that a file of another folder has a sentence for every rule that code decides by, and for no other."""
    own = FOLDER / path.name
    if path.parent == FOLDER or not own.exists():
        return
    for key, known in _load_file(own).items():
        if not key.endswith("rules") or not isinstance(content.get(key), Block):
            continue
        rules = content[key]
        strange = next((rule for rule in rules if rule not in known), None)
        if strange is not None:
            line, names = rules.at(strange).line or 0, [str(rule) for rule in known]
            close = difflib.get_close_matches(str(strange), names, n=1)
            hint = f" There is '{close[0]}': was that meant?" if close else ""
            raise PolicyError(f"{path.name}:{line}: '{key}' has '{strange}', which is no rule.{hint}")
        lacking = next((rule for rule in known if rule not in rules), None)
        if lacking is not None:
            raise PolicyError(
                f"{path.name}: '{key}' has no sentence for the rule '{lacking}'. "
                f"Begin with the one of actions/policies/{path.name}."
            )


def _read(reader: Callable[[object], T], path: Path, line: int, key: str, value: object) -> T:
    """Read one value or say what is wrong with it, and where."""
    try:
        return reader(value)
    except Unusable as error:
        raise PolicyError(f"{path.name}:{line}: '{key}' is {_shown(value)}; it has to be {error}.") from error


def _shown(value: object) -> str:
    """Show a value as it stands in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(value) if isinstance(value, int | float) else "a list" if isinstance(value, list) else "a map"


def _typed(kind: type[T], path: Path, files: Mapping[str, Block]) -> T:
    """Make the typed policy of one file."""
    content = files.get(path.stem)
    if content is None:
        raise PolicyError(
            f"The policy file {path.name} is missing in '{path.parent}'. "
            f"Begin with a copy of actions/policies/{path.name}."
        )
    values: dict[str, Any] = {}
    for name, annotation in get_type_hints(kind, include_extras=True).items():
        if name not in content:
            close = difflib.get_close_matches(name, [str(key) for key in content], n=1)
            hint = f" There is '{close[0]}': was that meant?" if close else ""
            raise PolicyError(f"{path.name}: the key '{name}' is missing.{hint}")
        line = content.at(name).line or 0
        values[name] = _read(annotation.__metadata__[0], path, line, name, content[name])
    return kind(**values)


def _check_together(policies: Policies, folder: Path) -> None:
    """Check what one key says about another."""
    returns = policies.returns
    unknown = set(returns.restocking_fee_exceptions) - set(returns.reasons)
    if unknown:
        raise PolicyError(
            f"{folder.name}/returns.yml: 'restocking_fee_exceptions' names {sorted(unknown)}, "
            "which 'reasons' doesn't have."
        )
    unknown = set(policies.accounts.chat_changes) - CHANGES
    if unknown:
        raise PolicyError(
            f"{folder.name}/accounts.yml: 'chat_changes' names {sorted(unknown)}; known are {sorted(CHANGES)}."
        )
    check_tiers(policies.loyalty, policies.facts["loyalty"], folder)
    refunds = policies.refunds
    if refunds.method not in refunds.choices or set(refunds.choices) - REFUND_CHOICES:
        raise PolicyError(
            f"{folder.name}/refunds.yml: 'choices' has to hold the value of 'method' and may hold "
            f"{', '.join(sorted(REFUND_CHOICES))}, nothing else."
        )
    identity = policies.identity
    if ANYTHING not in identity.needs:
        raise PolicyError(f"{folder.name}/identity.yml: 'needs' has to say which level '{ANYTHING}' needs.")
    strange = sorted(set(identity.needs.values()) - set(identity.levels))
    if strange:
        raise PolicyError(
            f"{folder.name}/identity.yml: 'needs' names {strange}, which 'levels' doesn't have."
        )
    for one, other in SAME:
        try:
            differ = policies.fact(one) != policies.fact(other)
        except KeyError:
            continue
        if differ:
            raise PolicyError(
                f"The policy facts '{one}' and '{other}' say the same thing and have to be equal."
            )
