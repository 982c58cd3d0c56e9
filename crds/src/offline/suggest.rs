//! "Did you mean …?"

/// The known name that a misspelt one most likely stands for.
pub(super) fn closest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| -> Vec<char> {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
    };
    let written = plain(written);
    let near = known.map(|name| (distance(&written, &plain(name)), name)).min()?;
    // A third of the letters may differ: `domian`, `group_members`, `maxGroupMember`, not any other word.
    (near.0 <= (written.len() / 3).max(1) && near.0 < near.1.len()).then_some(near.1)
}

/// Edits (insert, remove, replace, swap of neighbours) between two names.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut cost = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}
