// Command server keeps short links and follows them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"example.com/links/internal/links"
	"example.com/links/internal/web"
)

// version is set when the program is linked.
var version = "unknown"

func main() {
	address := flag.String("listen", ":8080", "address to listen at")
	perSecond := flag.Int("new-links", 20, "new links that are taken in a second")
	showVersion := flag.Bool("version", false, "say the version and end")
	flag.Parse()
	if *showVersion {
		fmt.Println(version)
		return
	}
	if err := serve(*address, *perSecond); err != nil {
		log.Fatal(err)
	}
}

// serve answers until it is told to stop, and then what it has begun.
func serve(address string, perSecond int) error {
	stop, done := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer done()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Printf("listening at %s", listener.Addr())
	server := &http.Server{
		Handler:           web.Handler(&links.Store{}, version, perSecond),
		ReadHeaderTimeout: 5 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ending); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
