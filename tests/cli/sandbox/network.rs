//! The network and other ways to talk to somebody outside (C05, C06).

use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use farm_engine::sandbox::Tier;

use super::cell::{Cell, SHUT, run_spec};

const REFUSED: &[&str] = &[
    "EPERM",
    "EACCES",
    "ENETUNREACH",
    "ECONNREFUSED",
    "ENOENT",
    "EAFNOSUPPORT",
];

#[test]
fn c05_no_host_can_be_reached_over_tcp_or_udp() {
    for tier in SHUT {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        datagrams.set_nonblocking(true).expect("a socket");
        let (tcp, udp) = (
            listener.local_addr().expect("bound").port(),
            datagrams.local_addr().expect("bound").port(),
        );
        let script = format!(
            "attempt(lambda: socket.create_connection(('127.0.0.1', {tcp}), 5))\n\
             attempt(lambda: socket.create_connection(('192.0.2.1', 80), 5))\n\
             attempt(lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(('2001:db8::1', 80)))\n\
             attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53)))"
        );
        Cell::new(tier).python(&script).only(REFUSED);
        let script = format!(
            "try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {udp}))\n\
             except OSError: pass"
        );
        Cell::new(tier).python(&script);
        let received = datagrams.recv(&mut [0; 8]).map_err(|error| error.kind());
        assert_eq!(received, Err(std::io::ErrorKind::WouldBlock), "{tier}");
    }
}

#[test]
fn c05_names_are_not_resolved() {
    for tier in SHUT {
        let script = "try: print(socket.getaddrinfo('example.com', 80))\nexcept socket.gaierror: print('unknown')";
        Cell::new(tier).python(script).only(&["unknown"]);
    }
}

#[test]
fn c05_raw_packet_and_machine_sockets_are_refused_even_with_network() {
    for tier in SHUT {
        for network in [false, true] {
            let mut cell = Cell::new(tier);
            cell.spec.network = network;
            let outcome = cell.python(
                "attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))\n\
                 attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300))\n\
                 attempt(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))",
            );
            outcome.only(&["EPERM"]);
        }
    }
}

#[test]
fn c05_unix_sockets_of_the_host_cannot_be_reached_even_with_network() {
    for tier in SHUT {
        for network in [false, true] {
            let mut cell = Cell::new(tier);
            cell.spec.network = network;
            let path = cell.outside("docker.sock");
            let _listener = UnixListener::bind(&path).expect("a listener");
            let script = format!("attempt(lambda: socket.socket(socket.AF_UNIX).connect({path:?}))");
            cell.python(&script).only(&["EPERM", "ENOENT"]);
        }
    }
}

#[test]
fn c05_the_hosts_netlink_is_not_there() {
    Cell::new(Tier::L1)
        .python("attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))")
        .only(&["EPERM"]);
    let interfaces = Cell::new(Tier::L2).python("print([name for _, name in socket.if_nameindex()])");
    assert!(!interfaces.stdout.contains("eth"), "{interfaces:?}");
}

#[test]
fn c05_a_fetch_has_the_network() {
    for tier in SHUT {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let mut cell = Cell::new(tier);
        cell.spec.network = true;
        let port = listener.local_addr().expect("bound").port();
        let script = format!("attempt(lambda: socket.create_connection(('127.0.0.1', {port}), 5))");
        cell.python(&script).only(&["ok"]);
    }
}

#[test]
fn a_tool_may_talk_to_itself_where_the_namespace_holds_it() {
    let outcome = Cell::new(Tier::L2).python(
        "s = socket.create_server(('127.0.0.1', 0))\n\
         attempt(lambda: socket.create_connection(s.getsockname(), 5))\n\
         u = socket.socket(socket.AF_UNIX); u.bind('/tmp/s'); u.listen()\n\
         attempt(lambda: socket.socket(socket.AF_UNIX).connect('/tmp/s'))",
    );
    outcome.only(&["ok"]);
}

#[test]
fn c06_two_actions_cannot_meet_over_an_abstract_socket() {
    for tier in SHUT {
        for network in [false, true] {
            // With the network, L2 shares the host's network namespace, and with it the abstract names: Landlock
            // holds them there.
            let name = format!("farm-test-{}-{tier}-{network}", std::process::id());
            let address = SocketAddr::from_abstract_name(&name).expect("a name");
            let _listener = UnixListener::bind_addr(&address).expect("a listener");
            let mut cell = Cell::new(tier);
            cell.spec.network = network;
            let script = format!("attempt(lambda: socket.socket(socket.AF_UNIX).connect('\\0{name}'))");
            cell.python(&script).only(&["EPERM", "ECONNREFUSED"]);
        }
    }
}

#[test]
fn c06_no_file_but_the_three_standard_ones_is_inherited() {
    for tier in super::cell::ALL {
        let outcome = Cell::new(tier).shell("ls /proc/$$/fd");
        // The shell itself holds its script open, at 10 or above.
        let inherited: Vec<&str> = outcome.lines().into_iter().filter(|number| number.len() == 1).collect();
        assert_eq!(inherited, ["0", "1", "2"], "{tier}");
    }
}

#[test]
fn c06_a_file_that_farm_inherited_is_not_passed_on() {
    let cell = Cell::new(Tier::L1);
    let mut spec = cell.spec.clone();
    spec.arguments = vec!["-c".into(), "ls -l /proc/self/fd | grep -c leaked; true".into()];
    // No close-on-exec here, as if the caller of farm had left a file open.
    let file = std::fs::File::create(cell.outside("leaked")).expect("a file");
    let inherited = inheritable(&file);
    let outcome = run_spec(&spec).expect("it runs");
    drop(inherited);
    assert_eq!(outcome.lines(), ["0"]);
}

/// A copy of the file that is inherited.
fn inheritable(file: &std::fs::File) -> std::os::fd::OwnedFd {
    rustix::io::dup(file).expect("a copy")
}
