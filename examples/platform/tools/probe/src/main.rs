//! Asks a service on this machine whether it works: `probe PORT PATH` ends with 0 if the path answers over HTTP with a
//! status of success. A health check that needs neither a shell nor an interpreter in the image.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

/// Longer than any health check waits.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let [port, path] = &words[..] else {
        eprintln!("usage: probe PORT PATH");
        return ExitCode::from(2);
    };
    let Ok(port) = port.parse() else {
        eprintln!("probe: {port} is no port");
        return ExitCode::from(2);
    };
    match ask(port, path) {
        Ok(line) if is_success(&line) => ExitCode::SUCCESS,
        Ok(line) => {
            eprintln!("probe: {path} answered {}", line.trim());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("probe: nothing answers on port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The first line of the answer.
fn ask(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

/// Of a status line such as `HTTP/1.1 204 No Content`.
fn is_success(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/"));
    let status: Option<u16> = words.next().and_then(|word| word.parse().ok());
    is_http && status.is_some_and(|status| (200..300).contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn only_a_status_of_success_is_one() {
        for line in ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 204 No Content"] {
            assert!(is_success(line), "{line}");
        }
        for line in ["", "HTTP/1.1 503 Busy", "HTTP/1.1 OK", "SSH-2.0 200"] {
            assert!(!is_success(line), "{line}");
        }
    }

    #[test]
    fn the_first_line_is_what_the_server_says() {
        let server = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let port = server.local_addr().expect("bound").port();
        let asked = thread::spawn(move || {
            let (stream, _) = server.accept().expect("somebody asks");
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).expect("a request");
            (&stream).write_all(b"HTTP/1.0 503 Busy\r\n\r\n").expect("still there");
            line
        });
        assert_eq!(ask(port, "/health").expect("an answer"), "HTTP/1.0 503 Busy\r\n");
        assert_eq!(asked.join().expect("no panic"), "GET /health HTTP/1.0\r\n");
    }
}
