//! The report for programs: one JSON object a line, as the engine's events are. The first line carries the version of
//! the format; fields may be added without a new one. Does not choose or change facts.

use farm_engine::event::Event;
use serde_json::{Map, Value};

use super::Report;
use crate::ui::Output;

/// Version of the format.
const VERSION: u32 = 1;

/// JSON lines on a stream.
pub(super) struct Json {
    output: Output,
    is_first: bool,
}

impl Json {
    /// On this stream.
    pub(super) fn new(output: Output) -> Self {
        Self { output, is_first: true }
    }
}

impl Report for Json {
    fn tell(&mut self, event: &Event) {
        let line = match serde_json::to_value(event) {
            Ok(Value::Object(fields)) if self.is_first => Value::Object(with_version(fields)),
            Ok(value) => value,
            Err(error) => unreachable!("events are plain data: {error}"),
        };
        self.is_first = false;
        self.output.line(&line.to_string());
    }
}

/// The fields with the version behind the event's name.
fn with_version(fields: Map<String, Value>) -> Map<String, Value> {
    let mut fields = fields.into_iter();
    let name = fields.next();
    let version = ("version".to_owned(), Value::from(VERSION));
    name.into_iter().chain([version]).chain(fields).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::{Reports, recorded};
    use super::*;
    use crate::ui::tests::Buffer;

    fn report(events: &[Event]) -> Vec<String> {
        let buffer = Buffer::default();
        let mut json = Json::new(Output::to(buffer.clone()));
        events.iter().for_each(|event| json.tell(event));
        buffer.text().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_first_line_has_the_version_and_the_last_the_counts() {
        let lines = report(&recorded::successful());
        assert_snapshot!(lines[0], @r#"{"event":"build-started","version":1,"workspace":"shop","targets":["backend","frontend"],"mode":"production","tier":"L2","jobs":2}"#);
        assert_snapshot!(lines[lines.len() - 1], @r#"{"event":"build-finished","ok":true,"counts":{"ran":2,"cached":1,"up_to_date":1,"failed":0,"skipped":0},"components":1,"seconds":14.7}"#);
        assert_eq!(lines.iter().filter(|line| line.contains("\"version\":1")).count(), 1);
    }

    #[test]
    fn every_line_is_an_object_that_names_its_event() {
        for line in report(&recorded::failing()) {
            let value: Value = serde_json::from_str(&line).expect("it is JSON");
            assert!(value["event"].is_string(), "{line}");
        }
    }

    #[test]
    fn b26_control_characters_are_escaped() {
        let lines = report(&recorded::failing());
        assert!(lines.iter().all(|line| !line.contains('\x1b')));
        assert!(
            lines.iter().any(|line| line.contains("\\u001b")),
            "the raw text is a fact"
        );
    }

    #[test]
    fn a_request_that_is_wrong_still_ends_with_build_finished() {
        let buffer = Buffer::default();
        let mut reports = Reports::of(vec![Box::new(Json::new(Output::to(buffer.clone())))]);
        reports.give_up(recorded::wrong_request());
        let text = buffer.text();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("it is JSON"))
            .collect();
        assert_eq!(lines[0]["event"], "problem-found");
        assert_eq!(lines[0]["version"], 1);
        assert_eq!(lines[0]["problem"]["code"], "config::unknown-key");
        assert_eq!(
            (&lines[1]["event"], &lines[1]["ok"]),
            (&"build-finished".into(), &false.into())
        );
    }
}
