// Package web serves short links over HTTP.
package web

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"

	"github.com/go-chi/chi/v5"
	"golang.org/x/time/rate"

	"example.com/links/internal/links"
)

//go:embed pages/index.html
var pages embed.FS

var index = template.Must(template.ParseFS(pages, "pages/index.html"))

// maxBody is the longest request that is read, in bytes.
const maxBody = 16 << 10

type server struct {
	store   *links.Store
	version string
	adding  *rate.Limiter
}

// Handler answers all requests. New links are taken at most perSecond times a second, and as many at once.
func Handler(store *links.Store, version string, perSecond int) http.Handler {
	s := &server{store: store, version: version, adding: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
	router := chi.NewRouter()
	router.Get("/", s.list)
	router.Get("/healthz", s.health)
	router.Post("/links", s.add)
	router.Get("/{id}", s.follow)
	return router
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := index.Execute(w, s.store.All()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok", "version": s.version})
}

func (s *server) add(w http.ResponseWriter, r *http.Request) {
	if !s.adding.Allow() {
		answer(w, http.StatusTooManyRequests, map[string]string{"error": "too many new links, try again"})
		return
	}
	var asked struct {
		URL string `json:"url"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&asked); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "the body is not JSON with a `url`"})
		return
	}
	link, err := s.store.Add(asked.URL)
	if err != nil {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"error": err.Error()})
		return
	}
	answer(w, http.StatusCreated, link)
}

func (s *server) follow(w http.ResponseWriter, r *http.Request) {
	link, found := s.store.Find(chi.URLParam(r, "id"))
	if !found {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, link.URL, http.StatusFound)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; nobody is left to tell.
	_ = json.NewEncoder(w).Encode(body)
}
