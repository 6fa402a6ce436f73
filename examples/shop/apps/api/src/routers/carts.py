"""Carts: made, looked at, filled and emptied."""

from fastapi import APIRouter

from src.dependencies import Shop
from src.errors import responses
from src.models import Cart, ErrorCode, Quantity

router = APIRouter(prefix="/api/carts", tags=["carts"])


@router.post("", status_code=201)
def create_cart(shop: Shop) -> Cart:
    """A new, empty cart."""
    return shop.new_cart()


@router.get("/{cart_id}", responses=responses(ErrorCode.NOT_FOUND))
def get_cart(shop: Shop, cart_id: str) -> Cart:
    """A cart with today's prices."""
    return shop.cart(cart_id)


@router.put("/{cart_id}/items/{product_id}", responses=responses(ErrorCode.NOT_FOUND, ErrorCode.OUT_OF_STOCK))
def set_quantity(shop: Shop, cart_id: str, product_id: str, wanted: Quantity) -> Cart:
    """Let the cart hold so many pieces of a product."""
    return shop.set_quantity(cart_id, product_id, wanted.quantity)
