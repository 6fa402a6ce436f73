//! Processes, the kernel's instruments and other ways out (C10, C11, C12, C13).

use std::process::{Command, Stdio};

use farm_engine::sandbox::{Ending, Tier};

use super::cell::{ALL, Cell, SHUT, groups, is_alive, seconds};

#[test]
fn c10_a_fork_bomb_is_bounded_and_cleared_away() {
    for tier in bounded() {
        let mut cell = Cell::new(tier);
        cell.spec.limits.processes = 400;
        let word = seconds();
        let outcome = cell.python(&format!(
            "import time\n\
             count = 0\n\
             try:\n\
             \x20 while count < 2000:\n\
             \x20   if os.fork() == 0:\n\
             \x20     if count % 100 == 0: os.execvp('sleep', ['sleep', '{word}'])\n\
             \x20     time.sleep({word})\n\
             \x20   count += 1\n\
             except OSError as e: print(errno.errorcode[e.errno], 100 < count <= 400)"
        ));
        assert_eq!(outcome.lines(), ["EAGAIN True"], "{tier}");
        assert!(!is_alive(&word), "{tier}");
    }
}

/// The tiers at which this system bounds the number of processes: everywhere for ordinary users; for root only where
/// a control group can be made, or at L2 with a kernel from 6.14 on.
fn bounded() -> Vec<Tier> {
    if groups().is_some() {
        ALL.to_vec()
    } else {
        vec![Tier::L2]
    }
}

#[test]
fn c11_io_uring_is_refused() {
    for tier in SHUT {
        let outcome = Cell::new(tier).python(
            "attempt(lambda: call(425, 8, ctypes.create_string_buffer(120)))\n\
             attempt(lambda: call(426, 0, 0, 0, 0, 0, 0))\n\
             attempt(lambda: call(427, 0, 0, 0, 0))",
        );
        outcome.only(&["EPERM"]);
    }
}

#[test]
fn c12_other_processes_can_be_neither_read_nor_traced() {
    for tier in SHUT {
        let mut victim = Command::new("sleep")
            .arg("1000")
            .env("FARM_TOKEN", "secret")
            .spawn()
            .expect("a victim");
        let pid = victim.id();
        let outcome = Cell::new(tier).python(&format!(
            "attempt(lambda: open('/proc/{pid}/environ').read())\n\
             attempt(lambda: open('/proc/{pid}/mem', 'rb').read(1))\n\
             attempt(lambda: os.readlink('/proc/{pid}/exe'))\n\
             attempt(lambda: os.kill({pid}, 9))\n\
             attempt(lambda: open('/proc/%d/environ' % os.getppid()).read())\n\
             attempt(lambda: call(101, 16, {pid}, 0, 0))\n\
             attempt(lambda: call(310, {pid}, 0, 0, 0, 0, 0))\n\
             attempt(lambda: call(438, 3, 0, 0))"
        ));
        let alive = victim.try_wait().expect("a status").is_none();
        victim.kill().expect("the victim can be ended");
        victim.wait().expect("the victim has ended");
        outcome.only(&["EPERM", "EACCES", "ENOENT", "ESRCH"]);
        assert!(alive, "{tier}");
    }
}

#[test]
fn c12_only_own_processes_are_seen() {
    let outcome = Cell::new(Tier::L2).python("print([name for name in os.listdir('/proc') if name.isdigit()])");
    assert_eq!(outcome.lines(), ["['1', '2']"]);
}

#[test]
fn c13_no_mounts_and_no_namespaces() {
    for tier in SHUT {
        let outcome = Cell::new(tier).python(
            "attempt(lambda: call(272, 0x10000000))\n\
             attempt(lambda: call(272, 0x00020000))\n\
             attempt(lambda: call(56, 0x10000000 | 17, 0, 0, 0, 0))\n\
             attempt(lambda: call(435, ctypes.create_string_buffer(88), 88))\n\
             attempt(lambda: call(165, b'none', b'/tmp', b'tmpfs', 0, 0))\n\
             attempt(lambda: call(166, b'/proc', 2))\n\
             attempt(lambda: call(155, b'.', b'.'))\n\
             attempt(lambda: call(161, b'.'))\n\
             attempt(lambda: call(430, b'tmpfs', 0))\n\
             attempt(lambda: call(428, -100, b'/', 1))\n\
             attempt(lambda: call(321, 0, 0, 0))\n\
             attempt(lambda: call(250, 0, 0, 0, 0, 0))\n\
             attempt(lambda: call(298, 0, 0, -1, -1, 0))",
        );
        outcome.only(&["EPERM", "ENOSYS"]);
    }
}

#[test]
fn c13_foreign_system_call_numbers_kill() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    for tier in SHUT {
        // getpid of x32, which no filter by number would know.
        let outcome = Cell::new(tier).python("libc.syscall(0x40000000 + 39)");
        assert_eq!(outcome.finished.ending, Ending::Signaled(31), "{tier}");
    }
}

#[test]
fn c13_being_root_means_nothing() {
    for tier in SHUT {
        let outcome = Cell::new(tier).shell("grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status");
        for line in outcome.lines() {
            let (name, value) = line.split_once(':').expect("a field");
            let wanted: u64 = match name {
                "NoNewPrivs" => 1,
                "Seccomp" => 2,
                // An ordinary user's bounding set says nothing: it holds no capability to lose.
                "CapBnd" => continue,
                _ => 0,
            };
            assert_eq!(u64::from_str_radix(value.trim(), 16), Ok(wanted), "{tier} {line}");
        }
    }
}

#[test]
fn the_helper_called_by_hand_does_nothing() {
    let status = Command::new(super::cell::helper())
        .arg("__sandbox")
        .stdin(Stdio::null())
        .status();
    assert_eq!(status.expect("it starts").code(), Some(2));
}
