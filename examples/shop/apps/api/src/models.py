"""What the API speaks: the shape of everything that crosses the wire. Knows neither routes nor storage."""

from datetime import datetime
from enum import Enum

from pydantic import BaseModel, ConfigDict, Field


class Category(str, Enum):
    """The shelf a product stands on."""

    COFFEE = "coffee"
    BREWERS = "brewers"
    GRINDERS = "grinders"
    CUPS = "cups"


class ProductOrder(str, Enum):
    """How a list of products is sorted."""

    NAME = "name"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


class ShippingMethod(str, Enum):
    """How an order travels."""

    STANDARD = "standard"
    EXPRESS = "express"


class OrderStatus(str, Enum):
    """How far an order has come."""

    PLACED = "placed"
    PACKED = "packed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class ErrorCode(str, Enum):
    """What went wrong, for programs."""

    NOT_FOUND = "not_found"
    OUT_OF_STOCK = "out_of_stock"
    EMPTY_CART = "empty_cart"
    ILLEGAL_STATUS = "illegal_status"


class Wire(BaseModel):
    """The base of every model: an unknown field is a mistake, never silently dropped."""

    model_config = ConfigDict(extra="forbid")


class Problem(Wire):
    """The body of every error the shop itself reports."""

    code: ErrorCode
    message: str = Field(description="A sentence that can be shown to the customer")


class Fact(Wire):
    """One line of a product's data sheet."""

    label: str
    value: str


class ProductSummary(Wire):
    """A product as lists show it."""

    id: str
    name: str
    tagline: str
    category: Category
    price_cents: int = Field(ge=0, description="Price of one piece in euro cents, tax included")
    in_stock: bool


class Product(ProductSummary):
    """A product with all there is to know about it."""

    description: str
    facts: list[Fact]
    stock: int = Field(ge=0, description="Pieces that can be ordered now")


class ProductList(Wire):
    """The products that match a search."""

    items: list[ProductSummary]
    total: int


class CategoryCount(Wire):
    """A category and what stands on that shelf."""

    category: Category
    title: str
    products: int


class CartLine(Wire):
    """A product in a cart."""

    product: ProductSummary
    quantity: int = Field(ge=1)
    total_cents: int


class Cart(Wire):
    """A customer's cart, priced."""

    id: str
    lines: list[CartLine]
    pieces: int
    subtotal_cents: int


class Quantity(Wire):
    """How many pieces of a product a cart shall hold; 0 takes it out."""

    quantity: int = Field(ge=0, le=99)


class Address(Wire):
    """Where an order goes."""

    street: str = Field(min_length=3, max_length=120)
    postal_code: str = Field(pattern=r"^[0-9A-Za-z -]{3,10}$")
    city: str = Field(min_length=2, max_length=80)
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 code of two letters")


class Customer(Wire):
    """Who ordered."""

    name: str = Field(min_length=2, max_length=120)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)
    address: Address


class Checkout(Wire):
    """All that is needed to turn a cart into an order."""

    cart_id: str
    customer: Customer
    shipping: ShippingMethod = ShippingMethod.STANDARD


class Totals(Wire):
    """What an order costs, in euro cents."""

    subtotal_cents: int
    shipping_cents: int
    total_cents: int
    included_tax_cents: int


class OrderLine(Wire):
    """A line of an order. Name and price are those of the day it was placed."""

    product_id: str
    name: str
    unit_price_cents: int
    quantity: int
    total_cents: int


class Order(Wire):
    """A placed order."""

    number: str
    status: OrderStatus
    placed_at: datetime
    customer: Customer
    shipping: ShippingMethod
    lines: list[OrderLine]
    totals: Totals


class StatusChange(Wire):
    """The status an order shall get."""

    status: OrderStatus
