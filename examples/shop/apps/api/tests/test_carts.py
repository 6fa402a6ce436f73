"""Carts: quantities, sums and the limits of the stock."""


def put(client, cart_id, product_id, quantity):
    return client.put(f"/api/carts/{cart_id}/items/{product_id}", json={"quantity": quantity})


def test_a_cart_adds_up_in_cents(client, cart_id):
    put(client, cart_id, "harbour-espresso", 3)
    cart = put(client, cart_id, "stone-cup", 2).json()
    assert [line["total_cents"] for line in cart["lines"]] == [3870, 2800]
    assert (cart["pieces"], cart["subtotal_cents"]) == (5, 6670)


def test_quantity_zero_takes_a_product_out(client, cart_id):
    put(client, cart_id, "stone-cup", 2)
    assert put(client, cart_id, "stone-cup", 0).json()["lines"] == []


def test_a_cart_holds_no_more_than_the_stock(client, cart_id):
    answer = put(client, cart_id, "burr-grinder", 5)
    assert answer.status_code == 409
    assert answer.json() == {"code": "out_of_stock", "message": "Burr Grinder Classic: only 4 left"}


def test_what_is_sold_out_cannot_be_put_in(client, cart_id):
    assert put(client, cart_id, "travel-mug", 1).json()["message"] == "Travel Mug: sold out"


def test_a_negative_quantity_is_refused(client, cart_id):
    assert put(client, cart_id, "stone-cup", -1).status_code == 422


def test_carts_do_not_see_each_other(client, cart_id):
    other = client.post("/api/carts").json()["id"]
    put(client, cart_id, "stone-cup", 1)
    assert client.get(f"/api/carts/{other}").json()["pieces"] == 0
