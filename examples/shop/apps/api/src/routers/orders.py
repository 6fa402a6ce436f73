"""Orders: placed at checkout, then looked at and moved on."""

from fastapi import APIRouter

from src.dependencies import Shop
from src.errors import responses
from src.models import Checkout, ErrorCode, Order, StatusChange

router = APIRouter(prefix="/api/orders", tags=["orders"])


@router.post(
    "",
    status_code=201,
    responses=responses(ErrorCode.NOT_FOUND, ErrorCode.OUT_OF_STOCK, ErrorCode.EMPTY_CART),
)
def place_order(shop: Shop, checkout: Checkout) -> Order:
    """Turn a cart into an order."""
    return shop.place_order(checkout)


@router.get("/{number}", responses=responses(ErrorCode.NOT_FOUND))
def get_order(shop: Shop, number: str) -> Order:
    """A placed order."""
    return shop.order(number)


@router.put("/{number}/status", responses=responses(ErrorCode.NOT_FOUND, ErrorCode.ILLEGAL_STATUS))
def change_status(shop: Shop, number: str, change: StatusChange) -> Order:
    """Take an order one step on, or cancel it before it is shipped."""
    return shop.change_status(number, change.status)
