//! Quantities by value, and in the spelling that the API server stores: `0.5` becomes `500m`, `1024Mi` becomes `1Gi`.
//!
//! Grammar, suffixes and canonical form: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
//! What we render is canonical, so that what is stored is what was sent. What others wrote may still be spelled otherwise and
//! mean the same, so that a comparison goes by value.

/// Fields whose values, or whose members' values, are quantities.
const HOLDERS: [&str; 6] = ["requests", "limits", "capacity", "hard", "sizeLimit", "averageValue"];

/// Whether a field of this name holds quantities.
pub(crate) fn holds_quantities(field: &str) -> bool {
    HOLDERS.contains(&field)
}

/// The spelling that the API server gives an amount: no fraction, and the largest suffix that leaves a whole number. Binary
/// amounts stay binary, unless they are below 1024 or no whole number of bytes. What is no quantity is left as it is.
pub fn canonical(text: &str) -> String {
    let Some(nanos) = amount(text) else { return text.to_owned() };
    let suffix = suffix_of(text.trim());
    if nanos == 0 {
        "0".to_owned()
    } else if suffix.ends_with('i') && nanos % NANO == 0 && nanos.abs() >= 1024 * NANO {
        binary(nanos / NANO)
    } else {
        decimal(nanos, suffix.len() > 1 && suffix.starts_with(['e', 'E']) && !suffix.ends_with('i'))
    }
}

/// In powers of 1024.
fn binary(mut whole: i128) -> String {
    let mut power = 0;
    while power + 1 < BINARY.len() && whole % 1024 == 0 {
        whole /= 1024;
        power += 1;
    }
    format!("{whole}{}", BINARY[power])
}

/// In powers of 1000, from billionths on; with an exponent where the amount was written with one.
fn decimal(mut nanos: i128, exponent: bool) -> String {
    let mut power = 0;
    while power + 1 < DECIMAL.len() && nanos % 1000 == 0 {
        nanos /= 1000;
        power += 1;
    }
    match power {
        3 => nanos.to_string(),
        _ if exponent => format!("{nanos}e{}", i64::try_from(power).unwrap_or_default() * 3 - 9),
        power => format!("{nanos}{}", DECIMAL[power]),
    }
}

/// An amount in billionths of its unit, so that `1n` is a whole number. `None`: no quantity, or one too large to hold.
pub(crate) fn amount(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let suffix = suffix_of(digits);
    let number = digits.strip_suffix(suffix)?;
    let value = scaled(number, suffix)?;
    Some(if negative { -value } else { value })
}

/// Whether two spellings mean the same amount.
pub(crate) fn same(left: &str, right: &str) -> bool {
    matches!((amount(left), amount(right)), (Some(left), Some(right)) if left == right)
}

const NANO: i128 = 1_000_000_000;
/// The most that Kubernetes holds; what is more, in binary, is this.
const MOST: i128 = i64::MAX as i128;
/// Suffixes by power of 1024.
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Suffixes by power of 1000, from billionths on.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/// What follows the number and its sign.
fn suffix_of(text: &str) -> &str {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    &unsigned[end..]
}

fn scaled(number: &str, suffix: &str) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    // Digits beyond the ninth are below a billionth; Kubernetes rounds them up, and nobody writes them.
    let fraction = fraction.get(..fraction.len().min(9))?;
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let padded = format!("{fraction:0<9}");
    let nanos = whole.checked_mul(NANO)?.checked_add(padded.parse::<i128>().ok()?)?;
    let (multiplier, divisor) = scale(suffix)?;
    let binary = suffix.ends_with('i');
    match nanos.checked_mul(multiplier) {
        Some(amount) if binary => Some(amount.min(MOST * NANO)),
        None if binary => Some(MOST * NANO),
        amount => Some(amount? / divisor),
    }
}

/// What a suffix multiplies by and divides by.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let power = |list: &[&str]| list.iter().position(|known| *known == suffix).and_then(|index| index.try_into().ok());
    if let Some(power) = power(&BINARY) {
        return Some((1024_i128.checked_pow(power)?, 1));
    }
    match power(&DECIMAL) {
        // From billionths to ones.
        Some(power @ 0..3) => Some((1, 1000_i128.pow(3 - power))),
        Some(power) => Some((1000_i128.pow(power - 3), 1)),
        None => decimal_exponent(suffix),
    }
}

fn decimal_exponent(text: &str) -> Option<(i128, i128)> {
    let exponent: i32 = text.strip_prefix(['e', 'E'])?.parse().ok()?;
    let factor = 10_i128.checked_pow(exponent.unsigned_abs())?;
    Some(if exponent < 0 { (1, factor) } else { (factor, 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_amount_are_the_same() {
        let same_amounts = [
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1", "1000m"),
            ("1.5Gi", "1536Mi"),
            ("1e3", "1k"),
            ("2E-3", "2m"),
            (".5", "500m"),
            ("1.", "1"),
            ("+1", "1"),
            ("-0.1", "-100m"),
            ("100n", "0.1u"),
        ];
        for (left, right) in same_amounts {
            assert!(same(left, right), "{left} and {right}");
        }
        for (left, right) in [("1", "2"), ("1G", "1Gi"), ("1m", "1M"), ("500", "500m")] {
            assert!(!same(left, right), "{left} and {right}");
        }
    }

    #[test]
    fn the_canonical_spelling_has_no_fraction_and_the_largest_suffix_that_fits() {
        let spellings = [
            ("0.5", "500m"),
            ("500m", "500m"),
            ("1000m", "1"),
            ("2", "2"),
            ("0", "0"),
            ("0.0Gi", "0"),
            ("1.5", "1500m"),
            ("0.0005m", "500n"),
            ("1024Mi", "1Gi"),
            ("1536Mi", "1536Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("0.1Mi", "104857600m"),
            ("1000M", "1G"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("007", "7"),
            ("1e3", "1e3"),
            ("2000e-3", "2"),
            ("-0.1", "-100m"),
            ("999999999999999Pi", "9223372036854775807"),
            ("no amount", "no amount"),
        ];
        for (written, stored) in spellings {
            assert_eq!(canonical(written), stored, "{written}");
            assert_eq!(canonical(stored), stored, "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_canonical_spelling_means_the_same_and_is_its_own(number in "[0-9]{1,9}([.][0-9]{1,3})?", suffix in "(m|[kMGT]|[KMGT]i)?") {
            let written = format!("{number}{suffix}");
            let spelled = canonical(&written);
            proptest::prop_assert!(same(&written, &spelled), "{written} and {spelled}");
            proptest::prop_assert!(!spelled.contains('.'), "{spelled}");
            proptest::prop_assert_eq!(canonical(&spelled), spelled.clone());
        }
    }

    #[test]
    fn what_is_no_quantity_has_no_amount_and_does_not_panic() {
        for text in
            ["", ".", "-", "1.2.3", "1x", "Gi", "e3", "1e", "1e999999", "99999999999999999999999999999999999999Ei", "ü"]
        {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
