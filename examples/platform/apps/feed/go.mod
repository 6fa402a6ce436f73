module example.com/platform/feed

go 1.24

require (
	github.com/go-chi/chi/v5 v5.5.0
	github.com/gorilla/feeds v1.2.0
)
