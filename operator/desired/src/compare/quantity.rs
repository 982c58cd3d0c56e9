//! Quantities by value: `0.5` is `500m`, `1024Mi` is `1Gi`.
//!
//! Grammar and suffixes: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>. The API server
//! stores a canonical spelling, so what was written and what is there may differ as text and be the same amount.

/// Fields whose values, or whose members' values, are quantities.
const HOLDERS: [&str; 6] = ["requests", "limits", "capacity", "hard", "sizeLimit", "averageValue"];

/// Whether a field of this name holds quantities.
pub(super) fn holds_quantities(field: &str) -> bool {
    HOLDERS.contains(&field)
}

/// An amount in billionths of its unit, so that `1n` is a whole number. `None`: no quantity, or one too large to hold.
pub(super) fn amount(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let value = scaled(number, suffix)?;
    Some(if negative { -value } else { value })
}

/// Whether two spellings mean the same amount.
pub(super) fn same(left: &str, right: &str) -> bool {
    matches!((amount(left), amount(right)), (Some(left), Some(right)) if left == right)
}

const NANO: i128 = 1_000_000_000;

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
    Some(nanos.checked_mul(multiplier)? / divisor)
}

/// What a suffix multiplies by and divides by.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let power = |base: i128, exponent: u32| base.checked_pow(exponent);
    let factor = match suffix {
        "" => 1,
        "n" => return Some((1, NANO)),
        "u" => return Some((1, 1_000_000)),
        "m" => return Some((1, 1000)),
        "k" => 1000,
        "M" => power(1000, 2)?,
        "G" => power(1000, 3)?,
        "T" => power(1000, 4)?,
        "P" => power(1000, 5)?,
        "E" => power(1000, 6)?,
        "Ki" => 1024,
        "Mi" => power(1024, 2)?,
        "Gi" => power(1024, 3)?,
        "Ti" => power(1024, 4)?,
        "Pi" => power(1024, 5)?,
        "Ei" => power(1024, 6)?,
        exponent => return decimal_exponent(exponent),
    };
    Some((factor, 1))
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
    fn what_is_no_quantity_has_no_amount_and_does_not_panic() {
        for text in
            ["", ".", "-", "1.2.3", "1x", "Gi", "e3", "1e", "1e999999", "99999999999999999999999999999999999999Ei", "ü"]
        {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
