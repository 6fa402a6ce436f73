package links

import (
	"errors"
	"testing"
)

func TestTheSameURLHasTheSameLink(t *testing.T) {
	var store Store
	first, err := store.Add("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.Add("https://example.com/a")
	if err != nil || again != first {
		t.Fatalf("got %v, %v; want %v", again, err, first)
	}
	if found, ok := store.Find(first.ID); !ok || found != first {
		t.Fatalf("found %v, %v; want %v", found, ok, first)
	}
	if all := store.All(); len(all) != 1 {
		t.Fatalf("%d links, want 1", len(all))
	}
}

func TestOnlyWebPagesAreKept(t *testing.T) {
	var store Store
	for _, text := range []string{"", "example.com", "/a", "ftp://example.com/a", "https://", "http://[::1"} {
		if link, err := store.Add(text); !errors.Is(err, ErrURL) {
			t.Errorf("%q: got %v, %v; want %v", text, link, err, ErrURL)
		}
	}
}
