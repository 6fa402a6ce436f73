//! The page about plugins says what the code does.

use farm_engine::plugin::{CallLimits, Limits};

/// The cells of the row of a table that starts with this text.
fn row<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("| {name} |");
    let line = page.lines().find_map(|line| line.strip_prefix(&start));
    let line = line.unwrap_or_else(|| panic!("no row `{name}`"));
    line.trim_end_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn the_table_of_limits_is_true() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let limits = Limits::default();
    let check = |name: &str, text: fn(&CallLimits) -> String| {
        let real = [&limits.describe, &limits.plan, &limits.step].map(text);
        assert_eq!(row(&page, name), real, "{name}");
    };
    check("time", |call| format!("{} s", call.time.as_secs()));
    check("memory, all linear memories together", |call| {
        format!("{} MiB", call.memory >> 20)
    });
    check("table elements, all tables together", |call| {
        call.table_elements.to_string()
    });
    check("bytes of one answer or question", |call| {
        format!("{} MiB", call.answer >> 20)
    });
    check("lines of log and standard streams", |call| call.log_lines.to_string());
    check("bytes of them", |call| format!("{} KiB", call.log_bytes >> 10));
    check("bytes below `/out`", |call| format!("{} MiB", call.output >> 20));
    let component = &limits.component;
    let sentence = format!(
        "A component may have {} MiB, {} functions, {} MiB of code in one function, {} modules, and components nested {} deep.",
        component.bytes >> 20,
        component.functions,
        component.function_bytes >> 20,
        component.modules,
        component.depth,
    );
    assert!(page.contains(&sentence), "{sentence}");
}
