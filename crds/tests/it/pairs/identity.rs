//! Names, domain, encryption, tokens.

use super::{Pair, change, names, pair};

pub fn pairs() -> Vec<Pair> {
    vec![
        names("at most 40", &format!("a{}9", "-".repeat(38)), &format!("a{}9", "-".repeat(39))),
        names("beginning with a letter", "pairs-4chat", "4chat"),
        pair("not an IP address", "domain: 4.example.com", "domain: 192.168.1.4"),
        change(
            "domain cannot be changed",
            "domain: a.example.com",
            "domain: a.example.com, limits: {}",
            "domain: b.example.com",
        ),
        change(
            "encryption cannot be changed",
            "hibernated: false",
            "encryption: ServerReadable",
            "encryption: EndToEnd",
        ),
        change("encryption cannot be changed", "encryption: EndToEnd", "encryption: EndToEnd", "hibernated: true"),
        pair(
            "outlives its access tokens",
            "auth: {accessTokenSeconds: 86399, refreshTokenDays: 1}",
            "auth: {accessTokenSeconds: 86400, refreshTokenDays: 1}",
        ),
        pair("keep it alone", "auth: {allowedOrigins: ['*']}", "auth: {allowedOrigins: ['https://a.b', '*']}"),
    ]
}
