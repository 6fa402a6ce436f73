// Command feed publishes the board of notes as an Atom feed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/platform/feed/board"
)

// version is set when the program is linked.
var version = "unknown"

func main() {
	address := flag.String("listen", ":8080", "address to listen at")
	check := flag.Bool("check", false, "ask the service on this machine whether it works, and end")
	showVersion := flag.Bool("version", false, "say the version and end")
	flag.Parse()
	run := serve
	switch {
	case *showVersion:
		fmt.Println(version)
		return
	case *check:
		run = ask
	}
	if err := run(*address); err != nil {
		log.Fatal(err)
	}
}

// serve answers until it is told to stop, and then what it has begun.
func serve(address string) error {
	notes, err := board.At(os.Getenv("NOTES_URL"), &http.Client{Timeout: 5 * time.Second})
	if err != nil {
		return fmt.Errorf("NOTES_URL: %w", err)
	}
	stop, done := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer done()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Printf("listening at %s", listener.Addr())
	server := &http.Server{Handler: handler(notes, "Notes"), ReadHeaderTimeout: 5 * time.Second}
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

// ask is the health check of an image that holds nothing but this program.
func ask(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get("http://" + net.JoinHostPort("127.0.0.1", port) + "/healthz")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s", answer.Status)
	}
	return nil
}
