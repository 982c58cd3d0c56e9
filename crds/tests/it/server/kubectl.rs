//! What people see and do with `kubectl`.

use super::Cluster;

const SEVERAL: &str =
    "placement: {mode: Dedicated}, database: {postgres: {secretRef: {name: db}}}, redis: {managed: {}}";

fn tenant(name: &str, domain: &str, more: &str) -> String {
    format!(
        "apiVersion: confab.dev/v1alpha1\nkind: ChatTenant\nmetadata: {{name: {name}}}\nspec: {{domain: {domain}{more}}}\n"
    )
}

#[tokio::test]
async fn explain_reads_like_documentation() {
    let cluster = Cluster::new().await;
    for (path, words) in [
        ("ct", "A chat service for one organisation"),
        ("ct.spec.domain", "The DNS name under which the tenant is reached"),
        ("ct.spec.database.cloudNativePG.instances", "Default: 2."),
        ("ct.spec.messaging.scheduling.tolerations.effect", "ENUM: NoSchedule PreferNoSchedule NoExecute"),
        ("ct.spec.messaging.resources.requests.cpu", "such as `250m` or `2`"),
        ("ct.spec.gateway.httpRoute.parentRefs.sectionName", "The listener of the Gateway"),
        ("ct.spec.presence.scheduling.affinity.podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
        ("ct.status.retained", "What a deletion keeps, and where"),
    ] {
        let text = cluster.run(&["explain", path]);
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.contains(words), "{path}: {text}");
    }
    let all = cluster.run(&["explain", "chattenants.spec", "--recursive"]);
    for field in ["trustedProxies", "targetCpuPercent", "credentialsSecretRef", "deletionPolicy"] {
        assert!(all.contains(field), "{field} is not in {all}");
    }
}

#[tokio::test]
async fn get_tells_placement_pods_domain_status_and_age() {
    let cluster = Cluster::new().await;
    cluster.send(&["create"], &[tenant("guest", "guest.example.com", "")]);
    let condition = r#"{"type":"Ready","status":"True","reason":"Serving","message":"All is well","lastTransitionTime":"2026-11-22T10:00:00Z"}"#;
    let status = format!(
        r#"{{"status":{{"placement":"Shared","host":"hosts/main","database":"postgres","ready":"2/2",
        "version":{{"running":"0.1.0"}},"conditions":[{condition}]}}}}"#
    );
    cluster.run(&["patch", "ct", "guest", "--subresource=status", "--type=merge", "-p", &status]);

    let table = cluster.run(&["get", "ct"]);
    let (head, row) = table.trim_end().split_once('\n').unwrap();
    assert_eq!(words(head), ["NAME", "PLACEMENT", "READY", "DOMAIN", "STATUS", "AGE"]);
    assert_eq!(words(row)[..5], ["guest", "Shared", "2/2", "guest.example.com", "Serving"]);
    let wide = cluster.run(&["get", "confab", "-o", "wide"]);
    let (head, row) = wide.trim_end().split_once('\n').unwrap();
    assert_eq!(words(head)[6..], ["DATABASE", "HOST", "VERSION", "MESSAGE"]);
    assert_eq!(words(row)[6..], ["postgres", "hosts/main", "0.1.0", "All", "is", "well"]);
    cluster.run(&["wait", "--for=condition=Ready", "--timeout=10s", "ct/guest"]);
}

#[tokio::test]
async fn scale_sets_the_replicas_within_the_rules() {
    let cluster = Cluster::new().await;
    cluster.send(
        &["create"],
        &[
            tenant("several", "a.example.com", &format!(", replicas: 2, {SEVERAL}")),
            tenant("single", "b.example.com", ", replicas: 1, placement: {mode: Dedicated}"),
        ],
    );
    cluster.run(&["scale", "ct", "several", "--replicas=3"]);
    assert_eq!(cluster.run(&["get", "ct", "several", "-o", "jsonpath={.spec.replicas}"]), "3");

    // An autoscaler reads how many there are, and which.
    let status = r#"{"status":{"replicas":3,"selector":"app.kubernetes.io/instance=several"}}"#;
    cluster.run(&["patch", "ct", "several", "--subresource=status", "--type=merge", "-p", status]);
    let scale = cluster.run(&[
        "get",
        "ct",
        "several",
        "--subresource=scale",
        "-o",
        "jsonpath={.status.replicas} {.status.selector}",
    ]);
    assert_eq!(scale, "3 app.kubernetes.io/instance=several");

    for (name, replicas, words) in [
        ("several", "0", "write `hibernated: true`"),
        ("several", "101", "less than or equal to 100"),
        ("single", "2", "above 1 needs redis"),
    ] {
        let said = cluster.refused(&["scale", "ct", name, &format!("--replicas={replicas}")]);
        assert!(said.contains(words), "{name} to {replicas}: {said}");
    }
}

#[tokio::test]
async fn tenants_are_found_by_domain_and_by_mode() {
    let cluster = Cluster::new().await;
    cluster.send(
        &["create"],
        &[
            tenant("shared", "a.example.com", ""),
            tenant("dedicated", "b.example.com", ", placement: {mode: Dedicated}"),
        ],
    );
    let found = |selector: &str| cluster.run(&["get", "ct", "-o", "name", "--field-selector", selector]);
    assert_eq!(found("spec.placement.mode=Dedicated"), "chattenant.confab.dev/dedicated\n");
    assert_eq!(found("spec.placement.mode!=Dedicated"), "chattenant.confab.dev/shared\n");
    assert_eq!(found("spec.domain=a.example.com"), "chattenant.confab.dev/shared\n");
}

#[tokio::test]
async fn a_misspelt_field_is_refused_and_not_dropped() {
    let cluster = Cluster::new().await;
    let answers = cluster.send(&["apply"], &[tenant("typo", "a.example.com", ", encription: EndToEnd")]);
    assert!(answers.refusals.contains("unknown field \"spec.encription\""), "{}", answers.refusals);
    assert!(answers.taken.is_empty());
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
