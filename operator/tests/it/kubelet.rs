//! What a node would do, on this machine: real programs, with what the objects in the API server mount for them.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_desired::Kind;
use confab_testbed::{Container, Pod, free_port};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::lab::Lab;

const HTTP: u16 = 8080;
const OPS: u16 = 9090;
const ADMIN: u16 = 9091;

/// The pods of one Deployment or StatefulSet: a single one.
pub struct Running {
    pub pod: Pod,
    kind: Kind,
    name: String,
}

/// Ports of a pod, chosen before it is there.
pub fn ports() -> Vec<(u16, u16)> {
    [HTTP, OPS, ADMIN].map(|port| (port, free_port().expect("a free port"))).to_vec()
}

/// Where a port is reached.
pub fn at(ports: &[(u16, u16)], wanted: u16) -> SocketAddr {
    let (_, ours) = ports.iter().find(|(theirs, _)| *theirs == wanted).expect("a port");
    SocketAddr::from(([127, 0, 0, 1], *ours))
}

/// The admin listener.
pub fn admin(ports: &[(u16, u16)]) -> SocketAddr {
    at(ports, ADMIN)
}

impl Running {
    /// Starts the program of a Deployment or StatefulSet, waits until it is ready, and reports it as a node would.
    pub async fn start(lab: &Lab, kind: Kind, name: &str, ports: Vec<(u16, u16)>) -> Self {
        let object = lab.until(kind, name, |_| true).await;
        let mut pod = Pod::start(container(lab, &object, ports).await).expect("the program starts");
        let ops = pod.address(OPS);
        pod.ready("the pod is ready", || get(ops, "/readyz").starts_with("HTTP/1.1 200")).await.expect("it gets ready");
        let running = Self { pod, kind, name: name.to_owned() };
        running.report(lab, 1).await;
        running
    }

    /// Where the API is reached.
    pub fn api(&self) -> SocketAddr {
        self.pod.address(HTTP)
    }

    /// What a controller would say of the pods.
    pub async fn report(&self, lab: &Lab, ready: i64) {
        let object = lab.get(self.kind, &self.name).await.expect("it is there");
        let status = json!({"status": {
            "observedGeneration": object["metadata"]["generation"], "replicas": ready, "readyReplicas": ready,
            "updatedReplicas": ready, "availableReplicas": ready,
        }});
        let how = PatchParams::default();
        lab.api(self.kind)
            .patch_status(&self.name, &how, &Patch::Merge(&status))
            .await
            .expect("a status can be written");
    }
}

async fn container(lab: &Lab, object: &Value, ports: Vec<(u16, u16)>) -> Container {
    let spec = &object["spec"]["template"]["spec"];
    let main = &spec["containers"][0];
    let image = main["image"].as_str().expect("an image");
    let program = image.split(':').next().expect("a name");
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let mut container =
        Container { program: find(program), args: texts(&main["args"]), files: Vec::new(), folders: Vec::new(), ports };
    let mounts: BTreeMap<String, String> = main["volumeMounts"].as_array().into_iter().flatten().map(mount).collect();
    for volume in spec["volumes"].as_array().into_iter().flatten() {
        let place = &mounts[volume["name"].as_str().expect("a name")];
        if let Some(name) = volume["configMap"]["name"].as_str() {
            let map = lab.until(Kind::ConfigMap, name, |_| true).await;
            for (key, text) in map["data"].as_object().into_iter().flatten() {
                container.files.push((format!("{place}/{key}"), text.as_str().expect("text").as_bytes().to_vec()));
            }
        } else if let Some(sources) = volume["projected"]["sources"].as_array() {
            for source in sources {
                container.files.extend(projected(lab, &source["secret"], place).await);
            }
        } else {
            container.folders.push(place.clone());
        }
    }
    container
}

fn mount(mount: &Value) -> (String, String) {
    let text = |field: &str| mount[field].as_str().expect("text").to_owned();
    (text("name"), text("mountPath"))
}

async fn projected(lab: &Lab, secret: &Value, place: &str) -> Vec<(String, Vec<u8>)> {
    let name = secret["name"].as_str().expect("a name");
    let found = lab.until(Kind::Secret, name, |_| true).await;
    let item = |item: &Value| {
        let (key, path) = (item["key"].as_str().expect("a key"), item["path"].as_str().expect("a path"));
        let content = STANDARD.decode(found["data"][key].as_str().expect("the key is there")).expect("base64");
        (format!("{place}/{path}"), content)
    };
    secret["items"].as_array().into_iter().flatten().map(item).collect()
}

/// A program of this workspace, of the same profile as this test.
fn find(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let folder = own.parent().and_then(|deps| deps.parent()).expect("target/<profile>/deps");
    let program = folder.join(name);
    assert!(program.is_file(), "{} is missing; build it with: cargo build --workspace --bins", program.display());
    program
}

/// A plain request.
pub fn get(address: SocketAddr, path: &str) -> String {
    request(address, "localhost", "GET", path, "")
}

/// A plain request to a host name.
pub fn request(address: SocketAddr, host: &str, method: &str, path: &str, body: &str) -> String {
    let mut answer = String::new();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        stream.read_to_string(&mut answer)
    });
    asked.map(|_| answer).unwrap_or_default()
}
