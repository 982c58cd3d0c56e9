//! From tenant files to what a workload serves.

mod ignored;

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use confab_contract::config::tenant::TenantConfig;
use confab_crds::ChatTenant;
use confab_crds::offline::{self, Document};
use confab_desired::check::tenant_config;

pub use ignored::{Field, Ignored};

/// Host names by which a laptop's only tenant is reached too.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The tenants of some files.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What a workload needs to know of them.
    pub tenants: Vec<TenantConfig>,
    /// What they say and `confab up` does not do.
    pub ignored: Vec<Ignored>,
}

/// Reads and validates the tenants of these files; or every problem, each with file and line.
pub fn read(files: &[PathBuf]) -> Result<Vec<Document>, Vec<String>> {
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.display().to_string();
        match fs::read(file).map(|bytes| offline::load_documents(&name, bytes)) {
            Ok(Ok(found)) => documents.extend(found),
            Ok(Err(found)) => problems.extend(found.iter().map(ToString::to_string)),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    if problems.is_empty()
        && let Err(found) = offline::check_set(&documents)
    {
        problems.extend(found.iter().map(ToString::to_string));
    }
    if problems.is_empty() { Ok(documents) } else { Err(problems) }
}

/// Reads, validates and resolves the tenants of these files; or every problem, each with file and line.
pub fn load(files: &[PathBuf]) -> Result<Loaded, Vec<String>> {
    let tenants: Vec<ChatTenant> = read(files)?.into_iter().map(Document::into_tenant).collect();
    let configs: Result<Vec<TenantConfig>, String> =
        tenants.iter().map(|tenant| tenant_config(&tenant.resolved())).collect();
    let mut configs = configs.map_err(|problem| vec![problem])?;
    if let [only] = configs.as_mut_slice() {
        only.extra_hosts = LOOPBACK_HOSTS.iter().map(ToString::to_string).collect();
    }
    Ok(Loaded { tenants: configs, ignored: ignored::of(&tenants) })
}

/// Lets an only tenant answer at the address that is listened on, too: there is nobody else whom it could mean.
pub fn answer_at(tenants: &mut [TenantConfig], ip: IpAddr) {
    if let [only] = tenants
        && !ip.is_unspecified()
        && !only.hosts().contains(&ip.to_string())
    {
        only.extra_hosts.push(ip.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a scratch file");
        file.write_all(text.as_bytes()).expect("writable");
        file
    }

    const DEMO: &str =
        "apiVersion: confab.dev/v1alpha1\nkind: ChatTenant\nmetadata: {name: demo}\nspec: {domain: DOMAIN}\n";

    #[test]
    fn a_tenant_without_settings_has_the_defaults_of_the_workloads() {
        let file = file(&DEMO.replace("DOMAIN", "chat.example.com"));
        let tenants = load(&[file.path().to_owned()]).expect("a valid file").tenants;
        let defaults = TenantConfig::new("default.demo".parse().expect("an id"), "chat.example.com");
        assert_eq!(tenants[0], TenantConfig { extra_hosts: tenants[0].extra_hosts.clone(), ..defaults });
        assert!(tenants[0].hosts().contains("localhost"));
    }

    #[test]
    fn two_tenants_are_told_apart_by_host_alone() {
        let one = file(&DEMO.replace("DOMAIN", "one.localhost"));
        let two = file(&DEMO.replace("DOMAIN", "two.localhost").replace("demo", "other"));
        let tenants = load(&[one.path().to_owned(), two.path().to_owned()]).expect("valid files");
        let mut tenants = tenants.tenants;
        answer_at(&mut tenants, IpAddr::from([192, 168, 1, 5]));
        assert!(tenants.iter().all(|tenant| !tenant.hosts().contains("192.168.1.5")));
        assert!(tenants.iter().all(|tenant| !tenant.hosts().contains("localhost")));
    }

    #[test]
    fn an_only_tenant_answers_at_the_address_that_is_listened_on() {
        let file = file(&DEMO.replace("DOMAIN", "chat.example.com"));
        let mut tenants = load(&[file.path().to_owned()]).expect("a valid file").tenants;
        for (listen, expected) in [("192.168.1.5", true), ("0.0.0.0", false), ("127.0.0.1", true)] {
            answer_at(&mut tenants, listen.parse().expect("an address"));
            assert_eq!(tenants[0].hosts().contains(listen), expected, "{listen}");
        }
        assert_eq!(tenants[0].extra_hosts.len(), LOOPBACK_HOSTS.len() + 1);
    }

    #[test]
    fn what_a_flag_does_instead_is_named_with_the_tenant_and_the_flag() {
        let spec = "spec: {domain: a.example.com, placement: {mode: Dedicated}, database: {postgres: {secretRef: {name: x}}}, \
                    redis: {secretRef: {name: x}}}";
        let text = DEMO.replace("spec: {domain: DOMAIN}", spec);
        let file = file(&text);
        let ignored = load(&[file.path().to_owned()]).expect("a valid file").ignored;
        let lines: Vec<String> = ignored.iter().map(ToString::to_string).collect();
        assert!(lines.iter().all(|line| line.starts_with("default.demo: spec.")), "{lines:?}");
        assert!(lines[0].contains("--database-url") && lines[1].contains("--redis-url"), "{lines:?}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn what_only_a_cluster_can_do_is_named_and_what_has_no_effect_is_not() {
        let spec = "spec: {domain: a.example.com, placement: {mode: Dedicated}, database: {cloudNativePG: {}}, redis: {managed: {}}, \
                    replicas: 3, gateway: {ingress: {}}, hibernated: false, paused: true}";
        let file = file(&DEMO.replace("spec: {domain: DOMAIN}", spec));
        let ignored = load(&[file.path().to_owned()]).expect("a valid file").ignored;
        let paths: Vec<&str> = ignored.iter().map(|ignored| ignored.path).collect();
        assert_eq!(paths, ["database.cloudNativePG", "redis", "placement", "replicas", "gateway", "paused"]);
        assert!(ignored[0].to_string().contains("--database-url"), "{}", ignored[0]);
        assert!(ignored[4].to_string().contains("--trusted-proxy"), "{}", ignored[4]);
    }

    #[test]
    fn a_missing_file_and_a_bad_one_are_both_named() {
        let bad = file("kind: [");
        let problems = load(&["no-such-file.yaml".into(), bad.path().to_owned()]).expect_err("both are wrong");
        assert!(problems.iter().any(|problem| problem.contains("no-such-file.yaml")), "{problems:?}");
        assert!(problems.len() >= 2, "{problems:?}");
    }
}
