module example.com/links

go 1.24

require (
	github.com/go-chi/chi/v5 v5.5.0
	golang.org/x/time v0.11.0
)
