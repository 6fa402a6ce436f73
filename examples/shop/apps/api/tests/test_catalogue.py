"""Browsing: what a search finds and what a product tells."""


def ids(response) -> list[str]:
    return [product["id"] for product in response.json()["items"]]


def test_every_product_is_in_exactly_one_category(client):
    counts = [entry["products"] for entry in client.get("/api/categories").json()]
    assert sum(counts) == client.get("/api/products").json()["total"] == 14
    assert all(counts)


def test_search_takes_words_in_any_order_and_case(client):
    assert ids(client.get("/api/products", params={"q": "PRESS glass"})) == ["glass-press"]


def test_search_within_a_category_sorts_by_price(client):
    found = client.get("/api/products", params={"category": "cups", "order": "dearest"})
    assert ids(found) == ["travel-mug", "espresso-pair", "stone-cup"]


def test_an_unknown_category_is_refused_by_name(client):
    answer = client.get("/api/products", params={"category": "tea"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "category"]


def test_a_product_has_its_data_sheet(client):
    product = client.get("/api/products/moka-six").json()
    assert product["price_cents"] == 3900
    assert {"label": "Volume", "value": "300 ml"} in product["facts"]


def test_a_missing_product_is_a_problem_that_can_be_shown(client):
    answer = client.get("/api/products/teapot")
    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "message": "There is no product 'teapot'"}
