"""Browsing: categories, search and one product."""

from typing import Annotated

from fastapi import APIRouter, Query

from src.dependencies import Shop
from src.errors import responses
from src.models import Category, CategoryCount, ErrorCode, Product, ProductList, ProductOrder

router = APIRouter(prefix="/api", tags=["catalogue"])


@router.get("/categories")
def list_categories(shop: Shop) -> list[CategoryCount]:
    """All categories and how many products each holds."""
    return shop.categories()


@router.get("/products")
def list_products(
    shop: Shop,
    q: Annotated[str, Query(max_length=100, description="Words that must all occur")] = "",
    category: Category | None = None,
    order: ProductOrder = ProductOrder.NAME,
) -> ProductList:
    """The products that match."""
    return shop.search(q, category, order)


@router.get("/products/{product_id}", responses=responses(ErrorCode.NOT_FOUND))
def get_product(shop: Shop, product_id: str) -> Product:
    """One product with everything about it."""
    return shop.product(product_id)
