package main

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/platform/feed/board"
)

func get(t *testing.T, api http.HandlerFunc) *httptest.ResponseRecorder {
	t.Helper()
	backend := httptest.NewServer(api)
	t.Cleanup(backend.Close)
	notes, err := board.At(backend.URL, backend.Client())
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	handler(notes, "Notes").ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/feed.atom", nil))
	return recorder
}

func TestTheNewestNoteIsFirst(t *testing.T) {
	answer := get(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/notes" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.Write([]byte(`[{"id": 1, "text": "Low tide"}, {"id": 2, "text": "<b>High</b> tide"}]`))
	})
	var feed struct {
		Titles []string `xml:"entry>title"`
	}
	if err := xml.Unmarshal(answer.Body.Bytes(), &feed); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	if len(feed.Titles) != 2 || feed.Titles[0] != "<b>High</b> tide" || feed.Titles[1] != "Low tide" {
		t.Fatalf("got %q", feed.Titles)
	}
}

func TestABackEndThatFailsIsABadGateway(t *testing.T) {
	for name, api := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no notes": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
	} {
		if got := get(t, api).Code; got != http.StatusBadGateway {
			t.Errorf("%s: got %d, want %d", name, got, http.StatusBadGateway)
		}
	}
}

func TestAnAddressIsLookedAt(t *testing.T) {
	for _, base := range []string{"", "notes", "ftp://notes", "://"} {
		if _, err := board.At(base, http.DefaultClient); err == nil {
			t.Errorf("%q was taken", base)
		}
	}
}
