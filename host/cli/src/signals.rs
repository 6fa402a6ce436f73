//! Turns the user's signals into the engine's request to stop: the first asks running actions to end, the second kills
//! them, and one more ends farm itself. Does not know what runs.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::exit;
use crate::report::Screen;
use farm_engine::run::Stop;

/// Listens from now on. A thread of its own does so, with a runtime that does nothing else (about 0.1 ms): the build
/// itself may need none.
pub(crate) fn watch(screen: Screen) -> watch::Receiver<Stop> {
    let (sender, receiver) = watch::channel(Stop::Run);
    let (ready_sender, ready) = mpsc::channel();
    thread::spawn(move || {
        // Without a listener signals do what they do by default: they end the program.
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
            runtime.block_on(listen(&sender, &screen, ready_sender));
        }
    });
    // Whether the thread is ready or gave up: from here on its answer is as good as it will get.
    ready.recv().unwrap_or_default();
    receiver
}

/// From now on an interrupt does nothing here: the tool on the same terminal gets it too, and decides.
pub(crate) fn leave_interrupts_to_tool() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // The handler replaces the default for the rest of the process's life, whether somebody listens or not.
    runtime.block_on(async { signal(SignalKind::interrupt()).map(drop) })
}

/// Hears signals until the program ends.
async fn listen(stop: &watch::Sender<Stop>, screen: &Screen, ready: mpsc::Sender<()>) {
    let heard = |kind| signal(kind).ok();
    let mut interrupt = heard(SignalKind::interrupt());
    let mut terminate = heard(SignalKind::terminate());
    let mut hang_up = heard(SignalKind::hangup());
    drop(ready);
    loop {
        tokio::select! {
            () = next(&mut interrupt) => {}
            () = next(&mut terminate) => {}
            () = next(&mut hang_up) => {}
        }
        hurry(stop, screen);
    }
}

/// The next signal of this kind; never, where it cannot be heard.
async fn next(signal: &mut Option<Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

/// One step further towards the end.
fn hurry(stop: &watch::Sender<Stop>, screen: &Screen) {
    let current = *stop.borrow();
    match current {
        Stop::Run => {
            screen.print("stopping: asking running actions to end; press Ctrl-C again to kill them");
            stop.send_replace(Stop::Gracefully);
        }
        Stop::Gracefully => {
            screen.print("stopping: killing running actions");
            stop.send_replace(Stop::AtOnce);
        }
        #[expect(
            clippy::exit,
            reason = "asked three times: whatever the engine waits for must not hold the user up"
        )]
        Stop::AtOnce => std::process::exit(i32::from(exit::INTERRUPTED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Output;
    use crate::ui::tests::Buffer;

    #[test]
    fn e03_the_first_signal_is_graceful_and_the_second_is_not() {
        let buffer = Buffer::default();
        let screen = Screen::on(Output::to(buffer.clone()));
        let (sender, receiver) = watch::channel(Stop::Run);
        hurry(&sender, &screen);
        assert_eq!(*receiver.borrow(), Stop::Gracefully);
        hurry(&sender, &screen);
        assert_eq!(*receiver.borrow(), Stop::AtOnce);
        assert!(
            buffer
                .text()
                .starts_with("stopping: asking running actions to end; press Ctrl-C again")
        );
    }
}
