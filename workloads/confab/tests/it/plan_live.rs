//! What would change in a cluster: a real API server, read with a real kubectl.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_crds::{ChatTenant, generate};
use confab_desired::build::{Former, objects};
use confab_desired::check::{HostView, check};
use confab_desired::settings::Settings;
use confab_desired::{Checked, FIELD_MANAGER, References};
use confab_testbed::kubernetes::{ApiServer, Identity, Namespace, kubernetes, program};
use confab_testbed::process::eventually;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::program::{Finished, PATIENCE, Scratch};

const CANARY: &str = "canary-password";
const ON_POSTGRES: &str =
    "placement: {mode: Dedicated}\n  database: {postgres: {secretRef: {name: db}}}\n  redis: {managed: {}}";
/// The key of an operator that nobody else knows.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn run(mut command: Command, arguments: &[&str], input: &str) -> String {
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The server, which knows ChatTenants.
async fn server() -> &'static ApiServer {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let server = kubernetes().await;
    let install = || async {
        for definition in generate::definitions() {
            let text = serde_json::to_string(&definition).unwrap();
            run(server.kubectl(), &["apply", "--server-side", "-f", "-"], &text);
        }
        let answers = || {
            let mut kubectl = server.kubectl();
            kubectl.args(["get", "--raw", "/apis/confab.dev/v1alpha1/chattenants"]);
            kubectl.output().is_ok_and(|output| output.status.success())
        };
        eventually("ChatTenants are served", PATIENCE, answers).await.unwrap();
    };
    INSTALLED.get_or_init(install).await;
    server
}

/// A namespace with a Secret of a database, and somebody who plans there.
struct Lab {
    server: &'static ApiServer,
    namespace: Namespace,
    scratch: Scratch,
}

impl Lab {
    async fn new() -> Self {
        let server = server().await;
        let lab = Self { server, namespace: server.namespace().await, scratch: Scratch::new() };
        lab.secret("db", "uri", &format!("postgres://user:{CANARY}@db.example.com:6000/chat"));
        lab
    }

    fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        run(self.server.kubectl(), &[&["-n", self.namespace.name()], arguments].concat(), input)
    }

    fn secret(&self, name: &str, key: &str, value: &str) {
        let data = json!({ (key): STANDARD.encode(value) });
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data});
        self.kubectl(&["apply", "-f", "-"], &secret.to_string());
    }

    /// A file with a tenant of this namespace.
    fn file(&self, name: &str, spec: &str) -> String {
        let namespace = self.namespace.name();
        let kind = "apiVersion: confab.dev/v1alpha1\nkind: ChatTenant";
        let domain = format!("{name}.{namespace}.example.com");
        let text = format!(
            "{kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  domain: {domain}\n  {spec}\n"
        );
        self.scratch.file(&format!("{name}.yaml"), &text).to_str().unwrap().to_owned()
    }

    fn plan(&self, file: &str, more: &[&str]) -> Finished {
        self.plan_as(self.server.admin(), file, more)
    }

    fn plan_as(&self, user: &Identity, file: &str, more: &[&str]) -> Finished {
        let kubectl = program("kubectl").unwrap();
        let arguments = [&["plan", "-f", file, "--kubectl", kubectl.to_str().unwrap()], more].concat();
        let cache = self.scratch.path().join("cache");
        let environment =
            [("KUBECONFIG", user.kubeconfig_file().to_str().unwrap()), ("KUBECACHEDIR", cache.to_str().unwrap())];
        let finished = self.scratch.run_with(&arguments, &environment, "");
        assert!(!finished.text.contains(CANARY), "{}", finished.text);
        finished
    }

    fn apply(&self, file: &str) {
        self.kubectl(&["apply", "-f", file], "");
    }

    /// Does what the operator does: applies everything that the tenant should have.
    fn operate(&self, name: &str) {
        let read = |what: &[&str]| -> Value {
            serde_json::from_str(&self.kubectl(&[&["get"], what, &["-o", "json"]].concat(), "")).unwrap()
        };
        let tenant: ChatTenant = serde_json::from_value(read(&["chattenant", name])).unwrap();
        let secrets = [("db".to_owned(), Box::new(read(&["secret", "db"])))].into();
        let references = References::found(&tenant.resolved(), &secrets);
        let Ok(Checked::Dedicated(dedicated)) = check(&tenant, &references, &HostView::default()) else {
            panic!("checked")
        };
        let settings = Settings { operator_keys: vec![KEY.to_owned()], ..Settings::default() };
        let wanted = objects(&dedicated, &settings, &Former::new());
        for secret in &wanted.secrets {
            let mut made = secret.object.value.clone();
            made["data"] = json!({"master.key": STANDARD.encode(CANARY)});
            self.kubectl(&["create", "-f", "-"], &made.to_string());
        }
        let secrets = wanted.secrets.iter().map(|secret| &secret.object.value);
        let items: Vec<&Value> = wanted.objects.iter().map(|object| &object.value).chain(secrets).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let manager = format!("--field-manager={FIELD_MANAGER}");
        self.kubectl(&["apply", "--server-side", "--force-conflicts", &manager, "-f", "-"], &list.to_string());
    }
}

/// It ended with this code and said each of these.
fn ends(finished: Finished, code: i32, parts: &[&str]) -> String {
    assert_eq!(finished.status.code(), Some(code), "{}", finished.text);
    for part in parts {
        assert!(finished.text.contains(part), "{part:?} is not in: {}", finished.text);
    }
    finished.text
}

#[tokio::test]
async fn a_tenant_that_is_not_there_yet_would_get_everything() {
    let lab = Lab::new().await;
    let file = lab.file("demo", ON_POSTGRES);
    let name = format!("{}/demo: 20 to create, 0 to change, 0 to delete", lab.namespace.name());
    let said = ends(
        lab.plan(&file, &[]),
        1,
        &[
            &name,
            "create  Secret demo-master-key, with data that the operator makes",
            "pods of messaging start: 2",
            "+    - port: 6000\n",
            "+++ planned/settings/",
        ],
    );
    assert!(said.contains("the operator adds the public half of its own key"), "{said}");
    assert_eq!(lab.kubectl(&["get", "chattenants,deployments", "-o", "name"], ""), "", "nothing was changed");
}

#[tokio::test]
async fn what_the_operator_has_applied_is_no_difference_and_a_changed_image_is_one() {
    let lab = Lab::new().await;
    let file = lab.file("demo", ON_POSTGRES);
    lab.apply(&file);
    lab.operate("demo");
    let said = ends(lab.plan(&file, &[]), 0, &["/demo: nothing would change"]);
    assert_eq!(said.lines().count(), 1, "{said}");
    let image = r#"{"spec": {"template": {"spec": {"containers": [{"name": "presence", "image": "evil:1"}]}}}}"#;
    lab.kubectl(&["patch", "deployment", "demo-presence", "-p", image], "");
    ends(
        lab.plan(&file, &[]),
        1,
        &[
            "--- live/Deployment/",
            "-        image: evil:1\n",
            "0 to create, 1 to change, 0 to delete",
            "pods of presence restart, one after the other: image evil:1 → confab-presence:",
        ],
    );
}

#[tokio::test]
async fn a_change_of_the_file_shows_what_it_does_to_objects_settings_and_pods() {
    let lab = Lab::new().await;
    let file = lab.file("demo", ON_POSTGRES);
    lab.apply(&file);
    lab.operate("demo");
    let limits = lab.file("demo", &format!("{ON_POSTGRES}\n  limits: {{groupMembers: 12}}"));
    let said = ends(
        lab.plan(&limits, &[]),
        1,
        &[
            "-    group_members: 256\n+    group_members: 12\n",
            "0 to create, 0 to change",
            "settings: its pods are told of them at once",
        ],
    );
    assert!(!said.contains("restart, one"), "{said}");
    let resources = lab.file("demo", &format!("{ON_POSTGRES}\n  presence: {{resources: {{limits: {{memory: 1Gi}}}}}}"));
    ends(
        lab.plan(&resources, &[]),
        1,
        &["pods of presence restart", "spec.containers[presence].resources.limits.memory"],
    );
    let domain = fs::read_to_string(&file).unwrap().replace("domain: demo.", "domain: other.");
    fs::write(&file, domain).unwrap();
    ends(lab.plan(&file, &[]), 2, &["spec.domain: the domain cannot be changed"]);
}

#[tokio::test]
async fn a_newer_release_waits_for_its_annotation() {
    let lab = Lab::new().await;
    let file = lab.file("demo", ON_POSTGRES);
    lab.apply(&file);
    lab.operate("demo");
    let newer = lab.scratch.file("newer.yaml", "release: 9.0.0\nimages: {messaging: m:9, presence: p:9, redis: r:9}\n");
    let newer = ["--settings", newer.to_str().unwrap()];
    ends(lab.plan(&file, &newer), 0, &["nothing would change", "pods of messaging wait for release 9.0.0", "→ m:9"]);
    lab.kubectl(&["annotate", "chattenant", "demo", "confab.dev/release=9.0.0"], "");
    ends(lab.plan(&file, &newer), 1, &["pods of messaging restart", "pods of presence restart"]);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_with_its_cure() {
    let lab = Lab::new().await;
    let file = lab.file("demo", &ON_POSTGRES.replace("name: db", "name: gone"));
    ends(
        lab.plan(&file, &[]),
        2,
        &["/demo: spec.database.postgres.secretRef: there is no Secret gone in this namespace; create it"],
    );
    lab.secret("gone", "uri", &format!("mysql://user:{CANARY}@x"));
    ends(lab.plan(&file, &[]), 2, &["the value of uri in Secret gone must begin with postgres://"]);
    let cluster = lab.file("demo", "placement: {mode: Dedicated}\n  database: {cloudNativePG: {}}");
    ends(lab.plan(&cluster, &[]), 2, &["needs the CloudNativePG operator: install it"]);
    lab.kubectl(&["create", "service", "clusterip", "demo-messaging", "--tcp=1"], "");
    let file = lab.file("demo", ON_POSTGRES);
    ends(lab.plan(&file, &[]), 2, &["Service demo-messaging exists and was not made for this tenant"]);
}

#[tokio::test]
async fn whoever_may_not_read_secrets_plans_by_what_is_usual_and_whoever_may_read_nothing_is_told() {
    let lab = Lab::new().await;
    let namespace = lab.namespace.name();
    let user = lab.server.user(&format!("planner-{namespace}"), None).unwrap();
    let file = lab.file("demo", ON_POSTGRES);
    ends(lab.plan_as(&user, &file, &[]), 2, &["forbidden", "ask for the right to read it"]);
    let may = |groups: Value, resources: Value| json!({"apiGroups": groups, "resources": resources, "verbs": ["get", "list"]});
    let rules = [
        may(json!(["confab.dev"]), json!(["chattenants"])),
        may(json!(["apps", "autoscaling", "policy", "networking.k8s.io"]), json!(["*"])),
        may(json!([""]), json!(["serviceaccounts", "configmaps", "services", "persistentvolumeclaims"])),
    ];
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "plan"}, "rules": rules});
    lab.kubectl(&["apply", "-f", "-"], &role.to_string());
    lab.kubectl(&["create", "rolebinding", "plan", "--role=plan", &format!("--user=planner-{namespace}")], "");
    let sees = || lab.plan_as(&user, &file, &[]).status.code() == Some(1);
    eventually("RBAC has seen the role", PATIENCE, sees).await.unwrap();
    ends(
        lab.plan_as(&user, &file, &[]),
        1,
        &[
            "Secret db may not be read: it is taken to be there",
            "+    - port: 5432\n",
            "may not be read: demo-master-key, demo-admin-tls, demo-redis",
        ],
    );
}

#[tokio::test]
async fn a_guest_has_no_object_and_its_host_decides() {
    let lab = Lab::new().await;
    let guest = lab.file("guest", "placement: {hostRef: {name: cell}}");
    ends(lab.plan(&guest, &[]), 2, &["there is no ChatTenant", "create it, or name another host"]);
    let host = lab.file("cell", "placement: {mode: Dedicated}");
    lab.apply(&host);
    ends(lab.plan(&guest, &[]), 2, &["takes no guests; give it spec.allowedTenants"]);
    let selector = "{namespaces: {from: Selector, selector: {matchLabels: {tier: gold}}}}";
    lab.apply(&lab.file("cell", &format!("placement: {{mode: Dedicated}}\n  allowedTenants: {selector}")));
    ends(lab.plan(&guest, &[]), 2, &["does not admit namespace"]);
    run(lab.server.kubectl(), &["label", "namespace", lab.namespace.name(), "tier=gold"], "");
    ends(
        lab.plan(&guest, &[]),
        1,
        &["+  domain: guest.", "/cell are told of them at once", "it is Shared and has no object"],
    );
    lab.apply(&guest);
    ends(lab.plan(&guest, &[]), 0, &["nothing would change"]);
    assert!(Path::new(&host).exists());
}
