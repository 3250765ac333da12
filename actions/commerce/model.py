"""What a shop consists of: frozen facts, money as Decimal, times in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from actions.commerce.compatibility import NOTHING_ON_FILE, Compatibility

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")

# Every state that an order can be in, in the order of its life.
ORDER_STATES = (
    "pending",
    "changed",  # still pending, its items were changed, and the shop allows that once
    "processing",
    "partially_shipped",
    "shipped",
    "out_for_delivery",
    "delivered",
    "cancelled",
    "exchange_requested",
    "return_requested",
    "returned",
    "refunded",
)
RETURN_STATES = ("label_sent", "in_transit", "received", "refunded", "rejected", "cancelled")
EXCHANGE_STATES = ("requested", "unpaid", "shipped", "completed", "rejected", "cancelled")
OPEN_EXCHANGE_STATES = ("requested", "unpaid", "shipped", "completed")
UNSETTLED_EXCHANGE_STATES = OPEN_EXCHANGE_STATES[:3]  # the difference in price is still to be settled
OPEN_RETURN_STATES = ("label_sent", "in_transit", "received", "refunded")
SHIPMENT_STATES = ("label_created", "in_transit", "out_for_delivery", "delivered", "exception", "returned")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address in the United States."""

    line1: str
    city: str
    state: str
    postcode: str
    line2: str = ""
    country: str = "USA"


@dataclass(frozen=True, kw_only=True)
class PaymentMethod:
    """A way to pay; of a card only the brand and the last four digits are known."""

    id: str
    kind: str  # credit_card, debit_card, paypal, gift_card, apple_pay, google_pay
    brand: str | None = None
    last_four: str | None = None
    balance: Decimal | None = None  # gift cards
    reserved: Decimal = NOTHING  # what exchanges will take from it once the old items are back
    provider_id: str | None = None  # what the payment provider calls it

    @property
    def spendable(self) -> Decimal | None:
        """What can still be paid from the balance, where that is known."""
        return None if self.balance is None else self.balance - self.reserved

    @property
    def label(self) -> str:
        """Name the method as a customer would recognize it."""
        names = {
            "paypal": "PayPal",
            "gift_card": "gift card",
            "apple_pay": "Apple Pay",
            "google_pay": "Google Pay",
        }
        if self.last_four:
            return f"{brand_name(self.brand)} ending in {self.last_four}"
        return names.get(self.kind, "card")


def brand_name(brand: str | None) -> str:
    """Write a card brand the way its owner does."""
    known = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover"}
    if not brand:
        return "card"
    return known.get(brand.lower(), brand)


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Someone with an account."""

    id: str
    first_name: str
    last_name: str
    email: str
    address: Address
    payment_methods: tuple[PaymentMethod, ...] = ()
    tier: str | None = None  # a tier of loyalty.yml
    points: int | None = None
    phone: str | None = None
    created_at: datetime | None = None
    marketing_email: bool | None = None  # whether they want offers by e-mail; None when nobody noted it
    provider_id: str | None = None  # what the payment provider calls them
    guest: bool = False  # ordered without an account; each such order is a customer of its own

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One concrete thing that can be bought: a product in a color, size or version."""

    id: str  # the SKU
    options: Mapping[str, str] = field(default_factory=dict)
    price: Decimal
    available: bool = True  # whether the shop sells it at all; of a counted one there may be no piece left
    stock: int | None = None  # None when the shop doesn't count it
    tags: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The options in words, as in "black, 500 ml"."""
        return ", ".join(self.options.values())

    def can_be_had(self, pieces: int = 1) -> bool:
        """Tell whether so many pieces can be sold now."""
        return self.available and (self.stock is None or self.stock >= pieces)


@dataclass(frozen=True, kw_only=True)
class Product:
    """Something in the catalogue."""

    id: str
    name: str
    variants: tuple[Variant, ...]
    category: str | None = None
    description: str | None = None
    specs: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    compatibility: Compatibility = NOTHING_ON_FILE

    @property
    def price_range(self) -> tuple[Decimal, Decimal]:
        """Lowest and highest price of its variants."""
        prices = [variant.price for variant in self.variants] or [NOTHING]
        return min(prices), max(prices)

    @property
    def available(self) -> bool:
        """Whether any variant can be bought now."""
        return any(variant.can_be_had() for variant in self.variants)


@dataclass(frozen=True, kw_only=True)
class OrderItem:
    """One line of an order, with the product as it was when it was bought."""

    id: str  # unique within the shop: order number and line, as in "L204817-1"
    product_id: str
    variant_id: str
    name: str
    price: Decimal  # of one piece
    quantity: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    category: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """Price of all pieces of the line."""
        return self.price * self.quantity

    @property
    def label(self) -> str:
        """The line in words, as in "Halden Desk Lamp (black)" or "2 x Stoneware Mug (sage)"."""
        options = ", ".join(self.options.values())
        count = f"{self.quantity} x " if self.quantity != 1 else ""
        return f"{count}{self.name} ({options})" if options else f"{count}{self.name}"


@dataclass(frozen=True, kw_only=True)
class ShipmentEvent:
    """One scan of a parcel."""

    at: datetime
    status: str
    text: str
    place: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """One parcel (or one delivery in several boxes) with its tracking."""

    tracking_numbers: tuple[str, ...]
    item_ids: tuple[str, ...]  # OrderItem.id
    carrier: str | None = None
    service: str | None = None
    status: str | None = None  # one of SHIPMENT_STATES
    shipped_at: datetime | None = None
    expected_on: date | None = None
    delivered_at: datetime | None = None
    events: tuple[ShipmentEvent, ...] = ()

    @property
    def tracking_number(self) -> str | None:
        """The first tracking number."""
        return self.tracking_numbers[0] if self.tracking_numbers else None

    @property
    def last_event(self) -> ShipmentEvent | None:
        """The newest scan."""
        return max(self.events, key=lambda event: event.at, default=None)


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One movement of money: paid by the customer, or paid back."""

    kind: str  # payment or refund
    amount: Decimal  # always positive
    method_id: str
    at: datetime | None = None
    status: str = "settled"  # settled or pending
    return_reference: str | None = None
    charge_id: str | None = None  # of the provider: the charge that it is, or that it pays back
    outside_id: str | None = None  # what a shop outside calls it; None for what only we know


@dataclass(frozen=True, kw_only=True)
class Refund:
    """Money on its way back, or paid back."""

    amount: Decimal
    status: str  # settled or pending
    method: str  # in words, as in "Visa ending in 4242"
    at: datetime | None = None
    return_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class Return:
    """Items on their way back to the shop."""

    reference: str  # as in "R-10042"
    item_ids: tuple[str, ...]
    reason: str
    status: str  # one of RETURN_STATES
    refund: Decimal
    fee: Decimal = NOTHING
    created_at: datetime | None = None
    label_url: str | None = None
    label_expires_on: date | None = None

    @property
    def open(self) -> bool:
        """Whether its items count as returned (it was neither rejected nor withdrawn)."""
        return self.status in OPEN_RETURN_STATES


@dataclass(frozen=True, kw_only=True)
class ExchangeItem:
    """One line that is exchanged, and the variant that comes instead."""

    item_id: str  # OrderItem.id
    variant_id: str  # the new one
    options: Mapping[str, str] = field(default_factory=dict)
    price: Decimal  # of one new piece


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Items on their way back to the shop, in exchange for other variants of the same products."""

    reference: str  # as in "X-10042"
    items: tuple[ExchangeItem, ...]
    status: str  # one of EXCHANGE_STATES
    difference: Decimal  # what is to be paid; negative: what is paid back
    method_id: str  # with which that is settled
    created_at: datetime | None = None
    label_url: str | None = None
    label_expires_on: date | None = None

    @property
    def open(self) -> bool:
        """Whether its items count as exchanged (it was neither rejected nor withdrawn)."""
        return self.status in OPEN_EXCHANGE_STATES

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The lines that are exchanged."""
        return tuple(item.item_id for item in self.items)


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order with everything that happened to it."""

    number: str
    customer_id: str
    status: str  # one of ORDER_STATES
    items: tuple[OrderItem, ...]
    address: Address
    shipments: tuple[Shipment, ...] = ()
    payments: tuple[Payment, ...] = ()
    returns: tuple[Return, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    refunds: tuple[Refund, ...] = ()  # derived from payments, with the method in words
    placed_at: datetime | None = None
    completed_at: datetime | None = None  # in a shop that keeps no parcels: when it called the order done
    shipping_service: str | None = None  # standard, expedited, overnight, oversize
    shipping: Decimal = NOTHING
    tax: Decimal = NOTHING
    discount: Decimal = NOTHING
    promo_code: str | None = None
    currency: str = "USD"
    source_status: str | None = None  # the status in the words of an imported shop, while it is still true
    cancel_reason: str | None = None
    made_good: frozenset[str] = frozenset()  # items that were paid back, sent again, or kept at a lower price
    adjusted: Mapping[str, Decimal] = field(default_factory=dict)  # what was paid back of the prices, by item

    @property
    def subtotal(self) -> Decimal:
        """Sum of the items."""
        return sum((item.total for item in self.items), NOTHING)

    @property
    def total(self) -> Decimal:
        """What the order costs: items, shipping and tax, less the discount."""
        return self.subtotal + self.shipping + self.tax - self.discount

    @property
    def paid(self) -> Decimal:
        """Sum of what the customer paid."""
        return sum((entry.amount for entry in self.payments if entry.kind == "payment"), NOTHING)

    @property
    def refunded(self) -> Decimal:
        """Sum of what was paid back or is promised."""
        return sum((entry.amount for entry in self.payments if entry.kind == "refund"), NOTHING)

    @property
    def delivered_at(self) -> datetime | None:
        """When the last parcel arrived (or the order was done); None before, or where nobody noted it."""
        times = [shipment.delivered_at for shipment in self.shipments] or [self.completed_at]
        known = [moment for moment in times if moment is not None]
        return max(known) if known and len(known) == len(times) else None

    @property
    def expected_on(self) -> date | None:
        """The latest expected date of the parcels that are still on their way."""
        dates = [
            entry.expected_on for entry in self.shipments if entry.delivered_at is None and entry.expected_on
        ]
        return max(dates, default=None)

    def item_values(self) -> dict[str, Decimal]:
        """Spread discount and tax over the items, to the cent: what was paid for each line and not adjusted."""
        values: dict[str, Decimal] = {}
        subtotal = self.subtotal
        so_far = before = NOTHING
        for item in self.items:
            so_far += item.total
            part = so_far / subtotal if subtotal else NOTHING
            after = ((subtotal - self.discount + self.tax) * part).quantize(CENT, ROUND_HALF_UP)
            values[item.id] = max(after - before - self.adjusted.get(item.id, NOTHING), NOTHING)
            before = max(after, before)
        return values

    def item(self, item_id: str) -> OrderItem | None:
        """Find a line by its id."""
        return next((item for item in self.items if item.id == item_id), None)

    def shipment_of(self, item_id: str) -> Shipment | None:
        """Find the parcel that holds a line."""
        return next((entry for entry in self.shipments if item_id in entry.item_ids), None)

    def return_of(self, item_id: str) -> Return | None:
        """Find the return that a line is in, if it wasn't rejected or withdrawn."""
        return next((entry for entry in self.returns if entry.open and item_id in entry.item_ids), None)

    def exchange_of(self, item_id: str) -> Exchange | None:
        """Find the exchange that a line is in, if it wasn't rejected or withdrawn."""
        return next((entry for entry in self.exchanges if entry.open and item_id in entry.item_ids), None)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A whole shop at one moment: what an import reads and an export writes."""

    products: tuple[Product, ...]
    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
