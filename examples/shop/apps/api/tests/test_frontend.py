"""Serving a built front end: files, page addresses, and what must stay a 404."""

import pytest
from fastapi.testclient import TestClient

from src.main import create_app
from src.repository import Repository


@pytest.fixture
def site(tmp_path) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>shop</title>")
    (tmp_path / "assets" / "index-1a2b.js").write_text("start()")
    return TestClient(create_app(Repository.seeded(), tmp_path))


@pytest.mark.parametrize("address", ["/", "/index.html", "/cart", "/products/moka-six"])
def test_every_page_address_is_the_index_and_is_asked_for_again(site, address):
    answer = site.get(address)
    assert answer.text == "<title>shop</title>"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_hashed_asset_is_kept_for_good(site):
    assert "immutable" in site.get("/assets/index-1a2b.js").headers["cache-control"]


@pytest.mark.parametrize("address", ["/assets/index-gone.js", "/api/nothing", "/api"])
def test_what_is_no_page_stays_missing(site, address):
    assert site.get(address).status_code == 404


def test_the_api_comes_first(site):
    assert site.get("/api/health").json() == {"status": "ok"}


def test_the_schema_does_not_change_with_the_front_end(site, client):
    assert site.get("/api/openapi.json").json() == client.get("/api/openapi.json").json()
