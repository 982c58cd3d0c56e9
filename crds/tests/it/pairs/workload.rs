//! How many pods, how large, and where.

use super::{Pair, SEVERAL, dedicated};

pub fn pairs() -> Vec<Pair> {
    let postgres = "database: {postgres: {secretRef: {name: db}}}";
    let mut pairs = vec![
        dedicated("write `hibernated: true`", "replicas: 1", "replicas: 0"),
        dedicated("replicas above 1 needs redis", &format!("replicas: 2, {SEVERAL}"), "replicas: 2"),
        dedicated(
            "replicas above 1 needs redis",
            &format!("replicas: 1, {postgres}"),
            &format!("replicas: 2, {postgres}"),
        ),
        dedicated("presence is no process of its own", &format!("presence: {{}}, {postgres}"), "presence: {}"),
        dedicated(
            "presence is no process of its own",
            "messaging: {}",
            "database: {embedded: {}}, presence: {scheduling: {}}",
        ),
    ];
    for program in ["messaging", "presence"] {
        pairs.extend(of_program(program));
    }
    pairs.extend(of_resources(&|resources| {
        format!("database: {{cloudNativePG: {{}}}}, redis: {{managed: {{resources: {resources}}}}}")
    }));
    pairs
}

fn of_program(program: &str) -> Vec<Pair> {
    let with = |inner: &str| format!("{SEVERAL}, {program}: {{{inner}}}");
    let alone = |inner: &str| format!("database: {{postgres: {{secretRef: {{name: db}}}}}}, {program}: {{{inner}}}");
    let taint = |toleration: &str| with(&format!("scheduling: {{tolerations: [{toleration}]}}"));
    let needs_redis = format!("{program}.replicas above 1 needs redis");
    let mut pairs = vec![
        dedicated(&needs_redis, &alone("replicas: {min: 1, max: 1}"), &alone("replicas: {min: 2}")),
        dedicated(&needs_redis, &with("replicas: {min: 1, max: 2}"), &alone("replicas: {min: 1, max: 2}")),
        dedicated(
            "min must not be above max",
            &with("replicas: {min: 3, max: 3}"),
            &with("replicas: {min: 3, max: 2}"),
        ),
        dedicated(
            "the name of a label",
            &with("scheduling: {nodeSelector: {kubernetes.io/arch: amd64}}"),
            &with("scheduling: {nodeSelector: {'kubernetes.io/': amd64}}"),
        ),
        dedicated(
            "compares no value",
            &taint("{key: a, operator: Exists}"),
            &taint("{key: a, operator: Exists, value: b}"),
        ),
        dedicated("name the taint", &taint("{operator: Exists}"), &taint("{effect: NoExecute}")),
        dedicated(
            "needs effect: NoExecute",
            &taint("{key: a, effect: NoExecute, tolerationSeconds: 5}"),
            &taint("{key: a, tolerationSeconds: 5}"),
        ),
    ];
    pairs.extend(of_resources(&|resources| with(&format!("resources: {resources}"))));
    pairs
}

fn of_resources(with: &dyn Fn(&str) -> String) -> Vec<Pair> {
    vec![
        dedicated(
            "requests.cpu must not be above",
            &with("{requests: {cpu: 2000m}, limits: {cpu: 2}}"),
            &with("{requests: {cpu: 3}, limits: {cpu: 2500m}}"),
        ),
        dedicated(
            "requests.memory must not be above",
            &with("{requests: {memory: 1G}, limits: {memory: 1Gi}}"),
            &with("{requests: {memory: 1Gi}, limits: {memory: 1G}}"),
        ),
    ]
}
