//! The host of components against good and hostile guests.
//!
//! Each file of `tests/guests/guests` is one guest; a test here holds the list of guests to the tests that run them.

mod good;
mod hostile;
mod imports;
mod kept;
mod limits;
mod steps;
mod support;

/// Guests, and the file of tests that runs each.
const TESTED: [(&str, &str); 24] = [
    ("ask_everything.rs", include_str!("plugin/hostile.rs")),
    ("claim_list.wat", include_str!("plugin/hostile.rs")),
    ("claim_string.wat", include_str!("plugin/hostile.rs")),
    ("fill_disk.rs", include_str!("plugin/steps.rs")),
    ("good.rs", include_str!("plugin/good.rs")),
    ("grow_memory.rs", include_str!("plugin/hostile.rs")),
    ("grow_table.wat", include_str!("plugin/hostile.rs")),
    ("grow_to_4_gib.wat", include_str!("plugin/hostile.rs")),
    ("huge_answer.rs", include_str!("plugin/hostile.rs")),
    ("invalid_level.wat", include_str!("plugin/hostile.rs")),
    ("invalid_question.wat", include_str!("plugin/hostile.rs")),
    ("invalid_text.wat", include_str!("plugin/hostile.rs")),
    ("log_flood.rs", include_str!("plugin/hostile.rs")),
    ("log_for_ever.rs", include_str!("plugin/hostile.rs")),
    ("loop_in_plan.rs", include_str!("plugin/hostile.rs")),
    ("loop_in_post_return.wat", include_str!("plugin/hostile.rs")),
    ("loop_in_realloc.wat", include_str!("plugin/hostile.rs")),
    ("loop_in_start.wat", include_str!("plugin/hostile.rs")),
    ("many_items.rs", include_str!("plugin/hostile.rs")),
    ("misaligned.wat", include_str!("plugin/hostile.rs")),
    ("panic.rs", include_str!("plugin/hostile.rs")),
    ("puppet.rs", include_str!("../cli/hostile.rs")),
    ("quiet.wat", include_str!("plugin/hostile.rs")),
    ("recurse.rs", include_str!("plugin/hostile.rs")),
];

#[test]
fn every_guest_has_a_test() {
    let folder = std::fs::read_dir(crate::guests::folder().join("guests")).expect("the guests");
    let mut names: Vec<_> = folder
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a plain name")
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        TESTED.map(|(name, _)| name),
        "list each guest once, with the file that tests it"
    );
    for (name, tests) in TESTED {
        let word = name.split('.').next().unwrap_or_default();
        assert!(tests.contains(&format!("\"{word}\"")), "no test runs the guest {name}");
    }
}
