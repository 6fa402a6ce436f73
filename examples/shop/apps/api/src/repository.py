"""The shop's memory: products, carts and orders. Knows the rules of stock and status, but no HTTP.

Everything lives in this process; a restart begins again from the data file. One lock guards all of it, because FastAPI
runs its routes on several threads and an order touches a cart, the stock and the list of orders at once.
"""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import resources
from threading import Lock

from src import pricing
from src.errors import ShopError
from src.models import (
    Cart,
    CartLine,
    Category,
    CategoryCount,
    Checkout,
    ErrorCode,
    Fact,
    Order,
    OrderLine,
    OrderStatus,
    Product,
    ProductList,
    ProductOrder,
    ProductSummary,
)

CATEGORY_TITLES = {
    Category.COFFEE: "Coffee",
    Category.BREWERS: "Brewers",
    Category.GRINDERS: "Grinders",
    Category.CUPS: "Cups",
}

NEXT_STATUSES = {
    OrderStatus.PLACED: {OrderStatus.PACKED, OrderStatus.CANCELLED},
    OrderStatus.PACKED: {OrderStatus.SHIPPED, OrderStatus.CANCELLED},
    OrderStatus.SHIPPED: set(),
    OrderStatus.CANCELLED: set(),
}

# Letters and digits that nobody confuses on the telephone.
NUMBER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass
class Item:
    """A product as the shop keeps it."""

    id: str
    name: str
    tagline: str
    category: Category
    price_cents: int
    stock: int
    description: str
    facts: list[Fact]

    def summary(self) -> ProductSummary:
        return ProductSummary(
            id=self.id,
            name=self.name,
            tagline=self.tagline,
            category=self.category,
            price_cents=self.price_cents,
            in_stock=self.stock > 0,
        )

    def product(self) -> Product:
        return Product(
            **self.summary().model_dump(),
            description=self.description,
            facts=self.facts,
            stock=self.stock,
        )

    def matches(self, words: list[str]) -> bool:
        text = f"{self.name} {self.tagline} {self.description}".casefold()
        return all(word in text for word in words)


@dataclass
class Repository:
    """All products, carts and orders."""

    items: dict[str, Item]
    carts: dict[str, dict[str, int]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def seeded(cls) -> "Repository":
        """A new shop with the products of the data file."""
        text = resources.files("src").joinpath("data/products.json").read_text(encoding="utf-8")
        items = [read_item(entry) for entry in json.loads(text)]
        return cls({item.id: item for item in items})

    def categories(self) -> list[CategoryCount]:
        """All categories in the order of the enum."""
        held = [item.category for item in self.items.values()]
        return [
            CategoryCount(category=category, title=CATEGORY_TITLES[category], products=held.count(category))
            for category in Category
        ]

    def search(self, query: str, category: Category | None, order: ProductOrder) -> ProductList:
        """The products that hold every word of the query, in any order and case."""
        words = query.casefold().split()
        with self.lock:
            found = [
                item.summary()
                for item in self.items.values()
                if category in (None, item.category) and item.matches(words)
            ]
        found.sort(key=SORT_KEYS[order])
        return ProductList(items=found, total=len(found))

    def product(self, product_id: str) -> Product:
        """One product with everything about it."""
        with self.lock:
            return self._item(product_id).product()

    def new_cart(self) -> Cart:
        """An empty cart under a name nobody can guess."""
        cart_id = secrets.token_urlsafe(16)
        with self.lock:
            self.carts[cart_id] = {}
            return self._priced(cart_id)

    def cart(self, cart_id: str) -> Cart:
        """A cart with today's prices."""
        with self.lock:
            return self._priced(cart_id)

    def set_quantity(self, cart_id: str, product_id: str, quantity: int) -> Cart:
        """Put so many pieces of a product into a cart, or take it out with 0."""
        with self.lock:
            content = self._content(cart_id)
            item = self._item(product_id)
            require_stock(item, quantity)
            if quantity:
                content[product_id] = quantity
            else:
                content.pop(product_id, None)
            return self._priced(cart_id)

    def place_order(self, checkout: Checkout) -> Order:
        """Turn a cart into an order: the stock goes down and the cart is used up, or nothing happens at all."""
        with self.lock:
            content = self._content(checkout.cart_id)
            if not content:
                raise ShopError(ErrorCode.EMPTY_CART, "There is nothing in the cart yet")
            for product_id, quantity in content.items():
                require_stock(self._item(product_id), quantity)
            order = self._new_order(checkout, content)
            for line in order.lines:
                self.items[line.product_id].stock -= line.quantity
            del self.carts[checkout.cart_id]
            self.orders[order.number] = order
            return order

    def order(self, number: str) -> Order:
        """A placed order."""
        with self.lock:
            return self._order(number)

    def change_status(self, number: str, status: OrderStatus) -> Order:
        """Take an order one step on. What a cancelled order had reserved returns to the shelf."""
        with self.lock:
            order = self._order(number)
            if status not in NEXT_STATUSES[order.status]:
                message = f"An order that is {order.status.value} cannot become {status.value}"
                raise ShopError(ErrorCode.ILLEGAL_STATUS, message)
            if status is OrderStatus.CANCELLED:
                for line in order.lines:
                    self.items[line.product_id].stock += line.quantity
            changed = order.model_copy(update={"status": status})
            self.orders[number] = changed
            return changed

    # Below, the caller holds the lock.

    def _item(self, product_id: str) -> Item:
        return found(self.items, product_id, f"There is no product '{product_id}'")

    def _content(self, cart_id: str) -> dict[str, int]:
        return found(self.carts, cart_id, "This cart does not exist any more")

    def _order(self, number: str) -> Order:
        return found(self.orders, number, f"There is no order '{number}'")

    def _priced(self, cart_id: str) -> Cart:
        content = self._content(cart_id)
        lines = [
            CartLine(
                product=self.items[product_id].summary(),
                quantity=quantity,
                total_cents=self.items[product_id].price_cents * quantity,
            )
            for product_id, quantity in content.items()
        ]
        return Cart(
            id=cart_id,
            lines=lines,
            pieces=sum(line.quantity for line in lines),
            subtotal_cents=sum(line.total_cents for line in lines),
        )

    def _new_order(self, checkout: Checkout, content: dict[str, int]) -> Order:
        lines = [order_line(self.items[product_id], quantity) for product_id, quantity in content.items()]
        subtotal_cents = sum(line.total_cents for line in lines)
        return Order(
            number=self._free_number(),
            status=OrderStatus.PLACED,
            placed_at=datetime.now(timezone.utc),
            customer=checkout.customer,
            shipping=checkout.shipping,
            lines=lines,
            totals=pricing.totals(subtotal_cents, checkout.shipping),
        )

    def _free_number(self) -> str:
        while True:
            number = "KB-" + "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(8))
            if number not in self.orders:
                return number


SORT_KEYS = {
    ProductOrder.NAME: lambda product: product.name.casefold(),
    ProductOrder.CHEAPEST: lambda product: product.price_cents,
    ProductOrder.DEAREST: lambda product: -product.price_cents,
}


def read_item(entry: dict) -> Item:
    """A product of the data file; a mistake in the file stops the program with pydantic's own words."""
    product = Product.model_validate({**entry, "in_stock": entry["stock"] > 0})
    fields = {name: getattr(product, name) for name in Item.__dataclass_fields__}
    return Item(**fields)


def order_line(item: Item, quantity: int) -> OrderLine:
    """A line with the product's name and price of this moment."""
    return OrderLine(
        product_id=item.id,
        name=item.name,
        unit_price_cents=item.price_cents,
        quantity=quantity,
        total_cents=item.price_cents * quantity,
    )


def require_stock(item: Item, quantity: int) -> None:
    """Refuse more pieces than there are."""
    if quantity > item.stock:
        left = f"only {item.stock} left" if item.stock else "sold out"
        raise ShopError(ErrorCode.OUT_OF_STOCK, f"{item.name}: {left}")


def found(entries: dict, key: str, message: str):
    """The entry of this name, or the error that says it is missing."""
    try:
        return entries[key]
    except KeyError:
        raise ShopError(ErrorCode.NOT_FOUND, message) from None
