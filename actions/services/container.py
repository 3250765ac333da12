"""Everything the assistant can do, put together for one database."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from actions.adapters.settings import Adapters, load_adapters
from actions.carriers.port import Carrier
from actions.commerce import schema
from actions.commerce.database import Database, Fill, database_url
from actions.commerce.mirror import SOURCE, MirroredShop, Outside
from actions.commerce.store import SqlStore, fill
from actions.helpdesk.forwarding import ForwardedTickets
from actions.helpdesk.port import Tickets
from actions.helpdesk.tickets import EmbeddedTickets
from actions.payments.port import Payments as PaymentProvider
from actions.services import order_numbers
from actions.services.accounts import Accounts
from actions.services.addresses import Addresses
from actions.services.arrivals import Arrivals
from actions.services.callbacks import Callbacks
from actions.services.cancellations import Cancellations
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.done import Done, last_done
from actions.services.identity import Identity
from actions.services.inactive import inactive_rules
from actions.services.label_tracking import LabelTracking
from actions.services.order_sagas import register_orders
from actions.services.order_writes import OrderWrites
from actions.services.orders import Orders
from actions.services.outbox import Outbox, Sink, sink_from_environment
from actions.services.parcels import Parcels
from actions.services.payment_changes import PaymentChanges
from actions.services.products import Products
from actions.services.profile import Profile
from actions.services.promotions import Promotions
from actions.services.provider_money import ProviderMoney
from actions.services.quotes import Quotes
from actions.services.remedies import Remedies
from actions.services.return_labels import ReturnLabels
from actions.services.returns import Returns
from actions.services.rulebook import Policies, load_policies, policies_folder
from actions.services.saga_telling import SagaTelling, register_telling
from actions.services.sagas import Sagas
from actions.services.shop_following import Following, held
from actions.services.swaps import Swaps

if TYPE_CHECKING:
    from actions.adapters.woocommerce import WooCommerceShop

logger = logging.getLogger(__name__)

CATALOGUE_LOOK = 30.0  # seconds between looks whether the catalogue of the shop outside is to be read anew
LOOKED_AT = 1000  # orders by whose numbers their form is known
DELIVERY_VARIABLE = "FRONTDESK_OUTBOX"  # "manual": e-mails wait for `python -m actions.services.outbox`


class Services:
    """The services on one database.

    >>> shop = Services("sqlite:///shop.db")
    >>> shop.orders.recent(customer)
    """

    commerce: SqlStore
    identity: Identity
    orders: Orders
    products: Products
    returns: Returns
    cancellations: Cancellations
    swaps: Swaps
    callbacks: Callbacks
    remedies: Remedies
    promotions: Promotions
    quotes: Quotes
    accounts: Accounts
    addresses: Addresses
    payments: PaymentChanges
    profile: Profile
    tickets: Tickets
    provider: PaymentProvider | None  # where money is taken and given back, if adapters.yml names one
    carriers: dict[str, Carrier]  # that adapters.yml names, by the names that the shop's parcels have
    parcels: Parcels
    labels: ReturnLabels | None  # where a carrier sells them
    outside_shop: WooCommerceShop | None  # the shop that ours mirrors, if adapters.yml names one
    policies: Policies
    sagas: Sagas
    arrivals: Arrivals
    outbox: Outbox

    def __init__(
        self,
        url: str,
        *,
        policies: Policies | None = None,
        sink: Sink | None = None,
        clock: Clock = utc_now,
        adapters: Adapters | None = None,
    ) -> None:
        self._clock = clock
        self._closing: list[Callable[[], None]] = []
        self.policies = policies or load_policies()
        self.adapters = adapters or load_adapters()
        self.outside_shop = self._outside_shop()
        self.provider = self._payment_provider()
        self.database = _database(url, clock, self.outside_shop)
        self.commerce = self._commerce()
        self.identity = Identity(self.commerce, self.policies.identity, clock)
        self.orders = Orders(self.commerce)
        self.products = Products(self.commerce)
        self.sagas = Sagas(self.database, SagaTelling(self.policies), clock)
        self.tickets = self._help_desk()
        self.carriers = self._carriers()
        self.parcels = Parcels(self.carriers, clock)
        register_telling(self.sagas, self.tickets, self.policies, clock)
        register_orders(self.sagas)
        # Before the money: what the shop outside refuses is neither charged nor paid back.
        following = self._follow_writes()
        look = self.commerce.order if self.commerce.asks_outside else None
        money = ProviderMoney(self.provider, self.sagas, look=look) if self.provider is not None else None
        if money is not None:
            money.register()
            money.moved.extend([following.moved] if following is not None else [])
        self.arrivals = Arrivals(self.commerce, self.sagas, money, self.policies, clock, following)
        self.labels = self._labels()
        desk = (self.commerce, self.identity, self.tickets, self.policies, clock)
        about = partial(OrderWrites, *desk, sagas=self.sagas)
        self.returns = Returns(self.commerce, self.policies, self.parcels, about)
        self.cancellations = Cancellations(self.commerce, self.policies, about)
        self.swaps = Swaps(self.commerce, self.policies, self.parcels, about)
        self.callbacks = Callbacks(self.database, self.identity, self.policies, clock)
        self.remedies = Remedies(
            self.database, self.commerce, self.policies, self.tickets, self.parcels, about
        )
        self.promotions = Promotions(self.commerce, self.policies, about)
        self.quotes = Quotes(self.database, self.commerce, self.identity, self.policies, clock)
        self.accounts = Accounts(self.commerce, self.policies, clock)
        self.addresses = Addresses(self.commerce, self.identity, self.policies, clock, self.sagas)
        self.payments = PaymentChanges(self.policies, about)
        self.profile = Profile(self.commerce, self.identity, self.policies, clock, self.sagas)
        self.outbox = Outbox(self.database, sink or sink_from_environment(), clock)

    def now(self) -> datetime:
        """Tell the time by which the services decide, in UTC."""
        return self._clock()

    def inactive_rules(self) -> list[str]:
        """Say which rules the shop lacks the data for."""
        with self.database.read() as connection:
            return inactive_rules(connection, self.policies)

    def last_done(self, caller: Caller) -> Done | None:
        """Tell what was done last in a conversation, and what has become of it."""
        return last_done(self.database, self.sagas, caller, self._clock())

    def today(self) -> date:
        """Tell the date by which the services decide, in UTC."""
        return self._clock().date()

    def learn_numbers(self) -> None:
        """Let order numbers be read in the form that those of the newest orders have, in this process."""
        table = schema.orders
        query = select(table.c.number).order_by(table.c.position.desc()).limit(LOOKED_AT)
        with self.database.read() as connection:
            order_numbers.use(order_numbers.known(connection.execute(query).scalars()))

    def deliver(self) -> None:
        """Do what waits for systems outside, and send what waits to go out: e-mails, and tickets."""
        self.sagas.deliver()
        self.outbox.deliver()

    def look_around(self) -> None:
        """Learn what is new in a shop outside: its catalogue, and the form of its order numbers."""
        if isinstance(self.commerce, MirroredShop):
            self.commerce.refresh_catalogue()
        self.learn_numbers()

    def close(self) -> None:
        """Close the database, and the connections to systems outside."""
        for close in self._closing:
            close()
        self.database.close()

    def _help_desk(self) -> Tickets:
        """Make the help desk that adapters.yml names."""
        settings, reply_hours = self.adapters.tickets, self.policies.support.reply_hours
        if settings is None:
            return EmbeddedTickets(self.database, reply_hours, self._clock)
        from actions.adapters.zendesk import ZendeskTickets  # only who uses it needs its libraries

        desk = ZendeskTickets(settings, reply_hours)
        self._closing.append(desk.close)
        return ForwardedTickets(desk, self.sagas, reply_hours, self._clock)

    def _payment_provider(self) -> PaymentProvider | None:
        """Make the payment provider that adapters.yml names."""
        settings = self.adapters.payments
        if settings is None:
            return None
        from actions.adapters.stripe_payments import StripePayments

        provider = StripePayments(settings)
        self._closing.append(provider.close)
        return provider

    def _carriers(self) -> dict[str, Carrier]:
        """Make the carriers that adapters.yml names."""
        if self.adapters.carriers is None:
            return {}
        from actions.adapters.carriers import made

        found = made(self.adapters.carriers, self._clock)
        self._closing += [carrier.close for carrier in found]
        return {carrier.name: carrier for carrier in found}

    def _labels(self) -> ReturnLabels | None:
        """Let return labels be bought, where the policies' carrier is asked and knows where they lead."""
        settings, carrier = self.adapters.carriers, self.carriers.get(self.policies.returns.carrier)
        if settings is None or settings.return_address is None or carrier is None:
            return None
        from actions.adapters.carriers import parcel_of, place_of

        receiver, parcel = place_of(settings.return_address), parcel_of(settings.return_parcel)
        labels = ReturnLabels(self.database, carrier, receiver, parcel, self.policies, self._clock)
        labels.register(self.sagas)
        LabelTracking(carrier, self.arrivals, self.policies, self.sagas).register()
        return labels

    def _commerce(self) -> SqlStore:
        """Make the shop that the services work on: the embedded one, or the mirror of the one outside."""
        if self.outside_shop is None:
            return SqlStore(self.database)
        card = self.provider.kept if self.provider is not None else None
        return MirroredShop(self.database, self.outside_shop, self._clock, held=held, card=card)

    def _follow_writes(self) -> Following | None:
        """Let the shop outside do what is written here."""
        settings = self.adapters.commerce
        if settings is None or self.outside_shop is None or not isinstance(self.commerce, MirroredShop):
            return None
        from actions.adapters.woocommerce_writing import WooCommerceWriting

        following = Following(
            writing=WooCommerceWriting(self.outside_shop),
            sagas=self.sagas,
            touched=self.commerce.touched,
            pays=settings.api_refund,
            provider_pays=self.provider is not None,
        )
        following.register()
        return following

    def _outside_shop(self) -> WooCommerceShop | None:
        """Make the shop outside that adapters.yml names."""
        settings = self.adapters.commerce
        if settings is None:
            return None
        from actions.adapters.woocommerce import WooCommerceShop

        found = WooCommerceShop(settings)
        self._closing.append(found.close)
        return found


class Courier:
    """Delivers what waits from a background thread: soon after a write, and every minute for retries."""

    def __init__(self, deliver: Callable[[], object], every: float = 2.0) -> None:
        self._deliver = deliver
        self._every = every
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the e-mail at hand and stop."""
        self._stopped.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                self._deliver()
            except Exception as error:  # a locked or missing database is tried again
                logger.warning("what waits couldn't be delivered: %s", error)


_made: dict[tuple[str, str], tuple[Services, list[Courier]]] = {}
_lock = Lock()


def services() -> Services:
    """Give the services on the database that the environment names, made once per process."""
    url = database_url()
    place = url, str(policies_folder())
    found = _made.get(place)
    if found is None:
        with _lock:
            found = _made.get(place)
            if found is None:
                found = _made[place] = _make(url)
    return found[0]


def close_services() -> None:
    """Close all services that this process made; the next call makes new ones."""
    with _lock:
        made = list(_made.values())
        _made.clear()
    for each, couriers in made:
        for courier in couriers:
            courier.stop()
        each.close()


def _make(url: str) -> tuple[Services, list[Courier]]:
    """Make the services, and what delivers in the background; e-mails wait where the environment says so."""
    made = Services(url)
    for sentence in made.inactive_rules():
        logger.warning("%s", sentence)
    made.learn_numbers()
    couriers = []
    if os.environ.get(DELIVERY_VARIABLE) != "manual":
        couriers.append(Courier(made.deliver))
    if isinstance(made.commerce, MirroredShop):
        couriers.append(Courier(made.look_around, every=CATALOGUE_LOOK))
    for courier in couriers:
        courier.start()
    return made, couriers


def _database(url: str, clock: Clock, outside: Outside | None) -> Database:
    """Open the database; a new one holds the demo shop, or nothing yet of the shop outside."""
    if outside is not None:
        return Database(url, source=SOURCE)
    return Database(url, fill=_demo(clock), source="demo")


def _demo(clock: Clock) -> Fill:
    """Fill an empty database with the demo shop, as of today."""

    def fill_demo(connection: Connection) -> None:
        from actions.commerce.demo.shop import demo_shop  # only a new database needs it

        fill(connection, demo_shop(clock()))

    return fill_demo
