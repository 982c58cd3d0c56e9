//! Database, Redis, files, mail.

use super::{Pair, SEVERAL, change, dedicated, dedicated_change, pair};

const S3: &str = "files: {s3: {bucket: chat, credentialsSecretRef: {name: s3}}}";

pub fn pairs() -> Vec<Pair> {
    let postgres = "database: {postgres: {secretRef: {name: db}}}";
    vec![
        dedicated("exactly one database", "database: {embedded: {}}", "database: {embedded: {}, cloudNativePG: {}}"),
        dedicated("exactly one database", postgres, "database: {}"),
        dedicated_change(
            "kind of database cannot be changed",
            "hibernated: false",
            "database: {embedded: {}}",
            postgres,
        ),
        dedicated_change(
            "kind of database cannot be changed",
            postgres,
            "database: {postgres: {secretRef: {name: other, key: url}}}",
            "database: {cloudNativePG: {}}",
        ),
        dedicated_change(
            "kind of database cannot be changed",
            "database: {cloudNativePG: {instances: 1}}",
            "database: {cloudNativePG: {instances: 3}}",
            "hibernated: true",
        ),
        dedicated("exactly one Redis", SEVERAL, &format!("{postgres}, redis: {{}}")),
        dedicated(
            "exactly one Redis",
            &format!("{postgres}, redis: {{secretRef: {{name: r}}}}"),
            &format!("{postgres}, redis: {{secretRef: {{name: r}}, managed: {{}}}}"),
        ),
        dedicated(
            "redis needs database.postgres",
            "database: {cloudNativePG: {}}, redis: {managed: {}}",
            "redis: {managed: {}}",
        ),
        pair("exactly one place for files", S3, "files: {}"),
        dedicated(
            "exactly one place for files",
            "files: {volume: {}}",
            "files: {volume: {}, s3: {bucket: chat, credentialsSecretRef: {name: s3}}}",
        ),
        dedicated_change("files cannot move", "files: {volume: {}}", "files: {volume: {size: 20Gi}}", S3),
        change(
            "files cannot move",
            &format!("placement: {{mode: Dedicated}}, {S3}"),
            "placement: {mode: Dedicated}, files: {s3: {bucket: other, credentialsSecretRef: {name: s3}}}",
            "placement: {mode: Dedicated}, files: {volume: {}}",
        ),
        pair(
            "would cross the network in clear",
            "mail: {from: a@b.c, smtp: {host: relay, tls: None}}",
            "mail: {from: a@b.c, smtp: {host: relay, tls: None, credentialsSecretRef: {name: smtp}}}",
        ),
    ]
}
