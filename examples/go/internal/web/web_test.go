package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/links/internal/links"
)

func request(t *testing.T, handler http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
	return recorder
}

func TestALinkLeadsToItsURL(t *testing.T) {
	handler := Handler(&links.Store{}, "test", 10)
	created := request(t, handler, http.MethodPost, "/links", `{"url": "https://example.com/tides"}`)
	if created.Code != http.StatusCreated {
		t.Fatalf("got %d: %s", created.Code, created.Body)
	}
	var link links.Link
	if err := json.Unmarshal(created.Body.Bytes(), &link); err != nil {
		t.Fatal(err)
	}
	followed := request(t, handler, http.MethodGet, "/"+link.ID, "")
	if location := followed.Header().Get("Location"); followed.Code != http.StatusFound || location != link.URL {
		t.Fatalf("got %d to %q, want %q", followed.Code, location, link.URL)
	}
	if page := request(t, handler, http.MethodGet, "/", "").Body.String(); !strings.Contains(page, link.URL) {
		t.Fatalf("the page does not name the link:\n%s", page)
	}
}

func TestWhatIsWrongIsRefused(t *testing.T) {
	handler := Handler(&links.Store{}, "test", 10)
	for body, want := range map[string]int{
		`{`:                  http.StatusBadRequest,
		`{"url": "nowhere"}`: http.StatusUnprocessableEntity,
	} {
		if got := request(t, handler, http.MethodPost, "/links", body).Code; got != want {
			t.Errorf("%s: got %d, want %d", body, got, want)
		}
	}
	if got := request(t, handler, http.MethodGet, "/unknown", "").Code; got != http.StatusNotFound {
		t.Errorf("got %d, want %d", got, http.StatusNotFound)
	}
}

func TestTooManyNewLinksAreRefused(t *testing.T) {
	handler := Handler(&links.Store{}, "test", 1)
	codes := [2]int{}
	for at := range codes {
		codes[at] = request(t, handler, http.MethodPost, "/links", `{"url": "https://example.com"}`).Code
	}
	if want := [2]int{http.StatusCreated, http.StatusTooManyRequests}; codes != want {
		t.Fatalf("got %v, want %v", codes, want)
	}
}
