//! What would change in a folder of rendered objects.

use std::fs;
use std::path::Path;

use crate::program::{Finished, Scratch};
use crate::render::{DEDICATED, ON_POSTGRES};

/// A folder of a first rendering.
struct Rendered {
    scratch: Scratch,
}

impl Rendered {
    fn of(spec: &str) -> Self {
        let scratch = Scratch::new();
        let tenant = scratch.tenant("demo", "chat.example.com", spec);
        scratch.run(&["render", "-f", tenant.to_str().unwrap(), "-o", "dir=out"]).well();
        Self { scratch }
    }

    /// The plan of a tenant with this spec.
    fn plan(&self, spec: &str, more: &[&str]) -> Finished {
        let tenant = self.scratch.tenant("demo", "chat.example.com", spec);
        self.scratch.run(&[&["plan", "-f", tenant.to_str().unwrap(), "--against", "out"], more].concat())
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.scratch.path().join("out/default/demo").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
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

#[test]
fn a_plan_against_its_own_rendering_is_that_nothing_changes() {
    for spec in [DEDICATED, ON_POSTGRES] {
        let rendered = Rendered::of(spec);
        let said = ends(rendered.plan(spec, &[]), 0, &["default/demo: nothing would change"]);
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_changed_image_is_a_difference_and_names_the_pods_that_restart() {
    let rendered = Rendered::of(ON_POSTGRES);
    let image = format!("confab-presence:{}", env!("CARGO_PKG_VERSION"));
    rendered.edit("deployment-demo-presence.yaml", &format!("image: {image}"), "image: confab-presence:0.0.1");
    let said = ends(
        rendered.plan(ON_POSTGRES, &[]),
        1,
        &[
            "--- out/Deployment/default/demo-presence\n+++ planned/Deployment/default/demo-presence\n",
            "-        image: confab-presence:0.0.1\n",
            "default/demo: 0 to create, 1 to change, 0 to delete, ",
            &format!("pods of presence restart, one after the other: image confab-presence:0.0.1 → {image}"),
        ],
    );
    assert!(!said.contains("pods of messaging"), "{said}");
}

#[test]
fn a_changed_config_is_shown_beside_the_one_that_it_takes_the_place_of() {
    let rendered = Rendered::of(ON_POSTGRES);
    let changed = ON_POSTGRES.replace("{name: db}", "{name: db}, maxConnections: 9");
    let said = ends(
        rendered.plan(&changed, &[]),
        1,
        &[
            "-      max_connections: 16\n+      max_connections: 9\n",
            "2 to create, 2 to change, 2 to delete",
            "  create  ConfigMap demo-presence-",
            "  delete  ConfigMap demo-presence-",
            "when no pod needs it any more",
            "pods of messaging restart, one after the other: Config demo-messaging-",
        ],
    );
    assert!(!said.contains("/dev/null"), "{said}");
}

#[test]
fn numbers_of_pods_are_no_restart_and_hibernation_sends_them_home() {
    let rendered = Rendered::of(ON_POSTGRES);
    let more = ends(
        rendered.plan(&format!("{ON_POSTGRES}\n  replicas: 4"), &[]),
        1,
        &["pods of messaging: 2 → 4", "pods of presence: 2 → 4"],
    );
    assert!(!more.contains("restart"), "{more}");
    let asleep = ends(
        rendered.plan(&format!("{ON_POSTGRES}\n  hibernated: true"), &[]),
        1,
        &["pods of redis leave: the tenant is hibernated"],
    );
    assert!(!asleep.contains("restart"), "{asleep}");
    let scaled = format!("{ON_POSTGRES}\n  messaging: {{replicas: {{min: 2, max: 5}}}}");
    ends(rendered.plan(&scaled, &[]), 1, &["  create  HorizontalPodAutoscaler demo-messaging"]);
}

#[test]
fn what_is_wanted_no_more_is_deleted_and_data_never() {
    let rendered = Rendered::of(&format!("{ON_POSTGRES}\n  gateway: {{ingress: {{}}}}"));
    ends(rendered.plan(ON_POSTGRES, &[]), 1, &["0 to create, 0 to change, 1 to delete", "  delete  Ingress demo"]);
    let embedded = Rendered::of(DEDICATED);
    let said = ends(
        embedded.plan(ON_POSTGRES, &[]),
        1,
        &["  delete  StatefulSet demo-serve", "pods of StatefulSet demo-serve leave", "pods of messaging start: 2"],
    );
    assert!(!said.contains("delete  PersistentVolumeClaim"), "{said}");
}

#[test]
fn a_newer_release_waits_until_it_is_let_in() {
    let rendered = Rendered::of(ON_POSTGRES);
    let newer =
        rendered.scratch.file("newer.yaml", "release: 9.0.0\nimages: {messaging: m:9, presence: p:9, redis: r:9}\n");
    let newer = ["--settings", newer.to_str().unwrap()];
    let waits = ends(
        rendered.plan(ON_POSTGRES, &newer),
        0,
        &[
            "default/demo: nothing would change",
            "pods of messaging wait for release 9.0.0",
            "image confab-messaging:",
            "→ m:9",
            "pods of redis wait",
            "confab.dev/release: \"9.0.0\"",
        ],
    );
    assert!(!waits.contains("restart, one after"), "{waits}");
    let auto = format!("{ON_POSTGRES}\n  updateStrategy: Auto");
    ends(rendered.plan(&auto, &newer), 1, &["pods of messaging restart", "pods of redis restart"]);
    let changed = format!("{ON_POSTGRES}\n  presence: {{scheduling: {{topologySpread: None}}}}");
    ends(rendered.plan(&changed, &newer), 1, &["pods of messaging wait for release 9.0.0", "pods of presence restart"]);
}

#[test]
fn a_paused_tenant_is_left_alone() {
    let rendered = Rendered::of(ON_POSTGRES);
    let paused = format!("{ON_POSTGRES}\n  replicas: 4\n  paused: true");
    ends(rendered.plan(&paused, &[]), 0, &["nothing would change", "spec.paused is true"]);
}

#[test]
fn other_tenants_of_the_folder_are_not_looked_at() {
    let rendered = Rendered::of(ON_POSTGRES);
    let other = rendered.scratch.tenant("other", "other.example.com", DEDICATED);
    rendered.scratch.run(&["render", "-f", other.to_str().unwrap(), "-o", "dir=out"]).well();
    ends(rendered.plan(ON_POSTGRES, &[]), 0, &[]);
    let third = rendered.scratch.tenant("third", "third.example.com", DEDICATED);
    let said = rendered.scratch.run(&["plan", "-f", third.to_str().unwrap(), "--against", "out"]);
    ends(
        said,
        1,
        &[
            "default/third: 11 to create, 0 to change, 0 to delete, 0 as they are",
            "--- /dev/null\n+++ planned/StatefulSet/default/third-serve",
        ],
    );
}

#[test]
fn what_is_no_folder_and_what_is_no_yaml_is_more_than_a_difference() {
    let rendered = Rendered::of(ON_POSTGRES);
    let tenant = rendered.scratch.tenant("demo", "chat.example.com", ON_POSTGRES);
    let file = tenant.to_str().unwrap();
    ends(
        rendered.scratch.run(&["plan", "-f", file, "--against", "nowhere"]),
        2,
        &["nowhere is no folder", "-o dir=nowhere"],
    );
    fs::write(rendered.scratch.path().join("out/broken.yaml"), "a: [").unwrap();
    ends(rendered.plan(ON_POSTGRES, &[]), 2, &["broken.yaml"]);
    assert!(Path::new(file).exists());
}
