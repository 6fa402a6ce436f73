"""A fresh shop for every test."""

import pytest
from fastapi.testclient import TestClient

from src.main import create_app
from src.repository import Repository


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app(Repository.seeded()))


@pytest.fixture
def cart_id(client: TestClient) -> str:
    return client.post("/api/carts").json()["id"]


@pytest.fixture
def customer() -> dict:
    address = {"street": "Keizersgracht 1", "postal_code": "1015 CJ", "city": "Amsterdam", "country": "NL"}
    return {"name": "Ada Lovelace", "email": "ada@example.org", "address": address}
