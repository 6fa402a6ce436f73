// Package board reads the notes of the back end.
package board

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 8 << 20

// Note is one note, as the back end tells it.
type Note struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

// Board is where the back end answers.
type Board struct {
	api    string
	client *http.Client
}

// At is the board of the back end at `base`, an address like `http://notes:8000`.
func At(base string, client *http.Client) (*Board, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return nil, fmt.Errorf("%q is no address of a back end, such as http://notes:8000", base)
	}
	return &Board{api: parsed.JoinPath("api", "notes").String(), client: client}, nil
}

// Notes are all notes, the oldest first.
func (b *Board) Notes(ctx context.Context) ([]Note, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.api, nil)
	if err != nil {
		return nil, err
	}
	answer, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", b.api, answer.Status)
	}
	var notes []Note
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&notes); err != nil {
		return nil, fmt.Errorf("%s did not answer with notes: %w", b.api, err)
	}
	return notes, nil
}
