package main

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/feeds"

	"example.com/platform/feed/board"
)

// handler answers all requests: the board as an Atom feed, and whether the service works.
func handler(notes *board.Board, title string) http.Handler {
	router := chi.NewRouter()
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	router.Get("/feed.atom", func(w http.ResponseWriter, r *http.Request) {
		found, err := notes.Notes(r.Context())
		if err != nil {
			log.Print(err)
			http.Error(w, "the board does not answer", http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
		if err := feedOf(found, title).WriteAtom(w); err != nil {
			log.Print(err)
		}
	})
	return router
}

// feedOf has the newest note first. Notes have no time of their own.
func feedOf(notes []board.Note, title string) *feeds.Feed {
	feed := &feeds.Feed{Title: title, Link: &feeds.Link{Href: "/"}, Id: "urn:notes", Updated: time.Unix(0, 0).UTC()}
	for at := len(notes) - 1; at >= 0; at-- {
		feed.Add(&feeds.Item{
			Title:   notes[at].Text,
			Link:    &feeds.Link{Href: fmt.Sprintf("/#%d", notes[at].ID)},
			Id:      fmt.Sprintf("urn:notes:%d", notes[at].ID),
			Updated: feed.Updated,
		})
	}
	return feed
}
