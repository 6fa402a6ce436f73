"""Orders: what they cost, what they do to the stock, and which way their status may go."""

import pytest


@pytest.fixture
def place(client, customer):
    def place(product_id: str, quantity: int, shipping: str = "standard"):
        cart_id = client.post("/api/carts").json()["id"]
        client.put(f"/api/carts/{cart_id}/items/{product_id}", json={"quantity": quantity})
        checkout = {"cart_id": cart_id, "customer": customer, "shipping": shipping}
        return client.post("/api/orders", json=checkout)

    return place


def stock(client, product_id) -> int:
    return client.get(f"/api/products/{product_id}").json()["stock"]


def change(client, number, status):
    return client.put(f"/api/orders/{number}/status", json={"status": status})


def test_an_order_takes_its_pieces_from_the_stock_and_uses_the_cart_up(client, place):
    order = place("gooseneck-kettle", 2).json()
    assert stock(client, "gooseneck-kettle") == 5
    assert client.get(f"/api/orders/{order['number']}").json() == order
    assert order["status"] == "placed"


@pytest.mark.parametrize(
    ("quantity", "shipping", "expected"),
    [
        (1, "standard", {"subtotal_cents": 2450, "shipping_cents": 495, "total_cents": 2945, "included_tax_cents": 511}),
        (3, "standard", {"subtotal_cents": 7350, "shipping_cents": 0, "total_cents": 7350, "included_tax_cents": 1276}),
        (3, "express", {"subtotal_cents": 7350, "shipping_cents": 1295, "total_cents": 8645, "included_tax_cents": 1500}),
    ],
)
def test_totals(place, quantity, shipping, expected):
    assert place("cone-dripper", quantity, shipping).json()["totals"] == expected


def test_an_empty_cart_cannot_be_ordered(client, cart_id, customer):
    answer = client.post("/api/orders", json={"cart_id": cart_id, "customer": customer})
    assert (answer.status_code, answer.json()["code"]) == (409, "empty_cart")


def test_two_carts_cannot_both_get_the_last_pieces(client, customer):
    carts = [client.post("/api/carts").json()["id"] for _ in range(2)]
    for cart_id in carts:
        assert client.put(f"/api/carts/{cart_id}/items/burr-grinder", json={"quantity": 3}).status_code == 200
    answers = [client.post("/api/orders", json={"cart_id": cart_id, "customer": customer}) for cart_id in carts]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert stock(client, "burr-grinder") == 1


def test_a_used_up_cart_is_gone(client, cart_id, customer):
    client.put(f"/api/carts/{cart_id}/items/stone-cup", json={"quantity": 1})
    checkout = {"cart_id": cart_id, "customer": customer}
    assert client.post("/api/orders", json=checkout).status_code == 201
    assert client.post("/api/orders", json=checkout).status_code == 404


def test_cancelling_brings_the_pieces_back(client, place):
    number = place("hand-grinder", 4).json()["number"]
    assert change(client, number, "cancelled").json()["status"] == "cancelled"
    assert stock(client, "hand-grinder") == 6


def test_a_shipped_order_cannot_be_cancelled(client, place):
    number = place("hand-grinder", 1).json()["number"]
    for status in ("packed", "shipped"):
        assert change(client, number, status).status_code == 200
    answer = change(client, number, "cancelled")
    assert answer.status_code == 409
    assert answer.json()["message"] == "An order that is shipped cannot become cancelled"


def test_a_nested_field_is_refused_by_its_path(client, cart_id, customer):
    customer["address"]["country"] = "Netherlands"
    answer = client.post("/api/orders", json={"cart_id": cart_id, "customer": customer})
    assert answer.json()["detail"][0]["loc"] == ["body", "customer", "address", "country"]
