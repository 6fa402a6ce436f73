// Package links keeps short links in memory.
package links

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"net/url"
	"sort"
	"strings"
	"sync"
)

// idLength is how many letters a link is named by.
const idLength = 7

// ErrURL is returned for what is no address of a web page.
var ErrURL = errors.New("not an absolute http or https URL")

// Link is one short link.
type Link struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// Store holds links. Its zero value is empty and ready to use.
type Store struct {
	mutex sync.RWMutex
	links map[string]Link
}

// Add keeps a URL and returns its link; the same URL has the same link.
func (s *Store) Add(text string) (Link, error) {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return Link{}, ErrURL
	}
	link := Link{ID: id(address.String()), URL: address.String()}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.links == nil {
		s.links = map[string]Link{}
	}
	s.links[link.ID] = link
	return link, nil
}

// Find returns the link with this id.
func (s *Store) Find(id string) (Link, bool) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	link, found := s.links[id]
	return link, found
}

// All returns every link, sorted by URL.
func (s *Store) All() []Link {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	all := make([]Link, 0, len(s.links))
	for _, link := range s.links {
		all = append(all, link)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].URL < all[j].URL })
	return all
}

func id(address string) string {
	digest := sha256.Sum256([]byte(address))
	return strings.ToLower(base32.StdEncoding.EncodeToString(digest[:]))[:idLength]
}
