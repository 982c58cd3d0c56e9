//! Services, names, Ingress, Gateway API, port-forward, and the way to the machine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Instant;

use crate::web::GREETING;
use crate::{DEADLINE, Namespace};

/// What the node's web ports answer for a host name; `None` unless it is a success.
async fn visited(namespace: &Namespace, host: &str) -> Option<String> {
    let url = format!("http://{}/", namespace.node.plan().node_address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).header("Host", host).send().await.ok()?.error_for_status().ok()?;
    answer.text().await.ok()
}

async fn until_visited(namespace: &Namespace, host: &str) {
    let begin = Instant::now();
    while visited(namespace, host).await.as_deref() != Some(GREETING) {
        assert!(begin.elapsed() < DEADLINE, "{host} is not served");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_service_is_reached_by_its_address_and_by_its_name() {
    let namespace = Namespace::new().await;
    namespace.serve();
    let address = namespace.ask("get service web -o jsonpath={.spec.clusterIP}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{address}/")).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), GREETING);

    let name = format!("web.{}.svc.cluster.local", namespace.name);
    let script = format!("nslookup {name} && wget -q -O - http://web/ && wget -q -O - http://{name}/");
    let output = namespace.run("visitor", &script, "");
    assert!(output.contains(&format!("Address: {address}")), "{output}");
    assert!(output.ends_with(&format!("{GREETING}{GREETING}")), "{output}");
}

#[tokio::test]
async fn ingress_and_gateway_lead_to_a_service_also_while_its_pods_are_replaced() {
    let namespace = Namespace::new().await;
    namespace.serve();
    let host = |kind: &str| format!("{kind}.{}.example", namespace.name);
    let (ingress, gateway) = (host("ingress"), host("gateway"));
    namespace.apply(&format!(
        "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web}}
spec:
  rules:
  - host: {ingress}
    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: web}}
spec: {{gatewayClassName: traefik, listeners: [{{name: web, port: 80, protocol: HTTP, hostname: {gateway}}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web}}
spec: {{parentRefs: [{{name: web}}], hostnames: [{gateway}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}
"
    ));
    until_visited(&namespace, &ingress).await;
    until_visited(&namespace, &gateway).await;
    assert_eq!(visited(&namespace, "nobody.example").await, None);
    let address = namespace.node.plan().node_address().to_string();
    assert_eq!(namespace.ask("get ingress web -o jsonpath={.status.loadBalancer.ingress[0].ip}"), address);
    assert_eq!(namespace.ask("get gateway web -o jsonpath={.status.addresses[0].value}"), address);

    let before = namespace.ask("get pods -l app=web -o name");
    namespace.ask("set env deployment/web GENERATION=2");
    let mut rollout = namespace.kubectl();
    let mut rollout = rollout.args(["rollout", "status", "deployment/web"]).stdout(Stdio::null()).spawn().unwrap();
    let mut visits = 0;
    while rollout.try_wait().unwrap().is_none() {
        assert_eq!(visited(&namespace, &ingress).await.as_deref(), Some(GREETING), "after {visits} visits");
        visits += 1;
    }
    assert!(visits > 5, "{visits}");
    let after = namespace.ask("get pods -l app=web --field-selector=status.phase=Running -o name");
    assert!(after.lines().any(|pod| !before.contains(pod)), "{before}\n{after}");
}

#[tokio::test]
async fn port_forward_leads_into_a_pod() {
    let namespace = Namespace::new().await;
    namespace.serve();
    let mut forward = namespace.kubectl();
    let mut forward = forward.args(["port-forward", "service/web", ":80"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(forward.stdout.take().unwrap()).lines();
    let first = said.next().unwrap().unwrap();
    let port = first.strip_prefix("Forwarding from 127.0.0.1:").unwrap().split(' ').next().unwrap();
    let answer = reqwest::get(format!("http://127.0.0.1:{port}/")).await.unwrap().text().await.unwrap();
    forward.kill().unwrap();
    forward.wait().unwrap();
    assert_eq!(answer, GREETING);
}

#[tokio::test]
async fn pods_reach_the_machine_where_the_node_says() {
    let namespace = Namespace::new().await;
    let machine = TcpListener::bind((namespace.node.plan().host_address(), 0)).unwrap();
    let address = machine.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut visitor, _) = machine.accept().unwrap();
        let _ = visitor.read(&mut [0; 1024]).unwrap();
        visitor.write_all(b"HTTP/1.0 200 OK\r\n\r\nwelcome").unwrap();
    });
    assert_eq!(namespace.run("visitor", &format!("wget -q -O - http://{address}/"), ""), "welcome");
    server.join().unwrap();
}
