"""What things cost. Pure arithmetic in integer cents; knows nothing of storage."""

from src.models import ShippingMethod, Totals

TAX_PERCENT = 21
FREE_SHIPPING_FROM_CENTS = 5_000
SHIPPING_CENTS = {ShippingMethod.STANDARD: 495, ShippingMethod.EXPRESS: 1_295}


def shipping_cost(subtotal_cents: int, method: ShippingMethod) -> int:
    """The price of shipping: standard shipping is free from a certain subtotal on."""
    if method is ShippingMethod.STANDARD and subtotal_cents >= FREE_SHIPPING_FROM_CENTS:
        return 0
    return SHIPPING_CENTS[method]


def included_tax(total_cents: int) -> int:
    """The tax that a price contains, rounded half up."""
    parts = 100 + TAX_PERCENT
    return (2 * total_cents * TAX_PERCENT + parts) // (2 * parts)


def totals(subtotal_cents: int, method: ShippingMethod) -> Totals:
    """The whole bill of an order."""
    shipping_cents = shipping_cost(subtotal_cents, method)
    total_cents = subtotal_cents + shipping_cents
    return Totals(
        subtotal_cents=subtotal_cents,
        shipping_cents=shipping_cents,
        total_cents=total_cents,
        included_tax_cents=included_tax(total_cents),
    )
