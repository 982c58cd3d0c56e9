//! Volumes, which can only grow.

use super::{Pair, dedicated_change};

pub fn pairs() -> Vec<Pair> {
    [
        ("database: {embedded: {storage: ", "}}", "database: {embedded: {}}"),
        ("database: {cloudNativePG: {storage: ", "}}", "database: {cloudNativePG: {}}"),
        ("files: {volume: ", "}", "files: {volume: {}}"),
    ]
    .into_iter()
    .flat_map(|(before, after, bare)| of_volume(&|storage| format!("{before}{storage}{after}"), bare))
    .collect()
}

fn of_volume(with: &dyn Fn(&str) -> String, bare: &str) -> Vec<Pair> {
    let change = |says, was: &str, keeps: &str, breaks: &str| dedicated_change(says, was, keeps, breaks);
    vec![
        change("size cannot shrink", &with("{size: 20Gi}"), &with("{size: 20480Mi}"), &with("{size: 20G}")),
        change("an absent size is 10Gi", bare, &with("{size: 10Gi}"), &with("{size: 10239Mi}")),
        change("an absent size is 10Gi", &with("{size: 11Gi}"), &with("{size: 1Ti}"), bare),
        change(
            "does not move a volume",
            &with("{storageClassName: fast}"),
            &with("{storageClassName: fast, size: 30Gi}"),
            &with("{storageClassName: slow}"),
        ),
        change("does not move a volume", bare, &with("{size: 10Gi}"), &with("{storageClassName: fast}")),
    ]
}
