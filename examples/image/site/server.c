// A server of one page, without anything but the C library linked into it: it runs in an image from nothing.
//
//   server PORT FILE     serves the file
//   server PORT --check  ends with 0 if a server answers on this machine
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char page[1 << 16];

static int endpoint(int port, int is_server) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(is_server ? INADDR_ANY : INADDR_LOOPBACK);
  int yes = 1, socket_ = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  int failed = is_server ? bind(socket_, (void *)&address, sizeof address) || listen(socket_, 16)
                         : connect(socket_, (void *)&address, sizeof address);
  if (failed) {
    perror(is_server ? "listen" : "connect");
    exit(1);
  }
  return socket_;
}

static int check(int port) {
  int connection = endpoint(port, 0);
  dprintf(connection, "GET / HTTP/1.0\r\n\r\n");
  return read(connection, page, 12) == 12 && memcmp(page, "HTTP/1.0 200", 12) == 0 ? 0 : 1;
}

static void answer(int connection, size_t size) {
  char request[4096];
  if (read(connection, request, sizeof request) > 0) {
    dprintf(connection, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: %zu\r\n\r\n", size);
    if (write(connection, page, size) < 0) perror("write");
  }
  close(connection);
}

int main(int count, char **words) {
  if (count != 3) return 2;
  if (strcmp(words[2], "--check") == 0) return check(atoi(words[1]));
  FILE *file = fopen(words[2], "r");
  if (!file) return perror(words[2]), 1;
  size_t size = fread(page, 1, sizeof page, file);
  int server = endpoint(atoi(words[1]), 1);
  for (;;) {
    int connection = accept(server, NULL, NULL);
    if (connection >= 0) answer(connection, size);
  }
}
