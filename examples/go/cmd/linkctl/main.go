// Command linkctl adds links to a server.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"

	"example.com/links/internal/links"
)

func main() {
	server := flag.String("server", "http://localhost:8080", "where the server is")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: linkctl [-server URL] URL...")
		os.Exit(2)
	}
	for _, address := range flag.Args() {
		short, err := add(strings.TrimSuffix(*server, "/"), address)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", address, err)
			os.Exit(1)
		}
		fmt.Println(short)
	}
}

func add(server, address string) (string, error) {
	body, err := json.Marshal(map[string]string{"url": address})
	if err != nil {
		return "", err
	}
	response, err := http.Post(server+"/links", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		links.Link
		Error string `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%s (%s)", answer.Error, response.Status)
	}
	return server + "/" + answer.ID, nil
}
